"""Whether code certainly changes nothing that it is given, so that programs may share one copy of an item.

Decided by what is allowed: a kind of syntax that is not named here may change something. The one way to change data
without an assignment is a built-in method, such as `pop` or `Object.assign`. Calls are of known names only; and nothing
that is called by one of those names, or hands its arguments to a function, may be another function under that name.
"""

from __future__ import annotations

from collections.abc import Callable

from nodeloom.expression.syntax import Node, walk
from nodeloom.expression.words import words

_KINDS = words(
    "Identifier Literal Regex Template Chunk Array Hole Object Property Key Spread Paren Unary Binary Conditional "
    "Sequence Member Call Arrow Function ArrayPattern ObjectPattern Default Rest "
    "Block Declare Declarator Expression If Return Throw Empty"
)
#: Methods of strings, numbers and arrays, and static ones, that change neither their object nor their
#: arguments.
_METHODS = words(
    "all at charAt charCodeAt codePointAt concat endsWith entries every filter find findIndex findLast "
    "findLastIndex flat flatMap floor ceil round includes indexOf isArray isFinite isInteger isNaN join "
    "lastIndexOf localeCompare map match normalize padEnd padStart parse parseFloat parseInt pow reduce "
    "repeat replace replaceAll search slice some split startsWith stringify substring substr sqrt toFixed "
    "toISO toISOString toLocaleString toLowerCase toPrecision toSorted toReversed toString toUpperCase trim "
    "trimEnd trimStart trunc keys values"
)
_FUNCTIONS = words(
    "String Number Boolean parseInt parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI "
    "decodeURIComponent $if $ifEmpty $min $max $average $not"
)
#: Functions that may be handed to a method that calls them.
_CALLBACKS = words("String Number Boolean parseInt parseFloat isNaN isFinite encodeURIComponent decodeURIComponent")
#: Methods that call their first argument; the second one becomes its `this`, but in `reduce`.
_CALLING = words("every filter find findIndex findLast findLastIndex flatMap map some reduce toSorted")
_CALLING_WITH_ONE = _CALLING - {"reduce"}
#: Extension methods that give data names that the code chooses.
_NAMING = words("smartJoin renameKeys")
#: What is not a function, with anything in it.
_NO_FUNCTION = words("Literal Template Array Unary")


def is_pure(tree: Node, changed: frozenset[str], extensions: frozenset[str]) -> bool:
    """Whether the code certainly changes nothing that it is given.

    Args:
        tree: the code.
        changed: the names that it binds or assigns to.
        extensions: the names of the extension methods.
    """
    methods = (_METHODS | extensions) - _NAMING
    return all(_is_harmless(node, changed, methods) for node in walk(tree))


def _is_harmless(node: Node, changed: frozenset[str], methods: frozenset[str]) -> bool:
    match node.kind:
        case "Call":
            return _is_harmless_call(node, changed, methods)
        case "Unary":
            return node.text != "delete"
        case "Function":
            return node.form == ""
        case "Object":
            return all(child.kind == "Spread" or _is_harmless_property(child, methods) for child in node.children)
        case "ObjectPattern":
            return not any(child.computed for child in node.children)
        case _:
            return node.kind in _KINDS


def _is_harmless_property(node: Node, methods: frozenset[str]) -> bool:
    """Whether the property of an object is not a method under a name that may be called."""
    if node.form != "init" or node.computed or node.text == "__proto__":
        return False
    return node.text not in methods or node.children[1].kind in _NO_FUNCTION


def _is_harmless_call(node: Node, changed: frozenset[str], methods: frozenset[str]) -> bool:
    callee, *arguments = (_unwrap(child) for child in node.children)
    if any(argument.kind == "Spread" for argument in arguments):
        return False
    if callee.kind == "Identifier":
        return callee.text in _FUNCTIONS and callee.text not in changed
    if callee.kind != "Member" or callee.computed or callee.text not in methods:
        return False
    check = _ARGUMENTS.get(callee.text)
    return check is None or check(callee.text, arguments, changed)


def _calls_its_own(name: str, arguments: list[Node], changed: frozenset[str]) -> bool:
    """Whether what a method calls is the code's own, or known, and is lent nothing as its `this`."""
    if len(arguments) > 1 and name in _CALLING_WITH_ONE:
        return False
    return not arguments or _is_callback(arguments[0], changed)


def _is_callback(node: Node, changed: frozenset[str]) -> bool:
    if node.kind == "Identifier":
        return node.text in _CALLBACKS and node.text not in changed
    return node.kind in ("Arrow", "Function")


def _writes_json(_: str, arguments: list[Node], __: frozenset[str]) -> bool:
    """Whether `JSON.stringify` calls no function of others: a replacer's `this` is the data."""
    return len(arguments) < 2 or arguments[1].kind in ("Arrow", "Literal", "Array")


def _reads_json(_: str, arguments: list[Node], __: frozenset[str]) -> bool:
    """Whether `JSON.parse` makes nothing but data."""
    return len(arguments) < 2


def _unwrap(node: Node) -> Node:
    while node.kind == "Paren":
        node = node.children[0]
    return node


_ARGUMENTS: dict[str, Callable[[str, list[Node], frozenset[str]], bool]] = {
    **dict.fromkeys(_CALLING, _calls_its_own),
    "stringify": _writes_json,
    "parse": _reads_json,
}
