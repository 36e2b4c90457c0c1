"""Where an author's code has to look at the clock.

QuickJS looks whether time is up once in ten thousand calls and jumps back, however long each of them takes: a loop
around one copy of a large text would run for minutes. So every function, every turn of a loop and, in code with more
than a few of them, every operator and call whose work grows with its operands calls `tick`, which makes QuickJS
look when some milliseconds have passed. Built-in methods do the same (js/native-bounds.js).
"""

from __future__ import annotations

from collections.abc import Iterable

from nodeloom.expression.syntax import Node, walk
from nodeloom.expression.words import words

#: So many operators, and so many calls, may stand in code that does not tick for each; most templates have fewer, and
#: lose nothing.
FEW = 4
FEW_CALLS = 16
#: So many computed names of members, which may be long texts, or meet with others in QuickJS's tables.
FEW_NAMES = 200

_CALLS = words("Call New Tagged")
_CHEAP_BINARY = words("&& || ??")
_CHEAP_UNARY = words("typeof void delete !")


def ticking(trees: Iterable[Node]) -> set[int]:
    """The ids of the operators and calls in the code `trees` that tick."""
    operators: list[int] = []
    calls: list[int] = []
    names: list[int] = []
    for tree in trees:
        for node in walk(tree):
            if node.kind in _CALLS:
                calls.append(id(node))
            elif node.kind == "Member" and node.computed:
                names.append(id(node))
            elif _is_operator(node):
                operators.append(id(node))
    found: set[int] = set()
    if len(operators) > FEW:
        found.update(operators)
    if len(calls) > FEW_CALLS:
        found.update(calls)
    if len(names) > FEW_NAMES:
        found.update(names)
    return found


def _is_operator(node: Node) -> bool:
    """Whether the work of `node` depends on the size of its operands."""
    match node.kind:
        case "Binary":
            return node.text not in _CHEAP_BINARY
        case "Unary":
            return node.text not in _CHEAP_UNARY
        case "Assign":
            return node.text != "=" and node.text[:-1] not in _CHEAP_BINARY
        case "Update" | "Case":
            return True
        case "Template":
            return len(node.children) > 1
        case "Array" | "Object":
            return any(child.kind == "Spread" for child in node.children)
        case _:
            return False
