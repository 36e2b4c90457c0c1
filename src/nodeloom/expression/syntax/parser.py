"""Expressions (ECMA-262 13), by precedence climbing.

Parameters of arrow functions and targets of assignments are read as the expressions they look like, and made what
they are by `destructuring`.
"""

from __future__ import annotations

from nodeloom.expression.syntax import destructuring
from nodeloom.expression.syntax.lexemes import chunk_texts, number_value
from nodeloom.expression.syntax.nodes import CodeError, Node
from nodeloom.expression.syntax.operators import ASSIGNMENTS, PRECEDENCE, UNARY
from nodeloom.expression.syntax.statements import StatementParser
from nodeloom.expression.syntax.tokenreader import RESERVED, not_available
from nodeloom.expression.syntax.tokens import Token, read_template_part
from nodeloom.expression.words import words

#: Characters that the code of one block may have.
MAX_LENGTH = 100_000

_NOT_AT_START = words(
    "if for while do var let const return throw function class switch try break continue debugger with import export"
)
_LITERALS = frozenset(("null", "true", "false"))
_REGEX_FLAGS = frozenset("dgimsuvy")


def parse_expression(code: str) -> Node:
    """The tree of the first statement of `code`, which must be an expression.

    Code that begins with `{` is an object literal. Further statements must be well formed and are ignored
    (n8n 2.41).

    Raises:
        CodeError: `code` is not valid JavaScript, does not begin with an expression, or is too long.
    """
    if len(code) > MAX_LENGTH:
        raise CodeError(f"The code of one block may have at most {MAX_LENGTH:,} characters", MAX_LENGTH)
    parser = Parser(code)
    token = parser.peek(operand=True)
    if token.kind == "end":
        raise CodeError("There is no expression here", token.start)
    if token.kind == "name" and token.text in _NOT_AT_START:
        raise CodeError(f"An expression is needed here, not a statement that begins with {token.text!r}", token.start)
    try:
        node = parser.expression()
        parser.end_statement()
        while parser.peek(operand=True).kind != "end":
            parser.statement()
    except RecursionError:
        raise CodeError("The expression is nested too deeply", token.start) from None
    for place in sorted(parser.covers):
        raise parser.covers[place]
    return node


class Parser(StatementParser):
    """A parser at some place in its source; every method reads one production and leaves the place behind it."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self._assignment_start = -1  # where the assignment that is being read begins: only there an arrow function may

    def expression(self, *, no_in: bool = False) -> Node:
        """Expression: assignments joined by commas."""
        first = self.assignment(no_in=no_in)
        if not self.look(","):
            return first
        parts = [first]
        while self.accept(","):
            parts.append(self.assignment(no_in=no_in))
        return Node("Sequence", first.start, self.last_end, tuple(parts))

    def assignment(self, *, no_in: bool = False) -> Node:
        """AssignmentExpression, with arrow functions and `yield`."""
        self.deeper()
        try:
            return self._assignment(no_in)
        finally:
            self.depth -= 1

    def _assignment(self, no_in: bool) -> Node:
        token = self.peek(operand=True)
        if token.kind == "name":
            if self.in_generator and token.text == "yield":
                return self._yield(no_in)
            arrow = self._arrow_of_name(token)
            if arrow is not None:
                return arrow
        self._assignment_start = token.start
        left = self._conditional(no_in)
        if left.kind == "Arrow":
            return left
        operator = self.peek()
        if operator.kind != "punctuation":
            return left
        if operator.text == "=>" and left.kind == "Call" and left.children[0].text == "async":
            raise not_available("async is", left.start)
        if operator.text in ASSIGNMENTS:
            plain = operator.text == "="
            target = destructuring.assigned(left, self.covers) if plain else destructuring.simple_target(left)
            self.next()
            right = self.assignment(no_in=no_in)
            return Node("Assign", left.start, right.end, (target, right), text=operator.text)
        return left

    def _yield(self, no_in: bool) -> Node:
        start = self.next(operand=True)
        token = self.peek(operand=True)
        ends = token.kind == "punctuation" and token.text in (")", "]", "}", ",", ";", ":")
        if token.newline or token.kind == "end" or ends or token.text in ("of", "in"):
            return Node("Yield", start.start, start.end)
        form = "*" if self.accept("*", operand=True) else ""
        value = self.assignment(no_in=no_in)
        return Node("Yield", start.start, value.end, (value,), form=form)

    def _arrow_of_name(self, token: Token) -> Node | None:
        """`x => …`; None, with nothing read, if the name begins something else."""
        if token.text in RESERVED:
            return None
        before = self.at, self.last_end
        self.next(operand=True)
        after = self.peek()
        if after.text == "=>" and not after.newline:
            return self._arrow(token.start, [self.identifier(token)])
        if token.text == "async" and after.kind == "name" and not after.newline:
            if after.text == "function" or after.text not in RESERVED:
                raise not_available("async is", token.start)
        elif token.text == "await" and after.kind in ("name", "string", "number", "regex"):
            raise not_available("await is", token.start)
        self.move_to(before[0])
        self.last_end = before[1]
        return None

    def _arrow(self, start: int, parts: list[Node]) -> Node:
        parameters = destructuring.parameters(parts, self.covers)
        self.expect("=>")
        return self.arrow_body(start, parameters)

    def _conditional(self, no_in: bool) -> Node:
        test = self._binary(1, no_in)
        if test.kind == "Arrow" or not self.accept("?"):
            return test
        yes = self.assignment()
        self.expect(":")
        no = self.assignment(no_in=no_in)
        return Node("Conditional", test.start, no.end, (test, yes, no))

    def _binary(self, lowest: int, no_in: bool) -> Node:
        left = self._unary()
        if left.kind == "Arrow":
            return left
        while True:
            operator = self.peek()
            level = PRECEDENCE.get(operator.text, 0) if operator.kind in ("punctuation", "name") else 0
            if level < lowest or level == 0 or (no_in and operator.text == "in"):
                return left
            self.next()
            if operator.text == "**":
                if left.kind == "Unary":
                    raise CodeError("Parentheses are needed around what ** has on its left", left.start)
                self.deeper()
                right = self._binary(level, no_in)
                self.depth -= 1
            else:
                right = self._binary(level + 1, no_in)
            self._refuse_mixture(operator, left, right)
            left = Node("Binary", left.start, right.end, (left, right), text=operator.text)

    def _refuse_mixture(self, operator: Token, left: Node, right: Node) -> None:
        """`??` needs parentheses beside `||` and `&&` (ECMA-262 13.13)."""
        if operator.text not in ("??", "||", "&&"):
            return
        others = ("||", "&&") if operator.text == "??" else ("??",)
        for side in (left, right):
            if side.kind == "Binary" and side.text in others:
                raise CodeError(f"Parentheses are needed where {operator.text} meets {side.text}", operator.start)

    def _unary(self) -> Node:
        token = self.peek(operand=True)
        if token.kind not in ("punctuation", "name") or (token.text not in UNARY and token.text not in ("++", "--")):
            return self._postfix()
        self.next(operand=True)
        self.deeper()
        operand = self._unary()
        self.depth -= 1
        if token.text in ("++", "--"):
            target = destructuring.simple_target(operand)
            return Node("Update", token.start, operand.end, (target,), text=token.text, form="prefix")
        if token.text == "delete" and _unwrap(operand).kind == "Identifier":
            raise CodeError("A name cannot be deleted, only a property", token.start)
        return Node("Unary", token.start, operand.end, (operand,), text=token.text)

    def _postfix(self) -> Node:
        node = self.left_hand_side()
        if node.kind == "Arrow":
            return node
        token = self.peek()
        if token.text in ("++", "--") and token.kind == "punctuation" and not token.newline:
            target = destructuring.simple_target(node)
            self.next()
            return Node("Update", node.start, token.end, (target,), text=token.text, form="postfix")
        return node

    def left_hand_side(self, *, calls: bool = True) -> Node:
        """A primary expression and the accesses and calls that follow it; `calls=False` inside `new`."""
        node = self._new() if self.look("new", operand=True) else self.primary()
        if node.kind == "Arrow":
            return node
        in_chain = False
        while True:
            token = self.peek()
            if token.kind == "template":
                if in_chain:
                    raise CodeError("A template cannot be tagged within an optional chain", token.start)
                quasi = self._template(tagged=True)
                node = Node("Tagged", node.start, quasi.end, (node, quasi))
            elif token.kind != "punctuation":
                return node
            elif token.text == ".":
                self.next()
                node = self._property(node, optional=False)
            elif token.text == "[":
                node = self._computed(node, optional=False)
            elif token.text == "(" and calls:
                node = self._call(node, optional=False)
            elif token.text == "?.":
                if not calls or node.kind == "Super":
                    raise self.unexpected(token)
                in_chain = True
                node = self._optional(node)
            else:
                return node

    def _optional(self, node: Node) -> Node:
        self.next()
        if self.look("("):
            return self._call(node, optional=True)
        if self.look("["):
            return self._computed(node, optional=True)
        return self._property(node, optional=True)

    def _property(self, owner: Node, *, optional: bool) -> Node:
        name = self.next()
        if name.kind != "name":
            raise self.unexpected(name, ", expected a property name")
        return Node(
            "Member", owner.start, name.end, (owner,), text=self.name_of(name), optional=optional, inner=name.start
        )

    def _computed(self, owner: Node, *, optional: bool) -> Node:
        bracket = self.expect("[")
        key = self.expression()
        end = self.expect("]").end
        return Node("Member", owner.start, end, (owner, key), computed=True, optional=optional, inner=bracket.start)

    def _call(self, callee: Node, *, optional: bool) -> Node:
        opening = self.peek().start
        arguments = self._arguments()
        return Node("Call", callee.start, self.last_end, (callee, *arguments), optional=optional, inner=opening)

    def _arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        arguments: list[Node] = []
        while not self.accept(")", operand=True):
            arguments.append(self._spread_or_assignment())
            if not self.look(")"):
                self.expect(",")
        return tuple(arguments)

    def _spread_or_assignment(self) -> Node:
        token = self.peek(operand=True)
        if token.text == "..." and token.kind == "punctuation":
            self.next(operand=True)
            value = self.assignment()
            return Node("Spread", token.start, value.end, (value,))
        return self.assignment()

    def _new(self) -> Node:
        start = self.expect("new", operand=True).start
        if self.accept("."):
            name = self.next()
            if name.text != "target" or not self.around:
                raise CodeError("new.target stands only within functions", start)
            return Node("Meta", start, name.end, text="new.target")
        self.deeper()
        callee = self.left_hand_side(calls=False)
        self.depth -= 1
        arguments = self._arguments() if self.look("(") else ()
        return Node("New", start, self.last_end, (callee, *arguments))

    def primary(self) -> Node:
        """PrimaryExpression, functions and classes included."""
        token = self.peek(operand=True)
        if token.kind == "name":
            return self._named(token)
        if token.kind in ("string", "number", "regex"):
            self.next(operand=True)
            return self._literal(token)
        if token.kind == "template":
            return self._template()
        if token.kind == "punctuation" and token.text == "(":
            return self._parenthesised()
        if token.kind == "punctuation" and token.text == "[":
            return self._array()
        if token.kind == "punctuation" and token.text == "{":
            return self.object()
        raise self.unexpected(token)

    def _literal(self, token: Token) -> Node:
        if token.kind == "string":
            return Node("Literal", token.start, token.end, text="string", value=self.text_of(token))
        if token.kind == "regex":
            pattern, _, flags = token.text[1:].rpartition("/")
            if not _REGEX_FLAGS.issuperset(flags) or len(set(flags)) < len(flags):
                raise CodeError(f"{flags!r} are not flags of a regular expression", token.end - len(flags))
            return Node("Regex", token.start, token.end, text=pattern, value=flags)
        if token.text.endswith("n"):
            digits = token.text[:-1].replace("_", "").lower()
            return Node("Literal", token.start, token.end, text="bigint", value=digits)
        return Node("Literal", token.start, token.end, text="number", value=number_value(token.text))

    def _named(self, token: Token) -> Node:
        word = token.text
        if word == "function":
            return self.function()
        if word == "class":
            return self.class_()
        if word == "import":
            raise not_available("import is", token.start)
        self.next(operand=True)
        if word in _LITERALS:
            return Node("Literal", token.start, token.end, text=word)
        if word == "this":
            return Node("This", token.start, token.end, text=self.around)
        if word == "super":
            if not (self.look("(") or self.look(".") or self.look("[")):
                raise self.unexpected(token)
            return Node("Super", token.start, token.end)
        return self.identifier(token)

    def _template(self, *, tagged: bool = False) -> Node:
        opening = self.next(operand=True)
        at, parts = opening.end, list[Node]()
        while True:
            end, more = read_template_part(self.source, at)
            chunk_end = end - 2 if more else end - 1
            raw, cooked = chunk_texts(self.source[at:chunk_end])
            if cooked is None and not tagged:
                raise CodeError("This template holds an escape that JavaScript does not have", at)
            parts.append(Node("Chunk", at, chunk_end, text=raw, value=cooked))
            self.move_to(end)
            if not more:
                return Node("Template", opening.start, end, tuple(parts))
            parts.append(self.expression())
            at = self.expect("}").end

    def _parenthesised(self) -> Node:
        opening = self.next(operand=True)
        may_be_arrow = opening.start == self._assignment_start
        parts: list[Node] = []
        only_parameters: Token | None = None
        while not self.look(")", operand=True):
            if self.look("...", operand=True):
                only_parameters = self.peek(operand=True)
            parts.append(self._spread_or_assignment())
            if self.look(","):
                comma = self.next()
                if self.look(")", operand=True):
                    only_parameters = comma
            elif not self.look(")"):
                raise self.unexpected(self.peek(), ", expected ')'")
        closing = self.next(operand=True)
        arrow = self.peek()
        if arrow.text == "=>" and not arrow.newline and may_be_arrow:
            return self._arrow(opening.start, parts)
        if only_parameters is not None or not parts:
            raise self.unexpected(only_parameters or closing)
        inner = parts[0] if len(parts) == 1 else Node("Sequence", parts[0].start, parts[-1].end, tuple(parts))
        return Node("Paren", opening.start, closing.end, (inner,))

    def _array(self) -> Node:
        opening = self.next(operand=True)
        parts: list[Node] = []
        while not self.look("]", operand=True):
            comma = self.peek(operand=True)
            if self.accept(",", operand=True):
                parts.append(Node("Hole", comma.start, comma.start))
                continue
            parts.append(self._spread_or_assignment())
            if not self.look("]"):
                self.expect(",")
        closing = self.next(operand=True)
        return Node("Array", opening.start, closing.end, tuple(parts))


def _unwrap(node: Node) -> Node:
    while node.kind == "Paren":
        node = node.children[0]
    return node
