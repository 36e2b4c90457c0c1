"""Expressions (ECMA-262 13), by precedence climbing.

Parameters of arrow functions and targets of destructuring are read as the expressions they look like; the
tree keeps them so.
"""

from __future__ import annotations

from nodeloom.expression.syntax.nodes import CodeError, Node
from nodeloom.expression.syntax.reader import MAX_DEPTH, RESERVED
from nodeloom.expression.syntax.statements import StatementParser
from nodeloom.expression.syntax.tokens import Token, number_value, read_template_part, string_value
from nodeloom.expression.words import words

_PRECEDENCE = {
    operator: level
    for level, operators in enumerate(
        [
            "??",
            "||",
            "&&",
            "|",
            "^",
            "&",
            "== != === !==",
            "< > <= >= in instanceof",
            "<< >> >>>",
            "+ -",
            "* / %",
            "**",
        ],
        start=1,
    )
    for operator in operators.split()
}
_ASSIGNMENTS = words("= += -= *= /= %= **= <<= >>= >>>= &= |= ^= &&= ||= ??=")
_UNARY = words("! ~ + - typeof void delete")
_NOT_AT_START = words(
    "if for while do var let const return throw function class switch try break continue debugger with import export"
)
_LITERALS = frozenset(("null", "true", "false"))


def parse_expression(code: str) -> Node:
    """The tree of the first statement of `code`, which must be an expression.

    Code that begins with `{` is an object literal. Further statements must be well formed and are ignored
    (n8n 2.41).

    Raises:
        CodeError: `code` is no valid JavaScript, or does not begin with an expression.
    """
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
    return node


class Parser(StatementParser):
    """A parser at some place in its source; every method reads one production and leaves the place behind it."""

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
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CodeError("The expression is nested too deeply", self.at)
        try:
            return self._assignment(no_in)
        finally:
            self.depth -= 1

    def _assignment(self, no_in: bool) -> Node:
        token = self.peek(operand=True)
        if self.in_generator and token.text == "yield":
            return self._yield(no_in)
        if token.kind == "name" and (arrow := self._arrow_of_name(token)) is not None:
            return arrow
        left = self._conditional(no_in)
        operator = self.peek()
        if operator.text == "=>" and not operator.newline and left.kind == "Call" and left.children[0].text == "async":
            return self._arrow(left.start, left.children[1:], is_async=True)
        if operator.kind == "punctuation" and operator.text in _ASSIGNMENTS:
            if left.kind not in ("Identifier", "Member", "Array", "Object", "Paren"):
                raise CodeError("This cannot be assigned to", left.start)
            self.next()
            right = self.assignment(no_in=no_in)
            return Node("Assign", left.start, right.end, (left, right), text=operator.text)
        return left

    def _yield(self, no_in: bool) -> Node:
        start = self.next(operand=True)
        token = self.peek(operand=True)
        if token.newline or token.kind == "end" or token.text in (")", "]", "}", ",", ";", ":"):
            return Node("Yield", start.start, start.end)
        self.accept("*", operand=True)
        value = self.assignment(no_in=no_in)
        return Node("Yield", start.start, value.end, (value,))

    def _arrow_of_name(self, token: Token) -> Node | None:
        """`x => …` or `async x => …`; None, with nothing read, if the name begins something else."""
        if token.text in RESERVED:
            return None
        before = self.at, self.last_end
        self.next(operand=True)
        after = self.peek()
        if after.text == "=>" and not after.newline:
            return self._arrow(token.start, (self.identifier(token),), is_async=False)
        if token.text == "async" and after.kind == "name" and not after.newline and after.text not in RESERVED:
            self.next()
            if self.look("=>"):
                return self._arrow(token.start, (self.identifier(after),), is_async=True)
        self.move_to(before[0])
        self.last_end = before[1]
        return None

    def _arrow(self, start: int, parameters: tuple[Node, ...], *, is_async: bool) -> Node:
        self.expect("=>")
        return self.arrow_body(start, parameters, is_async=is_async)

    def _conditional(self, no_in: bool) -> Node:
        test = self._binary(1, no_in)
        if not self.accept("?"):
            return test
        yes = self.assignment()
        self.expect(":")
        no = self.assignment(no_in=no_in)
        return Node("Conditional", test.start, no.end, (test, yes, no))

    def _binary(self, lowest: int, no_in: bool) -> Node:
        left = self._unary()
        while True:
            operator = self.peek()
            level = _PRECEDENCE.get(operator.text, 0) if operator.kind in ("punctuation", "name") else 0
            if level < lowest or level == 0 or (no_in and operator.text == "in"):
                return left
            self.next()
            right = self._binary(level if operator.text == "**" else level + 1, no_in)
            left = Node("Binary", left.start, right.end, (left, right), text=operator.text)

    def _unary(self) -> Node:
        token = self.peek(operand=True)
        is_unary = token.kind in ("punctuation", "name") and (
            token.text in _UNARY or token.text in ("++", "--") or (self.in_async and token.text == "await")
        )
        if not is_unary:
            return self._postfix()
        self.next(operand=True)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CodeError("The expression is nested too deeply", self.at)
        operand = self._unary()
        self.depth -= 1
        kind = {"++": "Update", "--": "Update", "await": "Await"}.get(token.text, "Unary")
        return Node(kind, token.start, operand.end, (operand,), text=token.text)

    def _postfix(self) -> Node:
        node = self.left_hand_side()
        token = self.peek()
        if token.text in ("++", "--") and token.kind == "punctuation" and not token.newline:
            self.next()
            return Node("Update", node.start, token.end, (node,), text=token.text)
        return node

    def left_hand_side(self, *, calls: bool = True) -> Node:
        """A primary expression and the accesses and calls that follow it; `calls=False` inside `new`."""
        node = self._new() if self.look("new", operand=True) else self.primary()
        if node.kind in ("Arrow",):
            return node
        while True:
            token = self.peek()
            if token.kind == "template":
                quasi = self._template()
                node = Node("Tagged", node.start, quasi.end, (node, quasi))
            elif token.text == "." and token.kind == "punctuation":
                self.next()
                node = self._property(node, optional=False)
            elif token.text == "[" and token.kind == "punctuation":
                node = self._computed(node, optional=False)
            elif token.text == "(" and token.kind == "punctuation" and calls:
                node = self._call(node, optional=False)
            elif token.text == "?." and calls:
                self.next()
                if self.look("("):
                    node = self._call(node, optional=True)
                elif self.look("["):
                    node = self._computed(node, optional=True)
                else:
                    node = self._property(node, optional=True)
            else:
                return node

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
            if not self.in_function:
                raise CodeError("new.target stands only within functions", start)
            return Node("Meta", start, name.end, text=f"new.{name.text}")
        callee = self.left_hand_side(calls=False)
        arguments = self._arguments() if self.look("(") else ()
        return Node("New", start, self.last_end, (callee, *arguments))

    def primary(self) -> Node:
        """PrimaryExpression, functions and classes included."""
        token = self.peek(operand=True)
        if token.kind == "string":
            self.next(operand=True)
            return Node("Literal", token.start, token.end, text="string", value=string_value(token.text))
        if token.kind == "number":
            self.next(operand=True)
            return Node("Literal", token.start, token.end, text="number", value=number_value(token.text))
        if token.kind == "regex":
            self.next(operand=True)
            return Node("Literal", token.start, token.end, text="regex")
        if token.kind == "template":
            return self._template()
        if token.kind == "name":
            return self._named(token)
        if token.text == "(":
            return self._parenthesised()
        if token.text == "[":
            return self._array()
        if token.text == "{":
            return self.object()
        raise self.unexpected(token)

    def _named(self, token: Token) -> Node:
        word = token.text
        if word == "function":
            return self.function()
        if word == "class":
            return self.class_()
        self.next(operand=True)
        if word == "async":
            after = self.peek()
            if after.text == "function" and not after.newline:
                return self.function(start=token.start, is_async=True)
        if word in _LITERALS:
            return Node("Literal", token.start, token.end, text=word)
        if word in ("this", "super"):
            return Node(word.title(), token.start, token.end)
        if word == "import":
            raise CodeError("import is not available in expressions", token.start)
        return self.identifier(token)

    def _template(self) -> Node:
        opening = self.next(operand=True)
        at, parts = opening.end, list[Node]()
        while True:
            end, more = read_template_part(self.source, at)
            self.move_to(end)
            if not more:
                value = self.source[opening.end : end - 1] if not parts else None
                return Node("Template", opening.start, end, tuple(parts), value=value)
            parts.append(self.expression())
            at = self.expect("}").end

    def _parenthesised(self) -> Node:
        opening = self.next(operand=True)
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
        if arrow.text == "=>" and not arrow.newline:
            return self._arrow(opening.start, tuple(parts), is_async=False)
        if only_parameters is not None or not parts:
            raise self.unexpected(only_parameters or closing)
        inner = parts[0] if len(parts) == 1 else Node("Sequence", parts[0].start, parts[-1].end, tuple(parts))
        return Node("Paren", opening.start, closing.end, (inner,))

    def _array(self) -> Node:
        opening = self.next(operand=True)
        parts: list[Node] = []
        while not self.look("]", operand=True):
            if self.accept(",", operand=True):
                continue
            parts.append(self._spread_or_assignment())
            if not self.look("]"):
                self.expect(",")
        closing = self.next(operand=True)
        return Node("Array", opening.start, closing.end, tuple(parts))
