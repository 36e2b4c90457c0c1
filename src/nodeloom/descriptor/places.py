"""In which line of a file the piece stands that a JSON path leads to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nodeloom.descriptor.documentfiles import read_text
from nodeloom.descriptor.problems import Problem
from nodeloom.errors import DescriptorError
from nodeloom.jsonreading import ANY_JSON, end_of_json

_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]|\['((?:[^'\\]|\\.)*)'\]", re.DOTALL)
_BLANK = re.compile(r"[ \t\r\n]*")


def with_lines(file: Path, problems: Sequence[Problem]) -> list[Problem]:
    """The problems in order, each with the line of `file` that it stands in, if that can be told."""
    if not problems:
        return []
    try:
        text = read_text(file)
        placed = [replace(problem, line=line_of(text, problem.path)) for problem in problems]
        return sorted(placed, key=lambda problem: problem.line or 0)
    except (DescriptorError, ValueError):
        # The file changed meanwhile, or is nested deeper than can be looked through; the path says where.
        return list(problems)


def line_of(text: str, path: str) -> int:
    """The line, from 1 on, of the piece of the JSON document `text` that `path` leads to.

    If there is no such piece, the line of the one nearest to it. Raises ValueError for text that is not JSON.
    """
    at = _skip(text, 0)
    for name, index, quoted in _STEP.findall(path):
        key = name or re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        found = _entry(text, at, int(index)) if index else _member(text, at, key)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


def _end(text: str, at: int) -> int:
    return end_of_json(text, at)


def _entry(text: str, at: int, index: int) -> int | None:
    """Where the entry `index` of the list at `at` begins."""
    if text[at : at + 1] != "[":
        return None
    at = _skip(text, at + 1)
    for _ in range(index):
        at = _skip(text, _end(text, at))
        if text[at : at + 1] != ",":
            return None
        at = _skip(text, at + 1)
    return None if text[at : at + 1] == "]" else at


def _member(text: str, at: int, key: str) -> int | None:
    """Where the member `key` of the object at `at` begins, with its key; the last one of that name counts."""
    if text[at : at + 1] != "{":
        return None
    found = None
    at = _skip(text, at + 1)
    while text[at : at + 1] == '"':
        name, end = ANY_JSON.read_at(text, at)
        value = _skip(text, _skip(text, end) + 1)
        if name == key:
            found = value
        at = _skip(text, _end(text, value))
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    return found
