"""The search itself: it finds a canary in every form there is a word for, and nothing else."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest

from tests.canaries.finding import canary, found

BIRD = canary("finder")
OTHER = canary("other")


@pytest.mark.parametrize(
    "output",
    [
        BIRD.text,
        urllib.parse.quote(BIRD.text, safe=""),
        urllib.parse.quote(urllib.parse.quote(BIRD.text, safe=""), safe=""),
        urllib.parse.quote(BIRD.text, safe="").swapcase(),
        urllib.parse.quote_plus(BIRD.text),
        json.dumps(BIRD.text),
        json.dumps(json.dumps(BIRD.text)),
        BIRD.text.encode().hex(),
        BIRD.text.encode().hex().upper(),
        *(base64.b64encode(b"x" * n + BIRD.text.encode() + b"yz").decode() for n in range(4)),
        base64.urlsafe_b64encode(f"user:{BIRD.text}".encode()).decode(),
        "".join(f"%{byte:02X}" for byte in BIRD.text.encode()),
        BIRD.text[::-1],
        BIRD.text.upper(),
    ],
)
def test_a_canary_is_found(output: str) -> None:
    assert found(f"some {output} words", [BIRD, OTHER]) != []
    assert found(f"some {output} words", [OTHER]) == []
