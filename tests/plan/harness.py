"""Runs plans without a socket: small descriptors, answers from a list."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nodeloom.descriptor.catalogue import Node
from nodeloom.expression import Environment, Scope
from nodeloom.messages import Request, Response
from nodeloom.plan.compiler import compile_plan
from nodeloom.plan.operation import OperationPlan

BASE = "https://api.example.test/v1"


def requesting(request: Mapping[str, Any], *properties: Mapping[str, Any], **document: Any) -> Node:
    """A node with one operation `go`, whose request is this one, and the given properties."""
    return operating({"request": request}, *properties, **document)


def node(*properties: Mapping[str, Any], **document: Any) -> Node:
    """A node whose one operation POSTs /go."""
    return requesting({"method": "POST", "url": "/go"}, *properties, **document)


def answering(routing: Mapping[str, Any], *properties: Mapping[str, Any]) -> Node:
    """A node whose one operation GETs /go with more routing on it."""
    return operating({**routing, "request": {"method": "GET", "url": "/go", **routing.get("request", {})}}, *properties)


def operating(routing: Mapping[str, Any], *properties: Mapping[str, Any], **document: Any) -> Node:
    """A node with one operation `go` of this routing."""
    go = {"name": "Go", "value": "go", "routing": routing}
    operation = {"displayName": "Operation", "name": "operation", "type": "options", "default": "go", "options": [go]}
    return Node(
        {
            "name": "probe",
            "displayName": "Probe",
            "requestDefaults": {"baseURL": BASE},
            "properties": [operation, *properties],
            **document,
        }
    )


def scope_of(plan: OperationPlan, item: Mapping[str, Any] | None = None) -> Scope:
    return Scope(
        Environment(),
        [],
        0,
        item={"json": item or {}},
        parameters=plan.parameters,
        names={"$credentials": {}, "$version": 1},
    )


def request_of(
    probe: Node, parameters: Mapping[str, Any] | None = None, item: Mapping[str, Any] | None = None, **how: Any
) -> Request:
    """The first request one item sends."""
    plan = compile_plan(probe, parameters or {}, **how)
    return plan.call(plan.draft(scope_of(plan, item))).request()


def body_of(request: Request) -> Any:
    return None if request.body is None else json.loads(request.body)


def answer(body: Any = None, status: int = 200, **headers: str) -> Response:
    """An answer: JSON unless `body` is bytes or text; nothing for None."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None:
        return Response(status, fields, b"")
    if isinstance(body, (bytes, str)):
        return Response(status, fields, body.encode() if isinstance(body, str) else body)
    return Response(status, {"content-type": "application/json", **fields}, json.dumps(body).encode())


def exchange(
    probe: Node,
    answers: Sequence[Response],
    parameters: Mapping[str, Any] | None = None,
    item: Mapping[str, Any] | None = None,
    **how: Any,
) -> tuple[list[Request], list[dict[str, Any]]]:
    """Every request one item sends, and the items it becomes. The last answer is given again and again."""
    return exchanged(compile_plan(probe, parameters or {}, **how), answers, item)


def exchanged(
    plan: OperationPlan, answers: Sequence[Response], item: Mapping[str, Any] | None = None
) -> tuple[list[Request], list[dict[str, Any]]]:
    """`exchange` of a plan that is there."""
    running = plan.exchange(scope_of(plan, item))
    sent: list[Request] = []
    call = next(running)
    while True:
        sent.append(call.request())
        try:
            call = running.send(answers[min(len(sent), len(answers)) - 1])
        except StopIteration as end:
            return sent, end.value
