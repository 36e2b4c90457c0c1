"""The targets: each takes bytes, and raises when a promise of Nodeloom does not hold for them.

* `template`: a template compiles and resolves, or an ExpressionError says why; the path evaluator and the engine agree;
  text that an item brings is never evaluated.
* `javascript`: what QuickJS is given does what the syntax tree of the code says, and what QuickJS makes of the code
  itself.
* `engine`: a program ends within its limits, and leaves nothing behind for another one.
* `descriptor`: a document is read, validated, loaded and compiled, or a NodeloomError says why, a broken one with its
  JSON path; what validates loads, and what does not load does not validate.
* `openapi`: a document is imported, or a NodeloomError says why; what is imported validates, loads, stays in its folder
  and is safe to show.
* `answer`: an answer becomes items, or a NodeloomError says why; items are JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from fuzz import words
from fuzz.engine import engine
from fuzz.inputs import Input
from fuzz.javascript import javascript
from fuzz.promises import hold as _hold
from nodeloom.descriptor.catalogue import Node, credential_type
from nodeloom.descriptor.documentfiles import parse_json_document
from nodeloom.descriptor.validation import KINDS, kind_of, validate_document
from nodeloom.errors import DescriptorError, ExpressionError, NodeloomError
from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expression.compiled import PathTemplate, TextTemplate
from nodeloom.expression.engines import engines_of
from nodeloom.importers.descriptions import credential_report, node_report
from nodeloom.importers.openapi.docs import page_of
from nodeloom.importers.openapi.documentloading import parse_document
from nodeloom.importers.openapi.importer import import_raw
from nodeloom.importers.openapi.nodewriting import files_of
from nodeloom.messages import Response
from nodeloom.plan.address import UrlValues
from nodeloom.plan.check import template_problems
from nodeloom.plan.compiler import compile_plan
from nodeloom.plan.operation import OperationPlan
from nodeloom.printable import escaped, escaped_lines

# -- templates --------------------------------------------------------------------------------------------------------

_ENVIRONMENT = Environment(time_limit=1.0)
_ITEM: dict[str, Any] = {
    "a": {"b": [1, 2.5, {"c": None}], "length": 3, "a b": "x", "": 0},
    "b": "text é😀",
    "t": "={{ 6 * 7 }}{{ 6 * 7 }}<<$json.b>>",
    "n": -0.0,
    "l": [],
    "o": {},
    "f": False,
}


def template(data: bytes) -> None:
    """Compile and resolve a template."""
    given = Input(data)
    dialect = "author" if given.byte() % 2 else "n8n"
    source = _template_text(given) if given.byte() % 2 else given.text()
    try:
        compiled = compile_value(source, dialect=dialect)  # type: ignore[arg-type]
    except ExpressionError as fault:
        _told(fault)
        return
    scope = Scope(_ENVIRONMENT, [{"json": _ITEM}], 0)
    found = _resolved(lambda: compiled.resolve(scope))
    if isinstance(compiled, (PathTemplate, TextTemplate)):
        slow = _resolved(lambda: engines_of(_ENVIRONMENT).evaluate(compiled.program, scope))
        _hold(found == slow, "the evaluators differ", source, found, slow)
        for reference in compiled.references:
            whole = isinstance(compiled, PathTemplate) and tuple(reference) == ("$json", "t")
            _hold(not whole or found == _ITEM["t"], "an item's text was evaluated", source, found)


def _template_text(given: Input) -> str:
    pieces: list[str] = []
    while given.left and len(pieces) < 40:
        pieces.append(given.pick(words.TEMPLATE) if given.byte() % 8 else given.word())
    return "".join(pieces)


def _resolved(resolve: Callable[[], object]) -> object:
    try:
        return _shape(resolve())
    except ExpressionError as fault:
        _told(fault)
        return "an error"


def _shape(value: Any) -> object:
    """A value in the form that `==` compares as JavaScript's are compared."""
    if value is UNDEFINED:
        return ("undefined",)
    if isinstance(value, bool) or value is None:
        return (value,)
    if isinstance(value, (int, float)):
        return ("NaN",) if math.isnan(value) else ("number", float(value))
    if isinstance(value, (list, tuple)):
        return [_shape(entry) for entry in value]
    if isinstance(value, Mapping):
        return {key: _shape(entry) for key, entry in value.items()}
    return value


def _told(fault: NodeloomError) -> None:
    """An error can be shown and sent."""
    text = str(fault)
    _hold(escaped_lines(text) == text, "an error is not safe to show", text)
    json.dumps(fault.to_dict())


# -- descriptors ------------------------------------------------------------------------------------------------------


def descriptor(data: bytes) -> None:
    """Read, validate, load and compile a document."""
    given = Input(data)
    if given.byte() % 4 == 0:
        try:
            raw = parse_json_document(given.text(), "the document", strict=given.byte() % 2 == 0)
        except DescriptorError as fault:
            _told(fault)
            return
    else:
        raw = given.mutated(given.pick(words.DESCRIPTORS), words.DESCRIPTOR)
    try:
        kind = kind_of(raw)
    except DescriptorError as fault:
        _told(fault)
        kind = given.pick(KINDS)
    problems = validate_document(raw, kind)
    for problem in problems:
        _hold(problem.path.startswith("$"), "a problem has no JSON path", problem)
        str(problem)
    template_problems(raw)
    if isinstance(raw, dict) and kind == "node":
        _load_node(raw, problems)
    if isinstance(raw, dict) and kind == "credential":
        _load_credential(raw, problems)


def _load_node(raw: dict[str, Any], problems: list[Any]) -> None:
    try:
        node = Node(raw)
    except DescriptorError as fault:
        _told(fault)
        _hold(fault.path is not None and fault.path.startswith("$"), "a broken node has no JSON path", fault)
        _hold(bool(problems), "what does not load validates", fault)
        return
    try:
        resources: list[str | None] = [*node.resources()] or [None]
        for resource in resources:
            for operation in node.operations(resource):
                chosen = {"resource": resource} if resource is not None else {}
                compile_plan(node, {**chosen, "operation": operation.value})
    except NodeloomError as fault:
        _told(fault)
    list(node_report(raw, {"description": raw}, "x.js", []).problems)


def _load_credential(raw: dict[str, Any], problems: list[Any]) -> None:
    try:
        credential_type(raw)
    except DescriptorError as fault:
        _told(fault)
        _hold(bool(problems), "what does not load validates", fault)
    credential_report(raw, "X", "x.js", [])


# -- OpenAPI ----------------------------------------------------------------------------------------------------------


def openapi(data: bytes) -> None:
    """Import a document."""
    given = Input(data)
    try:
        if given.byte() % 4 == 0:
            raw = parse_document(given.text(), "the document")
        else:
            raw = given.mutated(given.pick(words.DOCUMENTS), words.OPENAPI)
            if not isinstance(raw, dict):
                return
        made = import_raw(raw, source="the document")
    except NodeloomError as fault:
        _told(fault)
        return
    for path, document in made.documents().items():
        _hold(".." not in path and PurePosixPath(path).parts[0] in _PLACES, "a file leaves the folder", path)
        _hold(escaped(path) == path, "a file's name is not safe to show", path)
        kind = _KINDS.get(path, "credential" if path.startswith("credentials/") else "resource")
        problems = validate_document(document, kind)
        _hold(not problems, "what is imported does not validate", path, *problems)
        _hold(not template_problems(document), "what is imported does not compile", path, template_problems(document))
    for path, text in files_of(made).items():
        _hold(escaped_lines(text) == text, "a file is not safe to show", path)
        json.loads(text)
    page = page_of(made)
    _hold(escaped_lines(page) == page, "the page is not safe to show", page)
    Node(made.head)


_PLACES = ("node.json", "search.json", "resources", "credentials")
_KINDS = {"node.json": "node", "search.json": "search-index"}


# -- answers ----------------------------------------------------------------------------------------------------------


def answer(data: bytes) -> None:
    """Read an answer."""
    given = Input(data)
    plan = given.pick(_plans())
    fields = {given.pick(words.HEADERS): given.pick(words.HEADER_VALUES) for _ in range(given.byte() % 4)}
    status = given.pick(words.STATUSES)
    if given.byte() % 4 == 0:
        body = given.rest()
    else:
        body = json.dumps(given.value(words.ANSWER, 4)).encode()[: 4096 - given.byte() % 16]
    scope = Scope(
        _ENVIRONMENT, [], 0, item={"json": {"a": 1}}, parameters=plan.parameters,
        names={"$credentials": {}, "$version": 1},
    )  # fmt: skip
    running = plan.exchange(scope)
    try:
        call = next(running)
        for _ in range(4):
            call.request()
            call = running.send(Response(status, dict(fields), body, url=call.url()))
    except StopIteration as end:
        for item in end.value:
            _hold(isinstance(item, dict) and "json" in item, "an item is none", item)
            json.dumps(item, default=_binary)
    except NodeloomError as fault:
        _told(fault)


def _binary(value: object) -> str:
    _hold(isinstance(value, (bytes, bytearray)), "an item is no JSON", value)
    return ""


_URL_VALUES: tuple[UrlValues, ...] = ("strict", "raw")


@cache
def _plans() -> list[OperationPlan]:
    return [compile_plan(Node(document), {}, url_values=how) for document in words.ANSWERING for how in _URL_VALUES]


TARGETS: dict[str, Callable[[bytes], None]] = {
    "template": template,
    "javascript": javascript,
    "engine": engine,
    "descriptor": descriptor,
    "openapi": openapi,
    "answer": answer,
}
