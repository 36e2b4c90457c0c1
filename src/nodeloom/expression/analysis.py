"""What a template's code refers to: names, member paths, whether it needs every item; read off the syntax tree."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from nodeloom.expression.syntax import Node, walk
from nodeloom.expression.syntax.bindings import names_of
from nodeloom.expression.text import number_text
from nodeloom.expression.words import words

#: Names whose value comes from the item the scope is for.
ITEM_NAMES = words(
    "$json $data $binary $thisItem $input $items $item $node $ $itemIndex $position $thisItemIndex"
) | words("$fromAI $fromAi $fromai")
_ALL_ITEMS = words("$items $item $node $ $getPairedItem")
_CURRENT_ONLY = frozenset(("item", "params", "context"))

Path: TypeAlias = tuple[str | int, ...]

# No array has an index of more digits.
_INDEX = re.compile("0|[1-9][0-9]{0,14}")


class Facts(NamedTuple):
    """What the code of one template or block mentions."""

    names: frozenset[str]  # every name that is not bound by the code itself, JavaScript's own included
    changed: frozenset[str]  # every name that the code binds, or assigns to
    paths: tuple[Path, ...]  # member paths with literal keys that begin at a `$` name, longest only
    needs_all_items: bool
    guarded: bool  # whether an error in it makes it undefined (n8n: it accesses, calls or names something)

    @property
    def dollar_names(self) -> frozenset[str]:
        """The `$` names among `names`."""
        return frozenset(n for n in self.names if n.startswith("$"))


def unwrap(node: Node) -> Node:
    """`node` without the parentheses around it."""
    while node.kind == "Paren":
        node = node.children[0]
    return node


def member_path(node: Node) -> Path | None:
    """The name and keys that `node` reads if it is a chain of accesses with literal keys, else None."""
    keys: list[str | int] = []
    node = unwrap(node)
    while node.kind == "Member":
        key = literal_key(node)
        if key is None:
            return None
        keys.append(key)
        node = unwrap(node.children[0])
    if node.kind != "Identifier":
        return None
    return (node.text, *reversed(keys))


def literal_key(member: Node) -> str | int | None:
    """The key that a member access names literally; an array index as a number."""
    return _literal_text(member.children[1]) if member.computed else member.text


def _literal_text(key: Node) -> str | int | None:
    key = unwrap(key)
    if key.kind == "Template" and len(key.children) == 1:
        return _key(str(key.children[0].value))
    if key.kind != "Literal":
        return None
    if key.text == "string":
        return _key(str(key.value))
    if key.text == "number" and isinstance(key.value, (int, float)):
        return _key(number_text(key.value))
    return None


def _key(text: str) -> str | int:
    """A key as text, or as a number if it is written as the index of an array."""
    return int(text) if _INDEX.fullmatch(text) else text


def facts_of(node: Node) -> Facts:
    """The facts of the code `node` is the tree of."""
    names = names_of(node)
    paths: dict[Path, None] = {}
    below: set[int] = set()
    all_items = guarded = False
    for current in walk(node):
        if current.kind == "Identifier":
            guarded = guarded or current.text not in UNGUARDED
            if current.text == "$input" and id(current) not in below:
                all_items = True
        elif current.kind in ("Member", "Call"):
            guarded = True
        path = member_path(current) if current.kind in ("Member", "Identifier") and id(current) not in below else None
        if current.kind == "Member" and id(current) not in below:
            _mark(current, below, whole=path is not None)
        if path is not None and str(path[0]).startswith("$") and path[0] in names.free:
            paths[path] = None
            all_items = all_items or (path[0] == "$input" and len(path) > 1 and path[1] not in _CURRENT_ONLY)
    all_items = all_items or not names.free.isdisjoint(_ALL_ITEMS)
    return Facts(names.free, names.changed, tuple(paths), all_items, guarded)


#: Identifiers that n8n does not count when it decides whether a block needs a guard.
UNGUARDED = words("Date RegExp Math NaN undefined isNaN isFinite")


def bare_dollar(node: Node) -> Node | None:
    """The first `$` that is not called, which n8n refuses: it is the function that finds a node, not a node."""
    called = {id(n.children[0]) for n in walk(node) if n.kind == "Call"}
    return next((n for n in walk(node) if n.kind == "Identifier" and n.text == "$" and id(n) not in called), None)


def reflection(node: Node) -> Node | None:
    """The first place in the code that reaches for the machinery behind objects, which expressions may not (n8n).

    A key that is only computed by an evaluation cannot be known here; that nothing which lasts is behind it is the
    engine's part.
    """
    for current in walk(node):
        if current.kind == "Member" and (literal_key(current) or _added_text(current)) in REFLECTION:
            return current
        if current.kind == "Identifier" and current.text == "constructor":
            return current
        if current.kind == "ObjectPattern":
            for part in current.children:
                if part.kind == "Property" and _pattern_key(part) in REFLECTION:
                    return part
    return None


def _added_text(member: Node) -> str | None:
    """The key of a computed access that is written as a sum of texts (`["proto" + "type"]`); None if it is not."""
    if not member.computed:
        return None
    texts: list[str] = []
    waiting = [member.children[1]]
    while waiting:
        part = unwrap(waiting.pop())
        if part.kind == "Binary" and part.text == "+":
            waiting += part.children
        elif part.kind == "Template" and len(part.children) > 1:
            waiting += part.children
        elif part.kind == "Chunk":
            texts.append(str(part.value))
        elif (text := _literal_text(part)) is not None:
            texts.append(str(text))
        else:
            return None
    return "".join(reversed(texts))


def _pattern_key(part: Node) -> str | int | None:
    return _literal_text(part.children[0]) if part.computed else part.text


#: Members that lead from a value to the machinery behind it.
REFLECTION = words(
    "__proto__ prototype constructor getPrototypeOf setPrototypeOf getOwnPropertyDescriptor "
    "getOwnPropertyDescriptors defineProperty defineProperties __defineGetter__ __defineSetter__ "
    "__lookupGetter__ __lookupSetter__"
)


def _mark(node: Node, below: set[int], *, whole: bool) -> None:
    """Note what was read of `node`, a chain of members: the whole, or down to the part that is not a path."""
    while node.kind in ("Member", "Paren"):
        if not whole and node.kind == "Member" and literal_key(node) is None:
            return
        node = node.children[0]
        below.add(id(node))
