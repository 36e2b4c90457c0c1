"""What compiling gives: values that resolve against a scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from nodeloom import javascript
from nodeloom.errors import ExpressionError
from nodeloom.expression.engines import engines_of
from nodeloom.expression.scope import Compiled, Scope
from nodeloom.expression.text import NotPlainError, mixed_text
from nodeloom.expression.words import words

if TYPE_CHECKING:
    from nodeloom.expression.path import Reader
    from nodeloom.expression.rewrite import Block, Program

_PARAMETERS = frozenset({"$parameter", "$rawParameter"})

#: What expressions call the credential; in a credential type's own templates it is `$self` too.
CREDENTIAL_NAMES = words("$credentials $self")
#: Names through which what was made of the credential comes to a template, besides the credential's own.
NAMES_AROUND = words("$parameter $value $parent $request")

#: What stands before the name of a member beside the one that is resolved, in `$parameter`.
SIBLING = "&"


class StaticValue(Compiled):
    """A constant."""

    __slots__ = ()

    def __init__(self, source: object, value: object, property: str | None = None) -> None:  # noqa: A002 - the descriptor's own word
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
        property: str | None = None,  # noqa: A002 - the descriptor's own word
    ) -> None:
        super().__init__(source, property)
        self.parts = parts
        self._build = build
        self.names = frozenset[str]().union(*(p.names for p in parts))
        self.references = tuple(dict.fromkeys(r for p in parts for r in p.references))
        self.needs_javascript = any(p.needs_javascript for p in parts)
        self.needs_all_items = any(p.needs_all_items for p in parts)
        self.strange = frozenset[str]().union(*(p.strange for p in parts))

    def resolve(self, scope: Scope) -> object:
        """A new list or dict, its parts resolved; parts that are undefined stay `UNDEFINED`."""
        return self._build([p.resolve(scope) for p in self.parts])


class WithSiblings(Compiled):
    """A dict or list whose templates read members beside their own: `$parameter["&name"]` (n8n)."""

    __slots__ = ("_members", "_whole")

    def __init__(self, whole: Composite, members: Mapping[str, Compiled]) -> None:
        super().__init__(whole.source, whole.property)
        self._whole = whole
        self._members = {SIBLING + name: member for name, member in members.items()}
        self.names, self.references = whole.names, whole.references
        self.needs_javascript, self.needs_all_items = whole.needs_javascript, whole.needs_all_items
        self.strange = whole.strange

    def resolve(self, scope: Scope) -> object:
        """A new dict or list, its parts resolved."""
        own = {name: held for name, held in scope.parameters.items() if not name.startswith(SIBLING)}
        return self._whole.resolve(scope.extend({}, {**own, **self._members}))


def reads_siblings(part: Compiled) -> bool:
    """Whether a template in `part` may read a member beside its own."""
    return bool(part.names & _PARAMETERS) and SIBLING in str(part.source)


class Template(Compiled):
    """A string with blocks."""

    __slots__ = ("_program", "blocks", "guarded_source")

    def __init__(self, source: str, blocks: list[Block | str], property: str | None = None) -> None:  # noqa: A002 - the descriptor's own word
        from nodeloom.expression.knownnames import strange_names  # here, as only templates with code need the rewriter

        super().__init__(source, property)
        self.strange = strange_names(blocks)
        self.blocks = blocks
        self._program: Program | None = None
        facts = [b.facts for b in blocks if not isinstance(b, str)]
        self.names = frozenset[str]().union(*(f.dollar_names for f in facts))
        self.references = tuple(dict.fromkeys(p for f in facts for p in f.paths))
        self.needs_all_items = any(f.needs_all_items for f in facts)

    @property
    def program(self) -> Program:
        """The JavaScript of this template."""
        if self._program is None:
            from nodeloom.expression.rewrite import build_program

            self._program = build_program(self.blocks)
        return self._program

    def resolve(self, scope: Scope) -> object:
        """The value in JavaScript's opinion."""
        if not (scope.environment.javascript and javascript.is_installed()):
            raise javascript.disabled("This expression", expression=str(self.source), property=self.property)
        try:
            return engines_of(scope.environment).evaluate(self.program, scope)
        except ExpressionError as fault:
            # Those of the limits say nothing of values.
            if type(fault) is ExpressionError and _reads_credential(self, scope):
                _say_no_values(fault)
            _place(fault, self, scope)
            raise


class PathTemplate(Template):
    """A lone block that is a member path: the value with its type."""

    __slots__ = ("_read",)

    def __init__(self, source: str, blocks: list[Block | str], read: Reader, property: str | None = None) -> None:  # noqa: A002 - the descriptor's own word
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
        property: str | None = None,  # noqa: A002 - the descriptor's own word
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


def _reads_credential(template: Compiled, scope: Scope) -> bool:
    """Whether the template's values may be made of the credential: it reads it, or what may have been made of it."""
    if not CREDENTIAL_NAMES & scope.names.keys():
        return False
    if template.names & CREDENTIAL_NAMES:
        return True
    passed_on = bool(template.names & NAMES_AROUND)
    return passed_on and any(part.names & CREDENTIAL_NAMES for part in scope.parameters.values())


def _say_no_values(fault: ExpressionError) -> None:
    """Take every value out of an error: code that reversed a secret can put it there in a form that no masker knows."""
    fault.message = "The expression failed. It reads the credential, so what it says about that is not told."
    fault.args = (fault.message,)
    fault.value = None
    fault.hint = None
    fault.details = {}
    fault.__cause__ = None


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
