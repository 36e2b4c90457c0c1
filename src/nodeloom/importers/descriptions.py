"""What stands in one imported description: whether it is data, which hooks it has, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from nodeloom.descriptor.catalogue import Node, credential_type
from nodeloom.descriptor.validation import Problem, validate_document
from nodeloom.errors import DescriptorError, NodeloomError
from nodeloom.importers.codeneeds import FUNCTION, hook_names, operation_reports
from nodeloom.importers.importreport import TypeReport
from nodeloom.values import Json, JsonObject

_CODE = {
    "execute": "its own code does the work (execute)",
    "trigger": "it is a trigger (trigger)",
    "poll": "it is a trigger (poll)",
    "webhook": "it is a trigger (webhook)",
    "supplyData": "it serves AI nodes by code (supplyData)",
}
# A description of another schema's form has a problem in each of its properties; a person reads the first few.
_MAX_PROBLEMS = 100


def node_report(document: JsonObject, entry: Mapping[str, Json], module: str, lost: list[dict[str, str]]) -> TypeReport:
    """Look into a node's description. `entry` is what was found beside it, `lost` the stand-ins that are in it."""
    name = document.get("name")
    found = TypeReport("node", name if isinstance(name, str) else "", module)
    version = document.get("version", entry.get("version"))
    versions = version if isinstance(version, list) else [version]
    found.version = None if version is None else ", ".join(map(str, versions))
    found.methods = _methods(entry.get("methods"))
    code = [c for c in entry.get("code") or () if c in _CODE]
    found.refused = _CODE[code[0]] if code else _refusal(found.name, lost)
    if found.refused is None:
        _mark_custom(document, _methods(entry.get("custom")))
        _examine_node(document, found)
    found.problems += _stand_in_problems(lost)
    return found


def _examine_node(document: JsonObject, found: TypeReport) -> None:
    found.problems = _problems(document, "node")
    try:
        found.operations = operation_reports(Node(document))
    except NodeloomError as fault:
        found.refused = f"it is not a valid descriptor: {fault.message}"
        return
    except RecursionError:
        found.refused = "it is nested too deeply"
        return
    # A node that neither has code nor describes a request would do nothing in n8n as well.
    routed = "requestDefaults" in document or _has_key(document.get("properties"), "routing")
    if not routed:
        found.refused = "it describes no request, and brings no code that could be named"


def credential_report(document: JsonObject, class_name: str, module: str, lost: list[dict[str, str]]) -> TypeReport:
    """Look into a credential type's description."""
    name = document.get("name")
    found = TypeReport("credential", name if isinstance(name, str) else class_name, module)
    found.refused = _refusal(name if isinstance(name, str) else "", lost)
    if found.refused is None:
        found.hooks = [key for key, value in document.items() if any(True for _ in hook_names(value))]
        found.problems = _problems(document, "credential")
        try:
            credential_type(document)
        except DescriptorError as fault:
            found.refused = f"it is not a valid credential type: {fault.message}"
    found.problems += _stand_in_problems(lost)
    return found


def _refusal(name: str, lost: list[dict[str, str]]) -> str | None:
    if not name:
        return "its description has no name"
    # Below `.routing.` a missing function is a hook like any other, and costs only its operation.
    gone = [part for part in lost if part["kind"] == "missing" and ".routing." not in part["path"]]
    if gone:
        return f"its description is made by {gone[0]['name']}, which is missing"
    return None


def _stand_in_problems(lost: list[dict[str, str]]) -> list[str]:
    return [
        f"{part['path']}: a stand-in for {part['name']} is here"
        for part in lost
        if part["kind"] != "missing" and ".routing." not in part["path"]
    ]


def _methods(raw: Json) -> dict[str, list[str]]:
    if not isinstance(raw, Mapping):
        return {}
    return {str(k): [str(m) for m in v] for k, v in raw.items() if isinstance(v, list) and v}


def _mark_custom(document: JsonObject, custom: Mapping[str, list[str]]) -> None:
    """Put n8n's `customOperations` (code in place of an operation's routing) where the operation's hooks stand."""
    # n8n calls these in place of an operation's request, so it needs JavaScript even if it has routing.
    for prop in _objects(document.get("properties")) if custom else ():
        if prop.get("name") != "operation":
            continue
        shown = _object(_object(prop.get("displayOptions")).get("show")).get("resource") or list(custom)
        for option in _objects(prop.get("options")):
            for resource in shown if isinstance(shown, list) else ():
                if isinstance(resource, str) and option.get("value") in custom.get(resource, ()):
                    routing = option["routing"] = _object(option.get("routing"))
                    send = routing["send"] = _object(routing.get("send"))
                    send["preSend"] = [{FUNCTION: f"customOperations.{resource}.{option['value']}"}]


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _objects(value: Json) -> list[JsonObject]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _has_key(value: Json, key: str) -> bool:
    if isinstance(value, Mapping):
        return key in value or any(_has_key(v, key) for v in value.values())
    return isinstance(value, list) and any(_has_key(v, key) for v in value)


def _problems(document: JsonObject, kind: str) -> list[str]:
    try:
        found: list[Problem] = validate_document(document, kind)
    except RecursionError:
        return ["$: it is nested too deeply"]
    texts = [f"{p.path}: {p.message}" + (f" ({p.hint})" if p.hint else "") for p in found[:_MAX_PROBLEMS]]
    return texts + ([f"… and {len(found) - _MAX_PROBLEMS} more"] if len(found) > _MAX_PROBLEMS else [])
