"""Credentials that plugins know, as one more place to look in."""

from __future__ import annotations

from collections.abc import Iterable

from nodeloom.credential import StoredCredential
from nodeloom.plugins import Plugins


class PluginProvider:
    """Asks the plugins' `nodeloom_resolve_credential`."""

    name = "plugins"

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def find(self, type_name: str, name: str | None) -> StoredCredential | None:
        """The credential the first plugin that knows it gives. Raises PluginError when a plugin fails."""
        found = self._plugins.credential_values(type_name, name)
        if found is None:
            return None
        plugin, values = found
        return StoredCredential(name or type_name, type_name, values, f"plugin {plugin}")

    def list(self) -> Iterable[StoredCredential]:
        """Nothing: plugins are asked for a credential, not for all of them."""
        return ()
