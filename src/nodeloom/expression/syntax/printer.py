"""Print a syntax tree as JavaScript that can do no more than the tree says.

What is printed is ASCII and strict. Every name of an author is mangled (`mangling.mangle`), so that it means nothing
but a variable that the printed code declares; everything else that an author wrote as text is printed as data. What is
not the tree's are calls of the functions that `rewrite` passes: `extend` and its kin, `tick`, `regex`, `strings`,
`members`, `caught`, `ancestor` and `writable`.

Nothing here is recursive, and chains of operators, members and calls are printed without parentheses, so that the
length of code costs no depth, neither here nor in QuickJS.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from nodeloom.expression.syntax.bindings import Names
from nodeloom.expression.syntax.mangling import access, is_plain, mangle, number_literal, template_text, text_literal
from nodeloom.expression.syntax.nodes import CodeError, Node, walk
from nodeloom.expression.syntax.operators import PRECEDENCE
from nodeloom.expression.syntax.statement_layout import (
    LAYOUT,
    Parts,
    arrow_parts,
    class_parts,
    function_parts,
    listed,
    property_parts,
    taken,
)
from nodeloom.expression.words import words

# Kinds that are printed so that an operator may stand beside them.
_CLOSED = words(
    "Array Arrow Call Class Function Identifier Literal Member Meta New Object Paren Regex Super Tagged Template This "
    "Yield"
)
# Kinds that are printed in parentheses, and need no further ones.
_IN_PARENTHESES = frozenset(("Arrow", "Class", "Function", "Object", "Yield"))
# Operators that may give a longer BigInt than they were given, or pass one on.
_GROWING = words("+ - * / % << >>")
#: So many digits may a BigInt have that is written out; the engine bounds what is made of it.
MAX_BIGINT_DIGITS = 20_000
_CONSTANTS = {"undefined": "(void 0)", "NaN": "(0/0)", "Infinity": "(1/0)"}
#: So many extension methods may be called one on the other; each is a call around the one before.
MAX_EXTENSIONS = 100


class Printer:
    """Prints the trees of one program.

    Args:
        names: the names of all the trees.
        ticking: the ids of the operators and calls that look at the clock.
        extensions: the names of methods that `extend` is called for.
        bigints: whether there may be BigInts; operators that make them longer ask `grown` and `power` then.
    """

    def __init__(
        self, names: Names, ticking: Collection[int], extensions: Collection[str], *, bigints: bool = False
    ) -> None:
        self.used: set[str] = set()
        self.regexes: dict[tuple[str, str], str] = {}
        self.needs_self = False
        self._ticking = ticking
        self._extensions = extensions
        self._constants = {n: text for n, text in _CONSTANTS.items() if n not in names.changed}
        self._choice_name = None if "$if" in names.changed else "$if"
        self._optional: set[int] = set()
        self._bigints = bigints
        self._of_objects: set[int] = set()  # members of object literals, which patterns have too
        self._chained: set[int] = set()  # operators whose value goes to the next one of a chain
        self._assigned: set[int] = set()  # members that are assigned to

    def print(self, tree: Node) -> str:
        """The expression `tree` as JavaScript.

        Raises:
            CodeError: more extension methods are called one on the other than QuickJS can take.
        """
        self._optional |= self._optional_chains(tree)
        self._assigned.update(id(target) for node in walk(tree) for target in _targets(node))
        printed: list[str] = []
        waiting: Parts = [tree]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                printed.append(part)
            else:
                waiting.extend(reversed(self._parts(part)))
        return "".join(printed)

    def _parts(self, node: Node) -> Parts:
        method = _EXPRESSIONS.get(node.kind)
        return LAYOUT[node.kind](node) if method is None else method(self, node)

    def _optional_chains(self, tree: Node) -> set[int]:
        """The accesses and calls that a `?.` in them, or before them, may skip; found from the inside out."""
        found: set[int] = set()
        depths: dict[int, int] = {}
        for node in reversed(list(walk(tree))):
            if node.kind not in ("Member", "Call"):
                continue
            if node.optional or id(node.children[0]) in found:
                found.add(id(node))
            depth = depths.get(id(node.children[0]), 0) + (node.kind == "Call" and self._is_extension(node))
            depths[id(node)] = depth
            if depth > MAX_EXTENSIONS:
                raise CodeError(f"More than {MAX_EXTENSIONS} extension methods are called on each other", node.start)
        return found

    # Names and data

    def _identifier(self, node: Node) -> Parts:
        constant = self._constants.get(node.text)
        if constant is not None:
            return [constant]
        self.used.add(node.text)
        return [mangle(node.text)]

    def _literal(self, node: Node) -> Parts:
        if node.text == "string":
            return [text_literal(str(node.value))]
        if node.text == "bigint":
            if len(str(node.value)) > MAX_BIGINT_DIGITS:
                raise CodeError(f"A BigInt may have {MAX_BIGINT_DIGITS:,} digits", node.start)
            return [f"{node.value}n"]
        if isinstance(node.value, (int, float)):
            return [number_literal(node.value)]
        return [node.text]

    def _regex(self, node: Node) -> Parts:
        name = self.regexes.setdefault((node.text, str(node.value)), f"r{len(self.regexes)}")
        return [f"{name}()"]

    def _this(self, node: Node) -> Parts:
        # Outside functions it is an object of its own, and in functions that are called without one (n8n).
        if node.text == "method":
            return ["this"]
        self.needs_self = True
        return ["self0"] if node.text == "" else ["(this??self0)"]

    def _template(self, node: Node) -> Parts:
        parts: Parts = []
        for child in node.children:
            parts += [template_text(str(child.value))] if child.kind == "Chunk" else ["${", child, "}"]
        # In parentheses, for QuickJS takes a slash behind a template literal for the beginning of a regular expression
        # when it looks whether `=>` follows a parenthesis.
        before, after = ("tick(`", "`)") if id(node) in self._ticking else ("(`", "`)")
        return [before, *parts, after]

    def _tagged(self, node: Node) -> Parts:
        tag, template = node.children
        chunks = template.children[::2]
        cooked = ["(void 0)" if chunk.value is None else text_literal(str(chunk.value)) for chunk in chunks]
        raw = ",".join(text_literal(chunk.text) for chunk in chunks)
        ticking = id(node) in self._ticking
        strings = f"strings([{','.join(cooked)}],[{raw}])"
        parts = [*self._based(tag), "(", f"tick({strings})" if ticking else strings]
        for value in template.children[1::2]:
            parts += [",", value]
        return [*parts, ")"]

    def _array(self, node: Node) -> Parts:
        parts: Parts = ["["]
        for child in node.children:
            parts += [child, ","]  # a comma behind the last one makes no hole, and is needed behind a hole
        return self._ticked(node, [*parts, "]"])

    def _object(self, node: Node) -> Parts:
        self._of_objects.update(map(id, node.children))
        return self._ticked(node, ["({", *listed(node.children), "})"])

    def _spread(self, node: Node) -> Parts:
        value = node.children[0]
        return ["...members(", value, ")"] if id(node) in self._of_objects else ["...", value]

    def _property(self, node: Node) -> Parts:
        return property_parts(node, of_object=id(node) in self._of_objects)

    # Operators

    def _ticked(self, node: Node, parts: Parts) -> Parts:
        return ["tick(", *parts, ")"] if id(node) in self._ticking else parts

    def _operand(self, node: Node) -> Parts:
        return [node] if node.kind in _CLOSED else ["(", node, ")"]

    def _based(self, node: Node) -> Parts:
        """`node` where a member or call follows."""
        number = node.kind == "Literal" and node.text in ("number", "bigint")
        return ["(", node, ")"] if number or node.kind not in _CLOSED else [node]

    def _binary(self, node: Node) -> Parts:
        left, right = node.children
        ticking = id(node) in self._ticking
        if self._bigints and node.text == "**":
            return ["power(", left, ",", *(["tick(", right, ")"] if ticking else [right]), ")"]
        operator = f" {node.text} " if node.text.isalpha() else node.text
        level = PRECEDENCE[node.text]
        chained = left.kind == "Binary" and PRECEDENCE[left.text] == level and node.text != "**"
        if chained:
            self._chained.add(id(left))
        before = [left] if chained else self._operand(left)
        after = ["tick(", right, ")"] if ticking else self._operand(right)
        parts = [*before, operator, *after]
        if self._bigints and node.text in _GROWING and id(node) not in self._chained:
            return ["grown(", *parts, ")"]
        return parts

    def _unary(self, node: Node) -> Parts:
        (operand,) = node.children
        if id(node) in self._ticking:
            return [f"{node.text} tick(", operand, ")"]
        return [f"{node.text} ", *([operand] if operand.kind == "Unary" else self._operand(operand))]

    def _update(self, node: Node) -> Parts:
        (target,) = node.children
        return self._ticked(node, [node.text, target] if node.form == "prefix" else [target, node.text])

    def _assign(self, node: Node) -> Parts:
        target, value = node.children
        operator = node.text[:-1]
        if self._bigints and (operator == "**" or operator in _GROWING):
            return self._grown_assignment(node, operator)
        if id(node) in self._ticking:
            return [target, f"{node.text}tick(", value, ")"]
        return [target, node.text, *taken(target, value)]

    def _grown_assignment(self, node: Node, operator: str) -> Parts:
        """`x *= y` as `x = grown(x * y)`: what is too long is not to be assigned."""
        target, value = node.children
        if not _is_repeatable(target):
            raise CodeError(f"Where BigInts are, {node.text} needs a name or a member of one on its left", node.start)
        if operator == "**":
            return [target, "=power(", target, ",tick(", value, "))"]
        return [target, "=grown(", target, f"{operator}tick(", value, "))"]

    def _conditional(self, node: Node) -> Parts:
        test, yes, no = node.children
        return [*self._operand(test), "?", yes, ":", no]

    def _paren(self, node: Node) -> Parts:
        (inner,) = node.children
        return [inner] if inner.kind in _IN_PARENTHESES else ["(", inner, ")"]

    def _yield(self, node: Node) -> Parts:
        return [f"(yield{node.form} ", *node.children, ")"]

    # Members and calls

    def _member(self, node: Node) -> Parts:
        return self._access(node, ticking=id(node) in self._ticking)

    def _access(self, node: Node, *, ticking: bool) -> Parts:
        """A member, with a look at the clock before a call of it."""
        parts = self._based(node.children[0])
        if node.computed:
            key: Parts = ["tick(", node.children[1], ")"] if ticking else [node.children[1]]
            return [*parts, "?.[" if node.optional else "[", *self._written_key(node, key), "]"]
        if ticking:
            return [*parts, f"{'?.' if node.optional else ''}[tick({text_literal(node.text)})]"]
        if not node.optional:
            return [*parts, access(node.text)]
        return [*parts, f"?.{node.text if is_plain(node.text) else access(node.text)}"]

    def _written_key(self, node: Node, key: Parts) -> Parts:
        """The computed name `key` of a member; one that is assigned to is looked at, with what it belongs to."""
        if id(node) not in self._assigned or node.children[1].kind == "Literal":
            return key
        owner = node.children[0]
        # It stands before the key, whose code may give the name of the owner to something else.
        known: Parts = [owner] if owner.kind in ("Identifier", "This") else ["(void 0)"]
        return ["writable(", *known, ",", *key, ")"]

    def _call(self, node: Node) -> Parts:
        if self._is_choice(node):
            return self._choice(node)
        if self._is_extension(node):
            return self._extension(node)
        callee, *arguments = node.children
        ticking = id(node) in self._ticking
        opening = "?.(" if node.optional else "("
        if callee.kind == "Member":
            return [*self._access(callee, ticking=ticking), opening, *listed(arguments), ")"]
        return [*self._based(callee), opening, *self._arguments(arguments, ticking=ticking), ")"]

    def _arguments(self, arguments: list[Node], *, ticking: bool) -> Parts:
        if not ticking:
            return listed(arguments)
        if not arguments:
            return ["...tick([])"]
        first, *rest = arguments
        if first.kind == "Spread":
            return ["...tick(", first.children[0], ")", *listed([first, *rest])[1:]]
        return ["tick(", first, ")", *listed([first, *rest])[1:]]

    def _is_extension(self, node: Node) -> bool:
        callee = node.children[0]
        return (
            callee.kind == "Member"
            and not callee.computed
            and callee.text in self._extensions
            and callee.children[0].kind != "Super"
        )

    def _extension(self, node: Node) -> Parts:
        """`x.name(args)` → `extend(x,"name",[args])` where `name` is an extension method (n8n)."""
        callee, *arguments = node.children
        # `x?.name()` is undefined if x is, `x.name?.()` also if x does not have such a method.
        optional = id(callee) in self._optional
        function = "extendMaybe" if node.optional else "extendOptional" if optional else "extend"
        name = text_literal(callee.text)
        if id(node) in self._ticking:
            name = f"tick({name})"
        return [f"{function}(", callee.children[0], f",{name},[", *listed(arguments), "])"]

    def _is_choice(self, node: Node) -> bool:
        callee, *arguments = node.children
        return (
            callee.kind == "Identifier"
            and callee.text == self._choice_name
            and len(arguments) >= 2
            and not any(argument.kind == "Spread" for argument in arguments[:3])
        )

    def _choice(self, node: Node) -> Parts:
        """`$if(test, yes, no)` → `(test?yes:no)`, so that only one of the two is evaluated (n8n)."""
        test, yes, *rest = node.children[1:]
        no: Parts = [rest[0]] if rest else ["false"]
        return ["(", *self._operand(test), "?", yes, ":", *no, ")"]

    def _new(self, node: Node) -> Parts:
        callee, *arguments = node.children
        return ["new(", callee, ")(", *self._arguments(arguments, ticking=id(node) in self._ticking), ")"]

    def _case(self, node: Node) -> Parts:
        test, *statements = node.children
        if test.kind == "Hole":
            return ["default:", *statements]
        return ["case ", *self._ticked(node, [test]), ":", *statements]


def _is_repeatable(target: Node) -> bool:
    """Whether `target` may be evaluated twice: a name, or a member of one whose key is as simple."""
    if target.kind != "Member":
        return target.kind == "Identifier"
    owner, *keys = target.children
    return owner.kind in ("Identifier", "This") and all(key.kind in ("Identifier", "Literal") for key in keys)


def _targets(node: Node) -> Iterable[Node]:
    """The members that `node` assigns to by itself."""
    match node.kind:
        case "Assign" | "Update" | "Default" | "Rest" | "ForIn" | "ForOf":
            targets: Iterable[Node] = node.children[:1]
        case "ArrayPattern":
            targets = node.children
        case "ObjectPattern":
            targets = [child.children[1] for child in node.children if child.kind == "Property"]
        case _:
            return
    for target in targets:
        while target.kind == "Paren":
            target = target.children[0]
        if target.kind == "Member":
            yield target


def _kinds() -> Iterable[tuple[str, Callable[[Printer, Node], Parts]]]:
    yield "Array", Printer._array
    yield "Arrow", lambda _, node: arrow_parts(node)
    yield "Assign", Printer._assign
    yield "Binary", Printer._binary
    yield "Call", Printer._call
    yield "Case", Printer._case
    yield "Class", lambda _, node: ["(", *class_parts(node), ")"]
    yield "Conditional", Printer._conditional
    yield "Function", lambda _, node: ["(", *function_parts(node), ")"]
    yield "Identifier", Printer._identifier
    yield "Literal", Printer._literal
    yield "Member", Printer._member
    yield "Meta", lambda _, node: [node.text]
    yield "New", Printer._new
    yield "Object", Printer._object
    yield "Paren", Printer._paren
    yield "Property", Printer._property
    yield "Regex", Printer._regex
    yield "Sequence", lambda _, node: listed(node.children)
    yield "Spread", Printer._spread
    yield "Super", lambda _, __: ["super"]
    yield "Tagged", Printer._tagged
    yield "Template", Printer._template
    yield "This", Printer._this
    yield "Unary", Printer._unary
    yield "Update", Printer._update
    yield "Yield", Printer._yield


_EXPRESSIONS = dict(_kinds())
