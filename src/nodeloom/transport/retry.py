"""Retries: for what provably did not happen, or may safely happen twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from nodeloom import headerfields
from nodeloom.errors import Effect, ItemError, NotRunError, RequestError, TLSError
from nodeloom.messages import Content, Request, Response
from nodeloom.transport.effect import effect_of, is_refusal
from nodeloom.transport.politeness.budget import RetryBudget

Send = Callable[[Request], Awaitable[Response]]

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


@dataclass(slots=True)
class Attempts:
    """What the requests of one item came to: statuses, repeats, and bytes of the answers.

    `effect` is what all of them together may have done. `maybe_done` says that an answer was lost, so that the request
    may have been carried out; it is kept over requests that are sent again with a renewed token. `cut_short` says that
    there was no further repeat because the run ended. `seen` is told of every answer. `said` is what the requests were
    made of, and `request` the last of them, for what tells of the item. `redirect` is the status of the last redirect
    that another method followed.
    """

    statuses: list[int] = field(default_factory=list)
    repeats: int = 0
    size: int = 0
    maybe_done: bool = False
    effect: Effect = Effect.NONE
    cut_short: bool = False
    seen: Callable[[Request, Response], None] | None = None
    said: list[Content] = field(default_factory=list)
    request: Request | None = None
    redirect: int | None = None

    def answered(self, request: Request, response: Response) -> None:
        """Account for an answer."""
        if response.redirect is not None:
            self.redirect = response.redirect
            self.statuses.append(response.redirect)
        self.statuses.append(response.status)
        self.size += len(response.body)
        if self.seen is not None:
            self.seen(request, response)


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


class RetryingSender:
    """Sends and repeats by a policy; shared by all requests of a run.

    `on_retry` is told of each repeat: the request, what came before, and the seconds waited. `give_up` is asked before
    and after each wait: a run that stops repeats nothing. `repeatable` says which requests may happen twice. `budget`
    bounds the repeats of the run. What `pacing` holds back uses up none of the policy's repeats; a policy that allows
    none is kept all the same.
    """

    def __init__(
        self,
        send: Send,
        policy: RetryPolicy,
        *,
        on_retry: Callable[[Request, Response | RequestError, float], None] | None = None,
        give_up: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        repeatable: Callable[[Request], bool] = is_idempotent,
        budget: RetryBudget | None = None,
        pacing: Pacing | None = None,
    ) -> None:
        self._send = send
        self._policy = policy
        self._on_retry = on_retry
        self._give_up = give_up
        self._sleep = sleep
        self._repeatable = repeatable
        self._budget = RetryBudget(None) if budget is None else budget
        self._pacing = pacing

    async def send(self, request: Request, attempts: Attempts | None = None) -> Response:
        """The answer, after as many repeats as the policy allows. Raises the last RequestError when none came.

        Where budget or pacing allowed fewer, the answer's `denied` says why, or the error's hint.
        Raises NotRunError when the run ends before the request was sent at all.
        """
        if attempts is None:
            attempts = Attempts()
        self._budget.requests += 1
        attempts.request = request
        outcome = await self._tried(request, attempts)
        if isinstance(outcome, Response) and (outcome.status < 400 or request.is_answered_by(outcome.status)):
            return outcome
        return await self._settled(request, outcome, attempts)

    async def _tried(self, request: Request, attempts: Attempts) -> Response | RequestError:
        """What came of one try. While it is under way, and if it ends in any other way, it may have been done."""
        before = attempts.effect
        if before is Effect.NONE:
            attempts.effect = Effect.UNKNOWN
        outcome: Response | RequestError
        try:
            outcome = response = await self._send(request)
        except RequestError as error:
            outcome = error
        except ItemError as error:
            attempts.effect = max(before, effect_of(error))
            raise
        else:
            attempts.answered(request, response)
        attempts.effect = max(before, effect_of(outcome))
        return outcome

    async def _settled(self, request: Request, outcome: Response | RequestError, attempts: Attempts) -> Response:
        """What becomes of a first try that did not succeed."""
        attempt = refusals = 0
        while True:
            if attempts.maybe_done and _is_gone(request, outcome):
                # The first DELETE was carried out, only its answer was lost.
                return Response(204, {}, b"", "No Content", request.url)
            if not may_repeat(request, outcome, self._repeatable):
                return _final(outcome)
            held_back = self._holds_back(outcome)
            if isinstance(held_back, str):
                return _denied(outcome, f"It was not repeated again: {held_back}.")
            if held_back:
                refusals += 1
                delay = self._delay_of_refused(outcome, refusals)
            else:
                attempt += 1
                delay = self._delay(outcome, attempt)
            if attempt > self._policy.retries or (delay > self._policy.most_seconds and not held_back):
                return _final(outcome)
            if self._give_up():
                return _cut_short(outcome, attempts)
            why_not = self._unaffordable(refusals, harmless=held_back or _was_not_sent(outcome))
            if why_not is not None:
                return _denied(outcome, why_not)
            attempts.maybe_done = attempts.maybe_done or effect_of(outcome) is not Effect.NONE
            if delay:
                await self._sleep(delay)
            if self._give_up():
                return _cut_short(outcome, attempts)
            before = outcome
            try:
                outcome = await self._tried(request, attempts)
            except NotRunError:
                # The run ended while the repeat waited for its turn: what came before is the truth.
                return _cut_short(before, attempts)
            attempts.repeats += 1
            if self._on_retry is not None:
                self._on_retry(request, before, delay)
            if isinstance(outcome, Response) and (outcome.status < 400 or request.is_answered_by(outcome.status)):
                return outcome

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


def _cut_short(outcome: Response | RequestError, attempts: Attempts) -> Response:
    attempts.cut_short = True
    return _denied(outcome, "It was not repeated, as the run ended.")
