"""Where a service is: the servers of a document as addresses, and the one place in which addresses are joined.

A server's `url` is a reference (RFC 3986 section 4.1) that is resolved against the place the document was served from,
which an imported file does not tell. So it is resolved against a root that the credential's field Server URL stands
for, and every other address of the document (a token endpoint, an operation's own server) against the server, as
OpenAPI asks. Variables stand in them as `{name}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nodeloom.errors import DescriptorError, preview
from nodeloom.importers.openapi.displaynames import camel, make_unique, start_case
from nodeloom.importers.openapi.document import Part
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.serverchoice import choose, with_defaults
from nodeloom.importers.openapi.urlreferences import VARIABLE, Reference, parse_reference
from nodeloom.printable import json_text
from nodeloom.values import Json, JsonObject

SERVER_URL = "serverUrl"
_ROOT_FIELD = f"{{{{ $credentials.{SERVER_URL} }}}}"


@dataclass(slots=True)
class Endpoint:
    """Where a document's service is, as an imported node says it.

    `fields` are the credential's. Of them `url`, the base address, is made: the field Server URL, and `rest` behind it.
    `constant` is the address if it needs no field, and `origin` its part before the path; `usual` is what the field
    holds if the user does not fill it in, None if that is not known. An address that is relative to the server stands
    below `path`, the server's own. `variables` leads from a variable of the address to its field.
    """

    fields: list[JsonObject] = field(default_factory=list)
    rest: str = ""
    usual: str | None = None
    root: str = _ROOT_FIELD
    constant: str | None = None
    origin: str | None = None
    path: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The base address, as a template."""
        return f"={self.root}{self.fill(self.rest)}"

    def allow_no_credential(self) -> None:
        """Call the usual address if no credential is given."""
        if self.usual is not None:
            self.root = f"{{{{ $credentials.{SERVER_URL} || {json_text(self.usual)} }}}}"

    def below(self, found: Reference, *, constant: bool = False) -> str:
        """Another address of the document, as a value of a descriptor: a constant, or a template.

        `constant`: without a credential, whose field would hold the address of the service.
        """
        origin = found.origin or (self.origin if constant else None)
        if origin is not None:
            return f"{origin}{found.path}"
        return f"={self.root}{self.fill(found.path)}"

    def fill_reference(self, found: Reference) -> str | None:
        """As `below`, with variables in it; None if it has one that the server does not have."""
        names = VARIABLE.findall(found.text)
        if not names or found.origin is None:
            return self.below(found) if set(names) <= set(self.variables) else None
        return f"={self.fill(f'{found.origin}{found.path}')}" if set(names) <= set(self.variables) else None

    def fill(self, text: str, holder: str = "$credentials") -> str:
        """`text` with its variables as templates that read the fields of `holder`."""
        return VARIABLE.sub(
            lambda m: f"{{{{ {holder}.{self.variables[m[1]]} }}}}" if m[1] in self.variables else m[0], text
        )


def read_endpoint(document: Part, report: Report) -> Endpoint:
    """The endpoint of a document's servers. What is broken among them is told, and left out."""
    try:
        servers = document.parts("servers")
    except DescriptorError as fault:
        report.add_fault(fault, "give the address as Server URL.")
        servers = []
    server, found = choose(servers, report)
    # Kept apart from the credential's field, because a token endpoint may be relative to the server's path.
    endpoint = Endpoint(path=found.path)
    text = f"{found.origin or ''}{found.path}"
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    if server is not None and names:
        endpoint.fields, endpoint.variables = _variable_fields(server, names, found, report)
    path = found.path.rstrip("/")
    if found.origin is not None and not names:
        endpoint.origin, endpoint.constant = found.origin, f"{found.origin}{path}"
    # What is relative to the server, such as a token endpoint, is below the field, which then ends before the path.
    whole = found.origin is not None and not _has_relative(document)
    held, rest = (f"{found.origin}{path}", "") if whole else (found.origin or "", path)
    endpoint.rest = rest
    endpoint.fields.append(_server_field(endpoint, held, rest))
    if server is not None and found.origin is not None:
        filled = with_defaults(server, Reference(found.origin, path if whole else ""))
        endpoint.usual = None if filled is None else filled.text
    return endpoint


def _server_field(endpoint: Endpoint, held: str, rest: str) -> JsonObject:
    """The field Server URL, whose value stands before `rest`; `held` is what the document says of it."""
    prop: JsonObject = {"displayName": "Server URL", "name": SERVER_URL, "type": "string"}
    if VARIABLE.search(held):
        prop["default"] = f"={endpoint.fill(held, '$self')}"
        prop["description"] = "Where the service is, if it is not where the fields above say."
    elif held:
        prop |= {"required": True, "default": held}
    else:
        prop |= {"required": True, "placeholder": "https://service.example.com"}
    # People paste the address with the path that the node adds by itself.
    plain = rest and not VARIABLE.search(rest)
    prop["typeOptions"] = {"url": True, **({"stripSuffixes": [rest]} if plain else {})}
    return prop


#: Names of fields that a credential has for its server, or that security schemes of a kind have.
TAKEN = (
    "serverUrl", "user", "password", "accessToken", "scope", "grantType", "authUrl", "accessTokenUrl", "clientId",
    "clientSecret", "authQueryParameters", "authentication", "sendAdditionalBodyProperties", "additionalBodyProperties",
    "tokenExpiredStatusCode", "ignoreSSLIssues", "oauthTokenData",
)  # fmt: skip


def _variable_fields(
    server: Part, names: Sequence[str], found: Reference, report: Report
) -> tuple[list[JsonObject], dict[str, str]]:
    """A field for each variable of the address, and the fields' names by the variables'."""
    fields: list[JsonObject] = []
    variables: dict[str, str] = {}
    taken, numbers = set(TAKEN), dict[str, int]()
    described = server.get("variables")
    for name in names:
        field_name = make_unique(camel(name), taken, numbers, "")
        taken.add(field_name)
        variables[name] = field_name
        entry = described.get(name) if described is not None else None
        if entry is None:
            report.add(
                server.path, f"The server's variable {preview(name)} is not described;", "its field has no default."
            )
        is_scheme = (found.origin or "").startswith(f"{{{name}}}://")
        fields.append(_variable_field(name, field_name, entry, is_scheme=is_scheme))
    return fields, variables


def _variable_field(name: str, field_name: str, entry: Part | None, *, is_scheme: bool) -> JsonObject:
    prop: JsonObject = {"displayName": start_case(name) or name, "name": field_name, "type": "string", "required": True}
    if entry is None:
        return prop
    choices = [str(choice.value) for choice in entry.parts("enum")]
    if choices:
        prop["type"] = "options"
        prop["options"] = [{"name": choice, "value": choice} for choice in choices]
    default = entry.get("default")
    # An empty default is a choice: the variable may be left out of the address.
    if default is not None and default.value != "":
        text = str(default.value)
        prop["default"] = "https" if is_scheme and text == "http" and "https" in choices else text
        if choices and text not in choices:
            # OpenAPI 3.1 forbids it, and people leave the usual value out of the list.
            prop["options"].append({"name": text, "value": text})
    elif default is not None:
        prop["required"] = False
        prop["default"] = ""
    return prop


def _has_relative(document: Part) -> bool:
    """Whether the document has an address that is relative to its servers."""
    return any(_is_relative(url) for url in [*_token_addresses(document), *_inner_servers(document)])


def _is_relative(url: str) -> bool:
    found = parse_reference(url)
    return found.fault is None and found.origin is None


def _token_addresses(document: Part) -> Iterator[str]:
    schemes = _object(_object(document.value.get("components")).get("securitySchemes"))
    for scheme in schemes.values():
        for flow in _object(_object(scheme).get("flows")).values():
            for word in ("tokenUrl", "authorizationUrl"):
                if isinstance(url := _object(flow).get(word), str):
                    yield url


def _inner_servers(document: Part) -> Iterator[str]:
    for item in _object(document.value.get("paths")).values():
        for holder in (item, *_object(item).values()):
            servers = _object(holder).get("servers")
            for server in servers if isinstance(servers, list) else ():
                if isinstance(url := _object(server).get("url"), str):
                    yield url


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
