"""The syntax tree: one node class, positions into the source, children in source order."""

from __future__ import annotations

from collections.abc import Iterator


class CodeError(Exception):
    """The code is not a valid expression; `position` is the place that shows it, counted from the code's beginning.

    `hint` says what to write instead, if there is something to say.
    """

    def __init__(self, message: str, position: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint


class Node:
    """A piece of syntax from `start` up to `end`. `kind` is the ESTree name, shortened; with its children in order:

    * Identifier. Literal: `text` is string, number, bigint, null, true or false, `value` what it stands for (the digits
      of a bigint). Regex: `text` is the pattern, `value` the flags. This: `text` is "" outside functions, else the
      kind of function around it, "function" or "method". Super. Meta: new.target.
    * Template: Chunk, expression, Chunk, …, Chunk. Chunk: `text` is the raw text, `value` what it stands for, None if
      it holds an escape that does not exist (only in a Tagged). Tagged: tag, Template.
    * Array: elements, Hole, Spread. Object: Property, Spread. Property: key, value (Hole if a field has none); `form`
      is init, get, set, method or field, `shorthand` and `static` say how it was written. Key: `text`.
    * Function: name or Hole, parameters, Block; `form` is "*" for a generator. Arrow: parameters, body.
      Class: name or Hole, what it extends or Hole, Property.
    * Unary, Update (`form` is prefix or postfix), Binary, Assign: `text` is the operator. Conditional. Sequence.
      Paren. Call: callee, arguments. New: callee, arguments. Member: object, key if `computed`, else `text` is the
      name. Spread. Yield: value if there is one; `form` is "*" if it delegates.
    * ArrayPattern, ObjectPattern (Property, Rest), Default (target, value), Rest: what is assigned to or bound.
    * Statements: Block, Declare (`text` is var, let or const): Declarator; Declarator: target, value or Hole.
      FunctionDeclaration and ClassDeclaration as Function and Class. Expression, If, For (three expressions or Hole,
      body), ForIn and ForOf (target or Declare, value, body), While, Do (body, test), Return, Throw, Break, Continue
      and Labeled (`text` is the label), Try (Block, Catch or Hole, Block or Hole), Catch (target or Hole, Block),
      Switch (value, Case), Case (test or Hole, statements), Empty.

    `computed` and `optional` are those of Member, Call and Property. `inner` is a position within: where the name or
    the brackets of a member stand.
    """

    __slots__ = (
        "children",
        "computed",
        "end",
        "form",
        "inner",
        "kind",
        "optional",
        "shorthand",
        "start",
        "static",
        "text",
        "value",
    )

    def __init__(
        self,
        kind: str,
        start: int,
        end: int,
        children: tuple[Node, ...] = (),
        *,
        text: str = "",
        value: str | int | float | None = None,
        form: str = "",
        computed: bool = False,
        optional: bool = False,
        inner: int = -1,
    ) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.children = children
        self.text = text
        self.value = value
        self.form = form
        self.computed = computed
        self.optional = optional
        self.shorthand = False
        self.static = False
        self.inner = inner

    def __repr__(self) -> str:
        return f"<{self.kind} {self.text} {self.start}:{self.end}>"


def hole(at: int) -> Node:
    """What stands for an optional child that is not there."""
    return Node("Hole", at, at)


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything below it, parents first, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))
