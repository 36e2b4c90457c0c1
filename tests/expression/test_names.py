"""What n8n's names give for which no run, workflow or other node stands (n8n 2.41)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from nodeloom import expression
from nodeloom.errors import ExpressionError
from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expression.rewrite import GLOBALS
from nodeloom.expression.scope import HELPERS, HOLDERS
from nodeloom.expression.syntax.tokenreader import RESERVED
from nodeloom.expressions import Engines, evaluate

ENGINES = Engines()


def at(template: object, **more: Any) -> object:
    return evaluate(template, json={"name": "Ann", "n": 3}, dialect="n8n", engines=ENGINES, **more)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$mode", "manual"),
        ("$mode.length", 6),
        ("typeof $workflow", "object"),
        ("Object.keys($workflow)", ["active", "id", "name"]),
        ("$workflow.active", False),
        ("$workflow.id", UNDEFINED),
        ("$workflow.zz", UNDEFINED),
        ("$vars", UNDEFINED),
        ("typeof $vars", "undefined"),
        ("$vars?.x", UNDEFINED),
        ("$execution", UNDEFINED),
        ("$execution?.id", UNDEFINED),
        ("$executionId", UNDEFINED),
        ("$nodeId", UNDEFINED),
        ("$tool.name", UNDEFINED),
        ("$tool?.parameters", UNDEFINED),
        ("$self", {}),
        ("$self.x", UNDEFINED),
        ("Object.keys($input)", []),
        ("JSON.stringify($input)", "{}"),
        ("$input.item.json.name", "Ann"),
        ("$input.first().json.n + $input.all().length", 4),
        ("$input.params", UNDEFINED),
        ("$input.context", UNDEFINED),
        ("$items()", UNDEFINED),
        ("$items().length", UNDEFINED),
        ("typeof $items", "function"),
        ("$prevNode.name", UNDEFINED),
    ],
)
def test_without_a_run(expression: str, expected: object) -> None:
    """What there is no run for is undefined, or says that it is not known."""
    try:
        found = at(f"={{{{ {expression} }}}}")
    except ExpressionError:
        found = UNDEFINED
    assert found == expected


@pytest.mark.parametrize("name", ["$input.params", "$input.context"])
def test_the_node_before_this_one_is_not_known(name: str) -> None:
    """There is none."""
    with pytest.raises(ExpressionError, match="node before"):
        at(f"={{{{ {name} }}}}")


def test_a_host_says_what_there_is() -> None:
    """Variables, the workflow, the execution."""
    scope = Scope(
        Environment(
            vars={"region": "eu"},
            workflow={"id": "7", "name": "W"},
            execution={"id": "9", "mode": "trigger"},
            is_run=True,
        ),
        [{"json": {"a": 1}}],
        0,
    )
    found = [
        compile_value(f"={{{{ {name} }}}}", dialect="n8n").resolve(scope)
        for name in ("$vars.region", "$workflow.id", "$workflow.active", "$mode", "$executionId", "$items().length")
    ]
    assert found == ["eu", "7", False, "trigger", "9", 1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1, "b": "={{ $parameter['&a'] }}"}, {"a": 1, "b": 1}),
        ({"a": "={{ 1 + 1 }}", "b": "={{ $parameter['&a'] }}"}, {"a": 2, "b": 2}),
        ({"a": "t", "b": "=x{{ $parameter['&a'] }}y"}, {"a": "t", "b": "xty"}),
        ({"a": {"x": 1}, "b": "={{ $parameter['&a'].x }}"}, {"a": {"x": 1}, "b": 1}),
        ({"o": {"a": 1, "b": "={{ $parameter['&a'] }}"}, "a": 9}, {"o": {"a": 1, "b": 1}, "a": 9}),
        (
            [{"a": 1, "b": "={{ $parameter['&a'] }}"}, {"a": 2, "b": "={{ $parameter['&a'] }}"}],
            [{"a": 1, "b": 1}, {"a": 2, "b": 2}],
        ),
        ({"a": None, "b": "={{ $parameter['&a'] }}"}, {"a": None, "b": None}),
        ({"x-y": 1, "b": "={{ $parameter['&x-y'] }}"}, {"x-y": 1, "b": 1}),
        ({"a": 1, "b": "={{ $parameter['&' + 'a'] }}"}, {"a": 1, "b": 1}),
        ({"a": "={{ 1 }}", "b": "={{ $rawParameter['&a'] }}"}, {"a": 1, "b": "={{ 1 }}"}),
        ({"a": 1, "b": "={{ $parameter.a }}"}, {"a": 1, "b": "outer"}),
        ({"a": 1, "b": "={{ Object.keys($parameter) }}"}, {"a": 1, "b": ["a"]}),
    ],
)
def test_a_member_reads_those_beside_it(value: Any, expected: Any) -> None:
    """`$parameter["&name"]` is the member `name` of the object that the expression stands in."""
    assert at(value, parameters={"a": "outer"}) == expected


@pytest.mark.parametrize(
    ("value", "member"),
    [
        ({"a": 5, "o": {"b": "={{ $parameter['&a'] }}"}}, ("o", "b")),
        ({"a": 1, "b": ["={{ $parameter['&a'] }}"]}, ("b", 0)),
        ({"a": 1, "b": "={{ $parameter['&zz'] }}"}, ("b",)),
        ({"b": "={{ $parameter['&b'] }}"}, ("b",)),
        ({"b": "={{ $parameter['&c'] }}", "c": "={{ $parameter['&b'] }}"}, ("c",)),
    ],
)
def test_a_member_that_is_not_beside_it_is_undefined(value: Any, member: tuple[str | int, ...]) -> None:
    """One of an outer object, one of no object, one that leads back to itself."""
    held: Any = compile_value(value, dialect="n8n").resolve(Scope(Environment(), [{"json": {}}], 0))
    for key in member:
        held = held[key]
    assert held is UNDEFINED


@pytest.mark.parametrize("key", ["'a b'", "'a.b'", "'" + "x" * 65 + "'", "''", "null"])
def test_the_key_of_a_models_value_is_a_name(key: str) -> None:
    """1 to 64 letters, digits, underscores and hyphens."""
    with pytest.raises(ExpressionError, match="key"):
        at(f"={{{{ $fromAI({key}) }}}}")
    assert at("={{ $fromAI('name') + $fromAI('zz', 'd', 'string', 'other') }}") == "Annother"


@pytest.mark.slow
def test_every_name_that_templates_have_is_known_to_what_checks_names() -> None:
    """A function of a host that is called like one of them would never be asked."""
    source = (Path(expression.__file__).parent / "js" / "names.js").read_text(encoding="utf-8")
    words = {word for word in re.findall(r"\$?[A-Za-z]\w*", source) if word not in RESERVED}
    candidates = sorted(words | {f"${word}" for word in words if not word.startswith("$")})
    environment = Environment(functions=dict.fromkeys(candidates, lambda: "the host's"))

    def is_the_hosts(name: str) -> bool:
        try:
            template = compile_value(f"={{{{ {name}() }}}}", dialect="n8n")
            return template.resolve(Scope(environment, [{"json": {}}], 0)) == "the host's"
        except ExpressionError:
            return False

    taken = {name for name in candidates if not is_the_hosts(name)}
    assert {"zip", "$average", "$fromai", "$thisItem"} <= taken
    assert taken - HOLDERS - HELPERS - GLOBALS == set()
