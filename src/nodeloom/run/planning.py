"""The exact requests of a run, without sending them."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nodeloom.credential import CredentialSession, Injection
from nodeloom.errors import NodeloomError, RequestError
from nodeloom.messages import Request, Response
from nodeloom.plan.operation import OperationPlan
from nodeloom.run.items import as_item, too_deep
from nodeloom.run.work import ItemWork


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request with its secrets masked."""

    method: str
    url: str
    headers: dict[str, str]
    text: str | None


async def refuse(request: Request) -> Response:
    """Send nothing: raises RequestError."""
    raise RequestError("A plan sends nothing.", method=request.method)


def _finished(coroutine: Coroutine[Any, Any, Injection]) -> Injection:
    """Run a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RequestError("The credential cannot be put on without asking the service.")


def plan_requests(
    plan: OperationPlan, session: CredentialSession | None, work: ItemWork, items: Iterable[Any]
) -> Iterator[tuple[int, ShownRequest | NodeloomError]]:
    """Index, and the request or the error that would keep it from being sent, for each item."""
    injection = _finished(session.injection(refuse)) if session is not None else None
    mask = work.masker()
    for index, raw in enumerate(items):
        try:
            item = as_item(raw, index)
            call = plan.call(plan.draft(work.scope(index, item)))
            request = call.request(injection, session.origins if session is not None else ())
        except (NodeloomError, RecursionError) as fault:
            error = fault if isinstance(fault, NodeloomError) else too_deep()
            error.item = index
            error.mask(mask)
            yield index, error
            continue
        yield (
            index,
            ShownRequest(
                request.method,
                mask(request.url),
                {
                    name: "***" if name.lower() in request.credential_headers else mask(value)
                    for name, value in request.headers.items()
                },
                mask(request.body.decode("utf-8", "replace")) if request.body is not None else None,
            ),
        )
