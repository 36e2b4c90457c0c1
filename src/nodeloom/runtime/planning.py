"""The exact requests of a run, without sending them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nodeloom.errors import NodeloomError, RequestError
from nodeloom.messages import Content, Request, Response

if TYPE_CHECKING:
    from nodeloom.credential import Injection
    from nodeloom.run.redactor import Redactor
    from nodeloom.runtime.opening import OpenedRun


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """The first request an item would send, secrets masked; or why it would send none.

    `url` is absolute and encoded, `headers` as they would go out, `body` text.
    """

    item: int
    method: str = ""
    url: str = ""
    headers: Mapping[str, str] | None = None
    body: str | None = None
    error: NodeloomError | None = None

    def to_dict(self) -> dict[str, Any]:
        """The request as JSON, with `pairedItem`."""
        paired = {"item": self.item}
        if self.error is not None:
            return {"error": self.error.to_dict(), "pairedItem": paired}
        return {
            "method": self.method,
            "url": self.url,
            "headers": dict(self.headers or {}),
            "body": self.body,
            "pairedItem": paired,
        }


def plan_requests(
    opened: OpenedRun, admit: Callable[[Request], None] = lambda _request: None
) -> Iterator[PlannedRequest]:
    """The first request of each item, or the error that would keep it from being sent.

    `admit` raises for a request that may not be sent.
    """
    from nodeloom.inputs.items import AllItems, as_item, plain_item, too_deep

    plan, session = opened.plan, opened.session
    items: Iterable[Any] = map(plain_item, opened.items)
    items = list(items) if plan.needs_all_items else items
    scopes = opened.scopes(AllItems(items) if isinstance(items, list) else ())
    injection = _finished(session.injection(_refuse)) if session is not None else None
    shown = _Shown(opened.redactor)
    for index, raw in enumerate(items):
        said: list[Content] = []
        try:
            call = plan.call(plan.draft(scopes.of(index, as_item(raw, index)), said))
            request = call.request(injection, session.origins if session is not None else ())
            request.verify = request.verify and (session is None or session.verify)
            admit(request)
        except (NodeloomError, RecursionError) as fault:
            error = fault if isinstance(fault, NodeloomError) else too_deep()
            error.item = index
            opened.redactor.error(error, raw, [content.said for content in said])
            yield PlannedRequest(index, error=error)
        else:
            yield shown(index, request)


class _Shown:
    """Writes requests with secrets masked; headers that are the same object as before are not masked again."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._given: Mapping[str, str] | None = None
        self._masked: Mapping[str, str] = {}

    def __call__(self, index: int, request: Request) -> PlannedRequest:
        if request.headers is not self._given:
            self._given = request.headers
            self._masked = MappingProxyType(self._redactor.headers(request))
        body = None if request.body is None else self._redactor.about(request.body.decode("utf-8", "replace"), request)
        url = self._redactor.about(request.url, request)
        return PlannedRequest(index, request.method, url, self._masked, body)


async def _refuse(request: Request) -> Response:
    raise RequestError("A plan sends nothing.", method=request.method)


def _finished(coroutine: Coroutine[Any, Any, Injection]) -> Injection:
    """Run a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RequestError("The credential cannot be put on without asking the service.")
