"""What a run tells its observers: logs, telemetry, a host's own observer.

An observer is told of a run's beginning and end, of each request and of each item. A run without observers is
not wrapped in anything, so it pays nothing for them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.messages import Request, origin_of

if TYPE_CHECKING:
    from nodeloom.outcomes import Outcome, RunReport

_USER_INFORMATION = re.compile(r"(?<=://)[^/?#]*@")


def _run_id() -> str:
    return os.urandom(16).hex()


@dataclass(frozen=True, slots=True, eq=False)
class ObservedRun:
    """One run, as observers see it; the same object in everything that is told of it.

    `node`, `resource` and `operation` are named as in the descriptor. `id` is new for each run. `total` is how many
    items there are, if that is known before.
    """

    node: str
    resource: str | None = None
    operation: str | None = None
    total: int | None = None
    id: str = field(default_factory=_run_id)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def title(self) -> str:
        """`threecx, Website Links, Delete Weblink`."""
        return ", ".join(part for part in (self.node, self.resource, self.operation) if part)


class ObservedRequest:
    """One request as it goes over the network; the same object when it starts and when it ends.

    `item` is the zero-based index of the item it was sent for (of one of them, where several share a call; None for
    none), `resend` how often the item sent the same request before, and `after` what came of it then: the HTTP status
    or the error's code. When it ends, `seconds` is how long it took, and either `status` is the answer's HTTP status or
    `error` the code of the error. Neither is set where the run was broken off meanwhile.
    """

    __slots__ = ("_mask", "_request", "_url", "after", "answer_bytes", "error", "item", "resend", "seconds", "status")

    def __init__(
        self, request: Request, mask: Callable[[str], str], item: int | None = None, resend: int = 0, after: str = ""
    ) -> None:
        self._request = request
        # A request of an item knows more of what is not told than `mask`, which is the run's.
        self._mask = mask if request.teller is None else request.told
        self._url: str | None = None
        self.item = item
        self.resend = resend
        self.after = after
        self.seconds = 0.0
        self.status: int | None = None
        self.error: str | None = None
        self.answer_bytes = 0

    def __repr__(self) -> str:
        end = self.status or self.error or "under way"
        return f"<ObservedRequest {self.method} {self.url} {end}>"

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self._request.method

    @property
    def url(self) -> str:
        """The address without its query, in which secrets and items' data travel; secrets in the path masked.

        That are the credential's, what an expression made of them, and values of the item and its parameters whose
        fields are secret by their names.
        """
        if self._url is None:
            self._url = self._mask(_USER_INFORMATION.sub("", self._request.url.partition("?")[0]))
        return self._url

    @property
    def origin(self) -> str:
        """Scheme, host and port, as `https://pbx.example.com:5001`; empty where the address cannot be called."""
        try:
            return self._mask(origin_of(self._request.url))
        except ValueError:
            return ""

    @property
    def body_bytes(self) -> int:
        """The size of the request's body."""
        return len(self._request.body or b"")


class Observer:
    """Is told how runs go. Override what is of interest; what is not overridden costs nothing.

    One observer may watch several runs at a time. Its methods are called on the event loop of the run they tell of
    (`run_ended` by the caller that takes the last outcome), so they must not block. One that raises is told nothing
    further of that run, and the log says so; the run goes on.
    """

    def run_started(self, run: ObservedRun) -> None:
        """A run begins: nothing was sent yet. The caller's context variables are set."""

    def request_started(self, run: ObservedRun, request: ObservedRequest) -> None:
        """A request goes out: each try of it by itself, requests for tokens among them."""

    def request_ended(self, run: ObservedRun, request: ObservedRequest) -> None:
        """The answer was read to its end, or did not come."""

    def item_done(self, run: ObservedRun, outcome: Outcome, seconds: float) -> None:
        """An item was worked on, in `seconds`. Called as items end, which is not their order.

        Items whose outcome a journal has from an earlier run, and those that the run did not come to or broke off, are
        only in the report.
        """

    def run_ended(self, run: ObservedRun, report: RunReport) -> None:
        """The run is over. Anything may have ended it."""


def check_observer(observer: Observer) -> None:
    """Raise ConfigurationError for a method that would never be called, or not as it is written.

    A method that is nearly one of an observer's is taken for a misspelt one; others are the observer's own.
    """
    kind = type(observer)
    for name in dict.fromkeys([*dir(kind), *getattr(observer, "__dict__", ())]):
        if name in _EVENTS:
            _check_event(kind, name)
        elif not name.startswith("_") and callable(getattr(observer, name, None)):
            meant = _meant(name)
            if meant is not None:
                raise UnknownNameError("method", name, _EVENTS, within="an observer", advice=f"Did you mean {meant!r}?")


def _check_event(kind: type[Observer], name: str) -> None:
    import inspect  # here, for most runs have no observer

    method = getattr(kind, name)
    wanted = inspect.signature(getattr(Observer, name))
    if not callable(method) or inspect.iscoroutinefunction(method):
        what = "is a coroutine" if callable(method) else "is not a method"
        raise ConfigurationError(
            f"{kind.__name__}.{name} {what}, and an observer's methods are plain functions.",
            property="observer",
            hint=f"Write it as def {name}{wanted}.",
        )
    try:
        inspect.signature(method).bind(*wanted.parameters)
    except TypeError as fault:
        raise ConfigurationError(
            f"{kind.__name__}.{name} cannot be called: {fault}.",
            property="observer",
            hint=f"It is given ({', '.join(wanted.parameters)}).",
        ) from None


_EVENTS = tuple(name for name in vars(Observer) if not name.startswith("_"))
_WORD = re.compile(r"[A-Z]?[a-z]+")
# What people call the beginning and the end of something: short words, and longer ones, which may be misspelt.
_BEGINNING = (("start", "open", "begin", "send", "sent"), ("started", "opened", "begins", "began", "begun"))
_ENDING = (
    ("answer", "close", "done", "end", "error", "fail", "receive", "respond", "stop", "succeed"),
    (
        "answered", "closed", "complete", "completed", "ended", "failed", "finish", "finished", "finishes", "outcome",
        "received", "responded", "response", "result", "stopped", "succeeded", "success",
    ),
)  # fmt: skip


def _says(told: list[str], known: tuple[tuple[str, ...], tuple[str, ...]]) -> bool:
    """Whether all words in `told`, of which there is at least one, are `known` or almost are."""
    from nodeloom.descriptor.misspelling import typo_of

    short, longer = known
    return bool(told) and all(word in short or word in longer or typo_of(word, longer) for word in told)


def _meant(name: str) -> str | None:
    """The event that a method of another name was probably meant for: `on_item_finished` is `item_done`."""
    from nodeloom.descriptor.misspelling import typo_of

    words = [word.lower() for word in _WORD.findall(name)]
    named_after = words[:1] in (["on"], ["handle"], ["after"], ["before"])
    words = words[named_after:]
    subject = words[0].removesuffix("s") if words else ""
    if subject in ("run", "request", "item"):
        ending = "item_done" if subject == "item" else f"{subject}_ended"
        told = words[1:]
        if _says(told, _ENDING):
            return ending
        if _says(told, _BEGINNING) or (named_after and not told):
            return ending if subject == "item" else f"{subject}_started"
    return typo_of("_".join(words), _EVENTS)
