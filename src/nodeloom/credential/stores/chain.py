"""The chain of providers: where a run's credentials come from, and what to say if there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nodeloom.credential.credentialmodel import Provider, StoredCredential
from nodeloom.credential.stores.encryptedfile import EncryptedFileProvider
from nodeloom.credential.stores.environment import EnvironmentProvider, slug, variable_for
from nodeloom.credential.stores.keyring_store import KeyringProvider
from nodeloom.credential.stores.plainfile import FileProvider
from nodeloom.errors import (
    CredentialError,
    CredentialNotFoundError,
    CredentialStoreError,
    NodeloomError,
    PluginError,
    nearest,
    preview,
)
from nodeloom.redaction import forget_locals
from nodeloom.values import Json
from nodeloom.valuewords import kind_of

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType


def default_providers(
    *,
    file: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
    plugins: Iterable[Provider] = (),
    type_names: Iterable[str] = (),
) -> list[Provider]:
    """Where credentials are looked for unless the host says otherwise, in order.

    The environment, then what plugins provide, the TOML file (`file`, else `$NODELOOM_CREDENTIALS`, else the user's
    configuration folder), the encrypted file (`file` with the ending `.enc`, else
    `$NODELOOM_ENCRYPTED_CREDENTIALS`, else beside the TOML file), and the OS keyring where the extra `keyring` is
    installed. Nothing is read before it is asked for.
    """
    providers: list[Provider] = [
        EnvironmentProvider(environ, type_names=type_names),
        *plugins,
        FileProvider(file),
        EncryptedFileProvider(None if file is None else Path(file).with_suffix(".enc")),
    ]
    if find_spec("keyring") is not None:
        providers.append(KeyringProvider(optional=True))
    return providers


class Credentials:
    """Resolves what a node asks for against providers, the first that has it."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self.providers: tuple[Provider, ...] = tuple(providers)

    def __repr__(self) -> str:
        return f"Credentials({[provider.name for provider in self.providers]})"

    def resolve(
        self,
        type: CredentialType,  # noqa: A002 - the word of credential descriptors
        wanted: Mapping[str, Json] | str | None = None,
    ) -> StoredCredential:
        """The credential to use for `type`.

        `wanted` is the fields themselves (used as they are, source `given`), the name of a stored credential, or
        None for the default one of the type. Raises CredentialNotFoundError, saying where it looked and how to add
        one; CredentialError when the name belongs to another type or the choice is not clear; CredentialStoreError
        when a provider cannot be used.
        """
        if isinstance(wanted, Mapping):
            return StoredCredential(type.name, type.name, wanted, "given")
        if wanted is not None and not isinstance(wanted, str):
            raise CredentialError(
                f"A credential of type {type.name!r} cannot be given as {kind_of(wanted)}.",
                hint="Give its fields as a mapping, or the name of a stored credential as text.",
            )
        for provider in self.providers:
            with _blaming(provider):
                found = provider.find(type.name, wanted)
            if found is None:
                continue
            if not isinstance(found, StoredCredential):
                raise PluginError(
                    f"The credential provider {provider.name!r} returned {kind_of(found)}, not a StoredCredential.",
                    plugin=provider.name,
                )
            return found
        raise self._not_found(type, wanted)

    def list(self, unusable: Callable[[NodeloomError], None] | None = None) -> Iterator[StoredCredential]:
        """All stored credentials, provider by provider.

        With `unusable`, a place that cannot be used (a locked file) is told to it, and the others are listed.
        """
        for provider in self.providers:
            try:
                with _blaming(provider):
                    kept = tuple(provider.list())
            except (CredentialStoreError, PluginError) as error:
                if unusable is None:
                    raise
                unusable(error)
                continue
            yield from kept

    def _not_found(self, type: CredentialType, wanted: str | None) -> CredentialError:  # noqa: A002 - a credential type
        places = [provider.name for provider in self.providers]
        looked = f"Looked in: {'; '.join(places)}." if places else "No place to look in is configured."
        if wanted is None:
            return CredentialNotFoundError(f"There is no credential of type {type.name!r}. {looked}", hint=_how(type))
        # An unusable variable or store of no concern here must not hide the answer.
        stored = list(self.list(unusable=lambda _: None))
        other = next((s for s in stored if s.name == wanted and s.type != type.name), None)
        if other is not None:
            return CredentialError(
                f"The credential {preview(wanted)!r} ({other.source}) is of type {other.type!r}; "
                f"this needs the type {type.name!r}.",
                hint=_how(type),
            )
        names = [s.name for s in stored if s.type == type.name or slug(s.type) == slug(type.name)]
        close = nearest(wanted, names)
        if close is not None:
            hint = f"Did you mean {close!r}?"
        elif names:
            hint = f"Credentials of this type: {', '.join(map(repr, names))}."
        else:
            hint = _how(type, wanted)
        return CredentialNotFoundError(
            f"There is no credential {preview(wanted)!r} of type {type.name!r}. {looked}", hint=hint
        )


@contextmanager
def _blaming(provider: Provider) -> Iterator[None]:
    """Turn what a provider may not raise into a PluginError that names it."""
    try:
        yield
    except NodeloomError as error:
        forget_locals(error)
        raise
    except Exception as fault:
        # A provider has values in its variables.
        forget_locals(fault)
        raise PluginError(
            f"The credential provider {provider.name!r} raised {type(fault).__name__}: {preview(str(fault))}",
            plugin=provider.name,
            hint="This is a fault of the plugin, not of the credential.",
        ) from fault


def _how(type: CredentialType, name: str | None = None) -> str:  # noqa: A002 - a credential type
    """How to add a credential of this type."""
    command = f"nodeloom credentials add {type.name}" + (f" --name {preview(name)}" if name else "")
    if name is not None:
        return f"Add it with `{command}`."
    fields = _list_needed(type)
    single = ", ".join(variable_for(type.name, field) for field in fields)
    whole = variable_for(type.name)
    set_them = f"set {single} (or {whole} with JSON)" if single else f"set {whole} with the fields as JSON"
    return f"Add one with `{command}`, or {set_them}, or give the fields to the run."


def _list_needed(type: CredentialType) -> list[str]:  # noqa: A002 - a credential type
    """The fields a first credential of this type is most likely to need, in the document's order."""
    required = {prop.name for prop in type.properties if prop.required}
    sets = type.require_one_of or []
    if sets:
        # The fullest set is the one that lasts: client id and secret rather than a token that runs out.
        fullest: list[str] = max(sets, key=len)
        required.update(fullest)
    if not required:
        required = {prop.name for prop in type.properties if prop.type not in ("notice", "hidden")}
    return [name for name in dict.fromkeys(prop.name for prop in type.properties) if name in required]
