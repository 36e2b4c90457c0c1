"""Where a service is: the servers of a document as addresses, and the one place in which addresses are joined.

A server's `url` is a reference (RFC 3986 section 4.1) that is resolved against the place the document was served from,
which an imported file does not tell. So it is resolved against a root that the credential's field Server URL stands
for, and every other address of the document (a token endpoint, an operation's own server) against the server, as
OpenAPI asks. Variables stand in them as `{name}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin

from nodeloom.errors import DescriptorError, preview
from nodeloom.importers.openapi.displaynames import camel, start_case, unused
from nodeloom.importers.openapi.document import Part, evaluates
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.messages import origin_of
from nodeloom.printable import json_text
from nodeloom.values import JsonObject

SERVER_URL = "serverUrl"
_ROOT_FIELD = f"{{{{ $credentials.{SERVER_URL} }}}}"
_ROOT = "https://root.invalid"
_VARIABLE = re.compile(r"\{([^{}]+)\}")
# RFC 3986, appendix B.
_REFERENCE = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_UNWRITABLE = re.compile(r"[\x00-\x20\x7f\\<>\"^`{|}]")
# What is meant as a host, and has no scheme: a name with dots that ends in letters, and is no name of a file.
_HOST = re.compile(r"(?:(?:[\w-]+\.)+([a-z]{2,24})|localhost|\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?", re.IGNORECASE)
_FILES = frozenset(
    (
        "php",
        "asp",
        "aspx",
        "ashx",
        "jsp",
        "do",
        "cgi",
        "pl",
        "py",
        "rb",
        "html",
        "htm",
        "xml",
        "json",
        "yaml",
        "yml",
        "svc",
    )
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed address of a document.

    `origin` is scheme and authority, None where it is relative; `path` begins with a slash or is empty. `cut` is what a
    base address cannot have, and was left out; `fault` says why nothing can be called there.
    """

    origin: str | None = None
    path: str = ""
    cut: str = ""
    fault: str | None = None

    @property
    def whole(self) -> Reference:
        """With its query, which is a part of the address of an endpoint (RFC 6749 section 3.2)."""
        query = self.cut.partition("#")[0]
        return replace(self, path=f"{self.path}{query}", cut=self.cut[len(query) :])

    @property
    def text(self) -> str:
        """Origin and path, without a slash at the end."""
        return f"{self.origin or ''}{self.path}".rstrip("/")


def parse(url: str, base: str = "/") -> Reference:
    """`url` as a reference, a relative one resolved against the path `base` (RFC 3986 section 5.2)."""
    text = url.strip()
    found = _REFERENCE.fullmatch(text)
    if found is None or _UNWRITABLE.search(_VARIABLE.sub("x", text)):
        return Reference(fault="it holds what no address may")
    scheme, authority, path, query, fragment = found.groups()
    cut = (query or "") + (fragment or "")
    if scheme is not None and (scheme.lower() not in ("http", "https") and not _VARIABLE.fullmatch(scheme)):
        return Reference(fault=f"its scheme is {scheme!r}, not http or https")
    if scheme is not None and not authority:
        return Reference(fault="it has no host")
    if authority is not None:
        if "@" in authority:
            return Reference(fault="it has a user name in it, which belongs into a credential")
        plain = scheme if scheme is None or _VARIABLE.fullmatch(scheme) else scheme.lower()
        # What begins with two slashes has the scheme of the place the document came from: that is not told.
        origin = f"{plain or 'https'}://{authority}"
        return Reference(origin, _resolved("/", path), cut, None if _can_be_called(origin) else "it is no address")
    first = path.split("/")[0]
    if ":" in first and not _HOST.fullmatch(first):
        return Reference(fault="it is no address")
    host = _HOST.fullmatch(first)
    if host is not None and (host[1] or "").lower() not in _FILES:
        return Reference(fault="it names a host without https:// in front of it")
    return Reference(None, _resolved(base, path), cut)


def _resolved(base: str, path: str) -> str:
    """`path` against `base`, dot segments taken out; empty for the root itself."""
    found = urljoin(_ROOT + base, path)[len(_ROOT) :] if path else base
    return "" if found == "/" else found


def _can_be_called(origin: str) -> bool:
    scheme, _, authority = origin.partition("://")
    if not _VARIABLE.sub("", authority).strip(":."):
        return True  # all of it is filled in
    try:
        return bool(origin_of(f"{'https' if '{' in scheme else scheme}://{_VARIABLE.sub('1', authority)}"))
    except ValueError:
        return False


@dataclass(slots=True)
class Endpoint:
    """Where a document's service is, as an imported node says it.

    `fields` are the credential's. Of them `url`, the base address, is made: the field Server URL, and `rest` behind it.
    `constant` is the address where it needs no field, and `origin` its part before the path; `usual` is what the field
    holds when nothing is filled in, None where that is not known. What is relative to the server stands below `path`,
    its own. `variables` leads from a variable of the address to its field.
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
        return f"={self.root}{self.filled(self.rest)}"

    def allow_no_credential(self) -> None:
        """Call the usual address where no credential is given."""
        if self.usual is not None:
            self.root = f"{{{{ $credentials.{SERVER_URL} || {json_text(self.usual)} }}}}"

    def below(self, found: Reference, *, constant: bool = False) -> str:
        """Another address of the document, as a value of a descriptor: a constant, or a template.

        `constant`: there is no credential whose field would say where the service is.
        """
        origin = found.origin or (self.origin if constant else None)
        if origin is not None:
            return f"{origin}{found.path}"
        return f"={self.root}{self.filled(found.path)}"

    def filled_reference(self, found: Reference) -> str | None:
        """As `below`, with variables in it; None where it has one that the server has not."""
        names = _VARIABLE.findall(found.text)
        if not names or found.origin is None:
            return self.below(found) if set(names) <= set(self.variables) else None
        return f"={self.filled(f'{found.origin}{found.path}')}" if set(names) <= set(self.variables) else None

    def filled(self, text: str, holder: str = "$credentials") -> str:
        """`text` with its variables as templates that read the fields of `holder`."""
        return _VARIABLE.sub(
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
    endpoint = Endpoint(path=found.path)
    text = f"{found.origin or ''}{found.path}"
    names = list(dict.fromkeys(_VARIABLE.findall(text)))
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
    if _VARIABLE.search(held):
        prop["default"] = f"={endpoint.filled(held, '$self')}"
        prop["description"] = "Where the service is, if it is not where the fields above say."
    elif held:
        prop |= {"required": True, "default": held}
    else:
        prop |= {"required": True, "placeholder": "https://service.example.com"}
    plain = rest and not _VARIABLE.search(rest)
    prop["typeOptions"] = {"url": True, **({"stripSuffixes": [rest]} if plain else {})}
    return prop


def choose(servers: Sequence[Part], report: Report) -> tuple[Part | None, Reference]:
    """The server to call: the first that can be, by https where the list has the same one so. The others are told."""
    parsed: list[tuple[Part, Reference]] = []
    for server in servers:
        try:
            parsed.append((server, _reference_of(server)))
        except DescriptorError as fault:
            report.add_fault(fault, "the server is left out.")
    usable = [(server, found) for server, found in parsed if found.fault is None]
    chosen = usable[0] if usable else (None, Reference())
    chosen = next((other for other in usable if _is_secure_twin(chosen[1], other[1])), chosen)
    for server, found in parsed:
        shown = "" if "@" in str(server.value["url"]) else f" {preview(server.value['url'])}"
        if found.fault is not None:
            report.add(
                server.path, f"The server{shown} cannot be called: {found.fault};", "give another as Server URL."
            )
        elif server is not chosen[0]:
            report.add(server.path, f"The server{shown} is another choice;", "give it as Server URL.")
        elif found.cut:
            report.add(server.path, f"The server's address ends in {preview(found.cut)};", "that is left out.")
    return chosen


def _is_secure_twin(chosen: Reference, other: Reference) -> bool:
    """Whether `other` is the same server, asked by https."""
    return (
        (chosen.origin or "").startswith("http://")
        and (other.origin or "").startswith("https://")
        and _host(chosen) == _host(other)
        and chosen.path.rstrip("/") == other.path.rstrip("/")
    )


def _host(found: Reference) -> str:
    authority = (found.origin or "").partition("://")[2]
    return re.sub(r":[0-9]*$", "", authority).lower()


def _reference_of(server: Part) -> Reference:
    """A server's `url`, parsed. A variable in front may be the scheme, the host, or the address up to the path.

    Raises DescriptorError where the entry, or a variable of it, is broken.
    """
    url = server.text("url")
    if url is None:
        server.needed_text("url")  # says what is missing
    elif evaluates(url):
        server.literal_text("url")
    url = (url or "").strip()
    for name in _VARIABLE.findall(url):
        _check_variable(server, name)
    leading = _VARIABLE.match(url)
    if leading is None or url.startswith("://", leading.end()):
        return parse(url)
    default = _default(server, leading[1])
    if default is None or "://" in default:
        return Reference(leading[0], _resolved("/", url[leading.end() :]))
    return parse(f"https://{url}") if _HOST.fullmatch(default) else parse(url)


def _check_variable(server: Part, name: str) -> None:
    """Raise DescriptorError where the description of a variable is broken, or would be evaluated."""
    described = server.get("variables")
    entry = described.get(name) if described is not None else None
    if entry is None:
        return
    entry.parts("enum")
    default = entry.get("default")
    if default is not None and evaluates(str(default.value)):
        entry.literal_text("default")


def _default(server: Part, name: str) -> str | None:
    """The default of a variable as text; None where there is none."""
    described = server.get("variables")
    entry = described.get(name) if described is not None else None
    default = entry.get("default") if entry is not None else None
    return None if default is None else str(default.value)


def with_defaults(server: Part, found: Reference) -> Reference | None:
    """`found` with each variable of `server` as its default; None where one has none."""
    address = f"{found.origin or ''}{found.path}"
    values = {name: _default(server, name) for name in _VARIABLE.findall(address)}
    if None in values.values():
        return None
    filled = parse(_VARIABLE.sub(lambda name: str(values[name[1]]), address))
    return filled if filled.fault is None else None


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
        field_name = unused(camel(name), taken, numbers, "")
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
    found = parse(url)
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


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
