"""Compile one template: parse its blocks and choose the evaluator that answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeloom import javascript
from nodeloom.errors import ExpressionSyntaxError
from nodeloom.expression.analysis import Facts, bare_dollar, facts_of, member_path, reflection
from nodeloom.expression.compiled import PathTemplate, StaticValue, Template, TextTemplate
from nodeloom.expression.path import Reader, path_reader
from nodeloom.expression.rewrite import Block, build_program
from nodeloom.expression.splitting import Code, Dialect, Text, split
from nodeloom.expression.syntax import CodeError, parse_expression
from nodeloom.expression.text import NotPlainError, mixed_text

if TYPE_CHECKING:
    from nodeloom.expression.scope import Compiled, Scope


def compile_template(source: str, dialect: Dialect, property: str | None) -> Compiled:  # noqa: A002 - the descriptor's own word
    """The template `source`, its evaluator chosen.

    Raises:
        ExpressionSyntaxError: it is broken.
    """
    return _compile(source, _parse(source, dialect, property), property)


def compile_parts(source: str, dialect: Dialect, property: str | None) -> list[Part | str]:  # noqa: A002 - the descriptor's own word
    """The pieces of the template `source`: its text, and each block compiled by itself.

    For callers that must know the value of every block, and not only the text of all.

    Raises:
        ExpressionSyntaxError: it is broken.
    """
    return [
        block if isinstance(block, str) else Part(source, block, property)
        for block in _parse(source, dialect, property)
    ]


class Part:
    """One block of a template that mixes blocks and text.

    Attributes:
        value: the block as a template of its own, which keeps its type.
        block: its code and syntax tree.
    """

    __slots__ = ("_text", "block", "value")

    def __init__(self, source: str, block: Block, property: str | None) -> None:  # noqa: A002 - the descriptor's own word
        self.block = block
        self.value = _compile(source, [block], property)
        self._text: Compiled | None = None

    def text(self, value: object, scope: Scope) -> str:
        """What the block contributes to the joined text; `value` is what it resolved to."""
        try:
            return mixed_text(value)
        except NotPlainError:
            # An object of JavaScript says itself what its text is.
            if self._text is None:
                self._text = _compile(str(self.value.source), [self.block, ""], self.value.property)
            return str(self._text.resolve(scope))


def _parse(source: str, dialect: Dialect, property: str | None) -> list[Block | str]:  # noqa: A002 - the descriptor's own word
    return [
        piece.text if isinstance(piece, Text) else _parse_block(piece, source, property)
        for piece in split(source, dialect)
    ]


def _compile(source: str, blocks: list[Block | str], property: str | None) -> Compiled:  # noqa: A002 - the descriptor's own word
    if all(isinstance(b, str) for b in blocks):
        return StaticValue(source, "".join(b for b in blocks if isinstance(b, str)), property)
    readers: list[Reader | str] = []
    for block in blocks:
        reader = block if isinstance(block, str) else _path_of(block)
        if reader is None:
            return _javascript_template(source, blocks, property)
        readers.append(reader)
    only = readers[0]
    if len(readers) == 1 and not isinstance(only, str):
        return PathTemplate(source, blocks, only, property)
    return TextTemplate(source, blocks, readers, property)


def _path_of(block: Block) -> Reader | None:
    path = member_path(block.tree)
    return None if path is None else path_reader(path)


def _parse_block(piece: Code, source: str, property: str | None) -> Block:  # noqa: A002 - the descriptor's own word
    try:
        tree = parse_expression(piece.code)
    except CodeError as fault:
        place = piece.start + fault.position
        raise syntax_error(source, place, fault.message, property, fault.hint or _ONE_EXPRESSION) from None
    facts: Facts = facts_of(tree)
    return Block(piece.code, piece.start, tree, facts)


def _javascript_template(source: str, blocks: list[Block | str], property: str | None) -> Compiled:  # noqa: A002 - the descriptor's own word
    for block in blocks:
        forbidden = reflection(block.tree) if isinstance(block, Block) else None
        if forbidden is not None and isinstance(block, Block):
            name = forbidden.text or "this property"
            raise syntax_error(
                source,
                block.start + max(forbidden.inner, forbidden.start),
                f"{name} is not available in expressions",
                property,
                "It leads to the machinery behind a value. A field of that name can be read in a block of its own.",
            )
        bare = bare_dollar(block.tree) if isinstance(block, Block) and "$" in block.facts.names else None
        if bare is not None and isinstance(block, Block):
            hint = 'The items of another node are had by calling it: $("Node").item.'
            raise syntax_error(source, block.start + bare.start, "$ stands alone", property, hint)
    javascript.require("This expression", expression=source, property=property)
    template = Template(source, blocks, property)
    template.needs_javascript = True
    try:
        program = template.program
    except CodeError as too_much:
        block = next(b for b in blocks if isinstance(b, Block) and _is_too_much(b))
        raise syntax_error(source, block.start + too_much.position, too_much.message, property) from None
    from nodeloom.expression.judgement import syntax_fault

    fault = syntax_fault(program)
    if fault is not None:
        block = next(b for b in blocks if isinstance(b, Block))
        for candidate in blocks:
            if isinstance(candidate, Block) and syntax_fault(build_program([candidate])) is not None:
                block = candidate
                break
        raise syntax_error(source, block.tree.start + block.start, fault, property)
    return template


def _is_too_much(block: Block) -> bool:
    try:
        build_program([block])
    except CodeError:
        return True
    return False


_ONE_EXPRESSION = "A block holds one JavaScript expression, and the first }} ends it, even inside a string."


def syntax_error(
    source: str,
    position: int,
    message: str,
    property: str | None,  # noqa: A002 - the descriptor's own word
    hint: str = _ONE_EXPRESSION,
) -> ExpressionSyntaxError:
    """The error with the line at fault and a caret under the place, cut to what a terminal shows."""
    position = min(position, len(source))
    line_start = source.rfind("\n", 0, position) + 1
    line_end = source.find("\n", position)
    line = source[line_start : len(source) if line_end < 0 else line_end]
    column = position - line_start
    left = max(0, column - 60)
    shown = line[left : left + 100].replace("\t", " ")
    caret = " " * (column - left) + "^"
    line_number = source.count("\n", 0, line_start) + 1
    where = f" (line {line_number}, column {column + 1})" if "\n" in source else f" (column {column + 1})"
    return ExpressionSyntaxError(
        f"The expression has a syntax error: {message}{where}\n    {shown}\n    {caret}",
        property=property,
        expression=source,
        hint=hint,
    )
