"""From answers to items: bodies, postReceive, errors."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from nodeloom import errors
from nodeloom.errors import DescriptorError, ResponseError
from nodeloom.messages import Response
from nodeloom.plan.compiler import compile_plan
from tests.plan.harness import answer, answering, exchange, scope_of


def items(routing: dict[str, Any], *answers: Any, **how: Any) -> list[Any]:
    return [item["json"] for item in exchange(answering(routing), list(answers), **how)[1]]


def after(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"output": {"postReceive": list(steps)}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"a": 1}, [{"a": 1}]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
        ([], []),
        ([1, "x", None], [{"data": 1}, {"data": "x"}, {"data": None}]),
        (5, [{"data": 5}]),
    ],
)
def test_json_becomes_items(body: Any, expected: list[Any]) -> None:
    assert items({}, answer(body)) == expected


def test_null_is_a_body() -> None:
    assert items({}, answer(b"null", content_type="application/json")) == [{"data": None}]


def test_text_becomes_data() -> None:
    assert items({}, answer("hello", content_type="text/plain")) == [{"data": "hello"}]


def test_json_is_read_whatever_text_type_says() -> None:
    assert items({}, answer('{"a": 1}', content_type="text/plain")) == [{"a": 1}]


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "raw_unicode_escape", "utf-7", "x" * 5000])
def test_what_is_no_encoding_of_text_is_not_tried(charset: str) -> None:
    """Python would: some megabytes of punycode keep it busy for hours, and every other item waits."""
    [item] = exchange(answering({}), [answer(b"a-b", content_type=f"text/plain; charset={charset}")])[1]
    assert base64.b64decode(item["binary"]["data"]["data"]) == b"a-b"


@pytest.mark.parametrize(
    "charset", ["ISO-8859-15", "windows-1252", "latin1", "utf-16le", "KOI8-R", "Shift_JIS", "EUC-KR", "big5", "gbk"]
)
def test_the_encodings_of_services_are_read(charset: str) -> None:
    text = {"KOI8-R": "ж", "Shift_JIS": "日", "EUC-KR": "한", "big5": "日", "gbk": "日"}.get(charset, "ü")
    assert items({}, answer(text.encode(charset), content_type=f"text/plain; charset={charset}")) == [{"data": text}]


def test_an_empty_success_says_so() -> None:
    assert items({}, answer(status=204)) == [{"success": True, "statusCode": 204}]


def test_bytes_become_binary_data_with_the_name_the_service_gives() -> None:
    sent = answer(b"\x89PNG\x00", content_type="image/png", content_disposition='attachment; filename="../a.png"')
    [item] = exchange(answering({}), [sent])[1]
    assert item["binary"]["data"]["mimeType"] == "image/png"
    assert item["binary"]["data"]["fileName"] == "a.png"
    assert base64.b64decode(item["binary"]["data"]["data"]) == b"\x89PNG\x00"


def test_a_body_that_says_json_and_is_none_is_an_error_with_its_beginning() -> None:
    with pytest.raises(errors.UnreadableAnswerError) as caught:
        items({}, answer("<html>login", content_type="application/json"))
    assert "<html>login" in str(caught.value)


def test_to_the_letter_of_n8n_other_bodies_stay_as_they_are() -> None:
    assert items({}, answer(5), url_values="raw") == [5]
    assert items({}, answer(status=204), url_values="raw") == [""]


LIST = {"data": {"list": [{"id": 3, "n": "c"}, {"id": 1, "n": "A"}, {"id": 2, "n": "b"}]}, "total": 3}
ROOT = {"type": "rootProperty", "properties": {"property": "data.list"}}


def test_root_property_takes_what_a_path_leads_to() -> None:
    assert [i["id"] for i in items(after(ROOT), answer(LIST))] == [3, 1, 2]
    assert items(after({"type": "rootProperty", "properties": {"property": "data"}}), answer(LIST)) == [LIST["data"]]
    assert items(after({"type": "rootProperty", "properties": {"property": "nope"}}), answer(LIST)) == []


def test_steps_follow_each_other() -> None:
    steps = [
        ROOT,
        {"type": "filter", "properties": {"pass": "={{ $responseItem.id > 1 }}"}},
        {"type": "sort", "properties": {"key": "n"}},
        {"type": "setKeyValue", "properties": {"id": "={{ $responseItem.id }}", "of": "={{ $response.body.total }}"}},
        {"type": "limit", "properties": {"maxResults": "1"}},
    ]
    assert items(after(*steps), answer(LIST)) == [{"id": 2, "of": 3}]


def test_set_replaces_everything() -> None:
    step = {"type": "set", "properties": {"value": "={{ ({ status: $response.statusCode }) }}"}}
    assert items(after(step), answer(LIST, 201)) == [{"status": 201}]


def test_a_disabled_step_does_nothing() -> None:
    assert items(after({**ROOT, "enabled": False}), answer(LIST)) == [LIST]
    assert items(after({**ROOT, "enabled": "={{ 1 > 2 }}"}), answer(LIST)) == [LIST]


def test_max_results_cuts() -> None:
    assert items({"output": {"maxResults": 2, "postReceive": [ROOT]}}, answer(LIST)) == LIST["data"]["list"][:2]  # type: ignore[index]


def test_binary_data_takes_the_body_whatever_it_is() -> None:
    step = {"type": "binaryData", "properties": {"destinationProperty": "file"}}
    [item] = exchange(answering(after(step)), [answer({"a": 1})])[1]
    assert base64.b64decode(item["binary"]["file"]["data"]) == b'{"a": 1}'


def test_an_unknown_step_suggests_the_nearest() -> None:
    with pytest.raises(DescriptorError, match="rootPropety") as caught:
        items(after({"type": "rootPropety"}), answer(LIST))
    assert "rootProperty" in str(caught.value)


def test_odata_4_01_may_leave_out_the_prefix() -> None:
    """The ETag stands under one name, which If Match's placeholder reads; annotations of the service's own stay."""
    step = {"type": "odata"}
    entity = {"@etag": "e1", "@id": "x", "Link": "a", "DN@type": "y", "Group@navigationLink": "z", "@Org.Note": "own"}
    page = {"@context": "c", "@count": 2, "@nextLink": "n", "value": [entity]}
    kept = {"@odata.etag": "e1", "Link": "a", "@Org.Note": "own"}
    assert items(after(step), answer(page)) == [kept]
    assert items(after(step), answer({"@context": "c", **entity}, etag="other")) == [kept]


@pytest.mark.parametrize("value", ["Enabled", "", 5, 1.5, True, None])
def test_odata_may_answer_a_bare_value(value: Any) -> None:
    """A function that gives a primitive value, of a service that leaves out the object around it."""
    for kind in ("application/json", "text/plain"):
        said = Response(200, {"content-type": kind}, json.dumps(value).encode())
        assert items(after({"type": "odata"}), said) == [{"data": value}]


def test_odata_leaves_annotations_out_but_for_the_etag() -> None:
    step = {"type": "odata"}
    page = {
        "@odata.context": "c",
        "@odata.count": 2,
        "value": [{"@odata.etag": "e1", "Link": "a", "DN@odata.type": "x"}],
    }
    assert items(after(step), answer(page)) == [{"@odata.etag": "e1", "Link": "a"}]
    assert items(after(step), answer({"@odata.context": "c", "Link": "a"}, etag='W/"1"')) == [
        {"Link": "a", "@odata.etag": 'W/"1"'}
    ]
    with pytest.raises(errors.UnreadableAnswerError):
        items(after(step), answer("<html>", content_type="text/html"))


@pytest.mark.parametrize("mode", ["strict", "raw"])
@pytest.mark.parametrize("full", [True, "true", "={{ true }}", False])
def test_asking_for_the_full_response_changes_nothing_about_the_items(mode: str, full: Any) -> None:
    """n8n asks for it with every declarative call, and takes its body."""
    request = {"request": {"returnFullResponse": full}}
    assert items(request, answer({"a": 1}), url_values=mode) == [{"a": 1}]
    assert items(request, answer([{"a": 1}, {"a": 2}]), url_values=mode) == [{"a": 1}, {"a": 2}]
    root = {"output": {"postReceive": [{"type": "rootProperty", "properties": {"property": "body"}}]}}
    assert items({**request, **root}, answer({"body": [{"b": 1}]}), url_values=mode) == [{"b": 1}]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("data[0].rows", [{"a": 1}, {"a": 2}]),
        ("data.1.rows", [{"a": 3}]),
        ('["x.y"]', [{"z": 1}]),
        ("x.y", [{"z": 1}]),
        ("o", [{"k": "v"}]),
        ("o['k']", [{"data": "v"}]),
        ("data.length", [{"data": 2}]),
        ("none", [{"data": None}]),
        ("nope.x", []),
        ("data[9]", []),
    ],
)
def test_a_root_property_is_a_path_as_lodash_reads_it(path: str, wanted: list[Any]) -> None:
    body = {
        "data": [{"rows": [{"a": 1}, {"a": 2}]}, {"rows": [{"a": 3}]}],
        "x.y": {"z": 1},
        "o": {"k": "v"},
        "none": None,
    }
    step = {"type": "rootProperty", "properties": {"property": path}}
    assert items(after(step), answer(body)) == wanted


def test_what_a_root_property_does_not_find_is_an_item_in_n8n_only() -> None:
    step = {"type": "rootProperty", "properties": {"property": "nope"}}
    seen = {"type": "setKeyValue", "properties": {"type": "={{ typeof $responseItem }}"}}
    assert items(after(step), answer({"a": 1}), url_values="raw") == [None]
    assert items(after(step, seen), answer({"a": 1}), url_values="raw") == [{"type": "undefined"}]
    assert items(after(step, seen), answer({"a": 1})) == []


def test_n8n_reads_no_expression_in_a_root_property_or_sort_key() -> None:
    step = {"type": "rootProperty", "properties": {"property": "={{ 'a' }}"}}
    assert items(after(step), answer({"a": [{"k": 1}]})) == [{"k": 1}]
    assert items(after(step), answer({"a": [{"k": 1}]}), url_values="raw") == [None]


WHOLE = {"type": "setKeyValue", "properties": {"n": "={{ $responseItem.length }}"}}


def test_an_answer_that_is_a_list_is_one_item_for_the_steps() -> None:
    for mode in ("strict", "raw"):
        assert items(after(WHOLE), answer([{"a": 1}, {"a": 2}]), url_values=mode) == [{"n": 2}]
        step = {"type": "rootProperty", "properties": {"property": "[1].a"}}
        assert items(after(step), answer([{"a": {"b": 1}}, {"a": {"b": 2}}]), url_values=mode) == [{"b": 2}]
        # Without steps, or where all are disabled, it is one item an entry.
        assert items(after({**WHOLE, "enabled": False}), answer([{"a": 1}, {"a": 2}]), url_values=mode) == [
            {"a": 1},
            {"a": 2},
        ]


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        ({"type": "limit", "properties": {"maxResults": 1}}, [{"a": 2}]),
        ({"type": "filter", "properties": {"pass": "={{ $responseItem.a === 1 }}"}}, [{"a": 1}]),
        ({"type": "sort", "properties": {"key": "a"}}, [{"a": 1}, {"a": 2}]),
    ],
)
def test_steps_that_work_on_entries_take_them_out_of_a_list_but_not_in_n8n(step: dict[str, Any], wanted: Any) -> None:
    whole = [{"a": 2}, {"a": 1}]
    assert items(after(step), answer(whole)) == wanted
    assert items(after(step), answer(whole), url_values="raw") == ([] if step["type"] == "filter" else [whole])


@pytest.mark.parametrize(
    ("enabled", "applies"),
    [
        ("={{ $value === undefined }}", True),
        ("={{ $json.n > 3 }}", True),
        ("={{ $json.n > 9 }}", False),
        ("={{ [] }}", True),
        ("={{ NaN }}", False),
        ("={{ $parameter.operation === 'go' }}", True),
        ("", True),
        ("false", True),
        (False, False),
        # It is settled before the request is sent, so there is no answer yet.
        ("={{ $response.statusCode === 200 }}", False),
    ],
)
def test_whether_a_step_is_enabled_is_settled_before_the_request(enabled: Any, applies: bool) -> None:
    step = {**ROOT, "enabled": enabled}
    found = exchange(answering(after(step)), [answer(LIST)], item={"n": 7}, url_values="raw")[1]
    assert len(found) == (3 if applies else 1)


@pytest.mark.parametrize(
    ("most", "raw", "strict"),
    [
        (2, 2, 2),
        (0, 0, 0),
        ("2", 2, 2),
        (" 2", 2, 2),
        ("2.9", 2, 2),
        (1.5, 1, 1),
        ("1e1", 1, 3),
        (-1, 2, None),
        ("x", 0, None),
        ("={{ undefined }}", 0, 3),
        (True, 0, None),
        (False, 0, 3),
    ],
)
def test_a_limit_is_a_number_and_in_n8n_whatever_parse_int_makes_of_it(most: Any, raw: int, strict: int | None) -> None:
    routing = after(ROOT, {"type": "limit", "properties": {"maxResults": most}})
    assert len(items(routing, answer(LIST), url_values="raw")) == raw
    if strict is None:
        with pytest.raises(errors.InvalidValueError, match="maxResults"):
            items(routing, answer(LIST))
    else:
        assert len(items(routing, answer(LIST))) == strict


@pytest.mark.parametrize(
    ("most", "raw", "strict"),
    [(2, 2, 2), (0, 3, 3), ("2", 2, 2), (-1, 2, None), ("x", 0, None), ("={{ undefined }}", 3, 3), (9, 3, 3)],
)
def test_max_results_cut_and_in_n8n_as_splice_does(most: Any, raw: int, strict: int | None) -> None:
    routing = {"output": {"maxResults": most, "postReceive": [ROOT]}}
    assert len(items(routing, answer(LIST), url_values="raw")) == raw
    if strict is not None:
        assert len(items(routing, answer(LIST))) == strict
        return
    # Before anything is sent.
    with pytest.raises(errors.ParameterError, match="maxResults"):
        compile_plan(answering(routing), {})
    plan = compile_plan(answering({"output": {"maxResults": "={{ $json.most }}"}}), {})
    with pytest.raises(errors.InvalidValueError, match="maxResults"):
        next(plan.exchange(scope_of(plan, {"most": most})))


def test_set_gives_one_item_and_of_a_list_one_for_each_entry_but_in_n8n() -> None:
    def found(value: Any, mode: str) -> list[Any]:
        return items(after({"type": "set", "properties": {"value": value}}), answer(LIST), url_values=mode)

    assert found("={{ [{ a: 1 }, 2] }}", "strict") == [{"a": 1}, {"data": 2}]
    assert found("={{ [{ a: 1 }, 2] }}", "raw") == [[{"a": 1}, 2]]
    assert found('{"deleted":true}', "raw") == ['{"deleted":true}']
    assert found('{"deleted":true}', "strict") == [{"data": '{"deleted":true}'}]
    assert found("={{ undefined }}", "raw") == [None]
    assert found("={{ ({ a: undefined, l: [undefined] }) }}", "raw") == [{"l": [None]}]
    assert found({"a": "={{ $response.nope }}", "b": 1}, "strict") == [{"b": 1}]


def test_what_makes_items_cannot_read_the_credential_but_a_filter_can() -> None:
    made = {"type": "set", "properties": {"value": {"c": "={{ typeof $credentials }}"}}}
    each = {"type": "setKeyValue", "properties": {"c": "={{ typeof $credentials }}"}}
    passing = {"type": "filter", "properties": {"pass": "={{ typeof $credentials === 'object' }}"}}
    assert items(after(made), answer(LIST)) == [{"c": "undefined"}]
    assert items(after(each), answer(LIST)) == [{"c": "undefined"}]
    assert len(items(after(ROOT, passing), answer(LIST))) == 3


def test_sorting_is_by_the_text_of_values_in_the_order_of_javascript() -> None:
    values = [9, 10, "B", "a", None, False, 0, [2, 1], {"z": 1}, "\ufffd", "\U0001f600", "é"]
    body = {"l": [*({"a": value} for value in values), {"b": 1}]}
    steps = after(
        {"type": "rootProperty", "properties": {"property": "l"}}, {"type": "sort", "properties": {"key": "a"}}
    )
    wanted = [None, None, 0, 10, [2, 1], 9, {"z": 1}, "a", "B", False, "é", "\U0001f600", "\ufffd"]
    assert [item.get("a") for item in items(steps, answer(body))] == wanted


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["strict", "raw"])
@pytest.mark.parametrize("encoding", ["text", "document", "utf8", "={{ 'text' }}"])
def test_a_request_for_text_gets_text_also_where_it_is_json(mode: str, encoding: str) -> None:
    def found(text: str, kind: str = "application/json") -> Any:
        [data] = items({"request": {"encoding": encoding}}, answer(text, content_type=kind), url_values=mode)
        return data if mode == "raw" else data["data"]

    for text in ('{"a":1}', "[1,2]", "5", "null", '{"a":', "hello"):
        assert found(text) == text
    assert found("\ufeff<a/>", "text/xml") == "<a/>"
    assert items({"request": {"encoding": "json"}}, answer('{"a":1}'), url_values=mode) == [{"a": 1}]


def test_lines_of_set_cookie_are_a_list() -> None:
    step = {
        "type": "set",
        "properties": {"value": "={{ ({ c: $response.headers['set-cookie'], n: $response.headers.n }) }}"},
    }

    def found(*cookies: str) -> Any:
        response = answer({"a": 1}, n="1, 2")
        response = Response(200, response.headers, response.body, cookies=cookies)
        return items(after(step), response)[0]

    assert found("a=1; Expires=Mon, 01 Jan 2029 00:00:00 GMT", "b=2") == {
        "c": ["a=1; Expires=Mon, 01 Jan 2029 00:00:00 GMT", "b=2"],
        "n": "1, 2",
    }
    assert found("a=1") == {"c": ["a=1"], "n": "1, 2"}
    assert found() == {"n": "1, 2"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (412, errors.PreconditionFailedError),
        (418, errors.BadRequestError),
        (429, errors.RateLimitedError),
        (301, errors.UnexpectedRedirectError),
        (500, errors.ServerError),
        (503, errors.ServerError),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[ResponseError]) -> None:
    with pytest.raises(ResponseError) as caught:
        items({}, answer({"error": {"code": "E1", "message": "said so"}}, status))
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.details["serviceCode"] == "E1"
    assert "said so" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            {"error": {"code": "", "message": "Number:\nX.IN_USE", "details": [{"code": "", "message": "X.IN_USE"}]}},
            "X.IN_USE",
            "Number: X.IN_USE",
        ),
        ({"error": "invalid_client", "error_description": "no"}, "invalid_client", "no"),
        ({"title": "Gone", "detail": "It went."}, None, "It went."),
        ({"errors": [{"code": 7, "message": "first"}]}, "7", "first"),
        ({"message": "plain"}, None, "plain"),
    ],
)
def test_the_services_own_words_are_found(body: Any, code: str | None, message: str) -> None:
    with pytest.raises(ResponseError) as caught:
        items({}, answer(body, 400))
    assert caught.value.details.get("serviceCode") == code
    assert caught.value.details["serviceMessage"] == message


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "c" * 100_000, "message": "m" * 100_000}},
        {"error": "c" * 100_000, "error_description": ["m" * 100_000]},
        {"errors": [{"code": ["c"] * 100_000, "detail": "m" * 100_000}]},
        {"error": "m" * 100_000},
    ],
)
def test_no_error_keeps_all_that_a_service_says(body: Any) -> None:
    """A batch keeps an error for each item that fails."""
    with pytest.raises(ResponseError) as caught:
        items({}, answer(body, 400))
    assert len(str(caught.value.to_dict())) < 6000


def test_a_400_whose_code_says_not_found_is_not_found() -> None:
    with pytest.raises(errors.NotFoundError):
        items({}, answer({"error": {"details": [{"message": "WARNINGS.XAPI.NOT_FOUND"}]}}, 400))


def test_ignored_statuses_are_answers() -> None:
    assert items({"request": {"ignoreHttpStatusErrors": True}}, answer({"a": 1}, 404)) == [{"a": 1}]
    chosen = {"request": {"ignoreHttpStatusErrors": {"ignore": True, "except": [404]}}}
    with pytest.raises(errors.NotFoundError):
        items(chosen, answer({"a": 1}, 404))
