"""The members of a request object (`request`, `requestDefaults`), each compiled and each settled by itself.

n8n writes `method` and `url` into one object. That the address holds a template must not make the method the item's: a
journal asks for the method before any item is read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile

from nodeloom.expression import Compiled, Scope
from nodeloom.plan.addresstemplates import AddressTemplate
from nodeloom.plan.constancy import is_settled
from nodeloom.plan.draft import Draft
from nodeloom.plan.givenparameters import Parameters
from nodeloom.plan.marks import NO_MARKS, NOTHING_WITHIN, Marks, Within, join_marks, marks_of_part
from nodeloom.plan.merge import merge

Member = tuple[str, AddressTemplate | Compiled]
"""A member's key, and its value compiled."""

_ADDRESSES = ("url", "baseURL")
# Objects whose own members settle each by itself too.
_OBJECTS = ("qs", "headers", "body")


def compile_members(
    entries: Mapping[str, object],
    parameters: Parameters,
    *,
    value_is_static: bool = False,
    value_is_settled: bool = False,
    value_is_set: bool = False,
    within: Within = NOTHING_WITHIN,
    checked: Collection[str] = (),
    prefix: str = "",
) -> tuple[list[Member], list[Member]]:
    """The members that are the same for every item as long as the credential is, and those of the item.

    An object of query, headers or body stands in both where its first members are settled and later ones are not. Its
    members keep their order, which is that of the query and of JSON on the wire.

    Args:
        entries: the object as the descriptor has it.
        parameters: what is known of the author's parameters.
        value_is_static: whether `$value` is a constant.
        value_is_settled: whether `$value` is the same for every item: members that read it are settled then, too.
        value_is_set: whether the author gave `$value`.
        within: what the names around the templates were made of.
        checked: keys of members that are looked at once they are resolved, so that each stays in one piece.
        prefix: what stands before a key where an error names it.
    """
    more = frozenset({"$value"}) if value_is_settled else frozenset[str]()

    def settles(code: Compiled) -> bool:
        return is_settled(code, more=more, constants=parameters.static)

    settled: list[Member] = []
    own: list[Member] = []
    for key, value in entries.items():
        if key in _ADDRESSES and isinstance(value, str):
            address = AddressTemplate(
                value,
                static_parameters=parameters.static,
                value_is_static=value_is_static,
                strict=parameters.strict,
                within=within,
            )
            (settled if all(map(settles, address.all_templates())) else own).append((key, address))
            continue
        compile_part = partial(parameters.compile_member, key, label=f"{prefix}{key}", value_is_set=value_is_set)
        # A condition is checked against the whole object, so that it is not divided.
        if key in checked:
            own.append((key, compile_part(value)))
            continue
        first, rest = _divide(key, value, settles, compile_part)
        settled += [(key, first)] if first is not None else []
        own += [(key, rest)] if rest is not None else []
    return settled, own


def templates_of(members: Iterable[Member]) -> Iterator[Compiled]:
    """Every value of `members`; of an address its templates."""
    for _key, part in members:
        if isinstance(part, AddressTemplate):
            yield from part.all_templates()
        else:
            yield part


def marks_of_members(members: Iterable[Member], within: Within) -> Marks:
    """What the members make the credential's; an address says it of itself."""
    return join_marks(
        Marks(address=part.made_of) if isinstance(part, AddressTemplate) else marks_of_part(key, part, within)
        for key, part in members
    )


def _divide(
    key: str, value: object, settles: Callable[[Compiled], bool], compile_part: Callable[[object], Compiled]
) -> tuple[Compiled | None, Compiled | None]:
    """The part of `value` that is settled, and the rest; None for one that is not there."""
    whole = compile_part(value)
    if settles(whole):
        return whole, None
    if key not in _OBJECTS or not isinstance(value, Mapping):
        return None, whole
    inner = value.items()
    # Only from the beginning: a settled member behind one of the item's would change places with it.
    first = dict(takewhile(lambda pair: settles(compile_part(dict([pair]))), inner))
    if not first:
        return None, whole
    rest = dict(islice(inner, len(first), None))
    return compile_part(first), compile_part(rest)


@dataclass(slots=True)
class MembersStep:
    """What of a routing's `request` is the same for every item, while the rest of it may be the item's own. A `Step`.

    `value` gives `$value`.
    """

    members: Sequence[Member]
    value: Callable[[Scope], object]
    marks: Marks = NO_MARKS

    settled = True

    @property
    def static(self) -> bool:
        """Whether they depend on nothing."""
        return all(template.static for template in templates_of(self.members))

    @property
    def touches(self) -> frozenset[str]:
        """The keys of the members."""
        return frozenset(key for key, _part in self.members)

    def apply(self, draft: Draft) -> None:
        """Merge the members into the request."""
        scope = draft.scope
        if any("$value" in template.names for template in templates_of(self.members)):
            scope = scope.extend({"$value": self.value(scope)})
        for key, part in self.members:
            merge(draft.options, {key: part.resolve(scope)})
