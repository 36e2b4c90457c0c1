"""Security schemes and servers as credential types: what a user fills in, and how it gets onto a request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nodeloom.errors import preview
from nodeloom.importers.openapi.document import OutsideReferenceError, Part, evaluates
from nodeloom.importers.openapi.names import camel, start_case, unused
from nodeloom.importers.openapi.operations import Operation
from nodeloom.importers.openapi.report import Report
from nodeloom.messages import origin_of

Json = dict[str, Any]

_SERVER_URL = "serverUrl"
_VARIABLE = re.compile(r"\{([^{}]+)\}")
_MOST_SCOPES = 12
_GRANTS = (("clientCredentials", "clientCredentials"), ("authorizationCode", "authorizationCode"))


@dataclass(slots=True)
class Scheme:
    """What one security scheme brings to a credential type."""

    label: str
    properties: list[Json] = field(default_factory=list)
    parts: Json = field(default_factory=dict)
    extends: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Access:
    """Where the service is and who may ask it: credential types, the node's references to them, and its base address.

    `chooser` is the property by which an author picks one of several ways, None where there is one.
    """

    base_url: str
    types: list[Json] = field(default_factory=list)
    references: list[Json] = field(default_factory=list)
    chooser: Json | None = None


def read_access(document: Part, operations: Sequence[Operation], name: str, label: str, report: Report) -> Access:
    """The credential types for the servers and security of `document`; their names begin with `name`."""
    server_fields, base_url = _server(document, report)
    schemes = _schemes(document, report)
    sets = _sets(operations, schemes, report)
    if not sets:
        if not server_fields or (base := _constant(server_fields)) is not None:
            return Access(base_url=base_url if not server_fields else base or base_url)
        sets = [frozenset()]
    anonymous = all(o.requirement is not None and _may_be_anonymous(o) for o in operations) or sets == [frozenset()]
    access = Access(base_url=base_url)
    several = len(sets) > 1
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for chosen in sets:
        # Types are files of their names, and a file system may not tell capitals from small letters.
        suffix = unused("".join(map(_word, sorted(chosen))), taken, numbers, "") if several else ""
        taken.add(suffix)
        type_name = f"{camel(name)}{suffix}Api"
        parts = [scheme for n in sorted(chosen) if (scheme := schemes[n]) is not None]
        type_label = f"{label} {' and '.join(p.label for p in parts)}" if several else f"{label} API"
        access.types.append(_type(type_name, type_label.strip(), server_fields, parts))
        reference: Json = {"name": type_name, "required": not anonymous or bool(server_fields and not chosen)}
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


def _chooser(types: list[Json], references: list[Json]) -> Json:
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


def _sets(operations: Sequence[Operation], schemes: dict[str, Scheme | None], report: Report) -> list[frozenset[str]]:
    """The sets of schemes that operations ask for, the most frequent first; what cannot be done is reported."""
    wanted: Counter[frozenset[str]] = Counter()
    for operation in operations:
        for chosen in operation.requirement or ():
            unknown = sorted(n for n in chosen if n not in schemes)
            if unknown:
                raise operation.at.broken(
                    f"The security scheme {unknown[0]!r} is not described.", "Add it to components.securitySchemes."
                )
            if chosen and all(schemes[n] is not None for n in chosen):
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


def _type(name: str, label: str, server: list[Json], schemes: Sequence[Scheme]) -> Json:
    properties = list(server)
    parts: Json = {}
    extends: list[str] = []
    for scheme in schemes:
        taken = {p["name"] for p in properties}
        properties += [p for p in scheme.properties if p["name"] not in taken]
        extends += [e for e in scheme.extends if e not in extends]
        for part, values in scheme.parts.items():
            parts[part] = {**parts.get(part, {}), **values}
    made: Json = {"name": name, "displayName": label}
    if extends:
        made["extends"] = extends
    made["properties"] = properties
    if parts:
        made["authenticate"] = {"type": "generic", "properties": parts}
    return made


def _schemes(document: Part, report: Report) -> dict[str, Scheme | None]:
    """Every security scheme by name; None for one that cannot be expressed."""
    components = document.get("components")
    written = None if components is None else components.get("securitySchemes")
    found: dict[str, Scheme | None] = {}
    for name, entry in written.entries() if written is not None else ():
        try:
            found[name] = _scheme(name, entry.resolved(), report)
        except OutsideReferenceError as fault:
            report.add(entry.path, f"{fault.reference} is not in the document and is not fetched;", "it is left out.")
            found[name] = None
    return found


def _scheme(name: str, at: Part, report: Report) -> Scheme | None:
    kind = at.needed_text("type")
    if kind == "apiKey":
        return _api_key(name, at)
    if kind == "http":
        return _http(name, at, report)
    if kind == "oauth2":
        return _oauth2(name, at, report)
    if kind == "openIdConnect":
        report.add(at.path, "OpenID Connect discovery is not done;", "the credential takes a ready access token.")
        return _bearer(start_case(name))
    report.add(at.path, f"The security scheme {kind!r} is not known;", "it is left out.")
    return None


def _api_key(name: str, at: Part) -> Scheme:
    key, where = at.literal_text("name"), at.needed_text("in")
    own = camel(name) or "apiKey"
    value = f"={{{{ $credentials.{own} }}}}"
    if where == "query":
        parts: Json = {"qs": {key: value}}
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


def _oauth2(name: str, at: Part, report: Report) -> Scheme:
    flows = at.get("flows")
    known = {} if flows is None else dict(flows.entries())
    for word, grant in _GRANTS:
        if word not in known:
            continue
        flow = known[word]
        others = sorted(set(known) - {word})
        if others:
            report.add(at.path, f"Of its OAuth 2.0 flows {word} is used;", f"not {', '.join(others)}.")
        hidden = [_hidden("grantType", grant)]
        if word == "authorizationCode":
            hidden.append(_hidden("authUrl", _below_server(flow.literal_text("authorizationUrl"))))
            if at.value.get("x-pkce-required") is True or flow.value.get("x-pkce-required") is True:
                hidden[0] = _hidden("grantType", "pkce")
        hidden.append(_hidden("accessTokenUrl", _below_server(flow.literal_text("tokenUrl"))))
        return Scheme(start_case(name), [*hidden, _scope(flow, report)], extends=["oAuth2Api"])
    report.add(
        at.path,
        f"The OAuth 2.0 flows {', '.join(known) or '(none)'} are not done;",
        "the credential takes a ready access token.",
    )
    return _bearer(start_case(name))


def _scope(flow: Part, report: Report) -> Json:
    scopes = flow.get("scopes")
    names = list(scopes.mapping()) if scopes is not None else []
    if scopes is not None and any(map(evaluates, names)):
        raise scopes.broken("A scope begins with '=' or holds braces, which a descriptor would evaluate.")
    if len(names) > _MOST_SCOPES:
        report.add(flow.path, f"There are {len(names)} scopes to choose from;", "the credential names none by itself.")
        names = []
    return {"displayName": "Scope", "name": "scope", "type": "string", "default": " ".join(names)}


def _below_server(url: str) -> str:
    return url if "://" in url else f"={{{{ $credentials.{_SERVER_URL} }}}}/{url.lstrip('/')}"


def _hidden(name: str, value: str) -> Json:
    return {"displayName": start_case(name), "name": name, "type": "hidden", "default": value}


def _secret(name: str, label: str, *, required: bool = True) -> Json:
    found: Json = {"displayName": label, "name": name, "type": "string"}
    if required:
        found["required"] = True
    return {**found, "typeOptions": {"password": True}}


def _server(document: Part, report: Report) -> tuple[list[Json], str]:
    """The fields that say where the service is, and the base address made of them."""
    servers = document.parts("servers")
    url = servers[0].literal_text("url") if servers else "/"
    for other in servers[1:]:
        report.add(
            other.path, f"The server {preview(other.mapping().get('url'))} is another choice;", "give it as Server URL."
        )
    variables = _VARIABLE.findall(url)
    if variables:
        return _variable_fields(servers[0], variables), _with_variables(url)
    prop: Json = {"displayName": "Server URL", "name": _SERVER_URL, "type": "string", "required": True}
    if "://" in url:
        if _can_be_called(url):
            prop["default"] = url.rstrip("/")
        else:
            report.add(servers[0].path, f"The server {preview(url)} cannot be called;", "give another as Server URL.")
        prop["typeOptions"] = {"url": True}
        return [prop], f"={{{{ $credentials.{_SERVER_URL} }}}}"
    path = url.rstrip("/")
    prop["placeholder"] = "https://service.example.com"
    prop["typeOptions"] = {"url": True, **({"stripSuffixes": [path]} if path else {})}
    return [prop], f"={{{{ $credentials.{_SERVER_URL} }}}}{path}"


def _can_be_called(url: str) -> bool:
    try:
        return bool(origin_of(url))
    except ValueError:
        return False


def _variable_fields(server: Part, names: list[str]) -> list[Json]:
    described = server.get("variables")
    found = []
    for name in dict.fromkeys(names):
        entry = described.get(name) if described is not None else None
        if entry is None:
            raise server.broken(f"The server's variable {name!r} is not described.", "Add it to `variables`.")
        default = entry.get("default")
        prop: Json = {"displayName": start_case(name), "name": camel(name), "type": "string", "required": True}
        choices = entry.parts("enum")
        if choices:
            prop["type"] = "options"
            prop["options"] = [{"name": str(c.value), "value": str(c.value)} for c in choices]
        if default is not None and default.value != "":
            prop["default"] = entry.literal_text("default") if isinstance(default.value, str) else str(default.value)
        found.append(prop)
    return found


def _with_variables(url: str) -> str:
    return "=" + _VARIABLE.sub(lambda m: f"{{{{ $credentials.{camel(m[1])} }}}}", url).rstrip("/")


def _constant(fields: list[Json]) -> str | None:
    """The address of a service that needs no credential and says where it is."""
    if len(fields) == 1 and fields[0]["name"] == _SERVER_URL and "default" in fields[0]:
        return str(fields[0]["default"])
    return None
