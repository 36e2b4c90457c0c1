"""The hooks a plugin can implement, as pluggy's specifications, and the markers; `plugins` calls them.

Every hook is documented in docs/plugins.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from nodeloom.messages import Request, Response
from nodeloom.values import Item

if TYPE_CHECKING:
    import httpx

#: The entry-point group, and pluggy's name of the project.
GROUP = "nodeloom"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)

Source = Path | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a request hook knows of the call it sees: names as in the descriptor, `item` zero-based."""

    node: str
    resource: str | None
    operation: str | None
    item: int


class Hooks:
    """The hook specifications. An implementation may leave out arguments it does not need.

    Implementations are plain functions, not coroutines, and are called on the event loop of the run (those that
    register: when the runtime is made), so they must not block. If several plugins implement a hook, they are
    called in pluggy's order: the one registered last first, unless `tryfirst` or `trylast` says otherwise.
    """

    @hookspec
    def nodeloom_nodes(self) -> Mapping[str, Source]:  # type: ignore[empty-body]
        """Nodes by name: a folder with `node.json`, a JSON file, or the document itself.

        Called once, when a runtime is made. Files are read when the node is first asked for.
        """

    @hookspec
    def nodeloom_credential_types(self) -> Mapping[str, Source]:  # type: ignore[empty-body]
        """Credential types by name: a JSON file, or the document itself. Called once, when a runtime is made."""

    @hookspec(firstresult=True)
    def nodeloom_resolve_credential(self, type_name: str, name: str | None) -> Mapping[str, Any] | None:
        """The fields of the credential called `name`, or of the default one of the type; None when unknown here.

        Called when a run needs a credential that was not given as a dict and the environment does not have.
        """

    @hookspec
    def nodeloom_prepare_request(self, request: Request, context: CallContext) -> Request | None:
        """Change a request before it is sent: the request to send instead, or None to leave it as it is.

        Called once for each request of an item, with the credential on it, not for token requests. A retry sends
        the same request again without another call; a renewed token makes another request. `Runtime.plan` does not
        call it.
        """

    @hookspec
    def nodeloom_see_response(self, request: Request, response: Response, context: CallContext) -> None:
        """Look at an answer. Called for each answer of an item, errors and those that are retried included."""

    @hookspec
    def nodeloom_transform_result(self, items: Sequence[Item], context: CallContext) -> Sequence[Item] | None:
        """Change the items an input item became: the items to give instead, or None to leave them.

        An item is `{"json": {…}}`, with `binary` if it has files; `pairedItem` is put on afterwards. Called
        once for each input item that succeeded.
        """

    @hookspec
    def nodeloom_expression_functions(self) -> Mapping[str, Callable[..., Any]]:  # type: ignore[empty-body]
        """Functions for expressions by name, JSON in and JSON out. Called once, when a runtime is made."""

    @hookspec(firstresult=True)
    def nodeloom_provide_transport(self) -> httpx.AsyncBaseTransport | None:
        """An httpx transport for all requests of a runtime that was given none; the first one provided is used.

        Called once for each event loop the runtime sends on. The runtime closes the transport.
        """
