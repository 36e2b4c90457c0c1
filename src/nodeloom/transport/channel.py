"""A channel: how one request becomes one answer, redirects left alone."""

from __future__ import annotations

from typing import Protocol

from nodeloom import __version__
from nodeloom.errors import AnswerTooLargeError, UnreadableAnswerError, preview
from nodeloom.messages import Request, Response, origin_of

# Many services refuse a request that does not say who sends it.
USER_AGENT = f"nodeloom/{__version__}"


class Channel(Protocol):
    """Sends requests one by one, many at a time; for one event loop."""

    async def exchange(self, request: Request, address: str | None = None) -> Response:
        """The answer, read to its end. Raises a RequestError subclass when none came.

        `address` is the IP address to connect to, in place of those the host's name resolves to.
        """
        ...

    async def aclose(self) -> None:
        """Close what the channel opened."""
        ...


def too_large(request: Request, most: int) -> AnswerTooLargeError:
    """The error for an answer of more than `most` bytes."""
    return AnswerTooLargeError(
        f"The answer is larger than {most} bytes.",
        hint="Ask for less, or raise the limit (max_answer_bytes).",
        sent="yes",
        method=request.method,
        origin=origin_of(request.url),
    )


def undecodable(request: Request, status: int, encoding: str, reason: object) -> UnreadableAnswerError:
    """The error for an answer that is not compressed as its `Content-Encoding` says."""
    return UnreadableAnswerError(
        f"The answer is not compressed as it says it is ({preview(encoding)}, HTTP {status}): {reason}.",
        hint="The service did answer; a proxy may have changed the answer. Check before you repeat it.",
        status=status,
        method=request.method,
        url=request.url,
    )
