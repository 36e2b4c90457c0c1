"""Ends a run that only fails, before it has asked a service in trouble, or with a bad credential, for every item."""

from __future__ import annotations

from collections import Counter

from nodeloom.errors import (
    AuthenticationError,
    NetworkError,
    NodeloomError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    UnexpectedRedirectError,
    UnreadableAnswerError,
)

# While nothing was answered well yet, so many failures of one kind are enough: a wrong address or credential.
_AT_FIRST = 8

# What says that the service, the way to it or the credential is at fault, and not the item.
_AT_FAULT = (
    NetworkError,
    RequestTimeoutError,
    AuthenticationError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    UnexpectedRedirectError,
    UnreadableAnswerError,
)


class Breaker:
    """Counts items that failed one after the other through no fault of their own.

    An item that succeeds ends the count, and so does one that the service answered with the item's own fault (404,
    412, …): it is at work then. An item that no request was sent for counts for nothing. `after` 0 counts nothing.
    """

    __slots__ = ("_after", "_failed", "_well")

    def __init__(self, after: int) -> None:
        self._after = after
        self._failed: Counter[str] = Counter()
        self._well = False

    def see(self, error: NodeloomError | None) -> str | None:
        """How an item ended: its error, None for success. Says why the run should end, when it should."""
        if error is None:
            self._well = True
            if self._failed:
                self._failed.clear()
            return None
        if not self._after:
            return None
        if isinstance(error, _AT_FAULT):
            self._failed[error.code] += 1
            return self._verdict()
        if isinstance(error, ResponseError):
            self._well = True
            self._failed.clear()
        return None

    def _verdict(self) -> str | None:
        count = self._failed.total()
        at_first = not self._well and len(self._failed) == 1 and count >= _AT_FIRST
        if count < self._after and not at_first:
            return None
        kinds = ", ".join(f"{code} {n}" if len(self._failed) > 1 else code for code, n in self._failed.most_common())
        which = (
            f"{count} items in a row" if self._well else f"the first {count} items" if count > 1 else "the first item"
        )
        return f"{which} failed ({kinds})"
