"""How statements, functions, classes and patterns are laid out for the printer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nodeloom.expression.syntax.mangling import mangle, text_literal
from nodeloom.expression.syntax.nodes import Node

#: What is printed in place of a node: text, and nodes that are printed in their turn.
Parts = list["str | Node"]

_TICK = "tick();"


def listed(nodes: Sequence[Node], separator: str = ",") -> Parts:
    """`nodes` with a separator in between."""
    parts: Parts = []
    for node in nodes:
        if parts:
            parts.append(separator)
        parts.append(node)
    return parts


def function_parts(node: Node) -> Parts:
    """A function, without parentheses around it."""
    name, *parameters, body = node.children
    return [f"function{node.form}", *_name(name), *_rest_of_function(parameters, body)]


def _rest_of_function(parameters: Sequence[Node], body: Node) -> Parts:
    return ["(", *listed(parameters), "){", _TICK, *body.children, "}"]


def arrow_parts(node: Node) -> Parts:
    """An arrow function, in parentheses."""
    *parameters, body = node.children
    if body.kind == "Block":
        return ["((", *listed(parameters), ")=>{", _TICK, *body.children, "})"]
    return ["((", *listed(parameters), ")=>(tick(),", body, "))"]


def class_parts(node: Node) -> Parts:
    """A class, without parentheses around it."""
    name, heritage, *members = node.children
    parts: Parts = ["class", *_name(name)]
    if heritage.kind != "Hole":
        parts += [" extends(ancestor(", heritage, "))"]
    parts.append("{")
    for member in members:
        if member.static:
            parts.append("static ")
        parts += _field(member) if member.form == "field" else method_parts(member)
    return [*parts, "}"]


def _name(name: Node) -> Parts:
    return [] if name.kind == "Hole" else [" ", name]


def _field(member: Node) -> Parts:
    key, value = member.children
    parts = key_parts(member, key)
    return [*parts, ";"] if value.kind == "Hole" else [*parts, "=", value, ";"]


def method_parts(member: Node) -> Parts:
    """A method or accessor of a class or object."""
    key, function = member.children
    *parameters, body = function.children[1:]
    word = f"{member.form} " if member.form in ("get", "set") else function.form
    return [word, *key_parts(member, key), *_rest_of_function(parameters, body)]


def key_parts(member: Node, key: Node) -> Parts:
    """The key of a member: text, or what is computed."""
    return ["[", key, "]"] if member.computed else [text_literal(key.text)]


def property_parts(member: Node, *, of_object: bool) -> Parts:
    """A property of an object or of a pattern."""
    if member.form != "init":
        return method_parts(member)
    key, value = member.children
    # Only `__proto__: value` sets the prototype, not the short form.
    if key.text != "__proto__" or member.computed or not of_object:
        return [*key_parts(member, key), ":", value]
    if member.shorthand:
        return ['["__proto__"]:', value]
    return [*key_parts(member, key), ":ancestor(", value, ")"]


def _declare(node: Node) -> Parts:
    return [*declaration(node), ";"]


def declaration(node: Node, opening: str = "", closing: str = "") -> Parts:
    """A declaration without its semicolon, its values between `opening` and `closing`."""
    parts: Parts = []
    for declarator in node.children:
        target, value = declarator.children
        parts += ["," if parts else f"{node.text} ", target]
        if value.kind != "Hole":
            parts += [f"={opening}", *taken(target, value), closing]
    return parts


def taken(target: Node, value: Node) -> Parts:
    """`value` as it is assigned to `target`: a pattern that ends in `...` takes all its members."""
    rest = target.kind == "ObjectPattern" and target.children[-1:] and target.children[-1].kind == "Rest"
    return ["members(", value, ")"] if rest else [value]


def _body(node: Node, begin: str = "") -> Parts:
    """The statement that belongs to another one, in braces."""
    return ["{", begin, *(node.children if node.kind == "Block" else (node,)), "}"]


def _if(node: Node) -> Parts:
    test, yes, *no = node.children
    parts: Parts = ["if(", test, ")", *_body(yes)]
    return [*parts, "else", *_body(no[0])] if no else parts


def _for(node: Node) -> Parts:
    first, test, step, body = node.children
    begin: Parts = [first]
    if first.kind == "Declare":
        begin = declaration(first, "(", ")")
    elif first.kind != "Hole":
        begin = ["(", first, ")"]
    return ["for(", *begin, ";", test, ";", step, ")", *_body(body, _TICK)]


def _for_each(node: Node) -> Parts:
    target, value, body = node.children
    head: Parts = declaration(target) if target.kind == "Declare" else [target]
    opening, closing = (" of(", "))") if node.kind == "ForOf" else (" in(members(", ")))")
    return ["for(", *head, opening, value, closing, *_body(body, _TICK)]


def _try(node: Node) -> Parts:
    block, handler, final = node.children
    parts: Parts = ["try", *_body(block)]
    if handler.kind != "Hole":
        target, handling = handler.children
        look = f"{_TICK}caught({mangle(target.text)});" if target.kind == "Identifier" else _TICK
        parts += ["catch"] if target.kind == "Hole" else ["catch(", target, ")"]
        parts += _body(handling, look)
    return parts if final.kind == "Hole" else [*parts, "finally", *_body(final)]


def _switch(node: Node) -> Parts:
    value, *cases = node.children
    return ["switch(", value, "){", *cases, "}"]


def _jump(node: Node) -> Parts:
    return [f"{node.kind.lower()} {mangle(node.text)};" if node.text else f"{node.kind.lower()};"]


def _loop(node: Node) -> Parts:
    if node.kind == "Do":
        body, test = node.children
        return ["do", *_body(body, _TICK), "while(", test, ");"]
    test, body = node.children
    return ["while(", test, ")", *_body(body, _TICK)]


#: What is printed for a statement or pattern, by its kind.
LAYOUT: dict[str, Callable[[Node], Parts]] = {
    "ArrayPattern": lambda node: [
        "[",
        *listed(node.children),
        ",]" if node.children[-1:] and node.children[-1].kind == "Hole" else "]",
    ],
    "Block": _body,
    "Break": _jump,
    "ClassDeclaration": class_parts,
    "Continue": _jump,
    "Declare": _declare,
    "Default": lambda node: [node.children[0], "=", node.children[1]],
    "Do": _loop,
    "Empty": lambda _: [";"],
    "Expression": lambda node: ["(", node.children[0], ");"],
    "For": _for,
    "ForIn": _for_each,
    "ForOf": _for_each,
    "FunctionDeclaration": function_parts,
    "Hole": lambda _: [],
    "If": _if,
    "Labeled": lambda node: [f"{mangle(node.text)}:", node.children[0]],
    "ObjectPattern": lambda node: ["{", *listed(node.children), "}"],
    "Rest": lambda node: ["...", node.children[0]],
    "Return": lambda node: ["return ", *node.children, ";"] if node.children else ["return;"],
    "Switch": _switch,
    "Throw": lambda node: ["throw ", *node.children, ";"],
    "Try": _try,
    "While": _loop,
}
