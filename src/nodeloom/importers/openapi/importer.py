"""From an OpenAPI document to the files of a node: `import_openapi`.

The same document and overrides give the same bytes. Other documents are not fetched: a reference that leads
out of the document is reported, and the part that needs it is left out or takes any value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nodeloom.errors import DescriptorError
from nodeloom.importers.filing import file_stem
from nodeloom.importers.openapi import layout, odata
from nodeloom.importers.openapi.access import Access, read_access
from nodeloom.importers.openapi.displaynames import camel, slug
from nodeloom.importers.openapi.document import Part
from nodeloom.importers.openapi.documentloading import read_document
from nodeloom.importers.openapi.endpoints import Endpoint, read_endpoint
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.operations import Operation, Reading, each_operation, read_operations
from nodeloom.importers.openapi.overrides import Overrides
from nodeloom.importers.openapi.requirements import settle_requirements
from nodeloom.importers.openapi.securityschemes import Schemes, read_schemes
from nodeloom.importers.openapi.swagger2 import as_openapi3
from nodeloom.values import Json, JsonObject

SEARCH_FILE = "search.json"


@dataclass(slots=True)
class Imported:
    """A node as files: `documents` by path below the node's folder, `credentials` by file name; and the report."""

    name: str
    label: str
    release: str | None
    baseline: str | None
    head: JsonObject
    resources: dict[str, JsonObject]
    operations: list[Operation]
    credentials: dict[str, JsonObject] = field(default_factory=dict)
    gone: list[JsonObject] = field(default_factory=list)
    report: Report = field(default_factory=Report)

    def documents(self) -> dict[str, JsonObject]:
        """Every JSON document by its path below the node's folder, the head first."""
        # Late: only writing needs the index, and reading a document does not.
        from nodeloom.descriptor.nodesearch import index_of

        files = {entry["file"]: self.resources[name] for name, entry in self.head["resources"].items()}
        search = {SEARCH_FILE: index_of(self.resources)} if "search" in self.head else {}
        types = {self.credential_file(name): document for name, document in self.credentials.items()}
        return {"node.json": self.head, **files, **search, **types}

    @staticmethod
    def credential_file(name: str) -> str:
        """Where the credential type of that name stands, below the node's folder."""
        return f"credentials/{file_stem(name)}.json"


def import_openapi(
    source: Path,
    *,
    overrides: Overrides | None = None,
    name: str | None = None,
    earlier: Sequence[tuple[str, Path]] = (),
) -> Imported:
    """The node that the OpenAPI (3.0, 3.1) or Swagger 2 document at `source` describes.

    `earlier` are earlier releases of the document, the oldest first: each operation then says since which release it
    is there, and operations that are gone are listed. Raises DescriptorError, with the JSON path, for a broken
    document; ConfigurationError when it is YAML and PyYAML is not installed.
    """
    raw = read_document(source)
    before = [(release, read_document(path)) for release, path in earlier]
    return import_raw(raw, overrides=overrides, name=name, earlier=before, source=source.stem)


def import_raw(
    raw: JsonObject,
    *,
    overrides: Overrides | None = None,
    name: str | None = None,
    earlier: Sequence[tuple[str, JsonObject]] = (),
    source: str = "document",
) -> Imported:
    """As `import_openapi`, for a document that is read already.

    Args:
        raw: the document.
        overrides: what a person says about it.
        name: of the node; without it the overrides' or the document's.
        earlier: earlier releases of the document by name, the oldest first.
        source: names the node if the document, the overrides and the caller do not.
    """
    try:
        return _import_document(raw, overrides or Overrides(), name, earlier, source)
    except RecursionError:
        raise DescriptorError(
            "The document is nested too deeply.", path="$", hint="It may hold itself, by an anchor of YAML."
        ) from None


def _import_document(
    raw: JsonObject, overrides: Overrides, name: str | None, earlier: Sequence[tuple[str, JsonObject]], source: str
) -> Imported:
    report = Report()
    document = check_document(raw, report)
    title = _title(document, report) or source
    reading = Reading(odata.is_odata(document), {str(k): str(v) for k, v in overrides.part("names").items()})
    endpoint = read_endpoint(document, report)
    operations = read_operations(document, reading, report)
    schemes: Schemes = {}
    if overrides.raw.get("credentials") is None:
        schemes = read_schemes(document, endpoint, report)
        settle_requirements(operations, document, schemes, report)
    if not operations:
        raise report.first or DescriptorError(
            "The document has no operation that can be called.", path="$.paths", hint="Check that it is the API's own."
        )
    overrides.apply(operations)
    label = overrides.text("displayName") or title
    chosen = name or overrides.text("name") or camel(title) or slug(source)
    release = overrides.text("release")
    gone = _compare_releases(operations, document, earlier, release, reading)
    resources = layout.by_resource(operations)
    own = overrides.raw.get("credentials")
    if own is None:
        access = read_access(document, operations, endpoint, schemes, chosen, label, report)
    else:
        access = _own_access(own, document, endpoint, overrides, report)
    _place_servers(operations, endpoint, constant=access.constant)
    head = _head(chosen, label, list(resources), access, _request_defaults(access, overrides, reading), overrides)
    files = layout.file_names(list(resources))
    baseline = earlier[0][0] if earlier else None
    head["resources"] = {
        resource: layout.index_of(
            files[resource], own, baseline, {g["operation"]: g["until"] for g in gone if _is_lost(g, resource)}
        )
        for resource, own in resources.items()
    }
    report.operations, report.resources = len(operations), len(resources)
    report.credentials = [r["name"] for r in head.get("credentials", [])]
    report.gone = gone
    for path, reason in document.doubts.items():
        report.add(path, f"{reason};", "it is not checked.")
    return Imported(
        name=chosen,
        label=label,
        release=release,
        baseline=baseline,
        head=head,
        resources={resource: layout.resource_document(resource, own) for resource, own in resources.items()},
        operations=operations,
        credentials={kind["name"]: kind for kind in access.types},
        gone=gone,
        report=report,
    )


def _title(document: Part, report: Report) -> str | None:
    try:
        info = document.get("info")
        return info.text("title") if info is not None else None
    except DescriptorError as fault:
        report.add_fault(fault, "the file's name is taken.")
        return None


def _is_lost(gone: JsonObject, resource: str) -> bool:
    return gone["resource"] == resource and "moved" not in gone


def check_document(raw: Mapping[str, Json], report: Report) -> Part:
    """The document as OpenAPI 3, its version and outline looked at. Raises DescriptorError if it is neither."""
    document = Part.document(raw)
    # Swagger 2 is converted first, so that one reader serves all versions.
    if "swagger" in raw:
        document = Part.document(as_openapi3(document, report))
    elif not isinstance(raw.get("openapi"), str) or not str(raw["openapi"]).startswith(("3.0", "3.1", "3.2")):
        raise DescriptorError(
            "This is not an OpenAPI 3 or Swagger 2 document.",
            path="$.openapi" if "openapi" in raw else "$",
            value=raw.get("openapi", sorted(map(str, raw))[:8]),
            hint="It begins with `openapi: 3.0.x`, `openapi: 3.1.x` or `swagger: '2.0'`.",
        )
    paths = document.get("paths")
    if paths is None:
        raise DescriptorError(
            "The document has no paths.", path="$.paths", hint="Without paths there is nothing to call."
        )
    paths.mapping()
    return document


def _compare_releases(
    operations: list[Operation],
    document: Part,
    earlier: Sequence[tuple[str, JsonObject]],
    release: str | None,
    reading: Reading,
) -> list[JsonObject]:
    """Say since which release each operation is there; the operations of earlier releases that are gone.

    Args:
        operations: those of the document; each gets its `since`, in place.
        document: the newest release.
        earlier: the documents of earlier releases by name, the oldest first.
        release: the name of the newest release.
        reading: how all of them are read.
    """
    if not earlier:
        return []
    known: list[tuple[str, dict[tuple[str, str], Operation]]] = []
    for name, raw in earlier:
        ignored = Report()
        own = read_operations(check_document(raw, ignored), reading, ignored)
        known.append((name, {o.identity: o for o in own}))
    for operation in operations:
        operation.since = release
        for name, others in reversed(known):
            if operation.identity not in others:
                break
            operation.since = name
        if operation.since is not None:
            operation.more["since"] = operation.since
    # An operation that is there under another name is not gone: a release renames, a client does not care.
    here = {(method.upper(), path) for path, _item, method, _at in each_operation(document, Report())}
    names = {(o.resource, o.name) for o in operations}
    last: dict[tuple[str, str], tuple[str, Operation]] = {}
    for name, others in known:
        last |= {identity: (name, o) for identity, o in others.items() if identity not in here}
    return [
        {
            "resource": o.resource,
            "operation": o.name,
            "method": o.method,
            "path": o.path,
            "until": until,
            **({"moved": True} if (o.resource, o.name) in names else {}),
        }
        for until, o in last.values()
    ]


def _own_access(
    names: Sequence[str], document: Part, endpoint: Endpoint, overrides: Overrides, report: Report
) -> Access:
    """The credentials that the overrides name, and the document's address, unless they give that too.

    Args:
        names: of the credential types.
        document: the whole of it.
        endpoint: its servers, read.
        overrides: they may give the address (`requestDefaults.baseURL`).
        report: says which fields of the credential an address needs.
    """
    access = Access("", endpoint.origin is not None, references=[{"name": n, "required": True} for n in names])
    if "baseURL" in overrides.part("requestDefaults"):
        return access
    access.base_url = endpoint.constant or endpoint.url
    if endpoint.constant is None:
        report.add(
            f"{document.path}.servers",
            "Where the service is depends on fields of the credential;",
            f"those that the overrides name need: {', '.join(prop['name'] for prop in endpoint.fields)}.",
        )
    return access


def _request_defaults(access: Access, overrides: Overrides, reading: Reading) -> JsonObject:
    """What every request of the node has: address and headers, and how its query is written."""
    defaults: JsonObject = {"baseURL": access.base_url} if access.base_url else {}
    defaults["headers"] = {"Accept": "application/json"} if reading.odata else {"Accept": "application/json, */*;q=0.5"}
    if reading.odata:
        defaults["queryEncoding"] = "odata"
    return defaults | overrides.part("requestDefaults")


def _head(
    name: str, label: str, resources: Sequence[str], access: Access, defaults: JsonObject, overrides: Overrides
) -> JsonObject:
    """The node's head without its index.

    Args:
        name: of the node.
        label: of the node, for people.
        resources: their names, in the document's order.
        access: the credentials, and the property that chooses among them.
        defaults: what every request of the node has.
        overrides: description, release and further keys of the head.
    """
    head: JsonObject = {
        "displayName": label,
        "name": name,
        "group": ["transform"],
        "version": 1,
        "description": overrides.text("description") or f"Call the operations of {label}.",
        "subtitle": "={{ $parameter.operation }}",
        "defaults": {"name": label},
        "inputs": ["main"],
        "outputs": ["main"],
        "credentials": access.references,
        "requestDefaults": defaults,
        **overrides.part("node"),
        "search": SEARCH_FILE,
        "properties": [
            *([access.chooser] if access.chooser else []),
            {
                "displayName": "Resource",
                "name": "resource",
                "type": "options",
                "noDataExpression": True,
                "required": True,
                "options": [{"name": resource, "value": resource} for resource in resources],
            },
        ],
    }
    release = overrides.text("release")
    return head if release is None else {**head, "release": release}


def _place_servers(operations: list[Operation], endpoint: Endpoint, *, constant: bool) -> None:
    """Say where operations are that have servers of their own."""
    for operation in operations:
        if operation.server is not None:
            operation.routing["request"]["baseURL"] = endpoint.below(operation.server, constant=constant).rstrip("/")
