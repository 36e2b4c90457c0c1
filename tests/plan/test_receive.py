"""From answers to items: bodies, postReceive, errors."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from nodeloom import errors
from nodeloom.errors import DescriptorError, ResponseError
from nodeloom.messages import Response

from .harness import answer, answering, exchange


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


def test_a_full_response_holds_headers_and_status() -> None:
    [item] = items({"request": {"returnFullResponse": True}}, answer({"a": 1}, x_total="5"))
    assert item["body"] == {"a": 1}
    assert item["headers"]["x-total"] == "5"
    assert item["statusCode"] == 200


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
