"""The prose of the code is plain English, and its types say what a value is: counted, so that neither slips back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "nodeloom"
TEXTS = {path: path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))}
LINES = sum(text.count("\n") for text in TEXTS.values())


def docstrings() -> Iterator[str]:
    for text in TEXTS.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node) or ""


PROSE = list(docstrings())
WORDS = sum(len(text.split()) for text in PROSE)


# What a reader whose first language is another one stumbles over, and how often it may stand in 10,000 words.
@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        (r"\bwhere (?:there|nobody|nothing|none|somebody)\b|\bnobody\b", 1),
        (r"(?<!there )\b(?:is|are|was|be) no (?!longer)[a-z]", 3),
        (r"\b(?:whoever|whatever|whichever|whatsoever)\b", 2),
    ],
)
def test_docstrings_are_plain_english(pattern: str, most: float) -> None:
    found = [match[0] for text in PROSE for match in re.finditer(pattern, text, re.IGNORECASE)]
    assert len(found) * 10_000 / WORDS <= most


def test_comments_say_why_in_enough_places() -> None:
    """pluggy, httpx and tox have 32 to 71 comments in 1,000 lines."""
    comments = sum(len(re.findall(r"(?m)^\s*#|\S  # (?!noqa|type:)", text)) for text in TEXTS.values())
    assert comments * 1000 / LINES >= 24


def test_any_is_the_exception_among_types() -> None:
    """A JSON value is a `Json`, an item an `Item` (values.py); what may be anything is an `object`."""
    assert sum(len(re.findall(r"\bAny\b", text)) for text in TEXTS.values()) * 1000 / LINES < 15
