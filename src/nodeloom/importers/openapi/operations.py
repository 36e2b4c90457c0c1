"""Operations of an OpenAPI document, each with its name, its properties and its routing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from nodeloom.errors import DescriptorError, preview
from nodeloom.headerfields import media_type
from nodeloom.importers.openapi import odata
from nodeloom.importers.openapi.bodies import add_body
from nodeloom.importers.openapi.displaynames import start_case, words
from nodeloom.importers.openapi.document import OutsideReferenceError, Part, evaluates
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.parameters import Form, add_parameters, options_collection, read_parameters
from nodeloom.importers.openapi.serverchoice import choose, with_defaults
from nodeloom.importers.openapi.urlreferences import VARIABLE, Reference
from nodeloom.values import JsonObject

Kind = Literal["list", "create", "get", "update", "delete", "function", "action", ""]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_SEPARATORS = "/._- :"
_VERBS = {"get": "Get", "put": "Replace", "post": "Create", "patch": "Update", "delete": "Delete"}
_KINDS: dict[str, Kind] = {"List": "list", "Create": "create", "Get": "get", "Update": "update", "Delete": "delete"}
_FILES = re.compile(r"(?:Download|Export)(?![a-z])")
# Fields that only say which things are meant, and so may be repeated in a result.
_IDENTIFIER = re.compile(r"(?:^[iI]ds?|[a-z]Ids?|_ids?)$")
# Segments that say which API it is, not what of it.
_VERSION = re.compile(r"(?:api|rest|v[0-9]+(?:\.[0-9]+)*(?:(?:alpha|beta)[0-9]*)?|[0-9]+(?:\.[0-9]+)+)", re.IGNORECASE)
# What a browser may not do a service does not offer either.
_UNSENT = frozenset({"trace"})


@dataclass(slots=True)
class Operation:
    """One operation, on its way into a descriptor.

    `properties` are in the form's order. `keys` are the names of the properties that address what it works on,
    `entity` is what one such thing is called, in small letters. `identity` is method and path, by which releases are
    compared. `requirement` is the security it asks for: sets of schemes' names, of which one set is enough. `server` is
    its address, if that is not the address of the others. `authorization` says that it has a header parameter of that
    name, and whether that is required.
    """

    at: Part
    path: str
    method: str
    tag: str
    resource: str
    name: str
    kind: Kind
    entity: str
    properties: list[JsonObject]
    keys: list[str]
    routing: JsonObject
    arguments: list[str] = field(default_factory=list)
    requirement: list[frozenset[str]] | None = None
    server: Reference | None = None
    authorization: bool | None = None
    since: str | None = None
    more: JsonObject = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str]:
        """Method and path."""
        return self.method, self.path

    def option(self) -> JsonObject:
        """The operation as a choice of the property `operation`."""
        return {"name": self.name, "value": self.name, **self.more, "routing": self.routing}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a document is read: whether it is an OData service, what tags and names are called instead."""

    odata: bool
    names: dict[str, str]


def read_operations(document: Part, reading: Reading, report: Report) -> list[Operation]:
    """All operations in document order, named. What is wrong with one, or not in the document, costs that one."""
    found = []
    asked = _read_shared_requirement(document, report)
    for path, item, method, at in each_operation(document, report):
        # RFC 9110, 9.3.8: TRACE echoes a request, credentials included.
        if method in _UNSENT:
            report.add(at.path, f"Requests of the method {method.upper()} are not sent;", "the operation is left out.")
            report.left_out += 1
            continue
        try:
            operation = _operation(path, item, method, at, reading, report)
            operation.requirement = _requirement(at) if at.get("security") is not None else asked
            found.append(operation)
        except (DescriptorError, OutsideReferenceError) as fault:
            report.leave_out(fault)
        except RecursionError:
            report.leave_out(at.broken("The operation is nested too deeply.", "Its schemas may hold themselves."))
    _tell_apart(found)
    return found


def each_operation(document: Part, report: Report) -> Iterator[tuple[str, Part, str, Part]]:
    """Path, path item, method and operation, in document order; a path that is broken costs its operations."""
    paths = document.get("paths")
    if paths is None:
        return
    for path, entry in paths.entries():
        try:
            if not path.startswith("/"):
                raise entry.broken(f"The path {preview(path)!r} does not begin with a slash.", "Begin it with '/'.")
            item = entry.resolve()
            methods = [(method, at) for method, at in item.entries() if method in METHODS]
        except (DescriptorError, OutsideReferenceError) as fault:
            held = entry.value if isinstance(entry.value, dict) else {}
            report.leave_out(fault, max(1, sum(method in METHODS for method in held)))
            continue
        for method, at in methods:
            yield path, item, method, at


def _operation(path: str, item: Part, method: str, at: Part, reading: Reading, report: Report) -> Operation:
    """One operation, read.

    Args:
        path: its path template.
        item: the path item, whose parameters and servers it shares.
        method: in small letters.
        at: the operation in the document.
        reading: how the document is read.
        report: says what cannot be expressed.
    """
    function = at.value.get("x-ms-docs-operation-type") == "function" if isinstance(at.value, dict) else False
    form = Form()
    add_parameters(form, read_parameters(item, at, report), path, function=function, report=report)
    before_body = len(form.properties)
    action = reading.odata and method == "post" and _is_action(at)
    request: JsonObject = {"method": method.upper(), "url": odata.url_of(path)}
    server = _other_server(item, at, report)
    if server is not None:
        # The importer fills this in when it knows the address of the service (`_place`).
        request["baseURL"] = ""
    if method not in ("get", "head"):
        request |= add_body(form, at, report, all_needed=action)
    elif _has_body(at):
        report.add(at.path, f"A {method.upper()} request is sent without a body;", "the body's fields are left out.")
    _refuse_templates(at, form, request)
    tag = _tag(at, path)
    written = at.text("operationId")
    name = _name(written, tag, method, path, reading)
    kind = _kind(name, method, function, action)
    routing: JsonObject = {"request": request}
    output = _output(at, reading, form, name)
    if form.options:
        if reading.odata and "postReceive" in output:
            form.options += [*odata.paging_options(form.query), odata.annotations_option()]
        form.properties.insert(_place(form, before_body), options_collection(form.options))
    if output:
        routing["output"] = output
    return Operation(
        at=at,
        path=path,
        method=method.upper(),
        tag=tag,
        resource=reading.names.get(tag) or start_case(tag) or ("Default" if evaluates(tag) else tag),
        name=name,
        kind=kind,
        entity=_entity(name, kind),
        properties=form.properties,
        keys=list(form.keys),
        routing=routing,
        arguments=form.arguments,
        server=server,
        authorization=_authorization(item, at),
    )


def _refuse_templates(at: Part, form: Form, request: JsonObject) -> None:
    """Refuse names and media types of the document that a descriptor would evaluate."""
    sends = [prop["routing"]["send"] for prop in (*form.properties, *form.options) if "routing" in prop]
    texts = [*(send.get("property", "") for send in sends), *request.get("headers", {}).values(), *form.names]
    for text in texts:
        if text.startswith("="):
            raise at.broken(f"{preview(text)} begins with '=', which a descriptor evaluates.", "Name it otherwise.")


def _is_action(at: Part) -> bool:
    """Whether a POST to an OData service invokes an action: it says so, or it does not create an entity."""
    responses = at.get("responses")
    creates = responses is not None and "201" in responses.mapping()
    return at.value.get("x-ms-docs-operation-type") == "action" or not creates


def _place(form: Form, before_body: int) -> int:
    """Where the options stand: behind what is required, before optional headers and the body."""
    for index, prop in enumerate(form.properties[:before_body]):
        if prop["routing"]["send"]["type"] == "header" and not prop.get("required"):
            return index
    return before_body


def _tag(at: Part, path: str) -> str:
    tags = at.parts("tags")
    if tags:
        if not isinstance(tags[0].value, str):
            raise tags[0].broken("A tag is not a text.", "Put it in quotes.")
        if tags[0].value.strip():
            return tags[0].value
    # What stands behind `#` or `?` tells operations of one address apart; it names none of its parts.
    segments = re.split(r"[?#]", path, maxsplit=1)[0].split("/")
    names = [s.partition("(")[0] for s in segments if s and not s.startswith("{")]
    return next((name for name in names if not _VERSION.fullmatch(name)), names[0] if names else "Default")


def _has_body(at: Part) -> bool:
    """Whether the operation describes a body with something in it."""
    written = at.get("requestBody")
    if written is None:
        return False
    form = Form()
    add_body(form, at, Report())
    return bool(form.properties)


def _name(written: str | None, tag: str, method: str, path: str, reading: Reading) -> str:
    """What the operation is called.

    Args:
        written: its `operationId`, if it has one.
        tag: its first tag, which its name need not repeat.
        method: in small letters.
        path: its path template.
        reading: has the names that the overrides give.
    """
    if written is None:
        return reading.names.get(f"{method.upper()} {path}") or _describe(method, path)
    if written in reading.names:
        return reading.names[written]
    return start_case(_without_tag(written, tag)) or start_case(written) or _describe(method, path)


def _without_tag(written: str, tag: str) -> str:
    """An operationId without the tag it begins with, as in `repos/list-for-org`."""
    # GitHub writes `repos/list-for-org`, where the resource says `repos` already.
    prefix = words(tag)
    plain = "".join(prefix).casefold()
    for index, character in enumerate(written):
        if character in _SEPARATORS and "".join(words(written[:index])).casefold() == plain:
            return written[index + 1 :]
    return written


def _describe(method: str, path: str) -> str:
    """A name of method and path: `GET /users/{id}/posts` is "List Users Posts"."""
    segments = [s for s in path.split("/") if s]
    nouns = [start_case(s) for s in segments if not s.startswith("{") and not _VERSION.fullmatch(s)]
    ends_in_key = bool(segments) and segments[-1].startswith("{")
    verb = "List" if method == "get" and not ends_in_key else _VERBS.get(method, start_case(method))
    return " ".join([verb, *(n for n in nouns if n)])


def _tell_apart(operations: list[Operation]) -> None:
    """Give operations of one resource names of their own: by what they are addressed with, else by number."""
    taken: set[tuple[str, str]] = set()
    numbers: dict[tuple[str, str], int] = {}
    for operation in operations:
        candidates = [operation.name]
        if operation.keys:
            # OData has the same operation on an entity and on its set; the key is what tells them apart for a person.
            candidates.append(f"{operation.name} By {' And '.join(operation.keys)}")
        candidates.append(f"{operation.name} ({operation.method.title()})")
        base = operation.name
        name = next((c for c in candidates if (operation.resource, c.casefold()) not in taken), "")
        number = numbers.get((operation.resource, base.casefold()), 2)
        while not name:
            candidate = f"{base} {number}"
            name, number = ("" if (operation.resource, candidate.casefold()) in taken else candidate), number + 1
        numbers[operation.resource, base.casefold()] = number
        taken.add((operation.resource, name.casefold()))
        operation.name = name


def _kind(name: str, method: str, function: bool, action: bool) -> Kind:
    if function or action:
        return "function" if function else "action"
    first = name.partition(" ")[0]
    wanted = {"list": "get", "get": "get", "create": "post", "update": "patch", "delete": "delete"}
    kind = _KINDS.get(first, "")
    return kind if kind and wanted[kind] == method else ""


def _entity(name: str, kind: Kind) -> str:
    """What the operation works on, in small letters; words that are all capitals stay so."""
    if kind in ("function", "action", ""):
        return ""
    return " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in name.split()[1:])


def _output(at: Part, reading: Reading, form: Form, name: str) -> JsonObject:
    answer = _success(at)
    has_content = answer is not None and answer.get("content") is not None
    output: JsonObject = {}
    if reading.odata and has_content:
        files = _FILES.match(name) is not None
        output["postReceive"] = [odata.receive_step(files)]
    stated = None if answer is None else _read_stated(answer)
    if stated is not None:
        output["answer"] = stated
    # A success without content gives an item that does not say which thing it is about.
    if not (has_content and at.keys[-1] == "get"):
        echo = list(form.keys) or [name for name, raw in form.names.items() if _IDENTIFIER.search(raw)]
        if echo:
            output["echo"] = echo
    return output


def _read_stated(answer: Part) -> str | None:
    """What the document says of a success: that it is JSON, or has no content; None if it may be something else."""
    content = answer.get("content")
    if content is None or not content.mapping():
        return "none"
    kinds = [media_type(kind) for kind in content.mapping()]
    return "json" if all(kind == "application/json" or kind.endswith("+json") for kind in kinds) else None


def _success(at: Part) -> Part | None:
    """The first answer that is a success; None when none is described."""
    responses = at.get("responses")
    if responses is None:
        return None
    for status, response in responses.entries():
        if status.startswith("2"):
            try:
                return response.resolve()
            except OutsideReferenceError:
                return None
    return None


def _requirement(at: Part) -> list[frozenset[str]]:
    """The sets of security schemes of which one is enough; empty when none is needed."""
    return [frozenset(entry.mapping()) for entry in at.parts("security")]


def _authorization(item: Part, at: Part) -> bool | None:
    """Whether a header parameter `Authorization` is required; None without one."""
    for holder in (at, item):
        for entry in holder.parts("parameters"):
            parameter = entry.resolve()
            if parameter.text("in") == "header" and (parameter.text("name") or "").lower() == "authorization":
                return parameter.flag("required")
    return None


def _read_shared_requirement(document: Part, report: Report) -> list[frozenset[str]] | None:
    """What the document asks of every operation that does not say it itself; None if the document does not say it."""
    try:
        return _requirement(document) if document.get("security") is not None else None
    except DescriptorError as fault:
        report.add_fault(fault, "no credential is asked for by it.")
        return None


def _other_server(item: Part, at: Part, report: Report) -> Reference | None:
    """The operation's own address, if the document gives it one."""
    for holder in (at, item):
        servers = holder.parts("servers")
        if not servers:
            continue
        for entry in servers:
            if (entry.text("url") or "").startswith("="):
                raise entry.broken("The address begins with '=', which a descriptor evaluates.", "Write it without.")
        server, found = choose(servers, report)
        if server is None:
            raise servers[0].broken("The operation's own server cannot be called.", "Give it an http or https address.")
        if not VARIABLE.search(found.text):
            return found
        filled = with_defaults(server, found)
        if filled is None:
            raise server.broken("The operation's own server has a variable without a default.", "Give it one.")
        report.add(
            server.path,
            f"The operation is at {preview(found.text)}, which has variables;",
            f"it is called at {preview(filled.text)}.",
        )
        return filled
    return None
