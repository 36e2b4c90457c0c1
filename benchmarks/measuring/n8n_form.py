"""The 3CX node as n8n takes it: one document with every resource, in n8n's own routing.

n8n has no path or header parameters, no encoders and no `odata` answers; each is written the way an n8n descriptor
does it: an expression in the address, `request.headers`, `value` taken out of the answer. What n8n does not know and
ignores (schemas, error texts) stays, so that the document keeps its size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NODE = Path(__file__).resolve().parents[2] / "nodes" / "threecx"
Piece = dict[str, Any]
Names = Mapping[str, str]

DEFAULTS: Piece = {"boolean": False, "number": 0, "collection": {}}
# `url` is what the n8n peer has in its $credentials.
BASE_URL = "={{ $credentials.url }}/xapi/v1"
NEXT_PAGE: Piece = {
    "type": "generic",
    "properties": {
        "continue": '={{ !!$response.body["@odata.nextLink"] }}',
        "request": {"url": '={{ $response.body["@odata.nextLink"] ?? $request.url }}'},
    },
}


def whole_node(folder: Path = NODE) -> Piece:
    """The node in `folder`, head and all resources, as n8n's INodeTypeDescription."""
    head = _read(folder / "node.json")
    properties = [_property(prop, {}) for prop in head["properties"]]
    for entry in head.pop("resources").values():
        own = _read(folder / entry["file"])["properties"]
        sends = ((p, p.get("routing", {}).get("send", {})) for p in own)
        names = {send["property"]: prop["name"] for prop, send in sends if send.get("type") == "path"}
        properties += [_property(prop, names) for prop in own]
    defaults = {"baseURL": BASE_URL, "headers": head["requestDefaults"]["headers"]}
    return {**head, "properties": properties, "requestDefaults": defaults}


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _property(prop: Piece, names: Names) -> Piece:
    written = _routed({**prop, "default": prop.get("default", DEFAULTS.get(prop["type"], ""))}, names)
    if "options" in prop:
        inner = _routed if prop["type"] == "options" else _property
        written["options"] = [inner(piece, names) for piece in prop["options"]]
    return written


def _routed(piece: Piece, names: Names) -> Piece:
    """A property or an option, its routing in n8n's words."""
    routing = piece.get("routing", {})
    written: Piece = {}
    if "request" in routing:
        written["request"] = {**routing["request"], "url": _address(routing["request"]["url"], names)}
    if "send" in routing:
        written |= _sent(routing["send"])
    if "output" in routing:
        actions = [_action(action) for action in routing["output"].get("postReceive", ())]
        written["output"] = {**routing["output"], "postReceive": actions}
    if "operations" in routing:
        written["operations"] = {"pagination": NEXT_PAGE}
    return {**piece, "routing": written} if written else {k: v for k, v in piece.items() if k != "routing"}


def _address(url: str, names: Names) -> str:
    """`/WebsiteLinks({Link})` as an expression that reads the parameter."""
    written = re.sub(r"\{([^{}]+)\}", lambda found: '{{ $parameter["' + names[found[1]] + '"] }}', url)
    return url if written == url else f"={written}"


def _sent(send: Piece) -> Piece:
    match send.get("type"):
        case "path":  # the address reads it
            return {}
        case "header":
            return {"request": {"headers": {send["property"]: "={{ $value || undefined }}"}}}
        case _:
            return {"send": send}


def _action(action: Piece) -> Piece:
    odata = action["type"] == "odata"
    return {"type": "rootProperty", "properties": {"property": "value"}} if odata else action
