"""JavaScript's operators (ECMA-262 13)."""

from __future__ import annotations

from nodeloom.expression.words import words

#: How strongly the operators with two operands bind.
PRECEDENCE = {
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
#: Operators that assign.
ASSIGNMENTS = words("= += -= *= /= %= **= <<= >>= >>>= &= |= ^= &&= ||= ??=")
#: Operators before their one operand.
UNARY = words("! ~ + - typeof void delete")
