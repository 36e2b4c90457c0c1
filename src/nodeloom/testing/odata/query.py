"""The query options of a request: `$filter $orderby $search $top $skip $count $select $expand`.

An option the operation does not take, one given twice, and a value out of bounds are 400. Names without `$`
are the client's own affair and pass (OData URL Conventions 4.01, section 5.2). What `$expand` names may carry
options of its own: `Groups($select=Name;$top=2)` (section 5.1.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from nodeloom.testing.odata.declarations import ComplexType, Edm, EnumType, Field
from nodeloom.testing.odata.filters import parse_filter, parse_path_expression
from nodeloom.testing.odata.filterterms import Expression, unknown_property
from nodeloom.testing.odata.paths import percent_decode
from nodeloom.testing.odata.refusal import bad_request
from nodeloom.testing.odata.store import Entity
from nodeloom.values import Json, JsonObject

LIST_OPTIONS = frozenset({"$filter", "$orderby", "$search", "$top", "$skip", "$count", "$select", "$expand"})
PAGE_OPTIONS = frozenset({"$filter", "$search", "$top", "$skip", "$count"})
ENTITY_OPTIONS = frozenset({"$select", "$expand"})
COUNT_OPTIONS = frozenset({"$filter", "$search"})

_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")
_ORDER = re.compile(r"\s*(\S+)(?:\s+(asc|desc))?\s*")
# A quoted string, a parenthesis or anything else: what a comma or semicolon may stand in.
_PIECE = re.compile(r"'(?:[^']|'')*'|.", re.DOTALL)
_MAX_EXPAND_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Query:
    """The options of one request, parsed. None (or empty) if one was not given."""

    matches: Callable[[Mapping[str, Json]], bool] | None = None
    order: tuple[tuple[Expression, bool], ...] = ()
    """Expression and whether it descends, the first the most significant."""
    search: str | None = None
    top: int | None = None
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] | None = None
    expand: Mapping[str, Query] = field(default_factory=dict)
    """The navigation fields to show, each with the options it carries."""

    def find(self, entities: Iterable[Entity], kind: ComplexType) -> Iterable[Entity]:
        """The entities that `$filter` and `$search` let through."""
        if self.matches is not None:
            matches = self.matches
            entities = (e for e in entities if matches(e.values))
        if self.search:
            term = self.search.casefold()
            texts = [f.name for f in kind.fields if f.type is Edm.STRING and not f.collection]
            entities = (e for e in entities if any(term in (e.values.get(t) or "").casefold() for t in texts))
        return entities

    def page(self, entities: Iterable[Entity]) -> list[Entity]:
        """The entities in the order of `$orderby`, from `$skip` on, at most `$top`."""
        if self.order:
            entities = list(entities)
            for expression, descending in reversed(self.order):  # the sort is stable: the last comes first
                entities.sort(key=lambda e: _sort_key(expression.evaluate({"": e.values})), reverse=descending)
        end = None if self.top is None else self.skip + self.top
        return list(islice(entities, self.skip, end))

    def project(self, values: Mapping[str, Json], kind: ComplexType) -> JsonObject:
        """The fields of one entity that the answer carries."""
        names: Iterable[str] = (f.name for f in kind.fields if not f.navigation) if self.select is None else self.select
        shown = {name: values.get(name) for name in names}
        for name, query in self.expand.items():
            led_to = kind.by_name[name]
            shown[name] = query.within(values.get(name, [] if led_to.collection else None), led_to.type)
        return shown

    def within(self, value: Json, kind: Edm | EnumType | ComplexType) -> Json:
        """What these options leave of an expanded field's value; all of it without options."""
        if self is _EVERYTHING or value is None or not isinstance(kind, ComplexType):
            return value
        if not isinstance(value, list):
            return self.project(value, kind)
        entities = [Entity(v, "") for v in value]
        return [self.project(e.values, kind) for e in self.page(self.find(entities, kind))]


def parse_options(raw: str) -> dict[str, str]:
    """The query string as names and values, decoded (`+` is a space). Raises ODataError (400) on a repeated `$` one."""
    options: dict[str, str] = {}
    for pair in raw.split("&") if raw else ():
        name, _, value = pair.partition("=")
        # Forms write a blank as `+`, and OData services read queries as forms.
        name = percent_decode(name.replace("+", " "))
        if name.startswith("$") and name in options:
            raise bad_request(f"The query option '{name}' is given twice.")
        options[name] = percent_decode(value.replace("+", " "))
    return options


def parse_query(raw: str, kind: ComplexType, allowed: frozenset[str], top_cap: int | None) -> Query:
    """The options in `raw`, checked against the entity type. Raises ODataError (400).

    `top_cap` is the highest `$top` (None: no cap). Without `$top` everything comes, as the cap of 3CX's
    framework is one on what is asked for and answers do not carry `@odata.nextLink`.
    """
    if not raw:
        return _EVERYTHING
    return _query(parse_options(raw), kind, allowed, top_cap)


def _query(
    options: Mapping[str, str], kind: ComplexType, allowed: frozenset[str], top_cap: int | None, depth: int = 0
) -> Query:
    """As `parse_query`, for options by name; `depth` counts the options of `$expand` around them."""
    for name in options:
        if name.startswith("$") and name not in allowed:
            known = name in LIST_OPTIONS
            raise bad_request(f"The query option '{name}' is not {'allowed here' if known else 'known'}.")
    top = _whole_number(options, "$top")
    if top is not None and top_cap is not None and top > top_cap:
        raise bad_request(f"The limit of '{top_cap}' for Top query has been exceeded.", target="$top")
    return Query(
        matches=parse_filter(options["$filter"], kind) if "$filter" in options else None,
        order=_order(options.get("$orderby"), kind),
        search=options.get("$search", "").strip().strip('"') or None,
        top=top,
        skip=_whole_number(options, "$skip") or 0,
        count=_boolean(options, "$count"),
        select=_names(options.get("$select"), kind, "$select"),
        expand=_expand(options.get("$expand"), kind, depth),
    )


_EVERYTHING = Query()


def _sort_key(value: object) -> tuple[bool, Any]:
    # Null sorts below every value (OData URL Conventions 5.1.1.10).
    return (value is not None, value if value is not None else 0)


def _whole_number(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(text):
        raise bad_request(f"Invalid value '{text}' for {name} query option: a whole number is expected.", target=name)
    return int(text)


def _boolean(options: Mapping[str, str], name: str) -> bool:
    text = options.get(name, "false")
    if text not in ("true", "false"):
        raise bad_request(f"Invalid value '{text}' for {name} query option: true or false is expected.", target=name)
    return text == "true"


def _order(text: str | None, kind: ComplexType) -> tuple[tuple[Expression, bool], ...]:
    if text is None:
        return ()
    found = []
    for part in text.split(","):
        match = _ORDER.fullmatch(part)
        if match is None:
            raise bad_request(f"Syntax error in $orderby at '{part}'.", target="$orderby")
        found.append((parse_path_expression(match[1], kind), match[2] == "desc"))
    return tuple(found)


def _names(text: str | None, kind: ComplexType, option: str) -> tuple[str, ...] | None:
    """The named fields; None for all, which is what no option and `*` mean."""
    if text is None:
        return None
    names = [n.strip() for n in text.split(",")]
    for name in names:
        if name != "*" and name not in kind.by_name:
            if not name:
                raise bad_request(f"{option} holds an empty name.", target=option)
            raise unknown_property(name, kind)
    if "*" in names:
        return None
    # A navigation field is selected as a link, and is in the body only when it is expanded.
    return tuple(dict.fromkeys(n for n in names if not kind.by_name[n].navigation))


def _expand(text: str | None, kind: ComplexType, depth: int) -> Mapping[str, Query]:
    if text is None:
        return {}
    if depth == _MAX_EXPAND_DEPTH:
        raise bad_request(f"$expand is nested deeper than {_MAX_EXPAND_DEPTH} levels.", target="$expand")
    found: dict[str, Query] = {}
    for part in _split(text, ","):
        name, carries, options = part.strip().partition("(")
        if name == "*" and not carries:
            found.update({f.name: _EVERYTHING for f in kind.fields if f.navigation})
            continue
        named = kind.by_name.get(name)
        if named is None:
            raise unknown_property(name, kind)
        if not named.navigation:
            raise bad_request(f"The property '{name}' cannot be used in the $expand query option.", target=name)
        found[name] = _expand_options(options, part, named, depth) if carries else _EVERYTHING
    return found


def _expand_options(text: str, part: str, named: Field, depth: int) -> Query:
    """The options in `Name($select=…;$top=…)`: what stands after its first parenthesis."""
    if not text.endswith(")") or not isinstance(named.type, ComplexType):
        raise bad_request(f"Syntax error in $expand at '{part}'.", target="$expand")
    options: dict[str, str] = {}
    for option in _split(text[:-1], ";"):
        name, equals, value = option.strip().partition("=")
        if not equals or name in options or not name.startswith("$"):
            raise bad_request(f"Syntax error in $expand at '{option}'.", target="$expand")
        options[name] = value
    return _query(options, named.type, LIST_OPTIONS if named.collection else ENTITY_OPTIONS, None, depth + 1)


def _split(text: str, separator: str) -> list[str]:
    """`text` cut at each `separator` outside of strings and parentheses."""
    parts, depth = [""], 0
    for match in _PIECE.finditer(text):
        piece = match[0]
        depth += (piece == "(") - (piece == ")")
        if piece == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts
