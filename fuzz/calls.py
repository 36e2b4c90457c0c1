"""Programs that call what an engine has, with what it is hard on, and try to leave something behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fuzz.inputs import Input

#: Values by the kind whose methods they have.
_VALUES: dict[str, tuple[str, ...]] = {
    "text": (
        "$json.text", "'abc'", "''", "'a'.repeat(100000)", "'é\\u0301\\u0327'.repeat(9999)", "'0.1'", "'1e999'",
        "'2024-02-30T25:00:00Z'", "'{\"a\": [1, {}]}'", "'<b>*x*</b>'", "'a.b[0]'", "'\\ud800'", "'yyyy-MM'", "'days'",
    ),
    "list": (
        "$json.list", "$json.rows", "[3, 1, 2]", "[]", "[[1], [2, [3]]]", "[...Array(9999).keys()]", "Array(100000)",
        "[, 1]", "['b', 'a', null]", "[$json, $json]", "Array(300).fill('x'.repeat(9999))", "$input.all()",
    ),
    "number": ("0", "1", "-1", "0.1", "NaN", "Infinity", "2 ** 53 - 1", "1e9", "1e21", "20", "-0"),
    "object": (
        "$json", "$json.object", "$json.rows[0]", "({})", "({ length: 2 ** 53 - 1 })", "({ length: 1e6, 0: 1 })",
        "({ valueOf: () => $json, toString: () => 'x' })", "({ get a() { return this }, set a(v) { this.b = v } })",
        "$input", "$parameter", "$vars", "$execution", "new Error('e')", "({ days: 1, then: (f) => f(1) })", "$now",
        "DateTime", "({ raw: { length: 2 ** 53 - 1 } })", "({ next: () => ({ done: false }) })",
    ),
    "date": ("new Date(0)", "new Date(NaN)", "new Date(8.64e15)"),
    "regex": ("/(a*)*b/g", "/./u", "/[^]/y", "/(?<n>x)|/gi", "new RegExp('a|'.repeat(999))"),
    "map": ("new Map([[1, {}]])", "new Map($json.rows.entries())"),
    "set": ("new Set([1, 2])", "new Set(Array(9999).keys())"),
    "bytes": (
        "new Uint8Array(9)", "new Float64Array(99999)", "new BigInt64Array(3)", "new Uint8Array([1, 2]).subarray(1)",
    ),
    "func": (
        "(() => 1)", "((x, y) => x)", "(function () { return this })", "(class { static s = 1; m() {} })", "[].map",
        "$if", "$input.first", "$jmespath",
    ),
    "bigint": ("0n", "10n ** 300n", "-1n"),
    "iterator": ("[1, 2].values()", "(function* () { for (;;) yield 1 })()", "new Map([[1, 2]]).entries()"),
    "Object": ("Object",), "Array": ("Array",), "String": ("String",), "Number": ("Number",), "Math": ("Math",),
    "JSON": ("JSON",),
}  # fmt: skip
_KINDS = tuple(_VALUES)
_OTHERS = ("null", "undefined", "true", "Symbol.iterator", "'length'", "'first'", "'__proto__'", "x", "y")
_KEYS = ("a", "length", "x", "name", "toString", "then", "0", "first", "map", "b")
_BINARY = ("+", "-", "*", "**", "%", "<", "==", "===", "&&", "||", "??", "<<", ">>>", "|", "in", "instanceof")


def calls(given: Input, methods: Mapping[str, Sequence[str]]) -> str:
    """A program; `methods` are the names it calls, by the kind of the value that has them."""
    return _Writer(given, methods).program()


class _Writer:
    def __init__(self, given: Input, methods: Mapping[str, Sequence[str]]) -> None:
        self._given = given
        self._methods = methods

    def program(self) -> str:
        if self._given.byte() % 2:
            return self._value(4)
        statements = "; ".join(self._statement() for _ in range(1 + self._given.byte() % 4))
        return f"((x, y) => {{ {statements}; return {self._value(3)} }})()"

    def _value(self, depth: int) -> str:
        kind = self._given.byte() % 12
        if depth <= 0 or kind <= 2 or not self._given.left:
            return self._plain() if kind else self._given.pick(_OTHERS)
        if kind <= 8:
            return self._call(depth)
        if kind == 9:
            return f"({self._value(depth - 1)} {self._given.pick(_BINARY)} {self._value(depth - 1)})"
        if kind == 10:
            return f"`${{{self._value(depth - 1)}}}`"
        return f"new ({self._given.pick(_KINDS[-6:-2])})({self._arguments(depth)})"

    def _plain(self) -> str:
        return self._given.pick(_VALUES[self._given.pick(_KINDS)])

    def _call(self, depth: int) -> str:
        kind = self._given.pick(_KINDS)
        method = self._given.pick(self._methods[kind])
        if self._given.byte() % 8 == 0:  # of another value than it was made for
            return (
                f"({self._given.pick(_VALUES[kind])}).{method}.call({self._value(depth - 1)}, {self._arguments(depth)})"
            )
        return f"({self._given.pick(_VALUES[kind])}).{method}({self._arguments(depth)}){self._further(depth)}"

    def _further(self, depth: int) -> str:
        if self._given.byte() % 3:
            return ""
        return f"?.{self._given.pick(self._methods[self._given.pick(_KINDS)])}?.({self._arguments(depth)})"

    def _arguments(self, depth: int) -> str:
        return ", ".join(self._argument(depth) for _ in range(self._given.byte() % 4))

    def _argument(self, depth: int) -> str:
        if self._given.byte() % 4:
            return self._value(depth - 1)
        return f"(x, y) => {self._value(depth - 1)}"

    def _place(self) -> str:
        key = self._given.pick(_KEYS)
        if self._given.byte() % 3:
            return f"({self._plain()})[{key!r}]"
        kind = self._given.pick(_KINDS)
        return f"({self._plain()}).{self._given.pick(self._methods[kind])}"

    def _statement(self) -> str:
        kind = self._given.byte() % 9
        if kind <= 2:
            return f"{self._place()} = {self._value(2)}"
        if kind == 3:
            return f"delete {self._place()}"
        if kind == 4:
            return f"try {{ {self._value(3)} }} catch (e) {{ e.x = {self._value(1)} }}"
        if kind == 5:
            loop = self._given.pick(
                ("for (;;)", "while (true)", "for (let i = 0; i < 999; i++)", "for (const v of [1])")
            )
            return f"{loop} {{ {self._place()} = {self._value(2)} }}"
        if kind == 6:
            return f"const f = (n) => {self._given.pick(('f(n + 1)', 'n > 99 ? n : f(n + 1)', '[f, n].map(f)'))}; f(0)"
        if kind == 7:
            return f"for ({self._place()} of [{self._value(1)}]) {self._value(1)}"
        return f"[{self._place()}, {self._place()}] = [{self._value(1)}]"
