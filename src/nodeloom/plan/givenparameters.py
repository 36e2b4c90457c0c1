"""What is known of an author's parameters when a descriptor's own templates are compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nodeloom.descriptor.models import SendRouting
from nodeloom.expression import Compiled, compile_value
from nodeloom.expression.template import TemplateCompiler
from nodeloom.plan.clause import clause, compile_query, is_odata
from nodeloom.plan.preconditions import WrittenConditions, is_set, may_not_be_nothing
from nodeloom.plan.whole import whole


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a plan: those whose values are `static`, and those the author has `given` values of their own.

    `strict` holds text in headers, addresses and queries to Nodeloom's rules; without it, it is n8n's.
    """

    static: frozenset[str]
    given: frozenset[str]
    strict: bool

    def conditions(self, entries: Mapping[str, object], *, value_is_set: bool) -> dict[str, WrittenConditions]:
        """The conditions that a descriptor's `request` writes, by the part they stand in."""
        found: dict[str, WrittenConditions] = {}
        # n8n sends a request without its condition, so nothing is looked at then.
        for part in ("headers", "qs", "body") if self.strict else ():
            if entries.get(part):
                conditions = WrittenConditions(
                    entries[part], self.given, value_is_set=value_is_set, header=part == "headers"
                )
                if conditions.needed:
                    found[part] = conditions
        return found

    def whole_text(self, *, value_is_set: bool) -> TemplateCompiler | None:
        """How the text of a header is compiled; a block may come to nothing if the author gave none of its values."""
        if not self.strict:
            return None
        return whole(lambda part: not is_set(part, self.given, value_is_set=value_is_set))

    def compile_sent(self, send: SendRouting, *, value_is_set: bool) -> Compiled | None:
        """The descriptor's template for the value that is sent; None if the property's own value is sent."""
        # What is false in JavaScript is not a value (n8n).
        if send.value in (None, "", 0):
            return None
        template = None
        if self.strict and send.type == "query" and is_odata(send.property):
            template = clause(send.property)
        elif send.type in ("path", "header", "cookie") or sends_condition(send):
            template = self.whole_text(value_is_set=value_is_set)
        return compile_value(send.value, dialect="n8n", property=send.property, template=template)

    def compile_member(self, key: str, value: object, label: str, *, value_is_set: bool) -> Compiled:
        """A member of a request that is not an address: what the descriptor writes under `key`."""
        if key == "qs" and self.strict:
            return compile_query(value, key)
        template = self.whole_text(value_is_set=value_is_set) if key == "headers" else None
        return compile_value(value, dialect="n8n", property=label, template=template)


def sends_condition(send: SendRouting) -> bool:
    """Whether a property is sent as a condition of the request (If-Match, an idempotency key, `$filter`)."""
    return send.type != "path" and may_not_be_nothing(send.property, header=send.type == "header")
