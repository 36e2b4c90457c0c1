"""What a program does when everything it can reach is a recorder, and what its author's text does there.

The printed program runs in a bare QuickJS context below `with (recorder)`, so that every name it resolves is noted,
with helpers that note what they are asked for. The author's text runs the same way, as QuickJS itself reads it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from nodeloom.expression.quickjs import Context, JSException
from nodeloom.expression.rewrite import GLOBALS, PARAMETERS, Program
from nodeloom.expression.words import words

_HARNESS = Path(__file__).with_name("recorder.js").read_text("utf-8")
_TIME_LIMIT = 0.25
_MEMORY_LIMIT = 32 * 1024 * 1024


class Recording(NamedTuple):
    """What code did: its value or error, its effects in their order, the names it resolved and asked `name` for."""

    outcome: str
    effects: list[str]
    names: list[str]
    asked: list[str]


class Laboratory:
    """One bare QuickJS context with recorders."""

    def __init__(self) -> None:
        self._context = Context()
        self._context.set_time_limit(_TIME_LIMIT)
        self._context.set_memory_limit(_MEMORY_LIMIT)
        self._context.set_max_stack_size(512 * 1024)
        self._context.eval(_HARNESS)
        self._context.eval(f"globalThis.laboratory = recorder({json.dumps(sorted(GLOBALS))})")

    def printed(self, program: Program) -> Recording | None:
        """What the printed program does; None if it does not end.

        Raises:
            JSException: QuickJS does not take it.
        """
        return self._recorded("printed", program.source)

    def written(self, code: str) -> Recording | None:
        """What the author's text does; None if it does not end."""
        return self._recorded("written", code)

    def refusal(self, code: str, *, strict: bool) -> str:
        """What QuickJS has against the author's text; empty if it takes it."""
        return str(self._call(f"laboratory.compiles({json.dumps(code)}, {json.dumps(strict)})"))

    def _recorded(self, method: str, code: str) -> Recording | None:
        try:
            found = self._call(f"laboratory.{method}({json.dumps(code)})")
        except JSException as fault:
            if re.search(r"interrupted|out of memory|stack size exceeded|^null", str(fault)):
                return None
            raise
        return Recording(*json.loads(str(found)))

    def _call(self, code: str) -> object:
        return self._context.eval(code)


# What may stand in printed code, beside strings, template literals and property names.
_WORDS = words(
    "break case catch class const continue default delete do else extends false finally for function get if in "
    "instanceof let new null of return set static super switch this throw true try typeof var void while yield "
    "target self0 error"
) | frozenset(PARAMETERS.split(","))
_PIECE = re.compile(
    r'"(?:[^"\\]|\\.)*"|(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)|(?P<number>[0-9][0-9a-zA-Z.]*(?:(?<=e)[+-][0-9]+)?)'
    r"|(?P<dot>\??\.(?![.0-9]))|(?P<mark>\.\.\.|[-+*/%=!<>&|^~?:;,()\[\]{}`$ ])"
)
_TEMPLATE_TEXT = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{)")
_REGEX_NAME = re.compile("r[0-9]+")
_DECLARED = re.compile(r"_([A-Za-z0-9]+)=\1(?=[,;])")


def foreign_piece(source: str) -> str | None:
    """A piece of printed code that is neither mangled nor a word of JavaScript's or the printer's; None if all is well.

    Strings and the texts of template literals are data, names behind a dot are properties.
    """
    source = _DECLARED.sub(lambda found: f"_{found[1]}=0" if found[1] in GLOBALS else found[0], source)
    at, templates, after_dot = 0, list[int](), False
    while at < len(source):
        if templates and templates[-1] == 0:
            text = _TEMPLATE_TEXT.match(source, at)
            if text is None:
                return source[at : at + 40]
            at = text.end()
            templates[-1] = 1
            if text[1] == "`":
                templates.pop()
            continue
        piece = _PIECE.match(source, at)
        if piece is None or source.startswith(("//", "/*", "<!--", "-->", "*/"), at):
            return source[at : at + 40]
        word = piece["word"]
        if word and not (after_dot or word[0] == "_" or word in _WORDS or _REGEX_NAME.fullmatch(word)):
            return word
        after_dot = piece["dot"] is not None
        mark = piece["mark"]
        if mark == "`":
            templates.append(0)
        elif templates and mark in ("{", "}"):
            templates[-1] += 1 if mark == "{" else -1
        at = piece.end()
    return None
