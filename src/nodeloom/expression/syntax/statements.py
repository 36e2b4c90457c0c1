"""Statements (ECMA-262 14): what a function's body may hold."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from nodeloom.expression.syntax import destructuring
from nodeloom.expression.syntax.memberparser import MemberParser
from nodeloom.expression.syntax.nodes import CodeError, Node, hole
from nodeloom.expression.syntax.tokenreader import RESERVED, not_available
from nodeloom.expression.syntax.tokens import Token
from nodeloom.expression.words import words

#: Statements may be nested so deep, counted with the expressions they stand in.
_MAX_DEPTH = 60
_DECLARATIONS = words("Declare FunctionDeclaration ClassDeclaration")


class StatementParser(MemberParser):
    """The half of the parser that does not depend on operators."""

    @abstractmethod
    def expression(self, *, no_in: bool = False) -> Node:
        """Expression."""

    def statement(self) -> Node:
        """Statement or declaration."""
        token = self.peek(operand=True)
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise CodeError("The code is nested too deeply", token.start)
        try:
            return self._statement(token)
        finally:
            self.depth -= 1

    def block(self) -> Node:
        """Statements between braces."""
        opening = self.expect("{", operand=True)
        parts: list[Node] = []
        while not self.accept("}", operand=True):
            parts.append(self.statement())
        return Node("Block", opening.start, self.last_end, tuple(parts))

    def _statement(self, token: Token) -> Node:
        word = token.text if token.kind in ("name", "punctuation") else ""
        if word == "{":
            return self.block()
        if self.accept(";", operand=True):
            return Node("Empty", token.start, token.end)
        if word == "function":
            return self.function(kind="FunctionDeclaration")
        if word == "class":
            return self.class_(kind="ClassDeclaration")
        if word in ("var", "const") or (word == "let" and self._declares()):
            node = self._declare(no_in=False)
            self.end_statement()
            node.end = self.last_end
            return node
        if word in _NOT_AVAILABLE:
            raise not_available(f"{word} is", token.start)
        if word in _STATEMENTS:
            self.next(operand=True)
            read: Callable[[int], Node] = getattr(self, f"_statement_{word}")
            node = read(token.start)
            node.end = self.last_end
            return node
        return self._expression_statement(token)

    def _body(self) -> Node:
        """The one statement that belongs to another one, which may declare nothing but `var`."""
        node = self.statement()
        if node.kind in _DECLARATIONS and node.text != "var":
            raise CodeError("A declaration needs braces around it here", node.start)
        return node

    def _declares(self) -> bool:
        """Whether the `let` that comes next declares something, and is not a name."""
        before = self.at, self.last_end
        self.next(operand=True)
        after = self.peek()
        self.move_to(before[0])
        self.last_end = before[1]
        return after.text in ("[", "{") or (after.kind == "name" and after.text not in ("in", "instanceof"))

    def _declare(self, *, no_in: bool) -> Node:
        word = self.next(operand=True)
        parts = [self._declarator(no_in=no_in)]
        while self.accept(","):
            parts.append(self._declarator(no_in=no_in))
        return Node("Declare", word.start, self.last_end, tuple(parts), text=word.text)

    def _declarator(self, *, no_in: bool) -> Node:
        target = self.binding()
        value = self.assignment(no_in=no_in) if self.accept("=") else hole(target.end)
        return Node("Declarator", target.start, value.end, (target, value))

    def _expression_statement(self, token: Token) -> Node:
        if token.kind == "name" and token.text not in RESERVED:
            before = self.at, self.last_end
            label = self.next(operand=True)
            if self.accept(":"):
                name = self.identifier(label).text
                body = self._body()
                return Node("Labeled", token.start, body.end, (body,), text=name)
            self.move_to(before[0])
            self.last_end = before[1]
        node = self.expression()
        self.end_statement()
        return Node("Expression", token.start, self.last_end, (node,))

    def _head_of_statement(self) -> Node:
        self.expect("(")
        node = self.expression()
        self.expect(")")
        return node

    def _statement_if(self, start: int) -> Node:
        parts = [self._head_of_statement(), self._body()]
        if self.accept("else", operand=True):
            parts.append(self._body())
        return Node("If", start, start, tuple(parts))

    def _statement_while(self, start: int) -> Node:
        return Node("While", start, start, (self._head_of_statement(), self._body()))

    def _statement_do(self, start: int) -> Node:
        body = self._body()
        self.expect("while", operand=True)
        test = self._head_of_statement()
        self.accept(";")
        return Node("Do", start, start, (body, test))

    def _statement_for(self, start: int) -> Node:
        if self.look("await"):
            raise not_available("for await is", start)
        self.expect("(")
        first = self._first_of_for()
        for word, kind in (("of", "ForOf"), ("in", "ForIn")):
            if first.kind != "Hole" and self.accept(word):
                target = self._target_of_for(first)
                value = self.assignment() if word == "of" else self.expression()
                self.expect(")")
                return Node(kind, start, start, (target, value, self._body()))
        parts = [first]
        for closer in (";", ")"):
            self.expect(";")
            parts.append(hole(self.at) if self.look(closer, operand=True) else self.expression())
        self.expect(")", operand=True)
        return Node("For", start, start, (*parts, self._body()))

    def _first_of_for(self) -> Node:
        token = self.peek(operand=True)
        if token.text in ("var", "const") or (token.text == "let" and self._declares()):
            return self._declare(no_in=True)
        return hole(token.start) if token.text == ";" else self.expression(no_in=True)

    def _target_of_for(self, first: Node) -> Node:
        if first.kind != "Declare":
            return destructuring.assigned(first, self.covers)
        if len(first.children) != 1 or first.children[0].children[1].kind != "Hole":
            raise CodeError("One name without a value is needed here", first.start)
        return first

    def _statement_return(self, start: int) -> Node:
        token = self.peek(operand=True)
        empty = token.newline or token.text in (";", "}") or token.kind == "end"
        node = Node("Return", start, start, () if empty else (self.expression(),))
        self.end_statement()
        return node

    def _statement_throw(self, start: int) -> Node:
        token = self.peek(operand=True)
        if token.newline:
            raise CodeError("What is thrown must stand on the line of its throw", token.start)
        value = self.expression()
        self.end_statement()
        return Node("Throw", start, start, (value,))

    def _statement_try(self, start: int) -> Node:
        block = self.block()
        handler = final = hole(self.at)
        if self.accept("catch", operand=True):
            begin = self.last_end
            target = hole(begin)
            if self.accept("("):
                target = self.binding()
                self.expect(")")
            handler = Node("Catch", begin, begin, (target, self.block()))
            handler.end = self.last_end
        if self.accept("finally", operand=True):
            final = self.block()
        if handler.kind == final.kind == "Hole":
            raise self.unexpected(self.peek(), ", expected 'catch' or 'finally'")
        return Node("Try", start, start, (block, handler, final))

    def _statement_switch(self, start: int) -> Node:
        parts = [self._head_of_statement()]
        self.expect("{")
        while not self.accept("}", operand=True):
            parts.append(self._case())
        return Node("Switch", start, start, tuple(parts))

    def _case(self) -> Node:
        token = self.peek(operand=True)
        if self.accept("case", operand=True):
            parts = [self.expression()]
        else:
            self.expect("default", operand=True)
            parts = [hole(self.at)]
        self.expect(":")
        while not any(self.look(word, operand=True) for word in ("case", "default", "}")):
            parts.append(self.statement())
        return Node("Case", token.start, self.last_end, tuple(parts))

    def _statement_break(self, start: int) -> Node:
        return self._jump("Break", start)

    def _statement_continue(self, start: int) -> Node:
        return self._jump("Continue", start)

    def _jump(self, kind: str, start: int) -> Node:
        token = self.peek()
        label = self.identifier(self.next()).text if token.kind == "name" and not token.newline else ""
        self.end_statement()
        return Node(kind, start, start, text=label)


_STATEMENTS = words("if while do for return throw try switch break continue")
_NOT_AVAILABLE = words("with debugger import export")
