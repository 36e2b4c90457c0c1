"""The work on one item: its plan's calls are sent, with the credential on them, and their answers handed back."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodeloom.credential import CredentialSession, Injection
from nodeloom.errors import NodeloomError
from nodeloom.expression import Environment, Scope
from nodeloom.messages import Request, Response
from nodeloom.plugins import CallContext, Plugins
from nodeloom.run.items import Item, too_deep
from nodeloom.run.result import Outcome
from nodeloom.run.runner import unexpected
from nodeloom.transport.retry import RetryingSender, RetryPolicy

if TYPE_CHECKING:
    from nodeloom.plan.call import Call
    from nodeloom.plan.operation import OperationPlan

Send = Callable[[Request], Awaitable[Response]]

logger = logging.getLogger("nodeloom")


@dataclass(slots=True)
class _Account:
    """What one item's requests came to."""

    statuses: list[int]
    retries: int = 0


class ItemWork:
    """Does one item after the other by a plan; shared by all workers of a run.

    `items` are all input items when a template needs them, else empty. `stopping` is asked before and after a retry
    waits, and `pause` is how it waits: a run that stops does not sit out a delay.
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
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._plan = plan
        self._send = send
        self._session = session
        self._environment = environment
        self._plugins = plugins
        self._policy = policy
        self._items = items
        self._stopping = stopping
        self._pause = pause
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
            return self._failed(index, error, account)
        except RecursionError:
            return self._failed(index, too_deep(), account)
        except Exception as fault:  # noqa: BLE001 - one item must not take the run with it
            text = "".join(traceback.format_exception(fault))
            logger.error("item %d: unexpected %s\n%s", index, type(fault).__name__, self.masker()(text))  # noqa: TRY400
            return self._failed(index, unexpected(index, fault), account)
        return Outcome(index, items, statuses=tuple(account.statuses), retries=account.retries)

    def masker(self) -> Callable[[str], str]:
        """Takes the credential's secrets out of a text."""
        return str if self._session is None else self._session.masker

    def _failed(self, index: int, error: NodeloomError, account: _Account) -> Outcome:
        error.item = index
        mask = self.masker()
        error.mask(mask)
        _silence_causes(error, mask)
        return Outcome(index, error=error, statuses=tuple(account.statuses), retries=account.retries)

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
        sender = self._sender(context, account)
        if session is None:
            return await self._sent(sender, call.request(), context)
        # The request is written once before a token is fetched, so that what cannot be sent costs no token.
        call.url()
        injection = await session.injection(self._send_token)
        response = await self._sent(sender, _written(call, session, injection), context)
        if response.status == 401:
            renewed = await session.renew(injection, self._send_token)
            if renewed is not None:
                account.retries += 1
                response = await self._sent(sender, _written(call, session, renewed), context)
                session.repeated(renewed, refused=response.status == 401)
        return response

    async def _sent(self, sender: RetryingSender, request: Request, context: CallContext) -> Response:
        """Send with retries. The hook that prepares is called once, so that a repeat is the same request again."""
        return await sender.send(self._plugins.prepared(request, context) if self._prepares else request)

    def _sender(self, context: CallContext, account: _Account) -> RetryingSender:
        async def send_once(request: Request) -> Response:
            response = await self._send(request)
            account.statuses.append(response.status)
            if self._sees:
                self._plugins.seen(request, response, context)
            return response

        def repeated(_request: Request, _before: Response | NodeloomError, _delay: float) -> None:
            account.retries += 1

        return RetryingSender(send_once, self._policy, on_retry=repeated, give_up=self._stopping, sleep=self._pause)

    async def _send_token(self, request: Request) -> Response:
        """Send a request for a token, which says itself whether it may be repeated."""
        sender = RetryingSender(self._send, self._policy, give_up=self._stopping, sleep=self._pause)
        return await sender.send(request)


def _written(call: Call, session: CredentialSession, injection: Injection) -> Request:
    return call.request(injection, session.origins)


def _silence_causes(error: BaseException, mask: Callable[[str], str]) -> None:
    """Cut the chain of causes where one holds a secret: a traceback that is printed shows every cause's words."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        following = current.__cause__ or current.__context__
        if following is not None and mask(text := f"{following!s} {following!r}") != text:
            current.__cause__ = current.__context__ = None
            return
        current = following
