"""Credential types of an imported node: one for each way to sign in, with the fields of its schemes and its server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nodeloom.importers.openapi.displaynames import camel, make_unique
from nodeloom.importers.openapi.document import Part
from nodeloom.importers.openapi.endpoints import Endpoint
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.operations import Operation
from nodeloom.importers.openapi.securityschemes import Scheme, Schemes
from nodeloom.values import Json, JsonObject


@dataclass(slots=True)
class Access:
    """Where the service is and who may ask it: credential types, the node's references to them, and its base address.

    `chooser` is the property by which an author picks one of several ways, None if there is only one. `constant` says
    that the node does without a credential, and that the address is written out.
    """

    base_url: str
    constant: bool = False
    types: list[JsonObject] = field(default_factory=list)
    references: list[JsonObject] = field(default_factory=list)
    chooser: JsonObject | None = None


def read_access(
    document: Part,
    operations: Sequence[Operation],
    endpoint: Endpoint,
    schemes: Schemes,
    name: str,
    label: str,
    report: Report,
) -> Access:
    """The credential types for the endpoint and security of `document`; their names begin with `name`.

    Args:
        document: the whole of it.
        operations: those that are imported.
        endpoint: where the service is.
        schemes: the document's security schemes.
        name: of the node.
        label: of the node, for people.
        report: what it cannot express is told here.
    """
    sets = _sets(operations, schemes, report)
    # Many documents describe schemes and forget `security`; without this their node could not sign in.
    offered = [] if sets else _never_asked_for(document, schemes, report)
    if not sets and not offered:
        if endpoint.constant is not None:
            return Access(base_url=endpoint.constant, constant=True)
        sets = [frozenset()]
    anonymous = bool(offered) or all(o.requirement is not None and _may_be_anonymous(o) for o in operations)
    sets = sets or offered
    if anonymous and sets != [frozenset()]:
        endpoint.allow_no_credential()
    access = Access(base_url=endpoint.url)
    several = len(sets) > 1
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for chosen in sets:
        # Types are files of their names, and a file system may not tell capitals from small letters.
        suffix = make_unique("".join(map(_word, sorted(chosen))), taken, numbers, "") if several else ""
        taken.add(suffix)
        type_name = f"{camel(name)}{suffix}Api"
        parts = [scheme for n in sorted(chosen) if isinstance(scheme := schemes[n], Scheme)]
        authorizing = [part.label for part in parts if part.authorizes]
        if len(authorizing) > 1:
            reason = f"{' and '.join(authorizing)} are asked for together, and there is one header Authorization;"
            report.add(f"{document.path}.components.securitySchemes", reason, "one of them is sent.")
        type_label = f"{label} {' and '.join(p.label for p in parts)}" if several else f"{label} API"
        access.types.append(_type(type_name, type_label.strip(), endpoint.fields, parts))
        # A credential that says where the service is, is needed for that.
        reference: JsonObject = {"name": type_name, "required": not anonymous or not chosen or endpoint.usual is None}
        if several:
            reference["displayOptions"] = {"show": {"authentication": [suffix]}}
        access.references.append(reference)
    if len(sets) > 1:
        access.chooser = _chooser(access.types, access.references)
    return access


def _word(name: str) -> str:
    """A scheme's name as a part of an identifier."""
    word = camel(name)
    return word[:1].upper() + word[1:]


def _chooser(types: list[JsonObject], references: list[JsonObject]) -> JsonObject:
    values = [r["displayOptions"]["show"]["authentication"][0] for r in references]
    return {
        "displayName": "Authentication",
        "name": "authentication",
        "type": "options",
        "noDataExpression": True,
        "default": values[0],
        "options": [{"name": t["displayName"], "value": v} for t, v in zip(types, values, strict=True)],
    }


def _may_be_anonymous(operation: Operation) -> bool:
    return not operation.requirement or frozenset() in operation.requirement


def _sets(operations: Sequence[Operation], schemes: Schemes, report: Report) -> list[frozenset[str]]:
    """The sets of schemes that operations ask for, the most frequent first; what cannot be done is reported."""
    wanted: Counter[frozenset[str]] = Counter()
    for operation in operations:
        for chosen in operation.requirement or ():
            if chosen and all(isinstance(schemes.get(n), Scheme) for n in chosen):
                wanted[chosen] += 1
    found = [chosen for chosen, _count in wanted.most_common()]
    if len(found) > 1:
        for operation in operations:
            takes = operation.requirement
            if takes is not None and found[0] not in takes and not _may_be_anonymous(operation):
                report.add(
                    operation.at.path,
                    "The operation is not for the node's first way to sign in;",
                    "choose another by `authentication`.",
                )
    return found


def _never_asked_for(document: Part, schemes: Schemes, report: Report) -> list[frozenset[str]]:
    """Every scheme alone, if the document describes schemes and no part of it asks for one."""
    known = [name for name, scheme in schemes.items() if isinstance(scheme, Scheme)]
    if not known or _asks_for_any(document):
        return []
    report.add(
        f"{document.path}.components.securitySchemes",
        f"Security schemes are described ({', '.join(known)}), and no operation asks for one;",
        "a credential may be given, and need not.",
    )
    return [frozenset({name}) for name in known]


def _asks_for_any(document: Part) -> bool:
    """Whether anything in the document names a security scheme."""
    holders = [document.value]
    for item in _object(document.value.get("paths")).values():
        holders += [entry for entry in _object(item).values() if isinstance(entry, Mapping)]
    found = (entry for holder in holders for entry in _list(_object(holder).get("security")))
    return any(isinstance(entry, Mapping) and entry for entry in found)


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _type(name: str, label: str, server: list[JsonObject], schemes: Sequence[Scheme]) -> JsonObject:
    properties = list(server)
    parts: JsonObject = {}
    extends: list[str] = []
    for scheme in schemes:
        taken = {p["name"] for p in properties}
        properties += [p for p in scheme.properties if p["name"] not in taken]
        extends += [e for e in scheme.extends if e not in extends]
        for part, values in scheme.parts.items():
            parts[part] = _both(parts.get(part, {}), values)
    made: JsonObject = {"name": name, "displayName": label}
    if extends:
        made["extends"] = extends
    made["properties"] = properties
    if parts:
        made["authenticate"] = {"type": "generic", "properties": parts}
    return made


def _both(one: JsonObject, other: JsonObject) -> JsonObject:
    """What two schemes put into one part of a request; there is one header `Cookie` (RFC 6265 section 5.4)."""
    if "Cookie" in one and "Cookie" in other:
        return {**one, **other, "Cookie": f"{one['Cookie']}; {other['Cookie'].removeprefix('=')}"}
    return {**one, **other}
