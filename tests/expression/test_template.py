"""What `compile_value` makes of a value, and what it resolves to."""

from __future__ import annotations

import copy
import pickle

import pytest

from nodeloom.errors import ExpressionError, ExpressionSyntaxError, JavaScriptDisabledError
from nodeloom.expression import UNDEFINED, Environment, Literal, Scope, compile_value

ITEM = {"json": {"Link": "sale", "count": 3, "a b": {"c": [1, 2.0, None]}, "text": "ab"}}


def scope(**more: object) -> Scope:
    return Scope(Environment(), [ITEM], 0, **more)  # type: ignore[arg-type]


def resolve(value: object, dialect: str = "author", **more: object) -> object:
    return compile_value(value, dialect=dialect).resolve(scope(**more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ $json.Link }}", "sale"),
        ("<<$json.Link>>", "sale"),
        ("={{ $json.count }}", 3),
        ("=<< $json.count >>", 3),
        ('={{ $json["a b"].c[1] }}', 2.0),
        ('={{ $json["a b"].c[7] }}', UNDEFINED),
        ("={{ $json.missing }}", UNDEFINED),
        ("={{ $json.missing.more }}", UNDEFINED),
        ("={{ $json.text.length }}", 2),
        ('=v={{ $json["a b"].c }};{{ $json.missing }}', "v=1,2,;"),
        ("={{ $json.count + 1 }}", 4),
        ("= {{ $json.count + 1 }}", " 4"),
        ("={{ zz }}", UNDEFINED),
        ("={{ null }}", None),
        ("a << b >> c", "a << b >> c"),
        ("no template", "no template"),
        ("=", ""),
    ],
)
def test_a_template_resolves(template: str, expected: object) -> None:
    """A lone block keeps its type, text around it makes text, missing things are undefined."""
    assert resolve(template) == expected


def test_n8n_dialect_knows_only_the_equals_sign() -> None:
    """A string without `=` is text there, whatever it holds; `<< >>` is text in either case."""
    assert resolve("{{ $json.Link }}", "n8n") == "{{ $json.Link }}"
    assert resolve("=<<$json.Link>>", "n8n") == "<<$json.Link>>"


def test_templates_are_found_at_any_depth_and_keys_never() -> None:
    """Lists and dicts are resolved leaf by leaf."""
    value = {"{{ $json.Link }}": ["{{ $json.Link }}", {"x": "={{ $json.nope }}"}, 5]}
    assert resolve(value) == {"{{ $json.Link }}": ["sale", {"x": UNDEFINED}, 5]}


def test_a_literal_is_left_alone() -> None:
    """`Literal` and its JSON form switch templates off."""
    assert resolve([Literal("{{ $json.Link }}"), {"$literal": "={{ 1 }}"}]) == ["{{ $json.Link }}", "={{ 1 }}"]
    compiled = compile_value(Literal("{{ x }}"), dialect="author")
    assert compiled.static
    assert compiled.value == "{{ x }}"


def test_resolved_text_is_never_evaluated_again() -> None:
    """A value that looks like a template stays text."""
    evil = Scope(Environment(), [{"json": {"x": "={{ 1 + 1 }}", "y": "{{ 2 }}"}}], 0)
    assert compile_value("={{ $json.x }}", dialect="n8n").resolve(evil) == "={{ 1 + 1 }}"
    assert compile_value("{{ $json.y }} {{ $json.x }}", dialect="author").resolve(evil) == "{{ 2 }} ={{ 1 + 1 }}"


def test_what_a_template_refers_to_is_known() -> None:
    """Names, member paths and the evaluator needed are read off the code."""
    compiled = compile_value('={{ $json["a b"].c[0] + $parameter["If Match"] }}', dialect="n8n")
    assert compiled.names == {"$json", "$parameter"}
    assert set(compiled.references) == {("$json", "a b", "c", 0), ("$parameter", "If Match")}
    assert compiled.needs_javascript
    assert not compiled.needs_all_items
    assert not compile_value("{{ $json.a.b }} x", dialect="author").needs_javascript


@pytest.mark.parametrize(
    "code", ["$input.all()", "$items()", "$input.first().json", '$("N").item', "$node.N.json", "f($input)"]
)
def test_templates_that_need_all_items_say_so(code: str) -> None:
    """The runner materialises the input for them."""
    assert compile_value(f"={{{{ {code} }}}}", dialect="n8n").needs_all_items


def test_a_syntax_error_points_at_the_place() -> None:
    """The caret stands under the first character that cannot be."""
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_value("={{ $json.a + }}", dialect="n8n", property="Link")
    *_, shown, caret = caught.value.message.splitlines()
    assert shown[caret.index("^") :] == "}}"
    assert caught.value.property == "Link"


def test_syntax_that_only_quickjs_refuses_is_an_error_at_compile_time() -> None:
    """Nothing is sent before a template is known to be sound."""
    with pytest.raises(ExpressionSyntaxError):
        compile_value("={{ /(/.test($json.a) }}", dialect="n8n")


def test_javascript_can_be_switched_off() -> None:
    """Paths still work; the rest is an error of its own."""
    off = Scope(Environment(javascript=False), [ITEM], 0)
    assert compile_value("{{ $json.Link }}!", dialect="author").resolve(off) == "sale!"
    with pytest.raises(JavaScriptDisabledError):
        compile_value("{{ $json.count + 1 }}", dialect="author").resolve(off)


def test_parameters_resolve_through_each_other() -> None:
    """`$parameter.X` is resolved when asked for, in Python and in JavaScript."""
    parameters = {
        "A": compile_value("={{ $json.count }}", dialect="n8n"),
        "If Match": compile_value("={{ $parameter.A * 2 }}", dialect="n8n"),
    }
    assert resolve('={{ $parameter["If Match"] }}', parameters=parameters) == 6
    assert resolve('={{ $parameter["If Match"] + $parameter.A }}', parameters=parameters) == 9


def test_a_circle_of_parameters_is_an_error() -> None:
    """It names the circle."""
    parameters = {
        "A": compile_value("={{ $parameter.B }}", dialect="n8n"),
        "B": compile_value("={{ $parameter.A }}", dialect="n8n"),
    }
    with pytest.raises(ExpressionError, match="A → B → A"):
        resolve("={{ $parameter.A }}", parameters=parameters)


def test_extended_scopes_have_more_names() -> None:
    """Extra names reach both evaluators and leave the outer scope as it was."""
    outer = scope()
    inner = outer.extend({"$value": {"x": 5}, "$index": 2})
    assert compile_value("={{ $value.x }}", dialect="n8n").resolve(inner) == 5
    assert compile_value("={{ $value.x + $index }}", dialect="n8n").resolve(inner) == 7
    assert compile_value("={{ $value }}", dialect="n8n").resolve(outer) is UNDEFINED


def test_secrets_stay_out_of_errors() -> None:
    """What `$credentials` holds is masked in every text of an error."""
    secret = scope(names={"$credentials": {"key": "s3cr3t-value"}})
    template = compile_value("={{ $('s3cr3t-value').item }}{{ $credentials.key }}", dialect="n8n")
    with pytest.raises(ExpressionError) as caught:
        template.resolve(secret)
    assert "s3cr3t-value" not in str(caught.value)


def test_undefined_is_one_thing() -> None:
    """It survives pickling and copying as itself, and is falsy."""
    assert pickle.loads(pickle.dumps(UNDEFINED)) is UNDEFINED
    assert copy.deepcopy([UNDEFINED])[0] is UNDEFINED
    assert not UNDEFINED
    assert repr(UNDEFINED) == "undefined"


@pytest.mark.parametrize("text", ["{{ $json.a", "x <<$json.a", "{{ $json.a }} and {{$json.b", "<< $json.a >"])
def test_a_block_somebody_forgot_to_close_is_reported(text: str) -> None:
    """An author's text that opens a block with a `$` name and never closes it would be sent as it stands."""
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_value(text, dialect="author")
    assert "not closed" in str(caught.value)
    assert "^" in str(caught.value)


@pytest.mark.parametrize("text", ["{{ name", "1 << 5", "a {{", "\\{{ $json.a", "<<b>>"])
def test_other_text_with_braces_is_data(text: str) -> None:
    """Nothing that could be meant as text is taken for a template."""
    assert compile_value(text, dialect="author").static
