"""What an OpenAPI document of an OData service means beyond OpenAPI: keys and arguments in parentheses, query options.

OData v4.01 part 2, sections 4.3 (keys), 5.1.1.6 (literals), 5.1 (query options).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from nodeloom.importers.openapi.document import Part
from nodeloom.importers.openapi.schemas import Shape
from nodeloom.values import JsonObject

Role = Literal["key", "argument", "segment"]

_IN_PARENTHESES = re.compile(r"\(([^()]*)\)")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_PAGE_SIZE = 100

# Query option → (descriptor type, encoder, what it does). Their meaning is OData's, so their words can be ours.
_OPTIONS: dict[str, tuple[str, str, str, JsonObject]] = {
    "$top": ("number", "integer", "Give at most so many.", {"default": 50}),
    "$skip": ("number", "integer", "Leave out the first so many.", {"default": 0}),
    "$search": ("string", "search", "Give only what holds this text.", {"default": ""}),
    "$filter": (
        "string",
        "string",
        "Give only what this OData condition holds for.",
        {"default": "", "placeholder": "Group eq 'DEFAULT'"},
    ),
    "$count": ("boolean", "boolean", "Whether the service counts all that match.", {"default": False}),
    "$orderby": (
        "string",
        "list",
        "Order by these properties, comma-separated.",
        {"default": "", "placeholder": "Name desc"},
    ),
    "$select": (
        "string",
        "list",
        "Give only these properties, comma-separated.",
        {"default": "", "placeholder": "Id,Name"},
    ),
    "$expand": ("string", "list", "Give these related entities too, comma-separated.", {"default": ""}),
}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A `{name}` of a path and what it stands for; `quoted` when the path has the quotes of a string literal."""

    name: str
    role: Role
    quoted: bool = False


def placeholders(path: str, *, function: bool) -> list[Placeholder]:
    """The placeholders of a path template, in order. `function` says that its last segment calls a function."""
    roles: dict[str, tuple[Role, bool]] = {}
    for match in _IN_PARENTHESES.finditer(path):
        segment = path[: match.start()].rpartition("/")[2]
        # A qualified name (`Pbx.Go`) is an operation; an entity set has no dot in its name.
        calls = "." in segment or (function and "/" not in path[match.end() :])
        for name, quoted in _list_named(match[1]):
            roles[name] = ("argument" if calls else "key", quoted)
    return [Placeholder(m[1], *roles.get(m[1], ("segment", False))) for m in _PLACEHOLDER.finditer(path)]


def _list_named(inner: str) -> list[tuple[str, bool]]:
    """The placeholders between parentheses, each with whether it stands in quotes."""
    return [(m[1], f"'{m[0]}'" in inner) for m in _PLACEHOLDER.finditer(inner)]


def url_of(path: str) -> str:
    """A path template as a descriptor's `url`: quotes of string literals are the encoder's."""
    return path.replace("'{", "{").replace("}'", "}")


def literal_encoder(shape: Shape) -> str:
    """The encoder of a value that stands in a path as an OData literal."""
    if shape.kind in ("integer", "number", "boolean"):
        return f"odata.{shape.kind}"
    if shape.kind == "array":
        return "odata.list"
    return {"uuid": "odata.guid", "date-time": "odata.dateTime"}.get(shape.format or "", "odata.string")


def is_odata(document: Part) -> bool:
    """Whether the document describes an OData service: its paths have keys in parentheses, or its queries `$filter`."""
    paths = document.get("paths")
    if paths is not None and any("({" in path or "={" in path for path in paths.mapping()):
        return True
    parameters = document.value.get("components") if isinstance(document.value.get("components"), dict) else {}
    shared = (parameters or {}).get("parameters")
    return isinstance(shared, dict) and any(isinstance(p, dict) and p.get("name") == "$filter" for p in shared.values())


def is_option(name: str) -> bool:
    """Whether a query parameter is one of OData's."""
    return name in _OPTIONS


def option(name: str, label: str) -> JsonObject:
    """The property of one of OData's query options, for a collection."""
    kind, encoder, description, more = _OPTIONS[name]
    routing: JsonObject = {
        "send": {"type": "query", "property": name, "encode": encoder, "propertyInDotNotation": False}
    }
    # Return All and Max Results bound the list too; the least of all bounds is asked for.
    if name == "$top":
        routing["send"]["combine"] = "least"
    if name == "$count":
        routing["output"] = {"annotations": ["@odata.count"]}
    return {
        "displayName": label,
        "name": label,
        "type": kind,
        "default": more["default"],
        "description": description,
        **({"placeholder": more["placeholder"]} if "placeholder" in more else {}),
        "routing": routing,
    }


def paging_options(names: list[str]) -> list[JsonObject]:
    """The options that page through a list whose query parameters are `names`; none when it cannot be paged."""
    if not {"$top", "$skip"} <= set(names):
        return []
    return [
        {
            "displayName": "Return All",
            "name": "Return All",
            "type": "boolean",
            "default": False,
            "description": "Whether to ask for page after page until the last; Top and Skip then bound the whole.",
            "routing": {
                "send": {"paginate": "={{ $value }}"},
                "operations": {"pagination": {"type": "odata", "properties": {"pageSize": _PAGE_SIZE}}},
            },
        },
        {
            "displayName": "Max Results",
            "name": "Max Results",
            "type": "number",
            "default": 100,
            "description": "Give at most so many items, over all pages.",
            "routing": {
                "send": {
                    "type": "query",
                    "property": "$top",
                    "encode": "integer",
                    "propertyInDotNotation": False,
                    "combine": "least",
                },
                "output": {"maxResults": "={{ $value }}"},
            },
        },
    ]


def annotations_option() -> JsonObject:
    """The option that keeps `@odata` annotations in the items."""
    return {
        "displayName": "Include Annotations",
        "name": "Include Annotations",
        "type": "boolean",
        "default": False,
        "description": "Whether the items keep the @odata annotations that the service sends.",
        "routing": {"output": {"annotations": "={{ $value }}"}},
    }


def receive_step(files: bool) -> JsonObject:
    """The `postReceive` step that makes items of an answer. `files`: it may be a file, though JSON is declared."""
    return {"type": "odata", "properties": {"files": True} if files else {}}
