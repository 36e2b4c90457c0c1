"""What of a request is its credential's: decided by the templates that make it, not by the texts these come to.

An expression can turn a secret into a text in which nothing looks for it: backwards, in capitals, cut, hashed. So what
counts is what an expression reads. A part of a request that was made with `$credentials` is the credential's, and so is
what was made with a parameter, a value or an earlier request that is. This is worked out once a plan; a request carries
the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from nodeloom.expression import Compiled
from nodeloom.expression.analysis import Path
from nodeloom.expression.compiled import CREDENTIAL_NAMES, NAMES_AROUND, Composite, Template
from nodeloom.expression.fieldreads import EVERY, NO_FIELDS, Fields, read_fields
from nodeloom.plan.multipart import Parts
from nodeloom.plan.whole import PartedText
from nodeloom.plan.wire import SelfWritten
from nodeloom.redaction import MaskedTexts, telling, texts_of

NO_TEXTS = MaskedTexts()

_TRACED_NAMES = CREDENTIAL_NAMES | NAMES_AROUND


@dataclass(frozen=True, slots=True)
class Marks:
    """The parts of a request that are a credential's, each with the fields that it was made of.

    The name `EVERY` stands for all names.

    Args:
        headers: by name in lower case.
        query: by the name of the top-level member.
        body: by the name of the top-level member.
        path: by placeholder.
        address: what pieces of the address were made of; each piece says it too.
        method: what the method was made of.
        edges: the constant texts in front of and behind what was made.
        constant: the members of query and body that are constants here, and so take the place of what an earlier
            template made.
    """

    headers: Mapping[str, Fields] = field(default_factory=dict)
    query: Mapping[str, Fields] = field(default_factory=dict)
    body: Mapping[str, Fields] = field(default_factory=dict)
    path: Mapping[str, Fields] = field(default_factory=dict)
    address: Fields = NO_FIELDS
    method: Fields = NO_FIELDS
    edges: frozenset[str] = frozenset()
    constant: frozenset[tuple[str, str]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.headers or self.query or self.body or self.path or self.address or self.method)

    @property
    def tells_of_values(self) -> bool:
        """Whether anything but the address, which is told apart from its secrets, is the credential's."""
        return bool(self.headers or self.query or self.body or self.path or self.method)

    def plus(self, other: Marks) -> Marks:
        """These, and those of what comes after them."""
        # Most steps mark nothing: so nothing is copied for them.
        if not self and not self.constant:
            return other
        if not other and not other.constant:
            return self
        query = {name: fields for name, fields in self.query.items() if ("qs", name) not in other.constant}
        body = {name: fields for name, fields in self.body.items() if ("body", name) not in other.constant}
        return Marks(
            _join_fields(self.headers, other.headers),
            _join_fields(query, other.query),
            _join_fields(body, other.body),
            _join_fields(self.path, other.path),
            self.address | other.address,
            self.method | other.method,
            self.edges | other.edges,
            (self.constant - {*(("qs", n) for n in other.query), *(("body", n) for n in other.body)}) | other.constant,
        )

    def in_address(self, open_fields: Fields) -> bool:
        """Whether the address before its query holds what was made of fields that are not open."""
        return not (self.address <= open_fields and all(fields <= open_fields for fields in self.path.values()))

    def read_by(self, path: Path) -> Fields:
        """What an expression reads of the credential by a member path below `$request`."""
        member, *names = path
        parts = {"headers": self.headers, "qs": self.query, "body": self.body}
        if member in ("url", "baseURL"):
            return self.address
        if member == "method":
            return self.method
        part = parts.get(str(member), {})
        if not names:
            return _all(part)
        name = str(names[0])
        # JavaScript finds a header under the name it was written in only; here all spellings are one.
        return part.get(name.lower() if member == "headers" else name, NO_FIELDS) | part.get(EVERY, NO_FIELDS)

    @property
    def all(self) -> Fields:
        """Every field that any part was made of."""
        parts = (self.headers, self.query, self.body, self.path)
        return self.address.union(self.method, *map(_all, parts))


NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class Within:
    """What the names around a template were made of: own parameters by name, `$value`, `$parent`, `$request`."""

    parameters: Mapping[str, Fields] = field(default_factory=dict)
    value: Fields = NO_FIELDS
    parent: Fields = NO_FIELDS
    request: Marks = NO_MARKS

    def fields(self, *templates: Compiled | None) -> Fields:
        """The credential's fields that templates read, themselves or through the names around them."""
        found: set[str] = set()
        for template in templates:
            if template is not None and not _TRACED_NAMES.isdisjoint(template.names):
                found.update(read_fields(template), *map(self._read, template.references))
        return frozenset(found) if found else NO_FIELDS

    def _read(self, path: Path) -> Fields:
        root, rest = path[0], path[1:]
        if root == "$parameter":
            return self.parameters.get(str(rest[0]), NO_FIELDS) if rest else _all(self.parameters)
        if root == "$value":
            return self.value
        if root == "$parent":
            return self.parent
        if root == "$request":
            return self.request.read_by(rest) if rest else self.request.all
        return NO_FIELDS


NOTHING_WITHIN = Within()


def parameter_fields(parameters: Mapping[str, Compiled]) -> dict[str, Fields]:
    """What of the credential each parameter was made of, also through other parameters; those that read none left out.

    A parameter may be made of others, and these of others again.
    """
    known: dict[str, Fields] = {}
    while True:
        # Until nothing is added: a parameter may read one that stands behind it.
        within = Within(known)
        found = {name: fields for name, compiled in parameters.items() if (fields := within.fields(compiled))}
        if found == known:
            return known
        known = found


def marks_of_part(key: str, part: Compiled, within: Within) -> Marks:
    """The marks of one member of a request (`headers`, `qs`, `body`, `url`, …) that is made by a template.

    `auth` becomes a header field.
    """
    if key in ("url", "baseURL"):
        return Marks(address=within.fields(part))
    if key == "method":
        return Marks(method=within.fields(part))
    if key == "auth":
        made_of = within.fields(part)
        return Marks(headers={"authorization": made_of}, edges=_edges(part)) if made_of else NO_MARKS
    if key not in ("headers", "qs", "body"):
        return NO_MARKS
    made, edges = dict(_members(part, within)), _edges(part)
    if key == "headers":
        return Marks(headers={name.lower(): fields for name, fields in made.items()}, edges=edges)
    constant = frozenset((key, name) for name in _constants(part))
    if key == "qs":
        return Marks(query=made, edges=edges, constant=constant)
    return Marks(body=made, edges=edges, constant=constant)


def marks_of_send(
    kind: str, name: Compiled | None, value: Compiled | None, fields: Fields, *, dotted: bool = False
) -> Marks:
    """The marks of a value that is sent.

    Args:
        kind: the place it is sent in (`send.type`).
        name: the name it is sent under; None for a body of its own.
        value: the template that makes it; None if it is the property's own.
        fields: the credential's fields that it was made of.
        dotted: whether dots in the name make a path.
    """
    if not fields:
        return NO_MARKS
    edges = frozenset[str]() if value is None else _edges(value)
    # A name that the item decides may be any name, so all of them are marked.
    target = str(name.value) if name is not None and name.static else EVERY
    if kind == "path":
        return Marks(path={target: fields})
    if kind == "header":
        return Marks(headers={target.lower(): fields}, edges=edges)
    if kind == "cookie":
        return Marks(headers={"cookie": fields}, edges=edges | {f"{target}="})
    member = target.partition(".")[0].partition("[")[0] if dotted else target
    found = {member or EVERY: fields}
    return Marks(query=found, edges=edges) if kind == "query" else Marks(body=found, edges=edges)


def join_marks(marks: Iterable[Marks]) -> Marks:
    """All of them as one."""
    whole = NO_MARKS
    for each in marks:
        whole = whole.plus(each)
    return whole


def _members(part: Compiled, within: Within) -> Iterator[tuple[str, Fields]]:
    """The members of an object, each with what it was made of; `EVERY` if one template makes the whole."""
    if isinstance(part, Composite) and isinstance(part.source, Mapping):
        for name, member in zip(part.source, part.parts, strict=True):
            if fields := within.fields(member):
                yield str(name), fields
    elif fields := within.fields(part):
        yield EVERY, fields


def _constants(part: Compiled) -> Iterator[str]:
    """The members of an object that are constants; one that is an object or a list is merged with what is there."""
    if isinstance(part, Composite) and isinstance(part.source, Mapping):
        members = {
            str(name): member.value for name, member in zip(part.source, part.parts, strict=True) if member.static
        }
    else:
        members = dict(part.value) if part.static and isinstance(part.value, Mapping) else {}
    yield from (name for name, value in members.items() if not isinstance(value, (Mapping, list)))


def _edges(part: Compiled) -> frozenset[str]:
    """The constant texts at the ends of the templates in a value."""
    if isinstance(part, Composite):
        return frozenset[str]().union(*map(_edges, part.parts))
    pieces: Sequence[object] = ()
    if isinstance(part, Template):
        pieces = part.blocks
    elif isinstance(part, PartedText):
        pieces = part.pieces
    return frozenset(text for text in (*pieces[:1], *pieces[-1:]) if isinstance(text, str))


def _join_fields(one: Mapping[str, Fields], other: Mapping[str, Fields]) -> dict[str, Fields]:
    return {name: one.get(name, NO_FIELDS) | other.get(name, NO_FIELDS) for name in (*one, *other)}


def _all(part: Mapping[str, Fields]) -> Fields:
    return NO_FIELDS.union(*part.values())


def texts_of_marked(marks: Marks, made: Mapping[str, object], open_fields: Fields) -> MaskedTexts:
    """The texts in a request's `headers`, `query`, `body` and `auth` that were made of fields that are not open."""
    parts = (("headers", marks.headers), ("query", marks.query), ("body", marks.body), ("auth", _of_auth(marks)))
    return telling(
        text
        for part, names in parts
        for name, fields in names.items()
        if not fields <= open_fields
        for whole in _texts(_member(made[part], name))
        for text in _within_edges(whole, marks.edges)
    )


def _within_edges(text: str, edges: frozenset[str]) -> Iterator[str]:
    """`text`, and without the constant texts around what was made: a service may repeat that alone."""
    yield text
    for edge in edges:
        if text.startswith(edge) or text.endswith(edge):
            # `Bearer …` is not a secret, and a service may repeat what stands behind it without it.
            inner = text.removeprefix(edge).removesuffix(edge)
            yield inner
            yield from (inner.removesuffix(other) for other in edges if other != edge)


def _of_auth(marks: Marks) -> Mapping[str, Fields]:
    """`auth` is not made a header field of in a way that shows what is in it."""
    made_of = marks.headers.get("authorization")
    return {EVERY: made_of} if made_of else {}


def _member(part: object, name: str) -> object:
    if not isinstance(part, Mapping):
        return part
    if name == EVERY:
        # The names may be made of it as well as the values.
        return [*part, part]
    # Names of headers are marked without their case.
    return [value for key, value in part.items() if key == name or str(key).lower() == name]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, SelfWritten):
        yield from (unquote(pair.partition("=")[2]) for pair in value.query(""))
    elif isinstance(value, Parts):
        for part in value.parts:
            yield from (part.content.decode("utf-8", "replace"), *part.headers.values())
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield from texts_of(value)
