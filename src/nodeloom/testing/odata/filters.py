"""`$filter`: text → a predicate over entities (OData URL Conventions 4.01, section 5.1.1).

Read: `eq ne gt ge lt le in`, `and or not`, parentheses, `any`/`all` over collections, paths into complex
fields, and the string functions of `filterterms.FUNCTIONS`. Names and types are settled while parsing, so an
unknown field or a comparison of a number with a string is 400 and never an empty list. Logic has three values,
as OData's has: a function of null is null, `not null` is null, and only true keeps an entity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nodeloom.errors import nearest
from nodeloom.testing.odata.declarations import ComplexType, Field
from nodeloom.testing.odata.filterterms import (
    FUNCTIONS,
    Expression,
    Scope,
    comparison,
    constant_of,
    getter,
    property_of,
    unknown_property,
)
from nodeloom.testing.odata.literals import Value, read_literal
from nodeloom.testing.odata.refusal import bad_request
from nodeloom.values import Json

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"\$it\b|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
# Bounds that no client of a PBX meets, and that keep a hostile filter from ending the process.
_MAX_TOKENS = 2000
_MAX_DEPTH = 40
_MAX_CHAIN = 4


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int
    value: Value = None


def parse_filter(text: str, kind: ComplexType) -> Callable[[Mapping[str, Json]], bool]:
    """A predicate over entities of type `kind`, given as JSON values. Raises ODataError (400)."""
    parser = _Parser(text, kind)
    evaluate = parser.parse().evaluate
    return lambda entity: evaluate({"": entity}) is True


def parse_path_expression(text: str, kind: ComplexType) -> Expression:
    """A path such as `Name` or `General/Greeting` to a primitive, as `$orderby` takes it. Raises ODataError (400)."""
    parser = _Parser(text, kind)
    found = parser.operand()
    parser.expect("end")
    if found.field is None or found.kind in ("complex", "collection"):
        raise bad_request(f"'{text}' is not a property to sort by.")
    return found


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = _space_end(text, 0)
    while position < len(text):
        token, position = _token(text, position)
        found.append(token)
        position = _space_end(text, position)
        if len(found) > _MAX_TOKENS:
            raise bad_request(f"$filter has more than {_MAX_TOKENS} words.")
    return [*found, _Token("end", "the end", len(text))]


def _space_end(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _token(text: str, position: int) -> tuple[_Token, int]:
    if text[position] in "(),/:":
        return _Token(text[position], text[position], position), position + 1
    try:
        literal = read_literal(text, position)
        if literal is not None:
            return _Token("literal", text[position : literal.end], position, literal.value), literal.end
        name = _NAME.match(text, position)
        if name is None:
            raise bad_request(f"Syntax error in $filter: unexpected '{text[position]}' at position {position}.")
        if text.startswith("'", name.end()):  # an enumeration literal: Pbx.PeerType'Queue'
            member = read_literal(text, name.end())
            if member is not None:
                return _Token("literal", text[position : member.end], position, member.value), member.end
    except ValueError as error:
        raise bad_request(f"Syntax error in $filter: {error}") from None
    return _Token("name", name[0], position), name.end()


class _Parser:
    """Recursive descent, one method a level of precedence, from `or` down to operands."""

    def __init__(self, text: str, kind: ComplexType) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0
        self._types: dict[str, Field | ComplexType] = {"": kind}

    def parse(self) -> Expression:
        found = self._or()
        self.expect("end")
        return self._boolean(found, "$filter")

    def expect(self, kind: str) -> _Token:
        token = self._tokens[self._next]
        if token.kind != kind:
            raise bad_request(
                f"Syntax error in $filter: '{kind}' expected, '{token.text}' found at position {token.position}."
            )
        self._next += 1
        return token

    def _word(self, *words: str) -> str | None:
        token = self._tokens[self._next]
        if token.kind == "name" and token.text in words:
            self._next += 1
            return token.text
        return None

    def _take(self, kind: str) -> bool:
        if self._tokens[self._next].kind != kind:
            return False
        self._next += 1
        return True

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise bad_request(f"$filter is nested deeper than {_MAX_DEPTH} levels.")

    def _or(self) -> Expression:
        self._deeper()
        terms = [self._and()]
        while self._word("or"):
            terms.append(self._and())
        self._depth -= 1
        return terms[0] if len(terms) == 1 else self._junction(terms, "or", decisive=True)

    def _and(self) -> Expression:
        terms = [self._equality()]
        while self._word("and"):
            terms.append(self._equality())
        return terms[0] if len(terms) == 1 else self._junction(terms, "and", decisive=False)

    def _junction(self, terms: list[Expression], word: str, *, decisive: bool) -> Expression:
        parts = [self._boolean(t, word).evaluate for t in terms]

        def evaluate(scope: Scope) -> bool | None:
            # OData URL Conventions 4.01, logical operators: `false and null` is false, `true and null` is null.
            unknown = False
            for part in parts:
                value = part(scope)
                if value is decisive:
                    return bool(value)
                unknown = unknown or value is None
            return None if unknown else not decisive

        return Expression("boolean", evaluate)

    def _equality(self) -> Expression:
        left = self._relation()
        links = 0
        while word := self._word("eq", "ne"):
            links = _link(links)
            left = comparison(word, left, self._relation())
        return left

    def _relation(self) -> Expression:
        left = self._unary()
        links = 0
        while word := self._word("gt", "ge", "lt", "le", "in"):
            links = _link(links)
            left = self._in(left) if word == "in" else comparison(word, left, self._unary())
        return left

    def _unary(self) -> Expression:
        if not self._word("not"):
            return self.operand()
        self._deeper()
        inner = self._boolean(self._unary(), "not").evaluate
        self._depth -= 1

        def evaluate(scope: Scope) -> bool | None:
            value = inner(scope)
            return None if value is None else not value

        return Expression("boolean", evaluate)

    def operand(self) -> Expression:
        if self._take("("):
            inner = self._or()
            self.expect(")")
            return inner
        token = self._tokens[self._next]
        if token.kind == "literal":
            self._next += 1
            return constant_of(token.value)
        name = self.expect("name").text
        if self._tokens[self._next].kind == "(":
            return self._call(name)
        return self._path(name)

    def _in(self, left: Expression) -> Expression:
        self.expect("(")
        # `in` is a chain of `eq`, and typed as one.
        choices = [comparison("eq", left, self.operand()).evaluate]
        while self._take(","):
            choices.append(comparison("eq", left, self.operand()).evaluate)
        self.expect(")")
        return Expression("boolean", lambda scope: any(choice(scope) for choice in choices))

    def _call(self, name: str) -> Expression:
        function = FUNCTIONS.get(name)
        if function is None:
            close = nearest(name, FUNCTIONS)
            hint = f" Did you mean '{close}'?" if close else ""
            raise bad_request(f"$filter knows no function '{name}'.{hint}")
        self.expect("(")
        self._deeper()
        arguments: list[Expression] = []
        while not arguments or self._take(","):
            arguments.append(self._or())
        self._depth -= 1
        self.expect(")")
        if len(arguments) != len(function.parameters):
            raise bad_request(f"{name}() takes {len(function.parameters)} arguments, not {len(arguments)}.")
        for argument, wanted in zip(arguments, function.parameters, strict=True):
            if argument.kind not in (wanted, "null") and (wanted, argument.kind) != ("string", "enum"):
                raise bad_request(f"{name}() takes a {wanted}, and was given a {argument.kind}.")
        parts = [a.evaluate for a in arguments]

        def evaluate(scope: Scope) -> object:
            values = [part(scope) for part in parts]
            return None if None in values else function.run(*values)

        return Expression(function.gives, evaluate)

    def _path(self, name: str) -> Expression:
        current: Field | ComplexType
        if name in self._types and name:
            current, root, names = self._types[name], name, []
        else:
            current, root, names = self._member(self._types[""], name), "", [name]
        while self._take("/"):
            step = self.expect("name").text
            if step in ("any", "all") and isinstance(current, Field) and current.collection:
                return self._lambda(step, current, getter(root, names))
            current = self._member(current, step)
            names.append(step)
        return property_of(current, getter(root, names))

    def _member(self, owner: Field | ComplexType, name: str) -> Field:
        kind = owner.type if isinstance(owner, Field) else owner
        if not isinstance(kind, ComplexType) or (isinstance(owner, Field) and owner.collection):
            raise bad_request(f"$filter: there is no property '{name}' in what has no properties.")
        field = kind.by_name.get(name)
        if field is None:
            raise unknown_property(name, kind)
        return field

    def _lambda(self, word: str, field: Field, collection: Callable[[Scope], Json]) -> Expression:
        self.expect("(")
        if word == "any" and self._take(")"):
            return Expression("boolean", lambda scope: bool(collection(scope)))
        variable = self.expect("name").text
        if variable in self._types:
            raise bad_request(f"$filter uses the name '{variable}' twice.")
        self.expect(":")
        self._types[variable] = Field(variable, field.type)
        body = self._boolean(self._or(), word).evaluate
        # A name is good inside of its own lambda only.
        del self._types[variable]
        self.expect(")")
        fold = any if word == "any" else all

        def evaluate(scope: Scope) -> bool:
            return fold(body({**scope, variable: element}) is True for element in collection(scope) or ())

        return Expression("boolean", evaluate)

    def _boolean(self, expression: Expression, where: str) -> Expression:
        if expression.kind not in ("boolean", "null"):
            raise bad_request(f"'{where}' needs a condition, not a {expression.kind} (use parentheses after 'not').")
        return expression


def _link(links: int) -> int:
    # A chain `a eq b eq c …` nests to the left, and is deep when it is evaluated.
    if links == _MAX_CHAIN:
        raise bad_request(f"$filter has more than {_MAX_CHAIN} comparisons in one chain.")
    return links + 1
