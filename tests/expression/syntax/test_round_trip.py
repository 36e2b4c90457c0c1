"""A printed tree is read as the tree it was printed from."""

from __future__ import annotations

import re
from typing import Any

from fuzz.inputs import Input
from fuzz.programs import program
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nodeloom.expression.syntax import CodeError, Node, parse_expression
from nodeloom.expression.syntax.bindings import Names
from nodeloom.expression.syntax.mangling import mangle
from nodeloom.expression.syntax.printer import Printer

PROGRAMS = st.binary(max_size=160).map(lambda data: program(Input(data)))
_BODIES = {"If": (1, 2), "For": (3,), "ForIn": (2,), "ForOf": (2,), "While": (1,), "Do": (0,)}


def written(node: Node) -> tuple[Any, ...]:
    """An author's tree as nested tuples, without what printing leaves out."""
    if node.kind == "Paren":
        return written(node.children[0])
    if node.kind == "Tagged":
        tag, template = node.children
        chunks = template.children[::2]
        texts = [chunk.value for chunk in chunks], [chunk.text for chunk in chunks]
        return ("Tagged", written(tag), *texts, *map(written, template.children[1::2]))
    name = node.text
    if node.kind in ("Identifier", "Labeled", "Break", "Continue") and name:
        name = mangle(name)
    return _shape(node, name, [written(child) for child in _in_blocks(node)])


def printed(node: Node) -> tuple[Any, ...]:
    """A printed tree as nested tuples, without what printing adds."""
    children = list(node.children)
    if node.kind == "Paren":
        return printed(children[0])
    if node.kind == "Sequence" and _calls(children[0], "tick"):
        return printed(children[1])
    if any(_calls(node, helper) for helper in ("members", "ancestor", "writable")):
        return printed(children[-1])
    if node.kind == "Call" and re.fullmatch(r"r\d+", children[0].text):
        return ("Regex",)
    if node.kind == "Call" and children[1:] and _calls(children[1], "strings"):
        texts = [
            [text.value if text.kind == "Literal" else None for text in array.children]
            for array in children[1].children[1:]
        ]
        return ("Tagged", printed(children[0]), *texts, *map(printed, children[2:]))
    return _shape(node, node.text, [printed(child) for child in _in_blocks(node) if not _is_added(child)])


def _shape(node: Node, name: str, inner: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    match node.kind:
        case "Member":
            literal = node.computed and node.children[1].text == "string"
            key = node.children[1].value if literal else inner[1] if node.computed else node.text
            return ("Member", inner[0], key, node.optional)
        case "Chunk":
            return ("Chunk", node.value)
        case "Regex":
            return ("Regex",)
        case "Property" | "This":
            name = ""
    return (node.kind, name, node.value, node.form, node.computed, node.optional, node.static, *inner)


def _in_blocks(node: Node) -> list[Node]:
    """The children, those that are bodies of statements in braces."""
    bodies = _BODIES.get(node.kind, ())
    return [
        Node("Block", 0, 0, (child,)) if at in bodies and child.kind != "Block" else child
        for at, child in enumerate(node.children)
    ]


def _calls(node: Node, name: str) -> bool:
    return node.kind == "Call" and node.children[0].kind == "Identifier" and node.children[0].text == name


def _is_added(node: Node) -> bool:
    """Whether the printer added the statement: a look at the clock, or at what was caught."""
    if node.kind != "Expression":
        return False
    return _calls(node.children[0], "tick") or _calls(node.children[0], "caught")


@settings(max_examples=400, deadline=None)
@given(PROGRAMS)
def test_a_printed_tree_is_read_as_the_same_tree(code: str) -> None:
    """But for names, which are mangled."""
    assume("this" not in code and "undefined" not in code and "NaN" not in code and "1e999" not in code)
    assume("'__proto__'" not in code and "__proto__" not in code)
    try:
        tree = parse_expression(code)
    except CodeError:
        return
    printer = Printer(Names(frozenset(), frozenset(("$if",))), (), ())
    assert printed(parse_expression(printer.print(tree))) == written(tree)
