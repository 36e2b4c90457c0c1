"""Expressions that turn out to be what is assigned to or bound (ECMA-262 13.15.5, 14.3.3).

Parameters of arrow functions and targets of assignments are read as the expressions they look like, and made patterns
when `=>`, `=`, `of` or `in` follows.
"""

from __future__ import annotations

from nodeloom.expression.syntax.nodes import CodeError, Node


def assigned(node: Node, covers: dict[int, CodeError]) -> Node:
    """`node` as what is assigned to: a name, a member, or a pattern of them.

    Args:
        node: the expression that was read.
        covers: by position, the objects that are not expressions but may be patterns; those that are, are taken out.

    Raises:
        CodeError: nothing can be assigned to it.
    """
    return _target(node, covers, bound=False)


def bound(node: Node, covers: dict[int, CodeError]) -> Node:
    """`node` as what is declared: a name, or a pattern of names, with a value to begin with if it has one."""
    return _with_default(node, covers, bound=True)


def parameters(nodes: list[Node], covers: dict[int, CodeError]) -> tuple[Node, ...]:
    """`nodes` as the parameters of a function."""
    for node in nodes[:-1]:
        if node.kind == "Spread":
            raise CodeError("A rest parameter must be the last one", node.start)
    return tuple(_element(node, covers, bound=True) for node in nodes)


def simple_target(node: Node) -> Node:
    """`node` as the target of an operator that reads it as well: a name or a member.

    Raises:
        CodeError: nothing can be assigned to it.
    """
    inner = node
    while inner.kind == "Paren":
        inner = inner.children[0]
    if inner.kind == "Identifier" or (inner.kind == "Member" and not in_optional_chain(inner)):
        return inner
    raise CodeError("This cannot be assigned to", node.start)


def in_optional_chain(node: Node) -> bool:
    """Whether a `?.` in `node`, a chain of members and calls, may leave out what follows it."""
    while node.kind in ("Member", "Call"):
        if node.optional:
            return True
        node = node.children[0]
    return False


def _target(node: Node, covers: dict[int, CodeError], *, bound: bool) -> Node:
    if node.kind == "Array":
        return _array(node, covers, bound=bound)
    if node.kind == "Object":
        return _object(node, covers, bound=bound)
    if node.kind == "Identifier":
        return node
    if bound:
        raise CodeError("A name or a pattern of names is needed here", node.start)
    return simple_target(node)


def _with_default(node: Node, covers: dict[int, CodeError], *, bound: bool) -> Node:
    if node.kind == "Assign" and node.text == "=":
        target, value = node.children
        if target.kind in ("ArrayPattern", "ObjectPattern"):
            # It was made one when its own `=` was read, as one that may hold members.
            if bound:
                _refuse_members(target)
        else:
            target = _target(target, covers, bound=bound)
        return Node("Default", node.start, node.end, (target, value))
    return _target(node, covers, bound=bound)


def _element(node: Node, covers: dict[int, CodeError], *, bound: bool) -> Node:
    if node.kind == "Spread":
        return Node("Rest", node.start, node.end, (_target(node.children[0], covers, bound=bound),))
    return node if node.kind == "Hole" else _with_default(node, covers, bound=bound)


def _array(node: Node, covers: dict[int, CodeError], *, bound: bool) -> Node:
    for element in node.children[:-1]:
        if element.kind == "Spread":
            raise CodeError("A rest element must be the last one", element.start)
    elements = tuple(_element(child, covers, bound=bound) for child in node.children)
    return Node("ArrayPattern", node.start, node.end, elements)


def _object(node: Node, covers: dict[int, CodeError], *, bound: bool) -> Node:
    covers.pop(node.start, None)
    parts: list[Node] = []
    for number, child in enumerate(node.children):
        if child.kind == "Spread":
            if number < len(node.children) - 1:
                raise CodeError("A rest property must be the last one", child.start)
            target = child.children[0]
            if bound and target.kind != "Identifier":
                raise CodeError("A name is needed here", target.start)
            parts.append(Node("Rest", child.start, child.end, (simple_target(target),)))
            continue
        if child.form != "init":
            raise CodeError("A method cannot be assigned to", child.start)
        key, value = child.children
        if value.kind != "Default":  # as the short form with a value was read
            value = _with_default(value, covers, bound=bound)
        child.children = (key, value)
        parts.append(child)
    return Node("ObjectPattern", node.start, node.end, tuple(parts))


def _refuse_members(pattern: Node) -> None:
    """A pattern that declares names holds nothing but names."""
    waiting = [pattern]
    while waiting:
        node = waiting.pop()
        if node.kind in ("Rest", "ArrayPattern", "ObjectPattern"):
            waiting.extend(node.children)
        elif node.kind == "Property":
            waiting.append(node.children[1])
        elif node.kind == "Default":
            waiting.append(node.children[0])
        elif node.kind not in ("Identifier", "Hole"):
            raise CodeError("A name or a pattern of names is needed here", node.start)
