"""Values in OData's query options are literals: no text ends its quotes, and nothing else stands outside them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.datafolder import data_root
from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import ExpressionError, InvalidValueError, MissingValueError, ParameterError
from nodeloom.expression import Environment, Scope, compile_value
from nodeloom.plan.clause import clause, is_literal, is_odata
from nodeloom.plan.compiler import compile_plan
from nodeloom.testing.odata.declarations import ComplexType, Edm, Field
from nodeloom.testing.odata.filters import _tokens as filter_tokens
from nodeloom.testing.odata.filters import parse_filter
from tests.plan.harness import BASE, node, request_of, scope_of

THREECX = Node.from_path(data_root() / "nodes" / "threecx")
LIST = {"resource": "Website Links", "operation": "List Weblink"}
OPTIONS = ["$filter", "$orderby", "$search", "$expand", "$select", "$apply", "$compute", "@name"]


def written(template: str, option: str = "$filter", **item: Any) -> Any:
    """What `template` comes to as a query option, for an item."""
    compiled = compile_value(template, dialect="author", property="Filter", template=clause(option))
    return compiled.resolve(Scope(Environment(), [], 0, item={"json": item}))


def filter_of(parameters: dict[str, Any], item: dict[str, Any], **how: Any) -> Any:
    """The `$filter` that List Weblink would send."""
    plan = compile_plan(THREECX, {**LIST, **parameters}, **how)
    query: Any = plan.draft(scope_of(plan, item)).options["qs"]
    return query.get("$filter")


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("Ann", "'Ann'"),
        ("O'Brien", "'O''Brien'"),
        ("x' or Name ne 'x", "'x'' or Name ne ''x'"),
        ("'", "''''"),
        ("O''Brien", "'O''''Brien'"),
        ("a\\'b", "'a\\''b'"),
        ("%27", "'%27'"),
        (5, "'5'"),
        (True, "'true'"),
        (0, "'0'"),
    ],
)
@pytest.mark.parametrize("block", ["{{ $json.n }}", "{{ $json['n'] + '' }}", "<<$json.n>>"])
def test_a_value_in_quotes_stays_in_them(value: Any, literal: str, block: str) -> None:
    assert written(f"Name eq '{block}' and Id gt 5", n=value) == f"Name eq {literal} and Id gt 5"
    assert filter_of({"Options": {"Filter": f"Name eq '{block}'"}}, {"n": value}) == f"Name eq {literal}"


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_held_to_it(option: str) -> None:
    assert is_odata(option)
    assert written("a('{{ $json.n }}')", option, n="O'Brien") == "a('O''Brien')"
    with pytest.raises(InvalidValueError):
        written("a eq {{ $json.n }}", option, n="1 or true")


@pytest.mark.parametrize("name", ["filter", "$top", "$count", "q", None, "$filters"])
def test_other_query_parameters_are_not(name: Any) -> None:
    assert not is_odata(name)


def test_two_blocks_and_text_in_one_literal() -> None:
    assert written("Name eq '{{ $json.a }} van {{ $json.b }}!'", a="O'", b="'s") == "Name eq 'O'' van ''s!'"
    assert written("Name eq 'It''s {{ $json.a }}'", a="it's") == "Name eq 'It''s it''s'"
    assert written("contains(Name,'{{ $json.a }}') or Name eq 'x{{ $json.b }}'", a="'", b="'") == (
        "contains(Name,'''') or Name eq 'x'''"
    )


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (5, "5"),
        (-2.5, "-2.5"),
        (1e30, "1e+30"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        ("7", "7"),
        (" 7 ", "7"),
        ("null", "null"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z"),
        ("2026-01-31T09:30:00.123+01:00", "2026-01-31T09:30:00.123+01:00"),
        ("09:30:00", "09:30:00"),
        ("duration'PT5M'", "duration'PT5M'"),
        ("01234567-89ab-cdef-0123-456789ABCDEF", "01234567-89ab-cdef-0123-456789ABCDEF"),
        ("Pbx.PeerType'Queue'", "Pbx.PeerType'Queue'"),
        ("'O''Brien'", "'O''Brien'"),
        (datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC), "2026-01-31T00:00:00Z"),
    ],
)
def test_outside_quotes_a_literal_passes(value: Any, literal: str) -> None:
    assert written("Id eq {{ $json.n }} or false", n=value) == f"Id eq {literal} or false"


@pytest.mark.parametrize(
    "value",
    [
        "Ann", "1 or true", "5)", "Name", "'x' or true", "'a'b'", "true,false", "x'", "1;2", [1], {}, float("inf"),
        "2026-13", "null or 1 eq 1", "$it",
    ],
)  # fmt: skip
def test_outside_quotes_nothing_else_does(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="not a literal") as caught:
        written("Id eq {{ $json.n }}", n=value)
    assert caught.value.expression == "Id eq {{ $json.n }}"
    assert "'{{ $json.n }}'" in str(caught.value.hint)


@pytest.mark.parametrize("item", [{}, {"n": None}, {"n": ""}, {"n": float("nan")}])
def test_a_literal_that_came_to_nothing_fails_the_item(item: dict[str, Any]) -> None:
    with pytest.raises(MissingValueError, match="A part of Filter is missing") as caught:
        written("Name eq '{{ $json.n }}'", **item)
    assert caught.value.property == "Filter"
    if item.get("n", 0) is not None:
        with pytest.raises(MissingValueError):
            written("Id eq {{ $json.n }}", **item)


@pytest.mark.parametrize(
    "template",
    ["Id eq {{ $json.n | upper }}", "Name eq '{{ $json.n | upper }}'", "={{ 'Id eq ' + ($json.n | upper) }}"],
)
def test_a_literal_that_is_made_with_a_name_that_nothing_has_fails_the_item(template: str) -> None:
    with pytest.raises(MissingValueError, match="Nothing is called upper in expressions"):
        written(template, n="a")


@pytest.mark.parametrize(
    ("template", "clause_written"),
    [
        ("={{ $json.n }}", "x eq 'a' or true"),
        ("{{ $json.n }}", "x eq 'a' or true"),
        (" {{ $json.n }} \n", "x eq 'a' or true"),
        ('={{ "Name eq \'" + $json.n + "\'" }}', "Name eq 'x eq 'a' or true'"),
        ("={{ 'Name eq ' + odata($json.n) }}", "Name eq 'x eq ''a'' or true'"),
        ("Name eq 'O''Brien'", "Name eq 'O''Brien'"),
    ],
)
def test_one_lone_expression_is_the_whole_clause_and_so_is_text(template: str, clause_written: str) -> None:
    assert written(template, n="x eq 'a' or true") == clause_written
    assert filter_of({"Options": {"Filter": template}}, {"n": "x eq 'a' or true"}) == clause_written


def test_odata_writes_a_literal_beside_text_too() -> None:
    assert written("Name eq {{ odata($json.n) }} and Id gt {{ odata($json.i) }}", n="O'Brien", i=5) == (
        "Name eq 'O''Brien' and Id gt 5"
    )
    with pytest.raises(ParameterError, match=r"odata\(\) in quotes"):
        written("Name eq '{{ odata($json.n) }}'", n="x")
    with pytest.raises(ExpressionError, match="undefined"):
        written("={{ 'Name eq ' + odata($json.nn) }}", n="x")


@pytest.mark.parametrize(
    ("value", "literal"),
    [("O'Brien", "'O''Brien'"), ("x", "'x'"), ("a''b", "'a''''b'")],
)
@pytest.mark.parametrize(
    "code",
    [
        '$json.n.replaceAll("\'", "\'\'")',
        "$json.n.replace(/'/g, \"''\")",
        '$json.n.split("\'").join("\'\'")',
    ],
)
def test_an_expression_that_doubles_quotes_itself_is_taken_at_its_word(code: str, value: str, literal: str) -> None:
    assert written("Name eq '{{ " + code + " }}'", n=value) == f"Name eq {literal}"


def test_taken_at_its_word_it_still_cannot_end_the_literal() -> None:
    assert written("Name eq '{{ $json.n + \"''\" }}'", n="x' or '") == "Name eq 'x'' or '''''''"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Name eq 'O'Brien' and x eq '{{ $json.n }}'", "not closed"),
        ("Name eq '{{ $json.n }}", "not closed"),
        ("Name eq ''{{ $json.n }}''", "touches a literal"),
        ("Pbx.Type{{ $json.n }}'Queue'", "touches a literal"),
    ],
)
def test_quotes_that_do_not_fit_are_said_before_the_run(template: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        compile_value(template, dialect="author", property="Filter", template=clause("$filter"))


def test_a_block_and_the_text_it_touches_are_one_literal() -> None:
    template = "At gt {{ $json.day }}T00:00:00Z and At lt {{ $json.day }}T{{ $json.hour }}:00:00Z"
    assert written(template, day="2026-01-31", hour="09") == (
        "At gt 2026-01-31T00:00:00Z and At lt 2026-01-31T09:00:00Z"
    )
    assert written("Id gt -{{ $json.n }}", n=5) == "Id gt -5"
    for template, value in (
        ("Field{{ $json.n }} eq 1", 5),
        ("Id gt 1{{ $json.n }}", "0 or 1"),
        ("At gt {{ $json.n }}T", "2026-01-31"),
    ):
        with pytest.raises(InvalidValueError, match="not a literal"):
            written(template, n=value)
    with pytest.raises(MissingValueError):
        written("Id gt -{{ $json.n }}", n=None)


def test_a_search_phrase_stands_in_double_quotes() -> None:
    assert written('"{{ $json.n }}" AND bike', "$search", n='a "b" \\c') == '"a \\"b\\" \\\\c" AND bike'
    assert written("O'Brien's \"{{ $json.n }}\"", "$search", n="x' OR y") == "O'Brien's \"x' OR y\""
    with pytest.raises(InvalidValueError) as caught:
        written("bike AND {{ $json.n }}", "$search", n="a OR b")
    assert '"{{ $json.n }}"' in str(caught.value.hint)
    with pytest.raises(InvalidValueError, match="end a phrase"):
        written("'{{ $json.n }}'", "$search", n='a" OR "b')


@pytest.mark.parametrize("value", [[], ["a"], {"a": 1}])
def test_a_list_or_object_is_no_part_of_a_literal(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="list or object"):
        written("Name eq '{{ $json.n }}'", n=value)


FILTER = {"displayName": "Filter", "name": "filter", "type": "string", "default": ""}
SENT = {"type": "query", "property": "$filter"}
NAME = {"displayName": "Name", "name": "name", "type": "string", "default": ""}


def query_of(probe: Node, parameters: dict[str, Any], item: dict[str, Any], **how: Any) -> Any:
    plan = compile_plan(probe, parameters, **how)
    query: Any = plan.draft(scope_of(plan, item)).options["qs"]
    return query.get("$filter")


@pytest.mark.parametrize(
    "probe",
    [
        node({**FILTER, "routing": {"send": SENT}}),
        node({**FILTER, "routing": {"send": {**SENT, "value": "={{ $value || undefined }}"}}}),
        node({**FILTER, "routing": {"request": {"qs": {"$filter": "={{ $value }}"}}}}),
        node({**FILTER, "routing": {"request": {"qs": {"$filter": "={{ $value ? $value.trim() : undefined }}"}}}}),
        node(FILTER, {**NAME, "routing": {"request": {"qs": {"$filter": "={{ $parameter.filter }}"}}}}),
        node(FILTER, requestDefaults={"baseURL": BASE, "qs": {"$filter": "={{ $parameter.filter }}"}}),
    ],
    ids=range(6),
)  # fmt: skip
def test_a_clause_is_known_by_where_the_descriptor_puts_it(probe: Node) -> None:
    template = "Name eq '{{ $json.n }}'"
    assert query_of(probe, {"filter": template}, {"n": "O'Brien"}) == "Name eq 'O''Brien'"
    with pytest.raises(MissingValueError):
        query_of(probe, {"filter": template}, {})
    assert query_of(probe, {"filter": template}, {"n": "O'Brien"}, url_values="raw") == "Name eq 'O'Brien'"


@pytest.mark.parametrize(
    "probe",
    [
        node({**NAME, "routing": {"send": {**SENT, "value": "=Name eq '{{ $value }}'"}}}),
        node({**NAME, "routing": {"request": {"qs": {"$filter": "=Name eq '{{ $value }}'"}}}}),
        node(NAME, {**FILTER, "routing": {"request": {"qs": {"$filter": "=Name eq '{{ $parameter.name }}'"}}}}),
    ],
    ids=range(3),
)  # fmt: skip
def test_a_literal_that_the_descriptor_quotes_is_quoted(probe: Node) -> None:
    for value in ("O'Brien", "x' or Name ne 'x"):
        expected = f"Name eq '{value.replace(chr(39), 2 * chr(39))}'"
        assert query_of(probe, {"name": "={{ $json.n }}"}, {"n": value}) == expected
        assert query_of(probe, {"name": value}, {}) == expected


def at(url: str) -> Node:
    go = {"name": "Go", "value": "go", "routing": {"request": {"method": "GET", "url": url}}}
    operation = {"name": "operation", "type": "options", "default": "go", "options": [go]}
    return Node(
        {"name": "p", "displayName": "P", "requestDefaults": {"baseURL": BASE}, "properties": [operation, NAME]}
    )


@pytest.mark.parametrize(
    ("url", "value", "sent"),
    [
        ("=/Users('{{ $parameter.name }}')", "O'Brien", "/Users('O''Brien')"),
        ("=/Users('{{ $parameter.name }}')/Groups", "x') or ('", "/Users('x'')%20or%20(''')/Groups"),
        ("=/Users(Name='{{ $parameter.name }}',Id=5)", "a',Id='", "/Users(Name='a'',Id=''',Id=5)"),
        ("=/Users(%27{{ $parameter.name }}%27)", "O%27Brien", "/Users(%27O%27%27Brien%27)"),
        ("=/Users({{ $parameter.name }})", "7", "/Users(7)"),
        ('=/Users({{ "\'" + $parameter.name + "\'" }})', "a", "/Users('a')"),
        (
            "=/Users?$filter=Name eq '{{ $parameter.name }}'&$top=1",
            "O'Brien",
            "/Users?$filter=Name%20eq%20'O''Brien'&$top=1",
        ),
        ("=/Users?%24filter=Id eq {{ $parameter.name }}", "5", "/Users?%24filter=Id%20eq%205"),
        (
            "=/Users?$filter={{ $parameter.name }}&$top=1",
            "Id eq 5 or true",
            "/Users?$filter=Id%20eq%205%20or%20true&$top=1",
        ),
        ("=/it's/{{ $parameter.name }}/that's", "O'Brien", "/it's/O'Brien/that's"),
    ],
)
def test_literals_in_an_address_are_written_as_such(url: str, value: str, sent: str) -> None:
    for given_value in ("={{ $json.n }}", value):
        assert request_of(at(url), {"name": given_value}, {"n": value}).url.removeprefix(BASE) == sent


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("=/Users({{ $parameter.name }})", "1) or (1"),
        ("=/Users({{ $parameter.name }})", "Name='x'"),
        ("=/Users?$filter=Id eq {{ $parameter.name }}", "5 or true"),
        ("=/Users?$filter={{ $parameter.name }} eq 5", "Id"),
        ('=/Users({{ "\'" + $parameter.name + "\'" }})', "a') or ('b"),
    ],
)
def test_what_is_no_literal_in_an_address_fails_the_item(url: str, value: str) -> None:
    with pytest.raises(InvalidValueError):
        request_of(at(url), {"name": "={{ $json.n }}"}, {"n": value})


def test_an_empty_literal_in_an_address_fails_the_item() -> None:
    for item in ({}, {"n": None}, {"n": ""}):
        with pytest.raises(MissingValueError, match="Name is missing"):
            request_of(at("=/Users('{{ $parameter.name }}')"), {"name": "={{ $json.n }}"}, item)


def test_raw_writes_what_n8n_writes() -> None:
    assert filter_of({"Options": {"Filter": "Name eq '{{ $json.n }}'"}}, {"n": "O'Brien"}, url_values="raw") == (
        "Name eq 'O'Brien'"
    )
    sent = request_of(at("=/Users('{{ $parameter.name }}')"), {"name": "O'Brien"}, {}, url_values="raw")
    assert sent.url == f"{BASE}/Users('O'Brien')"


KIND = ComplexType("Thing", (Field("Name", Edm.STRING), Field("Id", Edm.INT32)))
TEXTS = st.text(min_size=1) | st.text("'\"\\ aéor%27", min_size=1)


@given(TEXTS, st.sampled_from(["{{ $json.n }}", "{{ $json['n'] }}", "{{ $json['n'].toString() }}"]))
def test_whatever_the_text_is_it_is_one_literal_of_the_filter(text: str, block: str) -> None:
    found = written(f"Id lt 5 and (Name eq '{block}' or contains(Name,'{block}'))", n=text)
    model = written(f"Id lt 5 and (Name eq '{block}' or contains(Name,'{block}'))", n="model")

    def shape(filter_text: str, value: str) -> list[Any]:
        return [(t.kind, "here" if t.value == value else t.text) for t in filter_tokens(filter_text)]

    assert shape(found, text) == shape(model, "model")
    matches = parse_filter(found, KIND)
    assert matches({"Name": text, "Id": 1})
    assert not matches({"Name": text, "Id": 9})


@given(TEXTS)
def test_outside_quotes_any_text_is_one_literal_or_refused(text: str) -> None:
    try:
        found = written("Id eq {{ $json.n }} and true", n=text)
    except (InvalidValueError, MissingValueError):
        return
    assert is_literal(found.removeprefix("Id eq ").removesuffix(" and true"))


@given(TEXTS)
def test_odata_is_what_the_sandbox_reads_back(text: str) -> None:
    assert parse_filter(written("={{ 'Name eq ' + odata($json.n) }}", n=text), KIND)({"Name": text})


@pytest.mark.parametrize("lone", ['={{ "Name eq \'" + $json.n + "\'" }}', "={{ `Name eq '${$json.n}'` }}"])
def test_a_clause_that_spells_out_what_is_undefined_is_none(lone: str) -> None:
    with pytest.raises(MissingValueError):
        written(lone)
    assert written(lone, n="a") == "Name eq 'a'"


def test_null_is_a_literal_that_an_expression_may_write() -> None:
    assert written("={{ 'Name eq ' + odata($json.n) }}", n=None) == "Name eq null"
    assert written("={{ 'Name eq ' + $json.n }}", n=None) == "Name eq null"


def pairs() -> dict[str, Any]:
    name = {"displayName": "Name", "name": "name", "type": "string", "default": ""}
    routing = {"send": {"type": "query", "property": "={{ $parent.name }}"}}
    group = {"name": "pair", "values": [name, {**name, "name": "value", "displayName": "Value", "routing": routing}]}
    many = {"multipleValues": True}
    return {"name": "pairs", "type": "fixedCollection", "default": {}, "typeOptions": many, "options": [group]}


def test_an_author_may_give_the_name_of_the_query_option() -> None:
    given_ = {"pairs": {"pair": [{"name": "$filter", "value": "Name eq '{{ $json.n }}'"}]}}
    assert "x%27%27%20or%20true" in request_of(node(pairs()), given_, {"n": "x' or true"}).url
    given_["pairs"]["pair"][0]["value"] = "Id eq {{ $json.n }}"
    with pytest.raises(InvalidValueError, match="not a literal"):
        request_of(node(pairs()), given_, {"n": "1 or true"})
    given_["pairs"]["pair"][0]["name"] = "={{ '$' + 'filter' }}"
    with pytest.raises(InvalidValueError, match="cannot be quoted"):
        request_of(node(pairs()), given_, {"n": 1})


def test_a_query_that_is_one_expression_names_its_clauses() -> None:
    text = {"displayName": "Filter", "name": "f", "type": "string", "default": ""}
    query = {"request": {"qs": "={{ ({ '$filter': $parameter.f || undefined, a: 1 }) }}"}}
    probe = node(text, {**text, "name": "o", "default": "x", "routing": query})
    sent = request_of(probe, {"f": "Name eq '{{ $json.n }}'"}, {"n": "x' or true"})
    assert "x%27%27%20or%20true" in sent.url
    assert request_of(probe, {}).url == f"{BASE}/go?a=1"
    with pytest.raises(MissingValueError):
        request_of(probe, {"f": "={{ $json.n }}"})
