"""The work on one item: its plan's calls are sent, with the credential on them, and their answers handed back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nodeloom import openfiles
from nodeloom.errors import Effect, NodeloomError, RequestError
from nodeloom.hooks import CallContext
from nodeloom.inputs.items import as_item, too_deep
from nodeloom.messages import Request, Response
from nodeloom.outcomes import Outcome
from nodeloom.plugins import Plugins
from nodeloom.redaction import MaskedValues
from nodeloom.run.runner import unexpected
from nodeloom.run.unverifiedtls import Unverified
from nodeloom.transport.retry import RetryingSender
from nodeloom.transport.trip import Trip
from nodeloom.values import Item

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession, Injection
    from nodeloom.expression import Scope
    from nodeloom.plan.call import Call
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.run.itemscopes import ItemScopes
    from nodeloom.run.redactor import Redactor


class ItemWork:
    """Does one item after the other by a plan; shared by all workers of a run.

    Args:
        plan: what makes calls of an item, and results of their answers.
        scopes: what the plan's templates are resolved in.
        sender: sends the requests, with repeats.
        session: the credential that is put on them; None for none.
        plugins: whose hooks are called for requests, answers and results.
        redactor: takes secrets out of what errors tell.
        unverified: warns of connections that are not verified.
    """

    def __init__(
        self,
        plan: OperationPlan,
        scopes: ItemScopes,
        sender: RetryingSender,
        *,
        session: CredentialSession | None,
        plugins: Plugins,
        redactor: Redactor,
        unverified: Unverified,
    ) -> None:
        self._plan = plan
        self._scopes = scopes
        self._sender = sender
        self._session = session
        self._plugins = plugins
        self._redactor = redactor
        self._unverified = unverified
        self._sees = plugins.has("nodeloom_see_response")
        self._prepares = plugins.has("nodeloom_prepare_request")
        self._transforms = plugins.has("nodeloom_transform_result")
        self._hooked = self._sees or self._prepares or self._transforms

    async def __call__(self, trip: Trip) -> Outcome:
        """The outcome of one item, as it came; errors are in it, with secrets masked."""
        index = trip.index
        try:
            item = as_item(trip.raw, index)
            if self._hooked:
                items = await self._hooked_exchange(item, trip)
            else:
                items = await self._exchange(self._scopes.of(index, item), trip, None)
        except NodeloomError as error:
            return self._failed(error, trip)
        except RecursionError:
            return self._failed(too_deep(), trip)
        except Exception as fault:  # noqa: BLE001 - one item must not take the run with it
            if openfiles.used_up(fault):
                if not trip.statuses and not trip.maybe_done:
                    trip.effect = Effect.NONE
                sent = "no" if trip.effect is Effect.NONE else "unknown"
                return self._failed(openfiles.too_many(sent=sent), trip)
            return self._failed(unexpected(index, fault, self._mask(trip)), trip)
        return Outcome(
            index,
            items,
            None,
            trip.statuses,
            trip.repeats,
            trip.size,
            redirect=trip.redirect,
            effect=trip.effect,
        )

    def _failed(self, error: NodeloomError, trip: Trip) -> Outcome:
        error.item = trip.index
        self._redactor.error(error, trip.raw, [content.said for content in trip.said], trip.request)
        outcome = Outcome(trip.index, [], error, trip.statuses, trip.repeats, trip.size)
        outcome.cut_short = trip.cut_short
        outcome.effect = trip.effect
        return outcome

    def _mask(self, trip: Trip) -> Callable[[str], str]:
        return self._redactor.knowing(trip.raw, [content.said for content in trip.said], trip.request)

    async def _hooked_exchange(self, item: Item, trip: Trip) -> list[Item]:
        plan = self._plan
        operation = str(plan.operation.value) if plan.operation else None
        context = CallContext(node=plan.node.name, resource=plan.resource, operation=operation, item=trip.index)
        if self._sees:
            trip.seen = lambda request, response: self._plugins.seen(request, response, context)
        items = await self._exchange(self._scopes.of(trip.index, item), trip, context)
        return self._plugins.transformed(items, context) if self._transforms else items

    async def _exchange(self, scope: Scope, trip: Trip, context: CallContext | None) -> list[Item]:
        exchange = self._plan.exchange(scope, trip.said)
        try:
            call = next(exchange)
            while True:
                call = exchange.send(await self._answer(call, trip, context))
        except StopIteration as end:
            items: list[Item] = end.value
        return items

    async def _answer(self, call: Call, trip: Trip, context: CallContext | None) -> Response:
        session = self._session
        if session is None:
            request = call.request()
            request.teller = self._redactor
            self._unverified.note(request)
            return await self._sent(request, trip, context)
        injection = session.ready()
        if injection is None:
            # The address is written once before a token is fetched, so that what cannot be sent costs no token.
            call.url()
            injection = await session.injection(self._send_token)
        request = self._request(call, injection, session)
        response = await (self._sender.send(request, trip) if context is None else self._sent(request, trip, context))
        refused = session.is_expiry(response.status) and not request.is_answered_by(response.status)
        if refused and (response.redirect is None or request.idempotent):
            renewed = await session.renew(injection, self._send_token)
            if renewed is not None:
                trip.repeats += 1
                response = await self._sent(self._request(call, renewed, session), trip, context)
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
        try:
            return await self._sender.send(request, Trip.none())
        except RequestError as error:
            error.unsent()
            raise

    async def _sent(self, request: Request, trip: Trip, context: CallContext | None) -> Response:
        """Send with retries. The hook that prepares is called once, so that a repeat is the same request again."""
        if self._prepares and context is not None:
            # A hook may change what it is given; the headers may be those of other items too.
            request.headers = MaskedValues(request.headers)
            request = self._plugins.prepared(request, context)
        return await self._sender.send(request, trip)
