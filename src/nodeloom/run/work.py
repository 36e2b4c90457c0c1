"""The work on one item: its plan's calls are sent, with the credential on them, and their answers handed back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodeloom.credential import CredentialSession, Masker
from nodeloom.errors import NodeloomError
from nodeloom.expression import Environment, Scope
from nodeloom.messages import Request, Response
from nodeloom.plugins import CallContext, Plugins
from nodeloom.run.items import Item
from nodeloom.run.result import Outcome
from nodeloom.transport.retry import RetryingSender, RetryPolicy

if TYPE_CHECKING:
    from nodeloom.plan.call import Call
    from nodeloom.plan.operation import OperationPlan

Send = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class _Account:
    """What one item's requests came to."""

    statuses: list[int]
    retries: int = 0


class ItemWork:
    """Does one item after the other by a plan; shared by all workers of a run.

    `items` are all input items when a template needs them, else empty. `stopping` is asked before a retry waits.
    """

    def __init__(
        self,
        plan: OperationPlan,
        send: Send,
        *,
        session: CredentialSession | None,
        environment: Environment,
        plugins: Plugins,
        policy: RetryPolicy,
        items: Sequence[Item] = (),
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._plan = plan
        self._send = send
        self._session = session
        self._environment = environment
        self._plugins = plugins
        self._policy = policy
        self._items = items
        self._stopping = stopping
        self._sees = plugins.has("nodeloom_see_response")
        self._prepares = plugins.has("nodeloom_prepare_request")
        self._transforms = plugins.has("nodeloom_transform_result")

    def scope(self, index: int, item: Item) -> Scope:
        """The scope the item's templates are resolved in."""
        names: dict[str, Any] = {"$version": self._plan.descriptor.type_version}
        names["$credentials"] = self._session.values if self._session is not None else {}
        return Scope(self._environment, self._items, index, item=item, parameters=self._plan.parameters, names=names)

    async def __call__(self, index: int, item: Item) -> Outcome:
        """The outcome of one item; errors are in it, with secrets masked."""
        account = _Account([])
        context = CallContext(
            node=self._plan.node.name,
            resource=self._plan.resource,
            operation=str(self._plan.operation.value) if self._plan.operation else None,
            item=index,
        )
        try:
            items = await self._exchange(index, item, context, account)
        except NodeloomError as error:
            error.item = index
            error.mask(self.masker())
            return Outcome(index, error=error, statuses=tuple(account.statuses), retries=account.retries)
        return Outcome(index, items, statuses=tuple(account.statuses), retries=account.retries)

    def masker(self) -> Callable[[str], str]:
        """Takes the credential's secrets out of a text."""
        return Masker(self._session.secrets) if self._session is not None else str

    async def _exchange(self, index: int, item: Item, context: CallContext, account: _Account) -> list[Item]:
        exchange = self._plan.exchange(self.scope(index, item))
        try:
            call = next(exchange)
            while True:
                call = exchange.send(await self._answer(call, context, account))
        except StopIteration as end:
            items: list[Item] = end.value
        return self._plugins.transformed(items, context) if self._transforms else items

    async def _answer(self, call: Call, context: CallContext, account: _Account) -> Response:
        session = self._session
        if session is None:
            return await self._send_counted(call.request(), context, account)
        # The request is written once before a token is fetched, so that what cannot be sent costs no token.
        call.url()
        injection = await session.injection(self._send)
        response = await self._send_counted(call.request(injection, session.origins), context, account)
        if response.status == 401:
            renewed = await session.renew(injection, self._send)
            if renewed is not None:
                account.retries += 1
                response = await self._send_counted(call.request(renewed, session.origins), context, account)
        return response

    async def _send_counted(self, request: Request, context: CallContext, account: _Account) -> Response:
        if self._prepares:
            request = self._plugins.prepared(request, context)

        def repeated(_request: Request, before: Response | NodeloomError, _delay: float) -> None:
            account.retries += 1
            if isinstance(before, Response):
                account.statuses.append(before.status)

        sender = RetryingSender(self._send, self._policy, on_retry=repeated, give_up=self._stopping)
        response = await sender.send(request)
        account.statuses.append(response.status)
        if self._sees:
            self._plugins.seen(request, response, context)
        return response


def planned(
    work: ItemWork, plan: OperationPlan, index: int, item: Item, session: CredentialSession | None, injection: Any
) -> Request:
    """The first request an item would send, without sending it. Raises what would fail the item."""
    call = plan.call(plan.draft(work.scope(index, item)))
    if session is None:
        return call.request()
    return call.request(injection, session.origins)
