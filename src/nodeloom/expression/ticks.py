"""Where an author's code has to look at the clock.

QuickJS looks whether time is up once in ten thousand calls and jumps back, however long each of them takes: a loop
around one copy of a large text would run for minutes. So every function, every turn of a loop and, in code with more
than a few of them, every operator and call whose work grows with its operands calls `kit.tick`, which makes QuickJS
look when some milliseconds have passed. Built-in methods that call each other do the same in js/native-meter.js.
"""

from __future__ import annotations

from nodeloom.expression.syntax import Node, walk
from nodeloom.expression.words import words

#: So many operators, and so many calls, may stand in code that does not tick for each; most templates have fewer, and
#: lose nothing.
FEW = 4
FEW_CALLS = 16

_LOOPS = words("while do for")
_DECLARATIONS = words("var let const for try")
_CHEAP_BINARY = words("&& || ??")
_CHEAP_UNARY = words("typeof void delete !")

#: Stands around what is inserted, so that a function's text can be told without it (js/native-meter.js).
MARK = "/*\x01*/"

Insertion = tuple[int, str]


def ticks(tree: Node, code: str, kit: str) -> tuple[list[Insertion], list[Insertion]]:
    """What to insert into `code`, whose tree is `tree`: what opens and what closes, with its place, outer first."""
    openers: list[Insertion] = []
    closers: list[Insertion] = []
    operators = _operators(tree)
    calls = _calls(tree)
    counted = {
        *(id(node) for node in operators if len(operators) > FEW),
        *(id(node) for node in calls if len(calls) > FEW_CALLS),
    }
    for node in walk(tree):
        if node.kind == "Literal" and node.text == "regex":
            openers.append((node.start, f"{kit}.regex("))
            closers.append((node.end, ")"))
        if id(node) in counted:
            openers.append((node.start, f"{kit}.tick("))
            closers.append((node.end, ")"))
        body = _body(node)
        if body is None:
            continue
        if code[body.start] == "{" and body.kind == "Statement":
            openers.append((body.start + 1, f"{kit}.tick();"))
        elif body.kind == "Statement":
            openers.append((body.start, f"{{{kit}.tick();"))
            closers.append((body.end, "}"))
        else:
            openers.append((body.start, f"({kit}.tick(),"))
            closers.append((body.end, ")"))
    return _marked(openers), _marked(closers)


def _marked(insertions: list[Insertion]) -> list[Insertion]:
    return [(at, f"{MARK}{text}{MARK}") for at, text in insertions]


def _body(node: Node) -> Node | None:
    """What is run again and again: the body of a function or loop."""
    if node.kind in ("Arrow", "Function"):
        return node.children[-1]
    if node.kind == "Statement" and node.text in _LOOPS:
        return node.children[0 if node.text == "do" else -1]
    return None


def _operators(tree: Node) -> list[Node]:
    """The operators whose work depends on the size of their operands, without what is written like one in a pattern."""
    targets: set[int] = set()
    found = []
    for node in walk(tree):
        for target in _targets(node):
            targets.update(id(inner) for inner in walk(target))
        if id(node) not in targets and _is_operator(node):
            found.append(node)
    return found


def _calls(tree: Node) -> list[Node]:
    """The calls that are values of their own: none of an optional chain, whose rest they may skip."""
    seen: set[int] = set()
    found: list[Node] = []
    for node in walk(tree):
        if node.kind not in ("Member", "Call") or id(node) in seen:
            continue
        chain = [node]
        while chain[-1].children[0].kind in ("Member", "Call"):
            chain.append(chain[-1].children[0])
        seen.update(id(link) for link in chain)
        if not any(link.optional for link in chain):
            found += [link for link in chain if link.kind == "Call" and link.children[0].kind != "Super"]
    return found


def _targets(node: Node) -> list[Node]:
    """The children of `node` that are, or may be, patterns to assign to, or the text of a tagged template."""
    if node.kind == "Assign":
        return [node.children[0]]
    if node.kind in ("Arrow", "Function"):
        return list(node.children[:-1])
    if node.kind == "Statement" and node.text in _DECLARATIONS:
        return [child for child in node.children if child.kind in ("Array", "Object", "Spread")]
    return [node.children[1]] if node.kind == "Tagged" else []


def _is_operator(node: Node) -> bool:
    match node.kind:
        case "Binary":
            return node.text not in _CHEAP_BINARY
        case "Unary":
            return node.text not in _CHEAP_UNARY
        case "Assign":
            return node.text != "=" and node.text[:-1] not in _CHEAP_BINARY
        case "Update":
            return True
        case "Template":
            return bool(node.children)
        case "Array" | "Object":
            return any(child.kind == "Spread" for child in node.children)
        case _:
            return False
