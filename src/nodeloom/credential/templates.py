"""Expressions in credential types: they see the credential's own fields, as `$credentials` and `$self`.

Only what the type's document says is an expression. A field's value is data and is never read as a template.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from nodeloom import javascript
from nodeloom.errors import (
    CredentialError,
    DescriptorError,
    ExpressionError,
    ExpressionSyntaxError,
    JavaScriptDisabledError,
)
from nodeloom.redaction import MaskedTexts, telling, texts_of
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from nodeloom.expression import Compiled, Environment


def is_expression(value: object) -> TypeGuard[str]:
    """Whether a value in a credential type is an expression: a string that begins with `=` (n8n's rule)."""
    return isinstance(value, str) and value.startswith("=")


class Renderer:
    """Renders the templates of one credential type against field values.

    Raises DescriptorError when a template is broken, CredentialError when it fails; both name the type and the
    place in its document. `open_fields` are the fields that hold nothing secret.
    """

    def __init__(self, type_name: str, environment: Environment | None = None) -> None:
        self._type = type_name
        self._environment = environment
        self.open_fields: frozenset[str] = frozenset()
        # A deque, for threads share the renderer.
        self._made: deque[Any] = deque()

    def reads(self, template: object, path: str) -> frozenset[str]:
        """The fields that a template reads, at every depth, those of keys among them."""
        found: frozenset[str] = frozenset()
        if isinstance(template, Mapping):
            return found.union(*(self.reads(part, path) for pair in template.items() for part in pair))
        if isinstance(template, (list, tuple)):
            return found.union(*(self.reads(part, path) for part in template))
        if not is_expression(template):
            return found
        from nodeloom.expression.fieldreads import read_fields

        return read_fields(self._compile(template, path))

    def take_made(self) -> MaskedTexts:
        """The texts that expressions made of secret fields since this was last called.

        A template of plain paths has the field's own text in what it makes, which is known; code may make of it what
        nothing would recognize.
        """
        made: list[Any] = []
        while self._made:
            made.append(self._made.popleft())
        return telling(texts_of(made))

    def __call__(self, template: object, values: Mapping[str, Json], path: str) -> Any:
        """`template` resolved at every depth, object keys included; undefined stays `UNDEFINED`."""
        if isinstance(template, Mapping):
            rendered: JsonObject = {}
            for key, inner in template.items():
                name = self.text(key, values, path)
                if name:
                    rendered[name] = self(inner, values, f"{path}.{key}")
            return rendered
        if isinstance(template, (list, tuple)):
            return [self(inner, values, f"{path}[{index}]") for index, inner in enumerate(template)]
        return self._resolve(template, values, path) if is_expression(template) else template

    def text(self, template: object, values: Mapping[str, Json], path: str) -> str:
        """`template` resolved to text, once; undefined and null become the empty text."""
        from nodeloom.expression import UNDEFINED

        value = self(template, values, path)
        return "" if value is None or value is UNDEFINED else text_of(value)

    def _resolve(self, template: str, values: Mapping[str, Json], path: str) -> Any:
        from nodeloom.expression import Scope
        from nodeloom.expression.fieldreads import read_fields

        compiled = self._compile(template, path)
        names = {"$credentials": values, "$self": values}
        try:
            value = compiled.resolve(Scope(self._constants(), [{"json": {}}], 0, names=names))
        except ExpressionError as fault:
            raise self._error_of(template, path, fault) from None  # its text may quote a value
        if compiled.needs_javascript and not read_fields(compiled) <= self.open_fields:
            self._made.append(value)
        return value

    def _compile(self, template: str, path: str) -> Compiled:
        from nodeloom.expression import compile_value

        try:
            with javascript.allowed(self._constants().javascript):
                return compile_value(template, dialect="n8n", property=path)
        except ExpressionSyntaxError as fault:
            raise DescriptorError(
                f"The credential type {self._type!r} has a broken expression: {fault.message}",
                path=path,
                expression=template,
                hint="Mend the expression in the credential type's document.",
            ) from None
        except ExpressionError as fault:
            raise self._error_of(template, path, fault) from None

    def _constants(self) -> Environment:
        if self._environment is None:
            from nodeloom.expression import Environment

            self._environment = Environment()
        return self._environment

    def _error_of(self, template: str, path: str, fault: ExpressionError) -> CredentialError:
        switched_off = isinstance(fault, JavaScriptDisabledError)
        return CredentialError(
            f"An expression of the credential type {self._type!r} failed: {fault.message}",
            path=path,
            expression=template,
            hint=fault.hint if switched_off else "Check that every field the expression reads is filled in.",
        )


def text_of(value: object) -> str:
    """A resolved value as the text n8n would send: JSON's spelling for booleans, null and structures."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    import json

    return json.dumps(value, ensure_ascii=False)
