"""Functions, classes and object literals (ECMA-262 13.2.5, 15)."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from nodeloom.expression.syntax import destructuring
from nodeloom.expression.syntax.lexemes import number_value, string_value
from nodeloom.expression.syntax.nodes import CodeError, Node, hole
from nodeloom.expression.syntax.tokenreader import RESERVED, Reader, not_available
from nodeloom.expression.syntax.tokens import Token
from nodeloom.expression.text import number_text

# What ends a member's name; a word such as `get` before it is the name itself.
_AFTER_NAME = ("(", ",", ":", "}", "=", ";")


class _Head(NamedTuple):
    """What stands before the parameters or the value of a member."""

    first: Token
    form: str  # get, set or ""
    static: bool
    generator: bool
    key: Node


class MemberParser(Reader):
    """The part of the parser that reads functions and what is made of named members."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        #: By position, objects that may stand only where something is assigned to them.
        self.covers: dict[int, CodeError] = {}

    @abstractmethod
    def assignment(self, *, no_in: bool = False) -> Node:
        """AssignmentExpression."""

    @abstractmethod
    def left_hand_side(self, *, calls: bool = True) -> Node:
        """LeftHandSideExpression."""

    @abstractmethod
    def primary(self) -> Node:
        """PrimaryExpression."""

    @abstractmethod
    def block(self) -> Node:
        """Block."""

    # Functions

    def arrow_body(self, start: int, parameters: tuple[Node, ...]) -> Node:
        """The body of an arrow function whose parameters and `=>` have been read."""
        outer, self.in_generator = self.in_generator, False
        body = self.block() if self.look("{", operand=True) else self.assignment()
        self.in_generator = outer
        return Node("Arrow", start, self.last_end, (*parameters, body))

    def function(self, *, kind: str = "Function") -> Node:
        """A function, from the word `function` on."""
        opening = self.expect("function", operand=True)
        form = "*" if self.accept("*") else ""
        outer = self.in_generator
        # The name of an expression belongs to its inside, that of a declaration to its outside.
        self.in_generator = form == "*" if kind == "Function" else outer
        name = self.identifier(self.next()) if self.peek().kind == "name" else hole(self.at)
        self.in_generator = outer
        if name.kind == "Hole" and kind == "FunctionDeclaration":
            raise self.unexpected(self.peek(), ", expected a name")
        node = self._function_rest(opening.start, name, form=form, function="function")
        node.kind = kind
        return node

    def _function_rest(self, start: int, name: Node, *, form: str, function: str) -> Node:
        outer = self.in_generator, self.around
        self.in_generator, self.around = form == "*", function
        self.expect("(")
        found: list[Node] = []
        while not self.accept(")", operand=True):
            found.append(self._parameter())
            if not self.look(")"):
                self.expect(",")
        if any(node.kind == "Rest" for node in found[:-1]):
            raise CodeError("A rest parameter must be the last one", start)
        body = self.block()
        self.in_generator, self.around = outer
        return Node("Function", start, self.last_end, (name, *found, body), form=form)

    def _parameter(self) -> Node:
        token = self.peek(operand=True)
        if self.accept("...", operand=True):
            inner = self.binding()
            return Node("Rest", token.start, inner.end, (inner,))
        target = self.binding()
        if not self.accept("="):
            return target
        value = self.assignment()
        return Node("Default", target.start, value.end, (target, value))

    def binding(self) -> Node:
        """A name, or a destructuring pattern of names."""
        token = self.peek(operand=True)
        target = self.primary() if token.text in ("[", "{") else self.identifier(self.next(operand=True))
        return destructuring.bound(target, self.covers)

    # Object literals

    def object(self) -> Node:
        """An object literal, or the pattern that looks like one."""
        opening = self.expect("{", operand=True)
        parts: list[Node] = []
        prototypes = 0
        while not self.look("}"):
            part = self._object_member(opening)
            parts.append(part)
            if part.text == "__proto__" and part.form == "init" and not (part.computed or part.shorthand):
                prototypes += 1
                if prototypes > 1:
                    fault = CodeError("An object can have one __proto__ only", part.start)
                    self.covers.setdefault(opening.start, fault)
            if not self.look("}"):
                self.expect(",")
        closing = self.expect("}")
        return Node("Object", opening.start, closing.end, tuple(parts))

    def _object_member(self, opening: Token) -> Node:
        if self.look("..."):
            start = self.next().start
            value = self.assignment()
            return Node("Spread", start, value.end, (value,))
        head = self._head(is_class=False)
        if self.look("(") or head.form or head.generator:
            return self._method(head)
        key = head.key
        node = Node("Property", head.first.start, key.end, (key,), text=key.text, form="init")
        node.computed = key.kind != "Key"
        if node.computed:
            node.text = ""
        if self.accept(":"):
            value = self.assignment()
            node.children, node.end = (key, value), value.end
            return node
        if head.first.kind != "name" or node.computed:
            raise self.unexpected(self.peek(), ", expected ':'")
        node.shorthand = True
        node.children = (key, self._short_value(head.first, opening))
        node.end = self.last_end
        return node

    def _short_value(self, token: Token, opening: Token) -> Node:
        """The value of `{name}`, or of the `{name = value}` that only a pattern may hold."""
        if token.text in RESERVED:
            raise self.unexpected(self.peek(), ", expected ':'")
        name = self.identifier(token)
        equals = self.peek()
        if not self.accept("="):
            return name
        default = self.assignment()
        self.covers.setdefault(opening.start, CodeError("Unexpected '='", equals.start))
        return Node("Default", name.start, default.end, (name, default))

    # Members of both

    def _head(self, *, is_class: bool) -> _Head:
        first = self.peek()
        static = is_class and self._prefix("static")
        form = "get" if self._prefix("get") else "set" if self._prefix("set") else ""
        token = self.peek()
        if not form and token.text == "async" and self._prefix("async"):
            if not (is_class and self.peek().newline):
                raise not_available("async is", token.start)
            return _Head(first, "", static, False, Node("Key", token.start, token.end, text="async"))
        generator = not form and self.accept("*")
        return _Head(first, form, static, generator, self._key())

    def _prefix(self, word: str) -> bool:
        """Take `word` if it is not a name itself."""
        token = self.peek()
        if token.text != word or token.kind != "name":
            return False
        before = self.at, self.last_end
        self.next()
        after = self.peek()
        if after.text in _AFTER_NAME or after.kind == "end":
            self.move_to(before[0])
            self.last_end = before[1]
            return False
        return True

    def _method(self, head: _Head) -> Node:
        key = head.key
        body = self._function_rest(key.start, hole(key.end), form="*" if head.generator else "", function="method")
        node = Node("Property", head.first.start, body.end, (key, body), form=head.form or "method")
        node.computed = key.kind != "Key"
        node.text = "" if node.computed else key.text
        node.static = head.static
        return node

    def _key(self) -> Node:
        """A property's name: `Key`, or the expression between brackets."""
        token = self.peek()
        if token.text == "[" and token.kind == "punctuation":
            self.next()
            inner = self.assignment()
            self.expect("]")
            return inner
        if token.kind not in ("string", "number", "name"):
            raise self.unexpected(token, ", expected a property name")
        self.next()
        return Node("Key", token.start, token.end, text=self._key_text(token))

    def _key_text(self, token: Token) -> str:
        if token.kind == "name":
            return self.name_of(token)
        if token.kind == "string":
            return self.text_of(token)
        if token.text.endswith("n") and token.text[:2].lower() != "0x":
            return token.text[:-1].replace("_", "")
        if token.text.endswith("n"):
            return str(int(token.text[:-1].replace("_", ""), 16))
        return number_text(number_value(token.text))

    def text_of(self, token: Token) -> str:
        """What a string stands for.

        Raises:
            CodeError: it holds an escape that JavaScript does not have.
        """
        value = string_value(token.text)
        if value is None:
            raise CodeError("This string holds an escape that JavaScript does not have", token.start)
        return value

    # Classes

    def class_(self, *, kind: str = "Class") -> Node:
        """A class, from the word `class` on."""
        self.deeper()
        start = self.expect("class", operand=True).start
        name = heritage = hole(self.at)
        if self.peek().kind == "name" and not self.look("extends"):
            name = self.identifier(self.next())
        elif kind == "ClassDeclaration":
            raise self.unexpected(self.peek(), ", expected a name")
        if self.accept("extends"):
            heritage = self.left_hand_side()
        self.expect("{")
        parts: list[Node] = []
        while not self.accept("}"):
            if not self.accept(";"):
                parts.append(self._class_member())
        self.depth -= 1
        return Node(kind, start, self.last_end, (name, heritage, *parts))

    def _class_member(self) -> Node:
        token = self.peek()
        if token.text == "static" and self._prefix("static"):
            if self.look("{"):
                raise not_available("Static blocks are", token.start)
            self.move_to(token.start)
        head = self._head(is_class=True)
        if self.look("(") or head.form or head.generator:
            return self._method(head)
        key = head.key
        value = hole(key.end)
        if self.accept("="):
            outer = self.in_generator, self.around
            self.in_generator, self.around = False, "method"
            value = self.assignment()
            self.in_generator, self.around = outer
        self.end_statement()
        node = Node("Property", head.first.start, self.last_end, (key, value), form="field")
        node.computed = key.kind != "Key"
        node.text = "" if node.computed else key.text
        node.static = head.static
        return node
