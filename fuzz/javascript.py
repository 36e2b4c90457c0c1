"""The target of JavaScript: what QuickJS is given does what the syntax tree says, and no more.

For any text: it is refused with an error that has a place in it; or what is printed holds nothing but mangled names,
data and the printer's own words, QuickJS takes it, and resolves no other names than the tree mentions. If QuickJS reads
the text itself, value, effects and their order are the same.
"""

from __future__ import annotations

import re

from fuzz.inputs import Input
from fuzz.programs import program, soup
from fuzz.promises import hold
from fuzz.recording import Laboratory, foreign_piece
from nodeloom.expression.analysis import facts_of
from nodeloom.expression.quickjs import Context, JSException
from nodeloom.expression.rewrite import GLOBALS, Block, Program, build_program
from nodeloom.expression.syntax import CodeError, Node, parse_expression

# What the parser leaves to QuickJS, which judges what was printed.
_EARLY_ERRORS = re.compile(
    "Duplicate parameter name|invalid redefinition|duplicate label|yield in default|a declaration in the head|"
    "label not found|break must|continue must|missing initializer|a default clause|duplicate default|super|"
    "invalid number of arguments|duplicate constructor|property name|invalid method name|read-only|"
    "invalid property name|invalid field name|constructor|static"
)
# Words that sloppy and strict code, or QuickJS and ECMA-262, see differently.
_OF_MODES = re.compile(
    r"let|static|yield|arguments|eval|0[0-9]|async|implements|interface|package|private|protected|public"
)
# Code whose effects are not compared: the printer gives `this` in functions, extension methods and `$if` a meaning of
# their own, and functions another name.
_OWN_MEANING = re.compile(r"\bextend(?:Optional|Maybe)?\(|self0")


def javascript(data: bytes) -> None:
    """Judge a program of the grammar, or a soup of tokens."""
    given = Input(data)
    judge(soup(given) if given.byte() % 3 == 0 else program(given))


def judge(code: str) -> Program | None:
    """Hold `code` to what is promised; its program, or None if it is refused.

    Raises:
        BrokenPromise: a promise does not hold.
    """
    try:
        tree = parse_expression(code)
        built = build_program([Block(code, 0, tree, facts_of(tree))])
    except CodeError as fault:
        hold(0 <= fault.position <= len(code) and fault.message != "", "an error has no place", code, fault.position)
        return None
    hold(built.source.isascii(), "what is printed is not ASCII", code, built.source)
    foreign = foreign_piece(built.source)
    hold(foreign is None, "what is printed holds something else", code, foreign, built.source)
    _run(code, tree, built)
    return built


def _run(code: str, tree: Node, built: Program) -> None:
    laboratory = Laboratory()
    try:
        made = laboratory.printed(built)
    except JSException as fault:
        if _is_regex(fault) or _works_alone(built):
            return
        hold(_EARLY_ERRORS.search(str(fault)) is not None, "QuickJS refuses what is printed", code, fault, built.source)
        return
    if made is None:
        return
    hold(set(made.asked) <= built.names, "a name is asked for that is not mentioned", code, made.asked, built.names)
    hold(set(made.names) <= built.names & GLOBALS, "another name is resolved", code, made.names, built.names)
    first = code[: tree.end]  # what follows the first statement is ignored
    if "\u2028" in code or "\u2029" in code:  # in template literals they become \n, as n8n has it
        return
    refusal = laboratory.refusal(first, strict=True)
    if refusal:
        sloppy = laboratory.refusal(first, strict=False)
        lenient = not sloppy or "inconsistent" in sloppy or _OF_MODES.search(first) is not None or bool(built.regexes)
        hold(lenient, "what QuickJS refuses is taken", code, sloppy, built.source)
        return
    written = laboratory.written(first)
    if written is None:
        return
    hold(set(written.names) <= built.names, "QuickJS resolves a name that is not mentioned", code, written, built.names)
    if built.names & {"arguments", "eval", "$if"} or "name" in code or _OWN_MEANING.search(built.source):
        return
    effects = written.effects
    if made.outcome.startswith("throws") and written.outcome == made.outcome:
        # QuickJS asks of `null["é"] = f()` before it calls `f` whether null can have members, of `null.é` afterwards.
        effects = effects[: len(made.effects)]
    hold(effects == made.effects, "effects differ", code, built.source, written, made)
    hold(written.outcome == made.outcome, "values differ", code, built.source, written, made)


def _is_regex(fault: JSException) -> bool:
    """Whether a regular expression is at fault: those are tried by `syntax_fault`."""
    return "regex" in str(fault) or "group" in str(fault)


def _works_alone(built: Program) -> bool:
    """QuickJS (0.17) miscounts some optional calls below a `with`, which only the laboratory has."""
    try:
        Context().eval(built.source)
    except JSException:
        return False
    return True
