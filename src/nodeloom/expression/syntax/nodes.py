"""The syntax tree: one node class, positions into the source, children in source order."""

from __future__ import annotations

from collections.abc import Iterator


class CodeError(Exception):
    """The code is no valid expression; `position` is where that shows, counted from the code's beginning."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Node:
    """A piece of syntax from `start` up to `end`.

    `kind` is the ESTree name, shortened: Identifier Literal Template Tagged Array Object Property Spread
    Function Arrow Class Unary Update Binary Assign Conditional Call New Member Sequence Paren This Super Meta
    Await Yield Statement Pattern Import. `text` is the name of an identifier or a not computed property, the
    operator, or the kind of a literal; `value` what a literal stands for (str and int/float only). `computed`
    and `optional` are those of Member, Call and Property; `shorthand` and `method` those of Property. `inner`
    is a position within: where the brackets of a call's arguments or of a computed member open.
    """

    __slots__ = (
        "children",
        "computed",
        "end",
        "inner",
        "kind",
        "method",
        "optional",
        "shorthand",
        "start",
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
        self.computed = computed
        self.optional = optional
        self.shorthand = False
        self.method = False
        self.inner = inner

    def __repr__(self) -> str:
        return f"<{self.kind} {self.text} {self.start}:{self.end}>"


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything below it, parents first, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))
