"""Conditions a request carries: what the service must check before it acts, and what keeps it from acting twice.

`If-Match` and its kin (RFC 9110 section 13.1, RFC 4918 section 10.4), and idempotency keys. A condition that an author
set and that comes to nothing is not a condition: the request would go out without it. So it is an error (strict).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from nodeloom.errors import MissingValueError, NodeloomError, ParameterError
from nodeloom.expression import Compiled, Scope, compile_value
from nodeloom.expression.splitting import is_template
from nodeloom.plan.missingvalues import came_to_nothing, missing_text, missing_value, spells_nothing

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_CHECKED = frozenset({"match", "since", "range"})
_KEYS = ("idempoten", "deduplicat", "dedup")
# PayPal's and AWS's names for an idempotency key, those of OASIS Repeatable Requests 1.0, WebDAV's lock (RFC 4918
# section 10.5), and what Elasticsearch compares.
_MORE_KEYS = frozenset(
    {
        "paypalrequestid",
        "clientrequesttoken",
        "repeatabilityrequestid",
        "repeatabilityfirstsent",
        "locktoken",
        "ifseqno",
        "ifprimaryterm",
    }
)
#: The query options that say which entities are meant: without them it is all.
_NARROWING = frozenset({"$filter", "$search", "$apply"})


def is_condition(name: object, *, header: bool = True) -> bool:
    """Whether a header field (else a query parameter or body member) of that name is a condition.

    `If-Match`, `x-goog-if-generation-match`, `Idempotency-Key`, `idempotencyKey` are some. A header field with an `if`
    in its name is one for any thing that it compares (`x-ms-if-sequence-number-le`).
    """
    if not isinstance(name, str):
        return False
    # By words, so that `If-Match`, `ifMatch` and `x-goog-if-generation-match` are found, and `notify` is not.
    words = [word.lower() for word in _WORDS.findall(name)]
    if any(word.startswith(_KEYS) for word in words) or "".join(words) in _MORE_KEYS:
        return True
    if header and (words == ["if"] or "if" in words[:-1]):
        return True
    return "if" in words[:-1] and words[-1] in _CHECKED


def may_not_be_nothing(name: object, *, header: bool = True) -> bool:
    """Whether what an author sends under that name has to come to something: a condition, or what narrows a query."""
    narrows = not header and isinstance(name, str) and name.lower() in _NARROWING
    return narrows or is_condition(name, header=header)


class WrittenConditions:
    """The conditions among the fields that a routing's `request` (or the node's defaults) writes under one key.

    `written` is what the descriptor has there, `header` whether these are header fields. `set_names` are the parameters
    that the author set, `value_is_set` says whether the property the routing belongs to is one of them: a header that
    only repeats a parameter that was not set is left out.
    """

    __slots__ = ("_given", "_header", "_inner", "_members", "_mentioned", "_value_is_set", "_whole", "needed")

    def __init__(self, written: object, set_names: Collection[str], *, value_is_set: bool, header: bool = True) -> None:
        self._header = header
        self._given = frozenset(set_names)
        self._value_is_set = value_is_set
        self._members: dict[str, Compiled] = {}
        # Those of objects inside, of a body.
        self._inner: dict[str, WrittenConditions] = {}
        # Of headers that are one expression: what it reads, and the conditions that its code names.
        self._whole: Compiled | None = None
        self._mentioned: frozenset[str] = frozenset()
        if isinstance(written, Mapping):
            for name, value in written.items():
                if may_not_be_nothing(name, header=header):
                    compiled = compile_value(value, dialect="n8n", property=name)
                    # A constant of the descriptor is what its author means, empty or not.
                    if not compiled.static:
                        self._members[name] = compiled
                elif isinstance(value, Mapping) and not header:
                    inner = WrittenConditions(value, set_names, value_is_set=value_is_set, header=False)
                    if inner.needed:
                        self._inner[name] = inner
        elif isinstance(written, str) and is_template(written, "n8n"):
            self._mentioned = frozenset(_conditions_named(written, header=header))
            if header or self._mentioned:
                self._whole = compile_value(written, dialect="n8n")
        #: Whether there is anything to look at.
        self.needed: bool = bool(self._members or self._inner) or self._whole is not None

    def check(self, fields: object, scope: Scope, written: Compiled | None) -> None:
        """Remove the headers that the author did not set. Raises MissingValueError for one that came to nothing."""
        if not isinstance(fields, dict):
            return
        missing = [name for name, value in fields.items() if came_to_nothing(value)]
        for name in [name for name in missing if may_not_be_nothing(name, header=self._header)]:
            compiled = self._members.get(name) or self._whole
            if compiled is None:
                continue
            if is_set(compiled, self._given, value_is_set=self._value_is_set):
                raise missing_value(name, author_of(compiled, scope, written), scope)
            # An empty field of a body is a value; an empty header field would be sent as a condition of nothing.
            if self._header:
                del fields[name]
        for name, inner in self._inner.items():
            inner.check(fields.get(name), scope, written)
        if self._whole is not None:
            self._check_whole(self._whole, fields, scope, written)

    def _check_whole(
        self, whole: Compiled, fields: Mapping[str, object], scope: Scope, written: Compiled | None
    ) -> None:
        """Raise MissingValueError for a condition that an expression, which gives all `fields`, makes of nothing."""
        for name, value in fields.items():
            told = may_not_be_nothing(name, header=self._header)
            if told and spells_nothing(value, whole, scope, may_be_null=not self._header):
                raise missing_text(name, author_of(whole, scope, written), scope)
        left_out = sorted(self._mentioned - fields.keys())
        for held, by in self._set_values(whole, scope, written):
            if left_out and came_to_nothing(held):
                raise missing_value(left_out[0], by, scope)
            # An object of fields loses what is undefined on its way through the expression.
            for name, value in held.items() if isinstance(held, Mapping) else ():
                if may_not_be_nothing(name, header=self._header) and came_to_nothing(value):
                    raise missing_value(str(name), by, scope)

    def _set_values(self, whole: Compiled, scope: Scope, written: Compiled | None) -> Iterator[tuple[object, Compiled]]:
        """What the author set, of all that the expression reads, each with what was written for it."""
        for path in whole.references:
            if path[0] == "$value" and self._value_is_set and written is not None:
                yield scope.names.get("$value"), written
            elif path[0] == "$parameter" and len(path) > 1 and path[1] in self._given:
                yield scope.parameter(str(path[1])), scope.parameters[str(path[1])]


def _conditions_named(template: str, *, header: bool) -> Iterator[str]:
    """The conditions that are keys of an object in a template's code."""
    from nodeloom.expression.blocks import compile_parts
    from nodeloom.expression.syntax import walk

    for part in compile_parts(template, "n8n", None):
        for node in walk(part.block.tree) if not isinstance(part, str) else ():
            for text in (node.text, node.value):
                if node.kind in ("Key", "Property") and may_not_be_nothing(text, header=header):
                    yield str(text)


def empty_condition(label: str, *, literal: bool) -> NodeloomError:
    """The error for a condition that was set to nothing: by an author before the run, or by an item's data."""
    kind = MissingValueError if literal else ParameterError
    return kind(
        f"{label} is empty, so it would not be a condition.",
        property=label,
        hint="Give it a value, or leave it out to send the request without it.",
    )


def is_set(compiled: Compiled, set_names: Collection[str], *, value_is_set: bool) -> bool:
    """Whether a descriptor's template reads anything that was given: an item, or a parameter that the author set."""
    names = compiled.names - {"$version", "$credentials"}
    read = {path[1] for path in compiled.references if path[0] == "$parameter" and len(path) > 1}
    if names - {"$parameter", "$value"}:
        return True
    if "$value" in names and value_is_set:
        return True
    return "$parameter" in names and (not read or not read.isdisjoint(set_names))


def author_of(compiled: Compiled, scope: Scope, written: Compiled | None) -> Compiled:
    """The template to show: the author's, where the descriptor's only passes a parameter on."""
    if written is not None and not written.static and "$value" in compiled.names:
        return written
    for path in compiled.references:
        held = scope.parameters.get(str(path[1])) if path[0] == "$parameter" and len(path) > 1 else None
        if held is not None and not held.static:
            return held
    return compiled
