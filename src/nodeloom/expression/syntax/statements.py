"""Statements, functions, classes and object literals (ECMA-262 14 and 15): what a function's body may hold."""

from __future__ import annotations

from abc import abstractmethod

from nodeloom.expression.syntax.nodes import CodeError, Node
from nodeloom.expression.syntax.reader import NAME, RESERVED, Reader, name_text
from nodeloom.expression.syntax.tokens import Token, number_value, string_value
from nodeloom.expression.words import words

_PREFIXES = ("get", "set", "async", "static")


class StatementParser(Reader):
    """The half of the parser that does not depend on operators."""

    @abstractmethod
    def expression(self, *, no_in: bool = False) -> Node:
        """Expression."""

    @abstractmethod
    def assignment(self, *, no_in: bool = False) -> Node:
        """AssignmentExpression."""

    @abstractmethod
    def left_hand_side(self, *, calls: bool = True) -> Node:
        """LeftHandSideExpression."""

    @abstractmethod
    def primary(self) -> Node:
        """PrimaryExpression."""

    def name_of(self, token: Token) -> str:
        """The property name that `token` writes. Raises CodeError when its escapes make no name."""
        name = name_text(token.text)
        if "\\" in token.text and not NAME.fullmatch(name):
            raise self.unexpected(token)
        return name

    # Functions

    def arrow_body(self, start: int, parameters: tuple[Node, ...], *, is_async: bool) -> Node:
        """The body of an arrow function whose parameters and `=>` have been read."""
        outer = self.in_async, self.in_generator
        self.in_async, self.in_generator = is_async, False
        body = self._block() if self.look("{", operand=True) else self.assignment()
        self.in_async, self.in_generator = outer
        return Node("Arrow", start, self.last_end, (*parameters, body))

    def function(self, *, start: int | None = None, is_async: bool = False) -> Node:
        """A function expression or declaration, from the word `function` on."""
        opening = self.expect("function", operand=True)
        generator = self.accept("*")
        name = (self.identifier(self.next()),) if self.peek().kind == "name" else ()
        return self._function_rest(
            opening.start if start is None else start, name, is_async=is_async, generator=generator
        )

    def _function_rest(self, start: int, before: tuple[Node, ...], *, is_async: bool, generator: bool) -> Node:
        outer = self.in_async, self.in_generator, self.in_function
        self.in_async, self.in_generator, self.in_function = is_async, generator, True
        self.expect("(")
        parameters: list[Node] = []
        while not self.accept(")", operand=True):
            parameters.append(self._binding())
            if not self.look(")"):
                self.expect(",")
        body = self._block()
        self.in_async, self.in_generator, self.in_function = outer
        return Node("Function", start, self.last_end, (*before, *parameters, body))

    def _binding(self, *, no_in: bool = False) -> Node:
        """A name or a destructuring pattern, with its initial value if it has one."""
        token = self.peek(operand=True)
        if token.text == "..." and token.kind == "punctuation":
            self.next(operand=True)
            inner = self._binding()
            return Node("Spread", token.start, inner.end, (inner,))
        target = self.primary()
        if target.kind not in ("Identifier", "Array", "Object"):
            raise self.unexpected(token)
        if self.accept("="):
            value = self.assignment(no_in=no_in)
            return Node("Assign", target.start, value.end, (target, value), text="=")
        return target

    # Object literals and classes

    def object(self) -> Node:
        """An object literal, or the pattern that looks like one."""
        opening = self.expect("{", operand=True)
        parts: list[Node] = []
        while not self.look("}"):
            parts.append(self._object_member())
            if not self.look("}"):
                self.expect(",")
        closing = self.expect("}")
        return Node("Object", opening.start, closing.end, tuple(parts))

    def _object_member(self) -> Node:
        token = self.peek()
        if token.text == "..." and token.kind == "punctuation":
            self.next()
            value = self.assignment()
            return Node("Spread", token.start, value.end, (value,))
        member = self._member()
        if member is not None:
            return member
        start = self.peek().start
        key = self._key()
        node = Node("Property", start, key.end, (key,), text=key.text, computed=key.kind != "Key")
        if self.accept(":"):
            value = self.assignment()
            node.children, node.end = (key, value), value.end
        elif token.kind == "name" and token.text not in RESERVED:
            node.shorthand = True
            node.children = (Node("Identifier", token.start, token.end, text=key.text),)
            if self.accept("="):
                default = self.assignment()
                node.children, node.end = (*node.children, default), default.end
        else:
            raise self.unexpected(self.peek(), ", expected ':'")
        return node

    def _member(self) -> Node | None:
        """A method or accessor; None, with nothing read, if a plain property or a field stands here."""
        before = self.at, self.last_end
        first = self.peek()
        is_async = generator = False
        while (token := self.peek()).kind == "name" and token.text in _PREFIXES:
            self.next()
            after = self.peek()
            if after.text in ("(", ",", ":", "}", "=", ";"):
                self.move_to(token.start)
                break
            is_async = is_async or token.text == "async"
        generator = self.accept("*")
        if self.peek().text not in ("}", ";"):
            key = self._key()
            if self.look("("):
                body = self._function_rest(key.start, (), is_async=is_async, generator=generator)
                node = Node("Property", first.start, body.end, (key, body), text=key.text, computed=key.kind != "Key")
                node.method = True
                return node
        self.move_to(before[0])
        self.last_end = before[1]
        return None

    def _key(self) -> Node:
        """A property's name: `Key`, or the expression between brackets."""
        token = self.peek()
        if token.text == "[" and token.kind == "punctuation":
            self.next()
            inner = self.assignment()
            self.expect("]")
            return inner
        self.next()
        if token.kind == "string":
            return Node("Key", token.start, token.end, text=string_value(token.text), value=string_value(token.text))
        if token.kind == "number":
            return Node("Key", token.start, token.end, text=token.text, value=number_value(token.text))
        if token.kind == "name":
            return Node("Key", token.start, token.end, text=name_text(token.text))
        if token.text == "#":
            raise CodeError("Private names are not available in expressions", token.start)
        raise self.unexpected(token, ", expected a property name")

    def class_(self) -> Node:
        """A class, from the word `class` on."""
        start = self.expect("class", operand=True).start
        parts: list[Node] = []
        if self.peek().kind == "name" and not self.look("extends"):
            parts.append(self.identifier(self.next()))
        if self.accept("extends"):
            parts.append(self.left_hand_side())
        self.expect("{")
        while not self.accept("}"):
            if not self.accept(";"):
                parts.append(self._class_member())
        return Node("Class", start, self.last_end, tuple(parts))

    def _class_member(self) -> Node:
        member = self._member()
        if member is not None:
            return member
        start = self.peek().start
        if self.accept("static") and self.look("{"):
            raise CodeError("Static blocks are not available in expressions", start)
        key = self._key()
        value = (self.assignment(),) if self.accept("=") else ()
        self.end_statement()
        return Node("Property", start, self.last_end, (key, *value), text=key.text, computed=key.kind != "Key")

    # Statements

    def statement(self) -> Node:
        """Statement or declaration."""
        token = self.peek(operand=True)
        self.depth += 1
        if self.depth > 60:
            raise CodeError("The code is nested too deeply", token.start)
        try:
            parts = self._statement(token)
        finally:
            self.depth -= 1
        return Node(
            "Statement", token.start, self.last_end, tuple(parts), text=token.text if token.kind == "name" else ""
        )

    def _block(self) -> Node:
        opening = self.expect("{", operand=True)
        parts: list[Node] = []
        while not self.accept("}", operand=True):
            parts.append(self.statement())
        return Node("Statement", opening.start, self.last_end, tuple(parts), text="{")

    def _statement(self, token: Token) -> list[Node]:
        word = token.text if token.kind in ("name", "punctuation") else ""
        if word == "{":
            return [self._block()]
        if self.accept(";", operand=True):
            return []
        if word == "function":
            return [self.function()]
        if word == "class":
            return [self.class_()]
        if word in ("var", "const") or (word == "let" and self._declares(token)):
            self.next(operand=True)
            parts = self._declarations(no_in=False)
            self.end_statement()
            return parts
        reader = getattr(self, f"_statement_{word}", None) if token.kind == "name" and word in _STATEMENTS else None
        if reader is not None:
            self.next(operand=True)
            result: list[Node] = reader()
            return result
        return self._expression_statement(token)

    def _declares(self, let: Token) -> bool:
        rest = self.source[let.end :].lstrip()
        return bool(rest) and (rest[0] in "[{$_" or rest[0].isalpha()) and not rest.startswith(("in ", "instanceof "))

    def _declarations(self, *, no_in: bool) -> list[Node]:
        parts = [self._binding(no_in=no_in)]
        while self.accept(","):
            parts.append(self._binding(no_in=no_in))
        return parts

    def _expression_statement(self, token: Token) -> list[Node]:
        if token.kind == "name" and token.text not in RESERVED:
            self.next(operand=True)
            if self.accept(":"):
                return [self.statement()]
            self.move_to(token.start)
        if token.text == "async" and self.source[token.end :].lstrip().startswith("function"):
            self.next(operand=True)
            return [self.function(start=token.start, is_async=True)]
        node = self.expression()
        self.end_statement()
        return [node]

    def _head(self) -> Node:
        self.expect("(")
        node = self.expression()
        self.expect(")")
        return node

    def _statement_if(self) -> list[Node]:
        parts = [self._head(), self.statement()]
        if self.accept("else", operand=True):
            parts.append(self.statement())
        return parts

    def _statement_while(self) -> list[Node]:
        return [self._head(), self.statement()]

    def _statement_do(self) -> list[Node]:
        body = self.statement()
        self.expect("while", operand=True)
        test = self._head()
        self.accept(";")
        return [body, test]

    def _statement_for(self) -> list[Node]:
        self.accept("await")
        self.expect("(")
        parts: list[Node] = []
        token = self.peek(operand=True)
        if token.text in ("var", "const") or (token.text == "let" and self._declares(token)):
            self.next(operand=True)
            parts += self._declarations(no_in=True)
        elif token.text != ";":
            parts.append(self.expression(no_in=True))
        if self.accept("of") or self.accept("in"):
            parts.append(self.expression())
        else:
            for closer in (";", ")"):
                self.expect(";")
                if not self.look(closer, operand=True):
                    parts.append(self.expression())
        self.expect(")", operand=True)
        parts.append(self.statement())
        return parts

    def _statement_return(self) -> list[Node]:
        token = self.peek(operand=True)
        parts = [] if token.newline or token.text in (";", "}") or token.kind == "end" else [self.expression()]
        self.end_statement()
        return parts

    def _statement_throw(self) -> list[Node]:
        value = self.expression()
        self.end_statement()
        return [value]

    def _statement_try(self) -> list[Node]:
        parts = [self._block()]
        if self.accept("catch", operand=True):
            if self.accept("("):
                parts.append(self._binding())
                self.expect(")")
            parts.append(self._block())
        if self.accept("finally", operand=True):
            parts.append(self._block())
        return parts

    def _statement_switch(self) -> list[Node]:
        parts = [self._head()]
        self.expect("{")
        while not self.accept("}", operand=True):
            if self.accept("case", operand=True):
                parts.append(self.expression())
            else:
                self.expect("default", operand=True)
            self.expect(":")
            while not (
                self.look("case", operand=True) or self.look("default", operand=True) or self.look("}", operand=True)
            ):
                parts.append(self.statement())
        return parts

    def _statement_break(self) -> list[Node]:
        token = self.peek()
        if token.kind == "name" and not token.newline:
            self.next()
        self.end_statement()
        return []

    _statement_continue = _statement_break

    def _statement_debugger(self) -> list[Node]:
        self.end_statement()
        return []


_STATEMENTS = words("if while do for return throw try switch break continue debugger")
