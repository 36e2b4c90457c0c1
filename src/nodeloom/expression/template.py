"""Compile values that may hold templates, at any depth, into something that resolves per item."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nodeloom.expression.compiled import Composite, PathTemplate, StaticValue, WithSiblings, reads_siblings
from nodeloom.expression.scope import Compiled
from nodeloom.expression.splitting import Dialect, find_unclosed, is_template
from nodeloom.values import literal_of

__all__ = ["PathTemplate", "TemplateCompiler", "compile_value", "composite"]

#: Compiles one template: its text, its dialect, and the property that errors name.
TemplateCompiler = Callable[[str, Dialect, str | None], Compiled]

_FORGOTTEN_HINT = "Close it with }} or >>. Text that shall stay as it is goes into a Literal."


def compile_value(
    value: object,
    *,
    dialect: Dialect,
    property: str | None = None,  # noqa: A002 - the descriptor's own word
    template: TemplateCompiler | None = None,
) -> Compiled:
    """Compile `value`, any JSON value, with templates at any depth in its lists and dicts (keys are never templates).

    `dialect` says which strings are templates: for "n8n" those that begin with `=`; for "author" also those
    that hold `{{ … }}` or `<< $… >>`, and `Literal`s are recognised. `property` is named in errors. `template` compiles
    the templates found, if they have to be more than what they join to.

    Raises:
        ExpressionSyntaxError: a template is broken; the message shows the place.
    """
    if isinstance(value, str):
        if dialect == "author" and ("{{" in value or "<<" in value) and (at := find_unclosed(value)) is not None:
            from nodeloom.expression.blocks import syntax_error

            raise syntax_error(value, at, "the block is not closed", property, _FORGOTTEN_HINT)
        if is_template(value, dialect):
            if template is not None:
                return template(value, dialect, property)
            # The parser is loaded with the first template.
            from nodeloom.expression.blocks import compile_template

            return compile_template(value, dialect, property)
        return StaticValue(value, value, property)
    if dialect == "author" and (literal := literal_of(value)) is not None:
        return StaticValue(value, literal.value, property)
    if isinstance(value, Mapping):
        keys = list(value)
        parts = [compile_value(v, dialect=dialect, property=property, template=template) for v in value.values()]
        whole = composite(value, parts, lambda values: dict(zip(keys, values, strict=True)), property)
        if isinstance(whole, Composite) and any(map(reads_siblings, parts)):
            return WithSiblings(whole, {str(key): part for key, part in zip(keys, parts, strict=True)})
        return whole
    if isinstance(value, (list, tuple)):
        parts = [compile_value(v, dialect=dialect, property=property, template=template) for v in value]
        whole = composite(value, parts, list, property)
        # An entry of a list does not have members beside it, and does not see those around the list.
        return WithSiblings(whole, {}) if isinstance(whole, Composite) and any(map(reads_siblings, parts)) else whole
    return StaticValue(value, value, property)


def composite(
    value: object,
    parts: list[Compiled],
    build: Callable[[list[object]], object],
    property: str | None,  # noqa: A002 - the descriptor's own word
) -> Compiled:
    """A list or object of compiled `parts`, which `build` makes of what they resolve to."""
    if all(p.static for p in parts):
        return StaticValue(value, build([p.value for p in parts]), property)
    return Composite(value, parts, build, property)
