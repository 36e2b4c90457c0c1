"""Compile values that may hold templates, at any depth, into something that resolves per item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nodeloom.errors import ExpressionError, ExpressionSyntaxError, JavaScriptDisabledError, preview
from nodeloom.expression.analysis import Facts, facts_of, member_path, reflection
from nodeloom.expression.path import Reader, path_reader
from nodeloom.expression.rewrite import Block, Program, build_program
from nodeloom.expression.scope import Scope
from nodeloom.expression.split import Code, Dialect, Text, is_template, split
from nodeloom.expression.syntax import CodeError, parse_expression
from nodeloom.expression.text import NotPlainError, mixed_text
from nodeloom.expression.values import literal_of

Path = tuple[str | int, ...]

_NO_NAMES: frozenset[str] = frozenset()


class Compiled:
    """A value ready to be resolved against a scope.

    Attributes:
        source: what was written.
        static: whether there is no template inside; then `value` is the constant.
        names: the `$` names referred to.
        references: member paths read, such as `("$json", "Link")`.
        needs_javascript: whether the JavaScript evaluator is needed (the path evaluator can do the rest).
        needs_all_items: whether it refers to items other than the current one.
    """

    __slots__ = ("names", "needs_all_items", "needs_javascript", "property", "references", "source", "static", "value")

    def __init__(self, source: object, property: str | None = None) -> None:  # noqa: A002 - the descriptor's own word
        self.source = source
        self.property = property
        self.static = False
        self.value: object = None
        self.names = _NO_NAMES
        self.references: tuple[Path, ...] = ()
        self.needs_javascript = False
        self.needs_all_items = False

    def resolve(self, scope: Scope) -> object:
        """The value for the scope's item; `UNDEFINED` where JavaScript would say undefined.

        Raises:
            ExpressionError: it cannot be evaluated.
        """
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {preview(self.source)}>"


class StaticValue(Compiled):
    """A constant."""

    __slots__ = ()

    def __init__(self, source: object, value: object, property: str | None = None) -> None:  # noqa: A002
        super().__init__(source, property)
        self.static = True
        self.value = value

    def resolve(self, scope: Scope) -> object:  # noqa: ARG002 - it does not depend on one
        """The constant."""
        return self.value


class Composite(Compiled):
    """A list or dict with templates inside."""

    __slots__ = ("_build", "parts")

    def __init__(
        self,
        source: object,
        parts: list[Compiled],
        build: Callable[[list[object]], object],
        property: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(source, property)
        self.parts = parts
        self._build = build
        self.names = frozenset[str]().union(*(p.names for p in parts))
        self.references = tuple(dict.fromkeys(r for p in parts for r in p.references))
        self.needs_javascript = any(p.needs_javascript for p in parts)
        self.needs_all_items = any(p.needs_all_items for p in parts)

    def resolve(self, scope: Scope) -> object:
        """A new list or dict, its parts resolved; parts that are undefined stay `UNDEFINED`."""
        return self._build([p.resolve(scope) for p in self.parts])


class Template(Compiled):
    """A string with blocks."""

    __slots__ = ("_program", "blocks", "guarded_source")

    def __init__(self, source: str, blocks: list[Block | str], property: str | None = None) -> None:  # noqa: A002
        super().__init__(source, property)
        self.blocks = blocks
        self._program: Program | None = None
        facts = [b.facts for b in blocks if isinstance(b, Block)]
        self.names = frozenset[str]().union(*(f.dollar_names for f in facts))
        self.references = tuple(dict.fromkeys(p for f in facts for p in f.paths))
        self.needs_all_items = any(f.needs_all_items for f in facts)

    @property
    def program(self) -> Program:
        """The JavaScript of this template."""
        if self._program is None:
            self._program = build_program(self.blocks)
        return self._program

    def resolve(self, scope: Scope) -> object:
        """The value in JavaScript's opinion."""
        if not scope.environment.javascript:
            raise JavaScriptDisabledError(
                "This expression needs JavaScript, which is switched off here.",
                expression=str(self.source),
                property=self.property,
                hint="Without JavaScript, templates may hold member paths such as {{ $json.name }} and text.",
            )
        from nodeloom.expression.engine import evaluate

        try:
            return evaluate(self.program, scope)
        except ExpressionError as fault:
            _place(fault, self, scope)
            raise


class PathTemplate(Template):
    """A lone block that is a member path: the value with its type."""

    __slots__ = ("_read",)

    def __init__(self, source: str, blocks: list[Block | str], read: Reader, property: str | None = None) -> None:  # noqa: A002
        super().__init__(source, blocks, property)
        self._read = read

    def resolve(self, scope: Scope) -> object:
        """The value at the path, or undefined."""
        try:
            return self._read(scope)
        except NotPlainError:
            return super().resolve(scope)
        except ExpressionError as fault:
            _place(fault, self, scope)
            raise


class TextTemplate(Template):
    """Member paths with text around them: text."""

    __slots__ = ("_parts",)

    def __init__(
        self,
        source: str,
        blocks: list[Block | str],
        parts: list[Reader | str],
        property: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(source, blocks, property)
        self._parts = parts

    def resolve(self, scope: Scope) -> object:
        """The text, the blocks filled in."""
        try:
            return "".join([p if type(p) is str else mixed_text(p(scope)) for p in self._parts])  # type: ignore[operator]
        except NotPlainError:
            return super().resolve(scope)
        except ExpressionError as fault:
            _place(fault, self, scope)
            raise


def _place(fault: ExpressionError, template: Compiled, scope: Scope) -> None:
    """Say where `fault` happened, once, and take secrets out of it."""
    if fault.expression is None:
        fault.expression = str(template.source)
        fault.property = fault.property or template.property
        fault.item = scope.index if fault.item is None else fault.item
    secrets = _texts_of(scope.names.get("$credentials"))
    if secrets:
        fault.mask(lambda text: _without(text, secrets))


def _texts_of(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [t for v in value.values() for t in _texts_of(v)]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _texts_of(v)]
    return [value] if isinstance(value, str) and len(value) >= 4 else []


def _without(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def compile_value(value: object, *, dialect: Dialect, property: str | None = None) -> Compiled:  # noqa: A002
    """Compile `value`, any JSON value, with templates at any depth in its lists and dicts (keys are never templates).

    `dialect` says which strings are templates: for "n8n" those that begin with `=`; for "author" also those
    that hold `{{ … }}` or `<< $… >>`, and `Literal`s are recognised. `property` is named in errors.

    Raises:
        ExpressionSyntaxError: a template is broken; the message shows the place.
    """
    if isinstance(value, str):
        if is_template(value, dialect):
            return _compile_template(value, dialect, property)
        return StaticValue(value, value, property)
    if dialect == "author" and (literal := literal_of(value)) is not None:
        return StaticValue(value, literal.value, property)
    if isinstance(value, Mapping):
        keys = list(value)
        parts = [compile_value(v, dialect=dialect, property=property) for v in value.values()]
        return _composite(value, parts, lambda values: dict(zip(keys, values, strict=True)), property)
    if isinstance(value, (list, tuple)):
        parts = [compile_value(v, dialect=dialect, property=property) for v in value]
        return _composite(value, parts, list, property)
    return StaticValue(value, value, property)


def _composite(
    value: object,
    parts: list[Compiled],
    build: Callable[[list[object]], object],
    property: str | None,  # noqa: A002
) -> Compiled:
    if all(p.static for p in parts):
        return StaticValue(value, build([p.value for p in parts]), property)
    return Composite(value, parts, build, property)


def _compile_template(source: str, dialect: Dialect, property: str | None) -> Compiled:  # noqa: A002
    blocks: list[Block | str] = [
        piece.text if isinstance(piece, Text) else _parse_block(piece, source, property)
        for piece in split(source, dialect)
    ]
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


def _parse_block(piece: Code, source: str, property: str | None) -> Block:  # noqa: A002
    try:
        tree = parse_expression(piece.code)
    except CodeError as fault:
        raise _syntax_error(source, piece.start + fault.position, fault.message, property) from None
    facts: Facts = facts_of(tree)
    return Block(piece.code, piece.start, tree, facts)


def _javascript_template(source: str, blocks: list[Block | str], property: str | None) -> Compiled:  # noqa: A002
    for block in blocks:
        forbidden = reflection(block.tree) if isinstance(block, Block) else None
        if forbidden is not None and isinstance(block, Block):
            name = forbidden.text or "this property"
            raise _syntax_error(
                source, block.start + forbidden.inner, f"{name} is not available in expressions", property
            )
    template = Template(source, blocks, property)
    template.needs_javascript = True
    from nodeloom.expression.engine import check_syntax

    fault = check_syntax(template.program)
    if fault is not None:
        block = next(b for b in blocks if isinstance(b, Block))
        for candidate in blocks:
            if isinstance(candidate, Block) and check_syntax(build_program([candidate])) is not None:
                block = candidate
                break
        raise _syntax_error(source, block.tree.start + block.start, fault, property)
    return template


def _syntax_error(source: str, position: int, message: str, property: str | None) -> ExpressionSyntaxError:  # noqa: A002
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
        hint="A block holds one JavaScript expression, and the first }} ends it, even inside a string.",
    )


__all__: list[Any] = ["Compiled", "compile_value"]
