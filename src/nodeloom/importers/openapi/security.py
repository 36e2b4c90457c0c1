"""Security schemes and servers as credential types: what a user fills in, and how it gets onto a request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nodeloom.errors import DescriptorError, preview
from nodeloom.importers.openapi.displaynames import camel, start_case, unused
from nodeloom.importers.openapi.document import OutsideReferenceError, Part, evaluates
from nodeloom.importers.openapi.endpoints import TAKEN, Endpoint, Reference, parse
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.operations import Operation
from nodeloom.importers.openapi.parameters import OPTIONS, refuse_header_name
from nodeloom.values import JsonObject

_MOST_SCOPES = 12
_GRANTS = (("clientCredentials", "clientCredentials"), ("authorizationCode", "authorizationCode"))
#: The scheme that is made of a header parameter `Authorization`.
_AUTHORIZATION = "Authorization"


@dataclass(slots=True)
class Scheme:
    """What one security scheme brings to a credential type."""

    label: str
    properties: list[JsonObject] = field(default_factory=list)
    parts: JsonObject = field(default_factory=dict)
    extends: list[str] = field(default_factory=list)

    @property
    def authorizes(self) -> bool:
        """Whether it sends the header `Authorization`."""
        headers = self.parts.get("headers", {})
        return "auth" in self.parts or bool(self.extends) or any(h.lower() == "authorization" for h in headers)


#: Security schemes by name: None for one that cannot be expressed, the error for one that is broken.
Schemes = dict[str, Scheme | DescriptorError | None]


@dataclass(slots=True)
class Access:
    """Where the service is and who may ask it: credential types, the node's references to them, and its base address.

    `chooser` is the property by which an author picks one of several ways, None where there is one. `constant` says
    that there is no credential, and that the address is written out.
    """

    base_url: str
    constant: bool = False
    types: list[JsonObject] = field(default_factory=list)
    references: list[JsonObject] = field(default_factory=list)
    chooser: JsonObject | None = None


def settle_requirements(operations: list[Operation], document: Part, schemes: Schemes, report: Report) -> None:
    """Hold what operations ask for against the schemes there are, in place.

    An operation is left out where it asks for schemes that are broken or not described, and for nothing else; where the
    whole document asks for such, that is told, and nothing is asked for. A header parameter `Authorization` is what a
    credential sends, and so becomes a scheme.
    """
    for operation in list(operations):
        asked = operation.requirement
        usable = [chosen for chosen in asked or () if _fault_of(operation, chosen, schemes) is None]
        if asked and len(usable) < len(asked):
            fault = next(f for chosen in asked if (f := _fault_of(operation, chosen, schemes)) is not None)
            if not usable and operation.at.get("security") is not None:
                report.leave_out(fault)
                operations.remove(operation)
                continue
            at = document.path if operation.at.get("security") is None else operation.at.path
            placed = DescriptorError(fault.message, path=at, hint=fault.hint)
            report.add_fault(placed, "no credential is asked for by it.")
            operation.requirement = usable or None
        if operation.authorization is not None:
            _add_authorization(operation, schemes, report)
        _leave_to_the_credential(operation, schemes, report)


def _leave_to_the_credential(operation: Operation, schemes: Schemes, report: Report) -> None:
    """Take out parameters that are the API key: every way to sign in sends them."""
    sets = operation.requirement or []
    sent = [{place for name in chosen for place in _places(schemes.get(name))} for chosen in sets]
    common = set.intersection(*sent) if sent else set()
    options = [p for p in operation.properties if p["name"] == OPTIONS and p["type"] == "collection"]
    for holder in (operation.properties, *(p["options"] for p in options)):
        for prop in list(holder) if common else ():
            send = prop.get("routing", {}).get("send", {})
            where, name = send.get("type"), str(send.get("property", ""))
            if (where, name.lower() if where == "header" else name) in common:
                holder.remove(prop)
                at, shown = operation.at.path, f"The {where} parameter {preview(name)} is what a security scheme sends;"
                report.add(at, shown, "a credential sends it.")
    for emptied in (prop for prop in options if not prop["options"]):
        operation.properties.remove(emptied)


def _places(scheme: Scheme | DescriptorError | None) -> set[tuple[str, str]]:
    """Where a scheme puts something: headers in small letters, and parameters of the query."""
    parts = scheme.parts if isinstance(scheme, Scheme) else {}
    return {("header", name.lower()) for name in parts.get("headers", ())} | {("query", n) for n in parts.get("qs", ())}


def _fault_of(operation: Operation, chosen: frozenset[str], schemes: Schemes) -> DescriptorError | None:
    """What is wrong with one of the schemes; None when nothing is."""
    for name in sorted(chosen):
        if name not in schemes:
            return operation.at.broken(
                f"The security scheme {name!r} is not described.", "Add it to components.securitySchemes."
            )
        found = schemes[name]
        if isinstance(found, DescriptorError):
            return found
    return None


def _add_authorization(operation: Operation, schemes: Schemes, report: Report) -> None:
    """Ask for a credential in place of a header parameter `Authorization`, unless one sends it already."""
    described = [scheme for scheme in schemes.values() if isinstance(scheme, Scheme)]
    sets = operation.requirement or []
    if not sets and any(scheme.authorizes for scheme in described):
        return
    needed = [s for s in sets if not any(isinstance(f := schemes.get(n), Scheme) and f.authorizes for n in s)]
    if sets and (not needed or not operation.authorization):
        return
    if not isinstance(schemes.get(_AUTHORIZATION), Scheme):
        own = _secret("authorization", "Authorization")
        own["placeholder"] = "Bearer …"
        schemes[_AUTHORIZATION] = Scheme(
            "Authorization", [own], {"headers": {"Authorization": "={{ $credentials.authorization }}"}}
        )
    report.add(
        operation.at.path, "The header Authorization is a parameter of the operation;", "a credential sends it instead."
    )
    alone = [frozenset({_AUTHORIZATION}), *([] if operation.authorization else [frozenset[str]()])]
    operation.requirement = [s | {_AUTHORIZATION} if s in needed else s for s in sets] or alone


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
        suffix = unused("".join(map(_word, sorted(chosen))), taken, numbers, "") if several else ""
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
    """Every scheme alone, where the document describes schemes and nothing in it asks for one."""
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


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
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


def read_schemes(document: Part, endpoint: Endpoint, report: Report) -> Schemes:
    """Every security scheme of the document by name."""
    components = document.get("components")
    found: Schemes = {}
    try:
        written = None if components is None else components.get("securitySchemes")
        entries = [] if written is None else list(written.entries())
    except DescriptorError as fault:
        report.add_fault(fault, "no credential is made.")
        return found
    own = _FieldNames(endpoint)
    for name, entry in entries:
        try:
            found[name] = _scheme(name, entry.resolved(), endpoint, report, own)
        except OutsideReferenceError as fault:
            report.add(entry.path, f"{fault.reference} is not in the document and is not fetched;", "it is left out.")
            found[name] = None
        except DescriptorError as fault:
            found[name] = fault
    return found


class _FieldNames:
    """Names for the fields of API keys, none of them another field's: a key must not be sent as something else."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._taken = {*TAKEN, *endpoint.variables.values(), "authorization"}
        self._numbers: dict[str, int] = {}

    def name(self, scheme: str) -> str:
        """The name of the field for the scheme called `scheme`, which is now taken."""
        found = unused(camel(scheme) or "apiKey", self._taken, self._numbers, "")
        self._taken.add(found)
        return found


def _scheme(name: str, at: Part, endpoint: Endpoint, report: Report, own: _FieldNames) -> Scheme | None:
    """One security scheme; None if nothing here can send it.

    Args:
        name: its name in the document.
        at: where it is described.
        endpoint: the server, for relative addresses of tokens.
        report: is told what is left out.
        own: gives the fields of API keys their names.
    """
    kind = at.needed_text("type")
    if kind == "apiKey":
        return _api_key(name, at, own)
    if kind == "http":
        return _http(name, at, report)
    if kind == "oauth2":
        return _oauth2(name, at, endpoint, report)
    if kind == "openIdConnect":
        report.add(at.path, "OpenID Connect discovery is not done;", "the credential takes a ready access token.")
        return _bearer(start_case(name))
    report.add(at.path, f"The security scheme {kind!r} is not known;", "it is left out.")
    return None


def _api_key(name: str, at: Part, names: _FieldNames) -> Scheme:
    key, where = at.literal_text("name"), at.needed_text("in")
    if where in ("header", "cookie"):
        refuse_header_name(at.child("name"), key)
    own = names.name(name)
    value = f"={{{{ $credentials.{own} }}}}"
    if where == "query":
        parts: JsonObject = {"qs": {key: value}}
    elif where == "cookie":
        parts = {"headers": {"Cookie": f"={key}={{{{ $credentials.{own} }}}}"}}
    elif where == "header":
        parts = {"headers": {key: value}}
    else:
        raise at.child("in").broken(f"An API key cannot stand in {where!r}.", "Write header, query or cookie.")
    return Scheme(start_case(name), [_secret(own, start_case(own))], parts)


def _http(name: str, at: Part, report: Report) -> Scheme | None:
    scheme = at.needed_text("scheme").lower()
    if scheme == "basic":
        fields = [
            {"displayName": "User", "name": "user", "type": "string", "required": True},
            _secret("password", "Password", required=False),
        ]
        login = {"username": "={{ $credentials.user }}", "password": "={{ $credentials.password }}"}
        return Scheme(start_case(name), fields, {"auth": login})
    if scheme == "bearer":
        return _bearer(start_case(name))
    report.add(at.path, f"HTTP authentication {scheme!r} is not done;", "the scheme is left out.")
    return None


def _bearer(label: str) -> Scheme:
    return Scheme(
        label,
        [_secret("accessToken", "Access Token")],
        {"headers": {"Authorization": "=Bearer {{ $credentials.accessToken }}"}},
    )


def _oauth2(name: str, at: Part, endpoint: Endpoint, report: Report) -> Scheme:
    flows = at.get("flows")
    known = {} if flows is None else dict(flows.entries())
    for word, grant in _GRANTS:
        if word not in known:
            continue
        flow = known[word]
        others = sorted(set(known) - {word})
        if others:
            report.add(at.path, f"Of its OAuth 2.0 flows {word} is used;", f"not {', '.join(others)}.")
        fields = [_hidden("grantType", grant)]
        if word == "authorizationCode":
            fields.append(_address(flow, "authorizationUrl", "authUrl", endpoint, report))
            if at.value.get("x-pkce-required") is True or flow.value.get("x-pkce-required") is True:
                fields[0] = _hidden("grantType", "pkce")
        fields.append(_address(flow, "tokenUrl", "accessTokenUrl", endpoint, report))
        return Scheme(start_case(name), [*fields, _scope(flow, report)], extends=["oAuth2Api"])
    report.add(
        at.path,
        f"The OAuth 2.0 flows {', '.join(known) or '(none)'} are not done;",
        "the credential takes a ready access token.",
    )
    return _bearer(start_case(name))


def _address(flow: Part, key: str, field_name: str, endpoint: Endpoint, report: Report) -> JsonObject:
    """The field that holds an address of a flow; the user's to fill in where the document's own cannot be called."""
    written = flow.text(key)
    if written and evaluates(written):
        flow.literal_text(key)
    found = parse(written, endpoint.path or "/").whole if written else Reference(fault="it is missing")
    if found.fault is None:
        value = endpoint.filled_reference(found)
        if value is not None:
            return _hidden(field_name, value)
    why = found.fault or "it has variables that the server has not"
    report.add(flow.path, f"{key} cannot be called: {why};", "the credential has a field for it.")
    label = "Authorization URL" if field_name == "authUrl" else "Access Token URL"
    return {"displayName": label, "name": field_name, "type": "string", "required": True}


def _scope(flow: Part, report: Report) -> JsonObject:
    scopes = flow.get("scopes")
    names = list(scopes.mapping()) if scopes is not None else []
    if scopes is not None and any(map(evaluates, names)):
        raise scopes.broken("A scope begins with '=' or holds braces, which a descriptor would evaluate.")
    if len(names) > _MOST_SCOPES:
        report.add(flow.path, f"There are {len(names)} scopes to choose from;", "the credential names none by itself.")
        names = []
    return {"displayName": "Scope", "name": "scope", "type": "string", "default": " ".join(names)}


def _hidden(name: str, value: str) -> JsonObject:
    return {"displayName": start_case(name), "name": name, "type": "hidden", "default": value}


def _secret(name: str, label: str, *, required: bool = True) -> JsonObject:
    found: JsonObject = {"displayName": label, "name": name, "type": "string"}
    if required:
        found["required"] = True
    return {**found, "typeOptions": {"password": True}}
