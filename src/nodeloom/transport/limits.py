"""Bounds of one request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request: seconds, bytes of an answer (after decompression), redirects.

    `connect_seconds` is for the connection, TLS included, `read_seconds` for each wait on the socket, `total_seconds`
    for the whole exchange without redirects and retries (None for no bound).
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    total_seconds: float | None = 3600.0
    answer_bytes: int = 256 * 1024 * 1024
    redirects: int = 10
