"""What the fuzz target of templates found, each once."""

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
