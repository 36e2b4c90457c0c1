"""How long an idle connection is kept, so that no request is written to one that the service has closed.

A service closes a connection without a word once it has been idle for some time, or after some number of requests. A
request that is written in that moment is lost, and it cannot be proved that it was not carried out: the bytes were
sent, and no answer came. So what may not happen twice (a POST) goes only over a connection that was in use just before,
and if a service was seen to close connections under a request, over a new one. Everything else may use one that has
been idle for longer, but for less than the usual services keep them (Node, Apache and Uvicorn: 5 s).
"""

from __future__ import annotations

from nodeloom.headerfields import keep_alive_seconds
from nodeloom.messages import Request, origin_of

# Seconds that a connection may be idle and still be used. The shorter time is longer than a worker that has been
# answered takes to come with its next request, and shorter than any service waits.
LONG, SHORT, NEVER = 4.0, 0.02, 0.0

# What may happen twice is repeated when its connection breaks, which a run can afford for this share of its requests.
_AFFORDED = 0.05
_MOST_ORIGINS = 1024


class _Habits:
    """What was seen of a service that does not keep its connections: breaks, and the requests since the first one."""

    __slots__ = ("breaks", "brief", "requests")

    def __init__(self) -> None:
        self.breaks = self.requests = 0
        self.brief = False


class Keeping:
    """Says for each request how long the connection it goes over may have been idle; belongs to one channel."""

    def __init__(self) -> None:
        self._hasty: dict[str, _Habits] = {}

    def seconds(self, request: Request) -> float:
        """LONG, SHORT or NEVER."""
        habits = self._hasty.get(origin_of(request.url)) if self._hasty else None
        if habits is None:
            return LONG if request.idempotent else SHORT
        habits.requests += 1
        if not request.idempotent:
            return NEVER if habits.breaks else SHORT
        return SHORT if habits.brief or habits.breaks > 1 + _AFFORDED * habits.requests else LONG

    def broke(self, request: Request) -> None:
        """A connection was closed before any of the answer came."""
        self._habits(request).breaks += 1

    def learn(self, request: Request, field: str | None) -> None:
        """The service said in this `Keep-Alive` field how long it keeps an idle connection."""
        seconds = keep_alive_seconds(field) if field else None
        if seconds is not None and seconds <= LONG:
            self._habits(request).brief = True

    def _habits(self, request: Request) -> _Habits:
        origin = origin_of(request.url)
        habits = self._hasty.get(origin) or _Habits()
        if len(self._hasty) < _MOST_ORIGINS:
            self._hasty[origin] = habits
        return habits
