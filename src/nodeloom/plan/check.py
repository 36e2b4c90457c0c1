"""Check every template of a document without running it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nodeloom.descriptor.validation import Problem, json_path
from nodeloom.errors import ExpressionSyntaxError
from nodeloom.expression import compile_value

# What stands under these keys is resolved when an operation runs (or a credential is put on or tested); elsewhere a
# string that begins with `=` is only text.
_RESOLVED = frozenset({"routing", "requestDefaults", "requestOperations", "default", "authenticate", "token", "test"})

Keys = tuple[str | int, ...]


def template_problems(raw: Any) -> list[Problem]:
    """Every template in a node, resource or credential document that does not compile, in document order.

    Each problem has the JSON path of the string, and a message with a caret under the place.
    """
    return list(_problems(raw, (), resolved=False))


def _problems(part: Any, at: Keys, *, resolved: bool) -> Iterator[Problem]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            yield from _problems(value, (*at, str(key)), resolved=resolved or key in _RESOLVED)
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from _problems(value, (*at, index), resolved=resolved)
    elif resolved and isinstance(part, str) and part.startswith("="):
        try:
            compile_value(part, dialect="n8n")
        except ExpressionSyntaxError as fault:
            yield Problem(json_path(at), fault.message, hint=fault.hint)
