"""Retries: for what provably did not happen, or may safely happen twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nodeloom import headerfields
from nodeloom.errors import Effect, ItemError, NotRunError, RequestError, TLSError
from nodeloom.messages import Request, Response
from nodeloom.transport.effect import effect_of, is_refusal
from nodeloom.transport.politeness.budget import RetryBudget
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.trip import Send, Trip

# So often one request may be refused while pacing holds it back between; a learned pace refuses one now and then.
MOST_REFUSALS = 50


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently. `retries` counts repeats, not the first try; delays are in seconds."""

    retries: int = 2
    base_seconds: float = 0.2
    most_seconds: float = 30.0

    def backoff(self, attempt: int, draw: Callable[[], float] = random.random) -> float:
        """Seconds before repeat number `attempt` (from 1): exponential, with full jitter."""
        return min(self.most_seconds, self.base_seconds * 2.0 ** (attempt - 1)) * draw()


def retry_after(response: Response) -> float | None:
    """Seconds the service asks to wait; None if it does not say."""
    field = response.header("retry-after")
    return headerfields.retry_after(field) if field else None


def is_idempotent(request: Request) -> bool:
    """Whether the request's method is idempotent (RFC 9110 section 9.2.2)."""
    return request.idempotent


def may_repeat(
    request: Request, outcome: Response | RequestError, repeatable: Callable[[Request], bool] = is_idempotent
) -> bool:
    """Whether sending `request` again is safe and may help. `repeatable` says whether it may happen twice.

    It may help after a refusal, a server error and a lost answer; not after a refused certificate, 501 and an answer
    that came and was not read. What may have had an effect is repeated for idempotent methods only.
    """
    return _may_help(outcome) and (effect_of(outcome) is Effect.NONE or repeatable(request))


def _may_help(outcome: Response | RequestError) -> bool:
    if isinstance(outcome, RequestError):
        return not (isinstance(outcome, TLSError) or outcome.is_answered)
    return is_refusal(outcome) or (outcome.status >= 500 and outcome.status != 501)


class Pacing(Protocol):
    """What holds refused requests back until they may go again."""

    def holds_back(self, response: Response) -> bool | str:
        """Whether a request answered like this may be sent again at once, and will wait for its turn.

        A text says that it is not to be sent again, and why.
        """
        ...

    @property
    def waits_alone(self) -> bool:
        """Whether a refused request has to wait as long as the service asked, because the others go on."""
        ...


@dataclass(slots=True)
class _Repeats:
    """What a request came to last, the repeats its policy counts, those that pacing held back, and the next wait."""

    outcome: Response | RequestError
    attempt: int = 0
    refusals: int = 0
    delay: float = 0.0

    def after(self, outcome: Response | RequestError) -> _Repeats:
        """The same after a repeat that came to `outcome`."""
        self.outcome = outcome
        return self


class RetryingSender:
    """Sends and repeats by a policy; shared by all requests of a run.

    Args:
        send: sends one request once.
        policy: how often it is repeated, and how patiently.
        control: is asked before and after each wait: a run that stops repeats nothing.
        budget: bounds the repeats of the run; without, there is no bound.
        pacing: what it holds back uses up none of the policy's repeats; a policy that allows none is kept all the same.
        repeatable: says which requests may happen twice.
        on_retry: is told of each repeat: the request, what came before, and the seconds waited.
    """

    def __init__(
        self,
        send: Send,
        policy: RetryPolicy,
        *,
        control: RunControl | None = None,
        budget: RetryBudget | None = None,
        pacing: Pacing | None = None,
        repeatable: Callable[[Request], bool] = is_idempotent,
        on_retry: Callable[[Request, Response | RequestError, float], None] | None = None,
    ) -> None:
        self._send = send
        self._policy = policy
        self._control = RunControl() if control is None else control
        self._budget = RetryBudget(None) if budget is None else budget
        self._pacing = pacing
        self._repeatable = repeatable
        self._on_retry = on_retry

    async def send(self, request: Request, trip: Trip) -> Response:
        """The answer, after as many repeats as the policy allows. Raises the last RequestError when none came.

        Where budget or pacing allowed fewer, the answer's `denied` says why, or the error's hint.
        Raises NotRunError when the run ends before the request was sent at all.
        """
        self._budget.requests += 1
        trip.request = request
        repeats: _Repeats | None = None
        while True:
            before = trip.leave()
            outcome: Response | RequestError
            try:
                outcome = response = await self._send(request, trip)
            except RequestError as error:
                outcome = error
            except ItemError as error:
                trip.came_to(before, effect_of(error))
                if repeats is not None and isinstance(error, NotRunError):
                    # The run ended while the repeat waited for its turn: what came before is the truth.
                    return _cut_short(repeats.outcome, trip)
                raise
            else:
                trip.answered(request, response)
            trip.came_to(before, effect_of(outcome))
            if repeats is not None:
                trip.repeats += 1
                if self._on_retry is not None:
                    self._on_retry(request, repeats.outcome, repeats.delay)
            if isinstance(outcome, Response) and (outcome.status < 400 or request.is_answered_by(outcome.status)):
                return outcome
            repeats = _Repeats(outcome) if repeats is None else repeats.after(outcome)
            end = self._end(request, trip, repeats)
            if end is not None:
                return end
            if repeats.delay:
                await self._control.pause(repeats.delay)
            if self._control.halted:
                return _cut_short(outcome, trip)

    def _end(self, request: Request, trip: Trip, repeats: _Repeats) -> Response | None:
        """What the request ends with, if that is not to be repeated; None if it is, after `repeats.delay`.

        Raises the RequestError that it ends with.
        """
        outcome = repeats.outcome
        if trip.maybe_done and _is_gone(request, outcome):
            # The first DELETE was carried out, only its answer was lost.
            return Response(204, {}, b"", "No Content", request.url)
        if not may_repeat(request, outcome, self._repeatable):
            return _final(outcome)
        held_back = self._holds_back(outcome)
        if isinstance(held_back, str):
            return _denied(outcome, f"It was not repeated again: {held_back}.")
        if held_back:
            repeats.refusals += 1
            repeats.delay = self._delay_of_refused(outcome, repeats.refusals)
        else:
            repeats.attempt += 1
            repeats.delay = self._delay(outcome, repeats.attempt)
        if repeats.attempt > self._policy.retries or (repeats.delay > self._policy.most_seconds and not held_back):
            return _final(outcome)
        if self._control.halted:
            return _cut_short(outcome, trip)
        why_not = self._unaffordable(repeats.refusals, harmless=held_back or _was_not_sent(outcome))
        if why_not is not None:
            return _denied(outcome, why_not)
        trip.maybe_done = trip.maybe_done or effect_of(outcome) is not Effect.NONE
        return None

    def _holds_back(self, outcome: Response | RequestError) -> bool | str:
        if self._pacing is None or self._policy.retries == 0 or isinstance(outcome, RequestError):
            return False
        return self._pacing.holds_back(outcome)

    def _unaffordable(self, refusals: int, *, harmless: bool) -> str | None:
        """Why there is not another repeat; None when there is one, which the budget is charged with.

        A `harmless` one repeats what cost the service nothing: it was refused and waits for its turn, or never sent.
        """
        if refusals > MOST_REFUSALS:
            return f"It was not repeated again: it was refused {refusals} times."
        if self._budget.afford_harmless() if harmless else self._budget.afford():
            return None
        return "It was not repeated: the retry budget of the run is used up (--retry-budget)."

    def _delay(self, outcome: Response | RequestError, attempt: int) -> float:
        asked = retry_after(outcome) if isinstance(outcome, Response) else None
        return asked if asked is not None else self._policy.backoff(attempt)

    def _delay_of_refused(self, outcome: Response | RequestError, refusals: int) -> float:
        """Pacing waits as long as was asked; without that, those refused at the same time come back one by one.

        Where pacing lets the others go on, the request waits here.
        """
        asked = retry_after(outcome) if isinstance(outcome, Response) else None
        if asked is not None and self._pacing is not None and self._pacing.waits_alone:
            return asked
        return 0.0 if asked is not None else self._policy.backoff(min(refusals, 3))


def _is_gone(request: Request, outcome: Response | RequestError) -> bool:
    return isinstance(outcome, Response) and outcome.status == 404 and request.method == "DELETE"


def _was_not_sent(outcome: Response | RequestError) -> bool:
    return isinstance(outcome, RequestError) and outcome.effect is Effect.NONE


def _final(outcome: Response | RequestError) -> Response:
    if isinstance(outcome, RequestError):
        raise outcome
    return outcome


def _denied(outcome: Response | RequestError, why: str) -> Response:
    """`outcome`, which is final for this reason: what is told of it says so."""
    if isinstance(outcome, RequestError):
        outcome.hint = f"{why} {outcome.hint or ''}".rstrip()
    else:
        outcome.denied = why
    return _final(outcome)


def _cut_short(outcome: Response | RequestError, trip: Trip) -> Response:
    trip.cut_short = True
    return _denied(outcome, "It was not repeated, as the run ended.")
