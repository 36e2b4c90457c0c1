"""Which names of a tree are free: bound by no function, block or loop around them (ECMA-262 8.2, 9.1)."""

from __future__ import annotations

from typing import NamedTuple

from nodeloom.expression.syntax.nodes import Node, walk

_FUNCTIONS = frozenset(("Arrow", "Function", "FunctionDeclaration"))
_CLASSES = frozenset(("Class", "ClassDeclaration"))
_TARGETS = frozenset(("ArrayPattern", "ObjectPattern", "Default", "Rest"))
#: What binds names, or is assigned to.
_BINDING = _FUNCTIONS | _CLASSES | frozenset(("Declare", "Catch", "Assign", "Update", "ForIn", "ForOf"))


class Names(NamedTuple):
    """The names of a tree. One may be free in one place and bound in another."""

    free: frozenset[str]
    changed: frozenset[str]  # bound, or assigned to


class _Scope(NamedTuple):
    names: frozenset[str]
    outer: _Scope | None

    def has(self, name: str) -> bool:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.names:
                return True
            scope = scope.outer
        return False


def names_of(tree: Node) -> Names:
    """The names of `tree`."""
    mentioned: set[str] = set()
    binds = False
    for node in walk(tree):
        if node.kind == "Identifier":
            mentioned.add(node.text)
        elif node.kind in _BINDING:
            binds = True
    if not binds:
        return Names(frozenset(mentioned), frozenset())
    return Names(frozenset(_free(tree)), frozenset(_find_changed(tree)))


def _free(tree: Node) -> set[str]:
    """The names that occur without a binding around them."""
    free: set[str] = set()
    waiting: list[tuple[Node, _Scope | None]] = [(tree, None)]
    while waiting:
        node, scope = waiting.pop()
        if node.kind == "Identifier":
            if scope is None or not scope.has(node.text):
                free.add(node.text)
        elif node.kind in _FUNCTIONS:
            waiting += _within_function(node, scope)
        elif node.kind in _CLASSES:
            name, *rest = node.children
            inner = _Scope(_bound_by(name), scope)
            waiting += [(name, inner), *((child, inner) for child in rest)]
        else:
            declared = _declared_in(node)
            inner_scope = _Scope(declared, scope) if declared else scope
            inside = node.children
            if node.kind == "Switch":  # what it is about is evaluated before its block (ECMA-262 14.12.4)
                waiting.append((inside[0], scope))
                inside = inside[1:]
            waiting += [(child, inner_scope) for child in inside]
    return free


def _within_function(node: Node, scope: _Scope | None) -> list[tuple[Node, _Scope | None]]:
    """The children of a function with the scopes they are in: parameters do not see what the body declares."""
    *before, body = node.children
    outside = _bound_by(*before)  # the name of a declaration is the outer block's as well
    parameters = _Scope(outside, scope)
    inside = _Scope(frozenset(_find_hoisted(body)), parameters) if body.kind == "Block" else parameters
    return [*((child, parameters) for child in before), (body, inside)]


def _declared_in(node: Node) -> frozenset[str]:
    """The names that `node` declares for what stands in it, without those that `var` hoists out of it."""
    match node.kind:
        case "Block":
            return _declared_by(node.children)
        case "Switch":
            return _declared_by(tuple(statement for case in node.children[1:] for statement in case.children[1:]))
        case "For" | "ForIn" | "ForOf":
            return _declared_by(node.children[:1])
        case "Catch":
            return _bound_by(node.children[0])
        case _:
            return frozenset()


def _declared_by(statements: tuple[Node, ...]) -> frozenset[str]:
    """The names that `let`, `const`, functions and classes among `statements` declare."""
    names: set[str] = set()
    for node in statements:
        if node.kind in ("FunctionDeclaration", "ClassDeclaration"):
            names.add(node.children[0].text)
        elif node.kind == "Declare" and node.text != "var":
            names |= _bound_by(*(declarator.children[0] for declarator in node.children))
    return frozenset(names)


def _find_hoisted(body: Node) -> set[str]:
    """The names that `var` declares in the body of a function, however deep, functions in it left out."""
    names: set[str] = set()
    waiting = [body]
    while waiting:
        node = waiting.pop()
        if node.kind == "Declare" and node.text == "var":
            names |= _bound_by(*(declarator.children[0] for declarator in node.children))
        if node.kind not in _FUNCTIONS:
            waiting.extend(node.children)
    return names


def _bound_by(*targets: Node) -> frozenset[str]:
    """The names in names and patterns, without those that only occur in their keys and default values."""
    names: set[str] = set()
    waiting = list(targets)
    while waiting:
        node = waiting.pop()
        if node.kind == "Identifier":
            names.add(node.text)
        elif node.kind == "Default":
            waiting.append(node.children[0])
        elif node.kind == "Property":
            waiting.append(node.children[1])
        elif node.kind in _TARGETS:
            waiting.extend(node.children)
    return frozenset(names)


def _find_changed(tree: Node) -> set[str]:
    """The names that are bound or assigned to anywhere."""
    names: set[str] = set()
    for node in walk(tree):
        if node.kind in _FUNCTIONS:
            names |= _bound_by(*node.children[:-1])
        elif node.kind in _CLASSES | {"Catch", "Declarator", "Assign", "Update", "ForIn", "ForOf"}:
            names |= _bound_by(node.children[0])
    return names
