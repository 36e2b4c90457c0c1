"""Security schemes of a document: what a user fills in for each, and how that gets onto a request."""

from __future__ import annotations

from dataclasses import dataclass, field

from nodeloom.errors import DescriptorError
from nodeloom.importers.openapi.displaynames import camel, make_unique, start_case
from nodeloom.importers.openapi.document import OutsideReferenceError, Part, evaluates
from nodeloom.importers.openapi.endpoints import TAKEN, Endpoint
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.parameters import refuse_header_name
from nodeloom.importers.openapi.urlreferences import Reference, parse_reference
from nodeloom.values import JsonObject

# A service with more of them expects to be asked for few; all together are refused, or frighten a user.
_MOST_SCOPES = 12
# OAuth 2.1 has removed the implicit and the password flow; these two are left.
_GRANTS = (("clientCredentials", "clientCredentials"), ("authorizationCode", "authorizationCode"))


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
            found[name] = _scheme(name, entry.resolve(), endpoint, report, own)
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
        found = make_unique(camel(scheme) or "apiKey", self._taken, self._numbers, "")
        self._taken.add(found)
        return found


def _scheme(name: str, at: Part, endpoint: Endpoint, report: Report, own: _FieldNames) -> Scheme | None:
    """One security scheme; None if Nodeloom cannot send it.

    Args:
        name: its name in the document.
        at: its description in the document.
        endpoint: the server, for relative addresses of tokens.
        report: is told what is left out.
        own: gives the fields of API keys their names.
    """
    kind = at.require_text("type")
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
    key, where = at.literal_text("name"), at.require_text("in")
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
    return Scheme(start_case(name), [secret_field(own, start_case(own))], parts)


def _http(name: str, at: Part, report: Report) -> Scheme | None:
    scheme = at.require_text("scheme").lower()
    if scheme == "basic":
        # An empty password is legal in Basic authentication (RFC 7617), and some services put a key into the user name.
        fields = [
            {"displayName": "User", "name": "user", "type": "string", "required": True},
            secret_field("password", "Password", required=False),
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
        [secret_field("accessToken", "Access Token")],
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
    """The field that holds an address of a flow; the user fills it in if the document's own cannot be called.

    Args:
        flow: of OAuth 2.0, as the document describes it.
        key: of the address in the flow: `tokenUrl` or `authorizationUrl`.
        field_name: what the credential type `oAuth2Api` calls it.
        endpoint: the server, for a relative address.
        report: says why the document's own address cannot be called.
    """
    written = flow.text(key)
    if written and evaluates(written):
        flow.literal_text(key)
    found = parse_reference(written, endpoint.path or "/").whole if written else Reference(fault="it is missing")
    if found.fault is None:
        value = endpoint.fill_reference(found)
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


def secret_field(name: str, label: str, *, required: bool = True) -> JsonObject:
    """A credential's field whose value a form hides."""
    found: JsonObject = {"displayName": label, "name": name, "type": "string"}
    if required:
        found["required"] = True
    return {**found, "typeOptions": {"password": True}}
