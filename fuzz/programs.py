"""JavaScript made of bytes: expressions of the grammar that templates may hold, and soups of its tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fuzz.inputs import Input

_NAMES = (
    "a", "b", "c", "$json", "x1", "async", "of", "get", "set", "static", "let", "yield", "undefined", "ñ", "$if",
    "\\u0061", "b\\u{63}", "Object", "String", "Math", "_a", "_u61_", "name", "self", "tick", "r0", "arguments", "NaN",
    "__proto__", "é", "_u",
)  # fmt: skip
_LITERALS = (
    "1", "0", ".5", "1.", "1e3", "0x1f", "0b11", "1_000", "10n", "0XFn", "010", "08.5", "9007199254740993", "1e999",
    "null", "true", "false", "''", '"a"', "'\\x41\\u{1F600}\\08'", '"use strict"', "'__proto__'", "'\\\n'", "'</b>'",
    "/a[/]b/gi", "/(?<n>\\/)\\k<n>/u", "/=/", "`t`", "`a\\`${'{'}$`", "`\r\n`", "'`${'", "this", "[]", "({})",
)  # fmt: skip
_KEYS = (
    "a", "b", "get", "set", "static", "async", "constructor2", "__proto__", "if", "'a b'", '"x"', "1", "0x10", "1.50",
    "10n", "first", "length", "\\u0069f", "é",
)  # fmt: skip
_MEMBERS = ("a", "b", "length", "toString", "map", "first", "toTitleCase", "if", "class", "é", "raw", "at", "\\u0061")
_BINARY = (
    "+", "-", "*", "/", "%", "**", "==", "!=", "===", "!==", "<", ">", "<=", ">=", "&&", "||", "??", "&", "|", "^",
    "<<", ">>", ">>>", "in", "instanceof",
)  # fmt: skip
_UNARY = ("!", "-", "+", "~", "typeof ", "void ")
_ASSIGN = ("=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||=", "??=")
_SPACES = ("", "", "", "", " ", " ", "\n", "/* } */", " // `\n", "\t", "\u00a0", "\ufeff", "/*\n*/")
#: Tokens and pieces of them that two parsers may read in two ways.
SOUP = (
    "<!--", "-->", "--", "++", "!", "<", ">", "-", "\n", "\r", "\r\n", "\u2028", "\u2029", "\x0b", "\x0c", "\x85",
    "\ufeff", "//", "/*", "*/", "/", "`", "${", "}", "{", "(", ")", "[", "]", "'", '"', "\\", "\\u0061", "\\u{61}",
    "\\08", "#", "#!", "a", "b", "$json", "_kit", "name", "tick", "self", "r0", "eval", "arguments", "undefined",
    "of", "in", "get", "set", "static", "async", "await", "yield", "let", "const", "var", "function", "class",
    "extends", "super", "new", "new.target", "this", "return", "throw", "if", "else", "for", "while", "do", "switch",
    "case", "default", "break", "try", "catch", "finally", "with", "debugger", "import", "typeof", "void", "delete",
    "=>", "...", "?.", "?", ":", ";", ",", ".", "=", "==", "=>{", "*", "**", "+", "1", "010", "08", "0x1", "1n",
    ".5", "1_0", "1_", "/a/g", "/[/]/", "first", "$if", "²", "__proto__", "constructor", "\ud83d", "\ude00", "\x00",
    " ", " ", " ",
)  # fmt: skip


def soup(given: Input) -> str:
    """Tokens in any order."""
    pieces: list[str] = []
    while given.left and len(pieces) < 60:
        pieces.append(given.pick(SOUP) if given.byte() % 10 else given.word())
    return "".join(pieces)


def program(given: Input) -> str:
    """An expression of the grammar; in rare cases a piece of it is replaced by something else."""
    code = _Writer(given).expression(4)
    if given.byte() % 6 == 5 and code:
        at = (given.byte() * 256 + given.byte()) % len(code)
        code = code[:at] + given.pick(SOUP) + code[at + given.byte() % 3 :]
    return code


class _Writer:
    """Writes pieces of programs; what is nested deeper than `depth` allows is a name or a literal."""

    def __init__(self, given: Input) -> None:
        self._given = given
        self._in_function = False
        self._in_generator = False
        self._loops = 0

    def _pick(self, entries: Sequence[str]) -> str:
        return self._given.pick(entries)

    def _some(self, most: int) -> int:
        return self._given.byte() % (most + 1)

    def _chance(self, one_in: int) -> bool:
        return self._given.byte() % one_in == 1

    def _s(self) -> str:
        return self._pick(_SPACES)

    def _listed(self, write: Callable[[int], str], depth: int, most: int = 3) -> str:
        return f",{self._s()}".join(write(depth) for _ in range(self._some(most)))

    # Expressions

    def expression(self, depth: int) -> str:
        """Any expression that may stand in a list."""
        if depth <= 0 or not self._given.left:
            return self._atom()
        write = self._given.pick(_WRITERS)
        return write(self, depth - 1)

    def _atom(self) -> str:
        return self._name() if self._chance(2) else self._pick(_LITERALS)

    def _name(self) -> str:
        name = self._pick(_NAMES)
        return "a" if self._in_generator and name == "yield" else name

    def _paren(self, depth: int) -> str:
        return f"({self._s()}{self.expression(depth)}{self._s()})"

    def _binary(self, depth: int) -> str:
        operator = self._pick(_BINARY)
        return f"{self._operand(depth)} {self._s()}{operator}{self._s()} {self._operand(depth)}"

    def _mixed(self, depth: int) -> str:
        operators = [self._pick(_BINARY[:19]) for _ in range(self._some(6))]
        return "".join(f"{self._pick(_LITERALS[:9])} {operator} " for operator in operators if operator != "??") + (
            self._operand(depth)
        )

    def _operand(self, depth: int) -> str:
        if depth <= 0:
            return self._paren(depth) if self._chance(2) else self._atom()
        return self._paren(depth) if self._chance(2) else self._given.pick(_OPERANDS)(self, depth - 1)

    def _unary(self, depth: int) -> str:
        return f"{self._pick(_UNARY)}{self._s()}{self._operand(depth)}"

    def _update(self, depth: int) -> str:
        target = self._target(depth)
        return f"++{target}" if self._chance(2) else f"{target}--"

    def _target(self, depth: int) -> str:
        return self._name() if self._chance(2) else f"{self._operand(depth)}.{self._pick(_MEMBERS)}"

    def _assign(self, depth: int) -> str:
        if self._chance(2):
            return f"{self._target(depth)} {self._pick(_ASSIGN)} {self.expression(depth)}"
        pattern = (
            self._array_pattern(depth, bound=False) if self._chance(2) else self._object_pattern(depth, bound=False)
        )
        return f"({pattern} = {self.expression(depth)})"

    def _conditional(self, depth: int) -> str:
        return f"{self._operand(depth)} ?{self._s()}{self.expression(depth)} : {self.expression(depth)}"

    def _sequence(self, depth: int) -> str:
        return f"({self.expression(depth)},{self._s()}{self.expression(depth)})"

    def _delete(self, depth: int) -> str:
        return f"delete {self._operand(depth)}.{self._pick(_MEMBERS)}"

    def _member(self, depth: int) -> str:
        dot = self._pick((".", ".", "?."))
        return f"{self._operand(depth)}{self._s()}{dot}{self._s()}{self._pick(_MEMBERS)}"

    def _computed(self, depth: int) -> str:
        return f"{self._operand(depth)}{self._pick(('', '', '?.'))}[{self.expression(depth)}]"

    def _call(self, depth: int) -> str:
        return f"{self._operand(depth)}{self._pick(('', '', '?.'))}({self._listed(self._argument, depth)})"

    def _method_call(self, depth: int) -> str:
        return f"{self._member(depth)}{self._pick(('', '', '?.'))}({self._listed(self._argument, depth)})"

    def _argument(self, depth: int) -> str:
        return f"...{self.expression(depth)}" if self._chance(6) else self.expression(depth)

    def _chain(self, depth: int) -> str:
        links = ("." + self._pick(_MEMBERS), "()", "[0]", "?.a", "?.[1]", "?.(2)")
        return self._operand(depth) + "".join(self._pick(links) for _ in range(self._some(5)))

    def _new(self, depth: int) -> str:
        return f"new {self._operand(depth)}{self._pick(('', '(1)', '(...a)'))}"

    def _array(self, depth: int) -> str:
        holes = self._pick(("", "", ",", ",,"))
        return f"[{holes}{self._listed(self._argument, depth)}{self._pick(('', '', ','))}]"

    def _template(self, depth: int) -> str:
        pieces = [self._pick(("", "a", "\\`", "\\${", "$", "{", "\\u0041", "\n", "}")) for _ in range(3)]
        return f"`{pieces[0]}${{{self.expression(depth)}}}{pieces[1]}${{{self.expression(depth)}}}{pieces[2]}`"

    def _tagged(self, depth: int) -> str:
        return f"{self._operand(depth)}{self._pick(('', '.a'))}{self._template(depth)}"

    def _wrong_escape(self, _: int) -> str:
        escape = self._pick(("\\u", "\\xg", "\\08", "\\u{110000}"))
        return f"String.raw`{escape}${{1}}`"

    def _choice(self, depth: int) -> str:
        return f"$if({self.expression(depth)}, {self.expression(depth)}{self._pick(('', ', 1', ', a, 2'))})"

    # Objects and patterns

    def _object(self, depth: int) -> str:
        return f"({{{self._listed(self._property, depth)}{self._s()}}})"

    def _property(self, depth: int) -> str:
        kind = self._some(9)
        if kind <= 3:
            return f"{self._key(depth)}:{self._s()}{self.expression(depth)}"
        if kind == 4:
            return "__proto__" if self._chance(4) else self._name()
        if kind == 5:
            return f"...{self.expression(depth)}"
        return self._method(depth)

    def _method(self, depth: int) -> str:
        word = self._pick(("", "", "get ", "set ", "*"))
        parameters = {"get ": "", "set ": "v"}.get(word)
        if parameters is None:
            parameters = self._listed(self._parameter, depth, 2)
        return f"{word}{self._key(depth)}({parameters}) {self._body(depth, generator=word == '*')}"

    def _key(self, depth: int) -> str:
        return f"[{self.expression(depth)}]" if self._chance(5) else self._pick(_KEYS)

    def _array_pattern(self, depth: int, *, bound: bool) -> str:
        def element(depth: int) -> str:
            return self._with_default(depth, bound=bound)

        rest = f",...{self._pattern_target(depth, bound=bound)}" if self._chance(4) else ""
        return f"[{self._pick(('', '', ','))}{element(depth)}{rest}]"

    def _object_pattern(self, depth: int, *, bound: bool) -> str:
        def part(depth: int) -> str:
            if self._chance(3):
                return f"{self._name()}{self._pick(('', ' = 1'))}"
            return f"{self._key(depth)}: {self._with_default(depth, bound=bound)}"

        rest = ",...rest" if self._chance(5) else ""
        return f"{{{part(depth)}{rest}}}"

    def _with_default(self, depth: int, *, bound: bool) -> str:
        default = f" = {self.expression(depth - 1)}" if self._chance(4) else ""
        return self._pattern_target(depth, bound=bound) + default

    def _pattern_target(self, depth: int, *, bound: bool) -> str:
        if depth > 1 and self._chance(4):
            return self._array_pattern(depth - 2, bound=bound)
        if depth > 1 and self._chance(4):
            return self._object_pattern(depth - 2, bound=bound)
        return self._name() if bound else self._target(0)

    # Functions and classes

    def _parameter(self, depth: int) -> str:
        return self._with_default(min(depth, 2), bound=True)

    def _arrow(self, depth: int) -> str:
        parameters = self._name() if self._chance(3) else f"({self._listed(self._parameter, depth, 2)})"
        body = self._body(depth, generator=False) if self._chance(2) else self._arrow_value(depth)
        return f"({parameters} =>{self._s()} {body})" if self._s() != "\n" else f"({parameters} => {body})"

    def _arrow_value(self, depth: int) -> str:
        outer, self._in_generator = self._in_generator, False
        value = self.expression(depth)
        self._in_generator = outer
        return value

    def _function(self, depth: int) -> str:
        generator = self._chance(4)
        name = self._pick(("", "f", "g", "a"))
        parameters = self._listed(self._parameter, depth, 2)
        return f"(function{'*' if generator else ''} {name}({parameters}) {self._body(depth, generator=generator)})"

    def _called(self, depth: int) -> str:
        return f"{self._function(depth)}({self._listed(self._argument, depth)})"

    def _spread_generator(self, depth: int) -> str:
        return f"[...(function* () {self._body(depth, generator=True)})()]"

    def _class(self, depth: int) -> str:
        heritage = f" extends {self._operand(depth)}" if self._chance(3) else ""
        members = "".join(self._class_member(depth) for _ in range(self._some(3)))
        return f"(class{self._pick(('', ' A'))}{heritage} {{{members}}})"

    def _class_member(self, depth: int) -> str:
        static = self._pick(("", "", "static "))
        if self._chance(2):
            value = f" = {self.expression(depth)}" if self._chance(2) else ""
            return f"{static}{self._key(depth)}{value};"
        return static + self._method(depth) + self._pick(("", ";", "\n"))

    # Statements

    def _body(self, depth: int, *, generator: bool) -> str:
        outer = self._in_function, self._in_generator, self._loops
        self._in_function, self._in_generator, self._loops = True, generator, 0
        body = self._block(depth)
        self._in_function, self._in_generator, self._loops = outer
        return body

    def _block(self, depth: int) -> str:
        return f"{{{''.join(self._statement(depth) + self._s() for _ in range(self._some(3)))}}}"

    def _statement(self, depth: int) -> str:
        if depth <= 0 or not self._given.left:
            return self._pick((";", "a;", "return 1\n", "return;", "a\n", "b = 2;"))
        return self._given.pick(_STATEMENTS)(self, depth - 1)

    def _expression_statement(self, depth: int) -> str:
        if self._in_generator and self._chance(2):
            return f"yield{self._pick(('', '*'))} {self.expression(depth)};"
        return f"({self.expression(depth)}){self._pick((';', chr(10)))}" if self._chance(2) else f"{self._call(depth)};"

    def _declaration(self, depth: int) -> str:
        word = self._pick(("var", "let", "const"))
        if self._chance(3):
            pattern = self._given.pick((self._array_pattern, self._object_pattern))(depth, bound=True)
            return f"{word} {pattern} = {self.expression(depth)};"
        return f"{word} {self._name()}{self._some(9)} = {self.expression(depth)}{self._pick((';', chr(10)))}"

    def _if(self, depth: int) -> str:
        rest = f" else {self._nested(depth)}" if self._chance(2) else ""
        return f"if ({self.expression(depth)}) {self._nested(depth)}{rest}"

    def _nested(self, depth: int) -> str:
        return self._block(depth) if self._chance(2) else f"{self.expression(0)};"

    def _loop(self, depth: int) -> str:
        self._loops += 1
        body = f"{{{self._statement(depth)}{self._pick(('break;', 'continue;', 'break'))}}}"
        self._loops -= 1
        kind = self._some(5)
        value = self.expression(depth)
        target = self._pick(("const q", "let [q]", "var {q}", "q", "a.b", "[a]", "let of", "async2"))
        heads = (
            f"for ({self._pick(('', 'let i = 0', 'var i = (1 in a)', 'a', 'let i'))};{self._pick(('', '0'))};) {body}",
            f"for ({target} of {value}) {body}",
            f"for ({target} in {value}) {body}",
            f"while ({value}) {body}",
            f"do {body} while (0){self._pick(('', ';'))}",
            f"q{self._some(9)}: for (;;) {{ break }}",
        )
        return heads[kind]

    def _try(self, depth: int) -> str:
        handler = self._pick(("", " (e)", " ({ a })"))
        tail = f" finally {self._block(depth)}" if self._chance(3) else ""
        return f"try {self._block(depth)} catch{handler} {self._block(depth)}{tail}"

    def _switch(self, depth: int) -> str:
        cases = "".join(f"case {self.expression(depth)}: {self._statement(depth)}" for _ in range(self._some(2)))
        return f"switch ({self.expression(depth)}) {{{cases}{self._pick(('', 'default: break;', 'default:'))}}}"

    def _return(self, depth: int) -> str:
        return f"return {self.expression(depth)}{self._pick((';', chr(10)))}"

    def _throw(self, depth: int) -> str:
        return f"throw {self.expression(depth)};"

    def _label(self, depth: int) -> str:
        label = f"l{self._some(3)}"
        if self._chance(2):
            return (
                f"{label}: {{{self._statement(depth)}{{{self._expression_statement(depth)}break {label};}} a.b = 1;}}"
            )
        return (
            f"{label}: for (const p of a) {{for (const q of b) {{{self._statement(depth)}continue {label};}} c.b = 1;}}"
        )

    def _inner_function(self, depth: int) -> str:
        return (
            f"function h{self._some(9)}({self._listed(self._parameter, depth, 1)}) {self._body(depth, generator=False)}"
        )

    def _inner_class(self, depth: int) -> str:
        return f"class C{self._some(9)} {{{self._class_member(depth)}}}"


_WRITERS: tuple[Callable[[_Writer, int], str], ...] = (
    _Writer._paren, _Writer._binary, _Writer._binary, _Writer._mixed, _Writer._unary, _Writer._update, _Writer._assign,
    _Writer._conditional, _Writer._sequence, _Writer._delete, _Writer._member, _Writer._computed, _Writer._call,
    _Writer._method_call, _Writer._chain, _Writer._new, _Writer._array, _Writer._template, _Writer._tagged,
    _Writer._wrong_escape, _Writer._choice, _Writer._object, _Writer._arrow, _Writer._function, _Writer._called,
    _Writer._called, _Writer._spread_generator, _Writer._class,
)  # fmt: skip
# What may stand beside an operator, or before a dot, as it is.
_OPERANDS: tuple[Callable[[_Writer, int], str], ...] = (
    _Writer._paren, _Writer._member, _Writer._computed, _Writer._call, _Writer._method_call, _Writer._chain,
    _Writer._array, _Writer._template, _Writer._choice, _Writer._object, _Writer._function, _Writer._called,
    _Writer._class,
)  # fmt: skip
_STATEMENTS: tuple[Callable[[_Writer, int], str], ...] = (
    _Writer._expression_statement, _Writer._expression_statement, _Writer._declaration, _Writer._declaration,
    _Writer._if, _Writer._loop, _Writer._loop, _Writer._try, _Writer._switch, _Writer._return, _Writer._throw,
    _Writer._label, _Writer._inner_function, _Writer._inner_class,
)  # fmt: skip
