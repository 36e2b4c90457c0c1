"""Expressions in credential types: they see the credential's own fields, as `$credentials` and `$self`.

Only what the type's document says is an expression. A field's value is data and is never read as a template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nodeloom import javascript
from nodeloom.errors import (
    CredentialError,
    DescriptorError,
    ExpressionError,
    ExpressionSyntaxError,
    JavaScriptDisabledError,
)

if TYPE_CHECKING:
    from nodeloom.expression import Environment


def is_expression(value: object) -> bool:
    """Whether a value in a credential type is an expression: a string that begins with `=` (n8n's rule)."""
    return isinstance(value, str) and value.startswith("=")


class Renderer:
    """Renders the templates of one credential type against field values.

    Raises DescriptorError when a template is broken, CredentialError when it fails; both name the type and the
    place in its document.
    """

    def __init__(self, type_name: str, environment: Environment | None = None) -> None:
        self._type = type_name
        self._environment = environment

    def __call__(self, template: Any, values: Mapping[str, Any], path: str) -> Any:
        """`template` resolved at every depth, object keys included; undefined stays `UNDEFINED`."""
        if isinstance(template, Mapping):
            rendered: dict[str, Any] = {}
            for key, inner in template.items():
                name = self.text(key, values, path)
                if name:
                    rendered[name] = self(inner, values, f"{path}.{key}")
            return rendered
        if isinstance(template, (list, tuple)):
            return [self(inner, values, f"{path}[{index}]") for index, inner in enumerate(template)]
        return self._resolve(template, values, path) if is_expression(template) else template

    def text(self, template: Any, values: Mapping[str, Any], path: str) -> str:
        """`template` resolved to text, once; undefined and null become the empty text."""
        from nodeloom.expression import UNDEFINED

        value = self(template, values, path)
        return "" if value is None or value is UNDEFINED else text_of(value)

    def _resolve(self, template: str, values: Mapping[str, Any], path: str) -> Any:
        from nodeloom.expression import Environment, Scope, compile_value

        if self._environment is None:
            self._environment = Environment()
        names = {"$credentials": values, "$self": values}
        try:
            with javascript.allowed(self._environment.javascript):
                compiled = compile_value(template, dialect="n8n", property=path)
            return compiled.resolve(Scope(self._environment, [{"json": {}}], 0, names=names))
        except ExpressionSyntaxError as fault:
            raise DescriptorError(
                f"The credential type {self._type!r} has a broken expression: {fault.message}",
                path=path,
                expression=template,
                hint="Mend the expression in the credential type's document.",
            ) from None  # its text may quote a value
        except ExpressionError as fault:
            switched_off = isinstance(fault, JavaScriptDisabledError)
            raise CredentialError(
                f"An expression of the credential type {self._type!r} failed: {fault.message}",
                path=path,
                expression=template,
                hint=fault.hint if switched_off else "Check that every field the expression reads is filled in.",
            ) from None  # its text may quote a value


def text_of(value: Any) -> str:
    """A resolved value as the text n8n would send: JSON's spelling for booleans, null and structures."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    import json

    return json.dumps(value, ensure_ascii=False)
