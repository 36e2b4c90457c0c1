"""The names an expression sees."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.errors import ExpressionError
from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expressions import Engines, evaluate

ENGINES = Engines()

ITEMS: list[dict[str, Any]] = [
    {"json": {"a": 1, "name": "x"}},
    {"json": {"a": 2}, "binary": {"file": {"data": "AAAA", "mimeType": "text/plain"}}, "pairedItem": {"item": 0}},
    {"json": {"a": 3}},
]
NODES = {"Other": [{"json": {"b": 10}}, {"json": {"b": 20}}]}


def at(template: str, index: int = 1, **more: Any) -> object:
    return evaluate(template, items=ITEMS, item_index=index, dialect="n8n", nodes=NODES, engines=ENGINES, **more)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("={{ $json.a }}", 2),
        ("={{ $data.a + 0 }}", 2),
        ("={{ $itemIndex }}", 1),
        ("={{ $itemIndex + 1 }}", 2),
        ("={{ $input.item.json.a }}", 2),
        ("={{ $input.first().json.a + $input.last().json.a }}", 4),
        ("={{ $input.all().map(i => i.json.a) }}", [1, 2, 3]),
        ("={{ $item(2).$json.a }}", 3),
        ("={{ $binary.file }}", {"mimeType": "text/plain"}),
        ("={{ $binary.file.mimeType + '' }}", "text/plain"),
        ("={{ $thisItem.json.a }}", 2),
        ("={{ $('Other').item.json.b }}", 10),
        ("={{ $('Other').first().json.b + $('Other').all().length }}", 12),
        ("={{ $('Other').itemMatching(1).json.b }}", 20),
        ("={{ $node['Other'].json.b }}", 20),
        ("={{ $node.Other.json.b }}", 20),
        ("={{ $runIndex }}", 0),
        ("={{ $vars.region + $vars['region'] }}", "eueu"),
        ("={{ $vars.region }}", "eu"),
        ("={{ $fromAI('a') }}", 2),
        ("={{ typeof process.env.HOME }}", "undefined"),
        ("={{ $unknown }}", UNDEFINED),
        ("={{ $input.all() === $input.all() }}", True),
    ],
)
def test_names(template: str, expected: object) -> None:
    """Of the item, the input, other nodes, the run."""
    assert at(template, vars={"region": "eu"}) == expected


def test_a_node_that_is_not_there_is_named_with_its_nearest() -> None:
    """A typo is seen at once."""
    with pytest.raises(ExpressionError) as caught:
        at("={{ $('Othr').item.json.b }}")
    assert "Othr" in caught.value.message
    assert caught.value.hint == "Did you mean 'Other'?"
    assert caught.value.item == 1


def test_environment_variables_are_blocked_unless_given() -> None:
    """Reading one fails, and code that does not read any does not."""
    with pytest.raises(ExpressionError, match="blocked"):
        at("={{ $env.HOME }}")
    assert at("={{ $if(true, 1, $env.HOME) }}") == 1
    assert at("={{ $env.HOME + $env.NOPE }}", env={"HOME": "/h"}) == "/hundefined"


@pytest.mark.parametrize(
    "template",
    [
        "={{ $json.a }}",
        "={{ $json }}",
        "={{ $json.a + 1 }}",
        "=x{{ $json.a }}",
        "={{ $input.all() }}",
        "={{ $binary }}",
    ],
)
def test_reading_an_item_that_is_not_there_fails(template: str) -> None:
    """What needs none works (n8n)."""
    empty = Scope(Environment(), [], 0)
    with pytest.raises(ExpressionError, match=r"no item|no input items"):
        compile_value(template, dialect="n8n").resolve(empty)
    assert compile_value("={{ 1 + 1 }}", dialect="n8n").resolve(empty) == 2


def test_an_item_may_come_from_a_stream() -> None:
    """Given by itself, with no list behind it."""
    scope = Scope(Environment(), (), 7, item={"json": {"a": 5}})
    assert compile_value("={{ $json.a }}/{{ $itemIndex }}", dialect="n8n").resolve(scope) == "5/7"
    assert compile_value("={{ $json.a + $itemIndex }}", dialect="n8n").resolve(scope) == 12


def test_extra_names_cannot_replace_the_items_own() -> None:
    """Both evaluators agree on that."""
    scope = Scope(Environment(), ITEMS, 0, names={"$json": {"a": 99}, "$response": {"body": [1]}})
    assert compile_value("={{ $json.a }}", dialect="n8n").resolve(scope) == 1
    assert compile_value("={{ $json.a + 0 }}", dialect="n8n").resolve(scope) == 1
    assert compile_value("={{ $response.body[0] }}", dialect="n8n").resolve(scope) == 1
    assert compile_value("={{ $response.body[0] + 0 }}", dialect="n8n").resolve(scope) == 1


def test_parameters_as_an_object() -> None:
    """Names, spread, membership; resource locators stand for their value, unresolved ones are in `$rawParameter`."""
    parameters = {"a": "={{ $json.a }}", "b c": 2, "rl": {"__rl": True, "mode": "list", "value": "v"}}
    own: dict[str, Any] = {"parameters": parameters}
    assert at("={{ Object.keys($parameter) }}", **own) == ["a", "b c", "rl"]
    assert at("={{ ({ ...$parameter }) }}", **own) == {"a": 2, "b c": 2, "rl": "v"}
    assert at("={{ 'a' in $parameter && !('z' in $parameter) }}", **own) is True
    assert at("={{ $rawParameter.a }}", **own) == "={{ $json.a }}"
    assert at("={{ $parameter.rl }}", **own) == "v"
    assert at("={{ $parameter.nope }}", **own) is UNDEFINED


def test_a_parameter_may_be_called_names() -> None:
    """JavaScript asks for the list of names, and for the parameter of that name."""
    own: dict[str, Any] = {"parameters": {"names": "mine", "b": 2}}
    assert at("={{ $parameter.names + '!' }}", **own) == "mine!"
    assert at("={{ [Object.keys($parameter), $parameter.names] }}", **own) == [["names", "b"], "mine"]
    assert at("={{ [Object.keys($rawParameter), $rawParameter.names] }}", **own) == [["names", "b"], "mine"]


def test_odata_writes_a_moment_of_luxon() -> None:
    """Before a template mentions luxon, and after; what it cannot write it says."""
    assert at("={{ odata(new Date(0)) }}") == "1970-01-01T00:00:00.000Z"
    assert at("={{ odata(DateTime.fromISO('2024-01-01T00:00:00Z')) }}") == "2024-01-01T00:00:00.000Z"
    for nothing in ("{}", "[1]", "x => x", "DateTime.invalid('x')"):
        with pytest.raises(ExpressionError, match="nothing else"):
            at(f"={{{{ odata({nothing}) }}}}")


def test_an_error_in_a_parameter_reaches_who_asks_for_it() -> None:
    """With the parameter's own expression in it."""
    with pytest.raises(ExpressionError) as caught:
        at("={{ $parameter.a + 1 }}", parameters={"a": "={{ ['x'].sum() }}"})
    assert "sum" in caught.value.message


def test_values_are_never_read_as_expressions() -> None:
    """n8n's `$evaluateExpression` is left out for that reason."""
    with pytest.raises(ExpressionError, match="never read"):
        at("={{ $evaluateExpression($json.a) }}")


@pytest.mark.parametrize(
    "template", ["={{ $fromAI('a') }}", "={{ $item(0).$json.a + $itemIndex }}", "={{ $thisItem.json.a }}"]
)
def test_every_name_sees_the_item_at_hand(template: str) -> None:
    """Not the one that another template was resolved for before."""
    compiled = compile_value(template, dialect="n8n")
    other = Scope(Environment(), [{"json": {"a": 100}}], 0)
    assert compile_value("={{ $json.a + 0 }}", dialect="n8n").resolve(other) == 100
    assert compiled.resolve(Scope(Environment(), [{"json": {"a": 1}}], 0)) == 1


def test_nothing_is_taken_out_of_scopes_by_reading() -> None:
    """Scopes of different items and runs take turns in one engine."""
    other = Environment(vars={"x": 2}, timezone="Asia/Tokyo")
    template = compile_value("={{ $vars.x + $json.a + $now.zoneName + $input.all().length }}", dialect="n8n")
    first = Scope(Environment(vars={"x": 1}), ITEMS, 0)
    second = Scope(other, ITEMS[:1], 0)
    assert [template.resolve(s) for s in (first, second, first)] == ["2UTC3", "3Asia/Tokyo1", "2UTC3"]
