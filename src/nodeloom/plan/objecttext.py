"""An object written as text: JSON, or as JavaScript writes one, with bare names and single quotes (n8n)."""

from __future__ import annotations

from nodeloom.expression.syntax.nodes import CodeError, Node
from nodeloom.expression.syntax.parser import parse_expression
from nodeloom.jsonreading import ANY_JSON
from nodeloom.plan.unfit import Unfit

_NOT_ONE = 'an object, such as {"key": 1}'


def object_of(text: str) -> dict[str, object] | None:
    """The object that `text` writes; None for `null`. Raises Unfit for any other text.

    Names that stand for a value are texts (n8n). Anything that would have to be computed is refused.
    """
    try:
        found = ANY_JSON.read(text)
    except ValueError:
        found = _literal(text)
    if found is not None and not isinstance(found, dict):
        raise Unfit(_NOT_ONE)
    return found


def _literal(text: str) -> object:
    try:
        # In brackets, since `{` alone begins a block of statements in JavaScript.
        tree = parse_expression(f"({text})")
    except CodeError:
        raise Unfit(_NOT_ONE) from None
    while tree.kind == "Paren":
        tree = tree.children[0]
    return _value(tree) if tree.kind == "Object" else []


def _value(node: Node) -> object:
    if node.kind == "Object":
        return dict(map(_pair, node.children))
    if node.kind == "Array":
        return [_value(entry) for entry in node.children]
    if node.kind == "Identifier":
        return node.text
    if node.kind == "Literal":
        return _constant(node)
    if node.kind == "Unary" and node.text == "-":
        number = _value(node.children[0])
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            return -number
    raise Unfit(f"{_NOT_ONE}, with nothing to compute in it")


def _pair(node: Node) -> tuple[str, object]:
    if node.kind != "Property" or node.form != "init" or node.computed:
        raise Unfit(f"{_NOT_ONE}, with nothing to compute in it")
    key, value = node.children
    return str(key.text), _value(value)


def _constant(node: Node) -> object:
    if node.text in ("null", "true", "false"):
        return {"null": None, "true": True, "false": False}[node.text]
    if node.text == "bigint":
        raise Unfit(f"{_NOT_ONE}, and JSON has no such number as {node.value}n")
    return node.value
