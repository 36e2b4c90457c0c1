"""The work on one item: its plan's calls are sent, with the credential on them, and their answers handed back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from nodeloom import openfiles
from nodeloom.credential import CredentialSession
from nodeloom.errors import Effect, NodeloomError, RequestError
from nodeloom.expression import UNDEFINED, Environment, Scope
from nodeloom.hooks import CallContext
from nodeloom.inputs.items import as_item, too_deep
from nodeloom.messages import Request, Response
from nodeloom.outcomes import Outcome
from nodeloom.plugins import Plugins
from nodeloom.redaction import MaskedValues
from nodeloom.run.intent import without_intent
from nodeloom.run.runner import unexpected
from nodeloom.run.unverifiedtls import Unverified
from nodeloom.transport.politeness.budget import RetryBudget
from nodeloom.transport.retry import Attempts, Pacing, RetryingSender, RetryPolicy
from nodeloom.values import Item

if TYPE_CHECKING:
    from nodeloom.credential import Injection
    from nodeloom.plan.call import Call
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.run.redactor import Redactor

Send = Callable[[Request], Awaitable[Response]]


class ItemWork:
    """Does one item after the other by a plan; shared by all workers of a run.

    `items` are all input items when a template needs them, else empty. `stopping` is asked before and after a retry
    waits, and `pause` is how it waits: a run that stops does not sit out a delay. `budget` bounds the repeats of all
    items together, and `pacing` holds back what was refused.
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
        redactor: Redactor,
        items: Sequence[Item] = (),
        stopping: Callable[[], bool] = lambda: False,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        budget: RetryBudget | None = None,
        pacing: Pacing | None = None,
        unverified: Unverified | None = None,
    ) -> None:
        self._plan = plan
        self._session = session
        self._environment = environment
        self._plugins = plugins
        self._redactor = redactor
        self._items = items
        self._unverified = unverified or Unverified()
        self._sender = RetryingSender(send, policy, give_up=stopping, sleep=pause, budget=budget, pacing=pacing)
        self._sees = plugins.has("nodeloom_see_response")
        self._prepares = plugins.has("nodeloom_prepare_request")
        self._transforms = plugins.has("nodeloom_transform_result")
        self._hooked = self._sees or self._prepares or self._transforms
        # In n8n there is no such name without a credential; ours has no fields, so that a field may have a substitute.
        without: Any = UNDEFINED if plan.url_values == "raw" else {}
        self._names: dict[str, Any] = {
            "$version": plan.descriptor.type_version,
            "$credentials": session.values if session is not None else without,
        }

    def scope(self, index: int, item: Item) -> Scope:
        """The scope the item's templates are resolved in."""
        names = self._names
        if self._session is not None:
            values = self._session.values
            if names["$credentials"] is not values:
                # A new token; scopes that were made before keep what they had.
                names = self._names = {**names, "$credentials": values}
        return Scope(self._environment, self._items, index, item=item, parameters=self._plan.parameters, names=names)

    async def __call__(self, index: int, raw: Any, *, maybe_done: bool = False) -> Outcome:
        """The outcome of one item, as it came; errors are in it, with secrets masked.

        `maybe_done` says that an earlier run may have done it already, only its answer was lost.
        """
        attempts = Attempts(maybe_done=maybe_done, effect=Effect.UNKNOWN if maybe_done else Effect.NONE)
        try:
            item = as_item(raw, index)
            if self._hooked:
                items = await self._hooked_exchange(index, item, attempts)
            else:
                items = await self._exchange(self.scope(index, item), attempts, None)
        except NodeloomError as error:
            return self._failed(index, raw, error, attempts)
        except RecursionError:
            return self._failed(index, raw, too_deep(), attempts)
        except Exception as fault:  # noqa: BLE001 - one item must not take the run with it
            if openfiles.used_up(fault):
                if not attempts.statuses and not attempts.maybe_done:
                    attempts.effect = Effect.NONE
                sent = "no" if attempts.effect is Effect.NONE else "unknown"
                return self._failed(index, raw, openfiles.too_many(sent=sent), attempts)
            return self._failed(index, raw, unexpected(index, fault, self._mask(raw, attempts)), attempts)
        statuses = tuple(attempts.statuses)
        return Outcome(
            index,
            items,
            None,
            statuses,
            attempts.repeats,
            attempts.size,
            redirect=attempts.redirect,
            effect=attempts.effect,
        )

    def _failed(self, index: int, raw: Any, error: NodeloomError, attempts: Attempts) -> Outcome:
        error.item = index
        self._redactor.error(error, raw, [content.said for content in attempts.said], attempts.request)
        outcome = Outcome(index, [], error, tuple(attempts.statuses), attempts.repeats, attempts.size)
        outcome.cut_short = attempts.cut_short
        outcome.effect = attempts.effect
        return outcome

    def _mask(self, raw: Any, attempts: Attempts) -> Callable[[str], str]:
        return self._redactor.knowing(raw, [content.said for content in attempts.said], attempts.request)

    async def _hooked_exchange(self, index: int, item: Item, attempts: Attempts) -> list[Item]:
        plan = self._plan
        operation = str(plan.operation.value) if plan.operation else None
        context = CallContext(node=plan.node.name, resource=plan.resource, operation=operation, item=index)
        if self._sees:
            attempts.seen = lambda request, response: self._plugins.show(request, response, context)
        items = await self._exchange(self.scope(index, item), attempts, context)
        return self._plugins.transform(items, context) if self._transforms else items

    async def _exchange(self, scope: Scope, attempts: Attempts, context: CallContext | None) -> list[Item]:
        exchange = self._plan.exchange(scope, attempts.said)
        try:
            call = next(exchange)
            while True:
                call = exchange.send(await self._answer(call, attempts, context))
        except StopIteration as end:
            items: list[Item] = end.value
        return items

    async def _answer(self, call: Call, attempts: Attempts, context: CallContext | None) -> Response:
        session = self._session
        if session is None:
            request = call.request()
            request.teller = self._redactor
            self._unverified.note(request)
            return await self._sent(request, attempts, context)
        injection = session.ready()
        if injection is None:
            # The address is written once before a token is fetched, so that what cannot be sent costs no token.
            call.url()
            injection = await session.injection(self._send_token)
        request = self._request(call, injection, session)
        response = await (
            self._sender.send(request, attempts) if context is None else self._sent(request, attempts, context)
        )
        refused = session.is_expiry(response.status) and not request.is_answered_by(response.status)
        if refused and (response.redirect is None or request.idempotent):
            renewed = await session.renew(injection, self._send_token)
            if renewed is not None:
                attempts.repeats += 1
                response = await self._sent(self._request(call, renewed, session), attempts, context)
                session.repeated(renewed, refused=session.is_expiry(response.status))
        return response

    def _request(self, call: Call, injection: Injection, session: CredentialSession) -> Request:
        request = call.request(injection, session.origins)
        request.mask = session.masker
        request.teller = self._redactor
        if not session.verify:
            request.verify = False
        self._unverified.note(request)
        return request

    async def _send_token(self, request: Request) -> Response:
        request.teller = self._redactor
        self._unverified.note(request)
        with without_intent():
            try:
                return await self._sender.send(request)
            except RequestError as error:
                error.unsent()
                raise

    async def _sent(self, request: Request, attempts: Attempts, context: CallContext | None) -> Response:
        """Send with retries. The hook that prepares is called once, so that a repeat is the same request again."""
        if self._prepares and context is not None:
            # A hook may change what it is given; the headers may be those of other items too.
            request.headers = MaskedValues(request.headers)
            request = self._plugins.prepare(request, context)
        return await self._sender.send(request, attempts)
