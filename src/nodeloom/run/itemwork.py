"""The work on one item: its plan's calls are sent, with the credential on them, and their answers handed back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
        """The outcome of one item, as it came; errors are in it, with secrets masked.

        What the plan calls is sent, and the answers are handed to it, until it has the item's results.
        """
        session = self._session
        try:
            item = as_item(trip.raw, trip.index)
            context = self._context(trip) if self._hooked else None
            exchange = self._plan.exchange(self._scopes.of(trip.index, item), trip.said)
            response: Any = None  # so a generator is begun
            while True:
                try:
                    call = exchange.send(response)
                except StopIteration as end:
                    items: list[Item] = end.value
                    break
                injection = None
                if session is not None:
                    injection = session.ready() or await self._injection(session, call)
                request = self._request(call, injection, context)
                response = await self._sender.send(request, trip)
                if injection is not None and session is not None and session.is_expiry(response.status):
                    response = await self._renewed(session, call, injection, request, response, trip, context)
            if self._transforms and context is not None:
                items = self._plugins.transform(items, context)
        except Exception as fault:  # noqa: BLE001 - one item must not take the run with it
            return self._failed(fault, trip)
        return _outcome(items, None, trip)

    def _failed(self, fault: Exception, trip: Trip) -> Outcome:
        error = self._error_of(fault, trip)
        error.item = trip.index
        self._redactor.error(error, trip.raw, [content.said for content in trip.said], trip.request)
        return _outcome([], error, trip)

    def _error_of(self, fault: Exception, trip: Trip) -> NodeloomError:
        """The error that a fault is for the item."""
        if isinstance(fault, NodeloomError):
            return fault
        if isinstance(fault, RecursionError):
            return too_deep()
        if openfiles.used_up(fault):
            if not trip.statuses and not trip.maybe_done:
                trip.effect = Effect.NONE
            return openfiles.too_many(sent="no" if trip.effect is Effect.NONE else "unknown")
        return unexpected(trip.index, fault, self._mask(trip))

    def _mask(self, trip: Trip) -> Callable[[str], str]:
        return self._redactor.knowing(trip.raw, [content.said for content in trip.said], trip.request)

    def _context(self, trip: Trip) -> CallContext:
        """What the plugins' hooks are told of the item; the one that sees answers is told of the trip's."""
        plan = self._plan
        operation = str(plan.operation.value) if plan.operation else None
        context = CallContext(node=plan.node.name, resource=plan.resource, operation=operation, item=trip.index)
        if self._sees:
            trip.seen = lambda request, response: self._plugins.show(request, response, context)
        return context

    async def _injection(self, session: CredentialSession, call: Call) -> Injection:
        # The address is written once before a token is fetched, so that what cannot be sent costs no token.
        call.url()
        return await session.injection(self._send_token)

    async def _renewed(
        self,
        session: CredentialSession,
        call: Call,
        refused: Injection,
        request: Request,
        response: Response,
        trip: Trip,
        context: CallContext | None,
    ) -> Response:
        """The answer to the call with a new token; the one that came, if there is no other or it may not be sent twice.

        Args:
            session: the credential.
            call: what was sent.
            refused: what was put on it.
            request: the request that was refused.
            response: the answer that says so.
            trip: the item's.
            context: what hooks are told of the item.
        """
        if request.is_answered_by(response.status) or not (response.redirect is None or request.idempotent):
            return response
        renewed = await session.renew(refused, self._send_token)
        if renewed is None:
            return response
        trip.repeats += 1
        response = await self._sender.send(self._request(call, renewed, context), trip)
        session.repeated(renewed, refused=session.is_expiry(response.status))
        return response

    def _request(self, call: Call, injection: Injection | None, context: CallContext | None) -> Request:
        """The request of a call. The hook that prepares it is called once: a repeat is the same request again."""
        session = self._session
        if session is None:
            request = call.request()
        else:
            request = call.request(injection, session.origins)
            request.mask = session.masker
            if not session.verify:
                request.verify = False
        request.teller = self._redactor
        if not request.verify:
            self._unverified.note(request)
        if self._prepares and context is not None:
            # A hook may change what it is given; the headers may be those of other items too.
            request.headers = MaskedValues(request.headers)
            request = self._plugins.prepare(request, context)
        return request

    async def _send_token(self, request: Request) -> Response:
        request.teller = self._redactor
        self._unverified.note(request)
        try:
            return await self._sender.send(request, Trip.none())
        except RequestError as error:
            error.unsent()
            raise


def _outcome(items: list[Item], error: NodeloomError | None, trip: Trip) -> Outcome:
    """What became of an item: its results or its error, and the account of its trip."""
    told = False
    # By position: every item makes one, and keywords take half as long again.
    return Outcome(
        trip.index,
        items,
        error,
        trip.statuses,
        trip.repeats,
        trip.size,
        told,
        trip.cut_short,
        trip.redirect,
        trip.effect,
    )
