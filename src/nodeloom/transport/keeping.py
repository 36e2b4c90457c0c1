"""How long a connection that nobody uses is kept, so that no request is written to one that the service has closed.

A service closes a connection without a word once it has been idle for some time, or after some number of requests. A
request that is written in that moment is lost, and nobody can prove that it was not carried out: the bytes were sent,
and no answer came. So what may not happen twice (a POST) goes only over a connection that was in use just before, and
where a service was seen to close connections under a request, over a new one. Everything else may use one that has been
idle for longer, but for less than the usual services keep them (Node, Apache and Uvicorn: 5 s).
"""

from __future__ import annotations

from nodeloom.headerfields import keep_alive_seconds
from nodeloom.messages import Request, origin_of

# Seconds that a connection may be idle and still be used. The shorter time is longer than a worker that has been
# answered takes to come with its next request, and shorter than any service waits.
LONG, SHORT, NEVER = 4.0, 0.02, 0.0

_MOST_ORIGINS = 1024


class Keeping:
    """Says for each request how long the connection it goes over may have been idle; belongs to one channel."""

    def __init__(self) -> None:
        # By origin, for those that keep connections for less time than is usual: True for those that closed one under
        # a request, False for those that only said so.
        self._hasty: dict[str, bool] = {}

    def seconds(self, request: Request) -> float:
        """LONG, SHORT or NEVER."""
        breaks = self._hasty.get(origin_of(request.url)) if self._hasty else None
        if request.idempotent:
            return LONG if breaks is None else SHORT
        return NEVER if breaks else SHORT

    def broke(self, request: Request) -> None:
        """A connection was closed before any of the answer came."""
        self._note(request, breaks=True)

    def told(self, request: Request, field: str | None) -> None:
        """The service said in this `Keep-Alive` field how long it keeps an idle connection."""
        seconds = keep_alive_seconds(field) if field else None
        if seconds is not None and seconds <= LONG:
            self._note(request, breaks=False)

    def _note(self, request: Request, *, breaks: bool) -> None:
        origin = origin_of(request.url)
        if origin in self._hasty or len(self._hasty) < _MOST_ORIGINS:
            self._hasty[origin] = breaks or self._hasty.get(origin, False)
