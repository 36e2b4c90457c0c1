"""What fuzz targets found, each once."""

from __future__ import annotations

import pytest

from nodeloom.errors import ExpressionSyntaxError
from nodeloom.expressions import Engines, evaluate

ENGINES = Engines()


@pytest.mark.parametrize(
    ("template", "value"),
    [("={{ $json.a + 'c' }}", "a\0bc"), ("=x\0y{{ 1 + 1 }}z", "x\0y2z"), ("={{ [$json.a + 'c'] }}", ["a\0bc"])],
)
def test_a_text_does_not_end_at_its_first_nul(template: str, value: object) -> None:
    assert evaluate(template, json={"a": "a\0b"}, engines=ENGINES) == value


def test_an_escape_makes_a_name_or_an_error() -> None:
    """Both evaluators read a name's escapes alike."""
    assert evaluate("={{ $json.\\u0061 }}", json={"a": 1}, engines=ENGINES) == 1
    with pytest.raises(ExpressionSyntaxError):
        evaluate("={{ $json.b.length\\u007d }}", json={"b": "xx"}, engines=ENGINES)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("switch (String(1)) { case '1': let String = 2; return String }", 2),
        ("switch (typeof Math) { case 'object': class Math {} return typeof Math }", "function"),
        ("switch (1) { case 1: switch (Number('1')) { case 1: const Number = 3; return Number } }", 3),
        ("const f = (Math, x = Math + 1) => { const Object = x; return Object }; return f(1) + Math.max(1)", 3),
        ("try { throw 1 } catch (Math) { var x = Math } return x + Math.max(2)", 3),
        ("for (const Math of [Math2 => 1]) { return Math() } return 0", 1),
        ("{ function Object() { return 5 } var x = Object() } return x + Object.keys({ a: 1 }).length", 6),
    ],
)
def test_a_name_is_what_it_is_outside_of_the_block_that_binds_it(code: str, value: object) -> None:
    assert evaluate(f"={{{{ (() => {{ {code} }})() }}}}", json={}, engines=ENGINES) == value


@pytest.mark.parametrize(
    "owner", ["$json.if", "$json.of", "$json.yield", "$json?.in", "$json.function", "`8`", "`${8}`"]
)
@pytest.mark.parametrize("rest", ["/ [1].map((x = 1 / 1) => x)[0], 1)", "/ ((x = (2 / 2)) => x)(), 1)"])
def test_a_slash_behind_a_name_or_text_divides(owner: str, rest: str) -> None:
    """QuickJS itself takes it for a regular expression while it looks for the end of a parenthesis."""
    item = {"if": 8, "of": 8, "yield": 8, "in": 8, "function": 8}
    code = f"[({owner} {rest}, {owner} {rest.removesuffix(', 1)')}].join()"
    assert evaluate(f"={{{{ {code} }}}}", json=item, engines=ENGINES) == "1,8"
