"""What a template's code refers to: names, member paths, whether it needs every item; read off the syntax tree."""

from __future__ import annotations

import re
from typing import NamedTuple

from nodeloom.expression.syntax import Node, walk
from nodeloom.expression.text import number_text
from nodeloom.expression.words import words

#: Names whose value comes from the item the scope is for.
ITEM_NAMES = words(
    "$json $data $binary $thisItem $input $items $item $node $ $itemIndex $position $thisItemIndex"
) | words("$fromAI $fromAi $fromai")
_ALL_ITEMS = words("$items $item $node $ $getPairedItem")
_CURRENT_ONLY = frozenset(("item", "params", "context"))

# No array has an index of more digits.
_INDEX = re.compile("0|[1-9][0-9]{0,14}")

Path = tuple[str | int, ...]


class Facts(NamedTuple):
    """What the code of one template or block mentions."""

    names: frozenset[str]  # every identifier, JavaScript's own and bound ones included
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
    if not member.computed:
        return member.text
    key = unwrap(member.children[1])
    if key.kind != "Literal":
        return None
    if key.text == "string" and isinstance(key.value, str):
        return _key(key.value)
    if key.text == "number" and key.value is not None:
        number = key.value
        text = number_text(number) if isinstance(number, (int, float)) else str(number)
        return _key(text)
    return None


def _key(text: str) -> str | int:
    """A key as text, or as a number where that is how an array's index is written."""
    return int(text) if _INDEX.fullmatch(text) else text


def facts_of(node: Node) -> Facts:
    """The facts of the code `node` is the tree of."""
    names: set[str] = set()
    paths: dict[Path, None] = {}
    below: set[int] = set()
    all_items = guarded = False
    for current in walk(node):
        if current.kind == "Identifier":
            names.add(current.text)
            guarded = guarded or current.text not in UNGUARDED
            if current.text == "$input" and id(current) not in below:
                all_items = True
        elif current.kind in ("Member", "Call"):
            guarded = True
        path = member_path(current) if current.kind in ("Member", "Identifier") and id(current) not in below else None
        if current.kind == "Member" and id(current) not in below:
            _mark(current, below, whole=path is not None)
        if path is not None and isinstance(path[0], str) and path[0].startswith("$"):
            paths[path] = None
            all_items = all_items or (path[0] == "$input" and len(path) > 1 and path[1] not in _CURRENT_ONLY)
    return Facts(frozenset(names), tuple(paths), all_items or not names.isdisjoint(_ALL_ITEMS), guarded)


#: Identifiers that n8n does not count when it decides whether a block needs a guard.
UNGUARDED = words("Date RegExp Math NaN undefined isNaN isFinite")


#: Methods of strings, numbers and arrays, and static ones, that change neither their object nor their
#: arguments.
_PURE_METHODS = words(
    "all at charAt charCodeAt codePointAt concat endsWith entries every filter find findIndex findLast "
    "findLastIndex flat flatMap floor ceil round includes indexOf isArray isFinite isInteger isNaN join "
    "lastIndexOf localeCompare map match normalize padEnd padStart parse parseFloat parseInt pow reduce "
    "repeat replace replaceAll search slice some split startsWith stringify substring substr sqrt toFixed "
    "toISO toISOString toLocaleString toLowerCase toPrecision toSorted toReversed toString toUpperCase trim "
    "trimEnd trimStart trunc"
)
_PURE_FUNCTIONS = words(
    "String Number Boolean parseInt parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI "
    "decodeURIComponent $if $ifEmpty $min $max $average $not"
)


def is_pure(node: Node, extensions: frozenset[str]) -> bool:
    """Whether the code certainly changes nothing that it is given: no assignments, calls of known methods only."""
    for current in walk(node):
        if current.kind in ("Assign", "Update", "Class", "New", "Tagged", "Yield", "Await", "This"):
            return False
        if current.kind == "Unary" and current.text == "delete":
            return False
        if current.kind == "Call":
            callee = unwrap(current.children[0])
            name, known = callee.text, _PURE_FUNCTIONS
            if callee.kind == "Member" and not callee.computed:
                known = _PURE_METHODS | extensions
            if callee.kind not in ("Member", "Identifier") or name not in known or _lends_this(name, current):
                return False
    return True


def _lends_this(name: str, call: Node) -> bool:
    """Whether the call may hand its data to a method, such as `pop`, as that method's `this`."""
    given = [unwrap(argument) for argument in call.children[1:]]
    if any(argument.kind == "Spread" for argument in given):
        return name in _LENDING or name in ("stringify", "parse")
    if name in _LENDING:
        return len(given) > 1
    return name in ("stringify", "parse") and len(given) > 1 and given[1].kind not in ("Arrow", "Literal", "Array")


#: Methods whose second argument becomes the `this` of their first.
_LENDING = words("every filter find findIndex findLast findLastIndex flatMap map some")


def reflection(node: Node) -> Node | None:
    """The first place in the code that reaches for the machinery behind objects, which expressions may not (n8n)."""
    for current in walk(node):
        key = literal_key(current) if current.kind == "Member" else None
        if key in REFLECTION or (current.kind == "Identifier" and current.text == "constructor"):
            return current
    return None


#: Members that lead from a value to the machinery behind it.
REFLECTION = words(
    "__proto__ prototype constructor getPrototypeOf setPrototypeOf getOwnPropertyDescriptor "
    "getOwnPropertyDescriptors defineProperty defineProperties __defineGetter__ __defineSetter__ "
    "__lookupGetter__ __lookupSetter__"
)


def _mark(node: Node, below: set[int], *, whole: bool) -> None:
    """Pass by what `node`, a chain of members, was just read over: the whole, or down to where it is no path."""
    while node.kind in ("Member", "Paren"):
        if not whole and node.kind == "Member" and literal_key(node) is None:
            return
        node = node.children[0]
        below.add(id(node))
