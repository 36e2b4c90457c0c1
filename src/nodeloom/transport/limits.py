"""Bounds of one request."""

from __future__ import annotations

from dataclasses import dataclass

from nodeloom.jsonbounds import JSONBounds

# So that a small bound for the text does not refuse what it lets pass.
_LEAST_MEMORY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request: seconds, bytes and values of an answer (after decompression), redirects.

    `connect_seconds` is for the connection, TLS included, `read_seconds` for each wait on the socket, `total_seconds`
    for the whole exchange without redirects and retries (None for no bound).
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    total_seconds: float | None = 3600.0
    answer_bytes: int = 256 * 1024 * 1024
    answer_values: int = 10_000_000
    redirects: int = 10

    @property
    def json(self) -> JSONBounds:
        """What is read of an answer in JSON. In memory it may take four times as much as its text."""
        return JSONBounds(values=self.answer_values, memory=max(_LEAST_MEMORY, 4 * self.answer_bytes))
