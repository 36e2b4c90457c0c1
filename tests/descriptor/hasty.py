"""A matcher of patterns that gives up early, where tests have patterns that never end."""

from __future__ import annotations

import threading

import pytest

from nodeloom.descriptor import patterns


def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let matchers that are made from now on give up after a twentieth of a second; this thread has none yet."""
    monkeypatch.setattr(patterns, "TIME_LIMIT", 0.05)
    monkeypatch.setattr(patterns, "_local", threading.local())
