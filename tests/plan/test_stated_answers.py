"""Where a descriptor states its answer, an answer of another kind is no success."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.errors import BadRequestError, NotFoundError, ResponseError, ServerError, UnreadableAnswerError
from nodeloom.messages import Response
from tests.plan.harness import answering, exchange

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


def items(stated: str | None, response: Response, **how: Any) -> list[Any]:
    routing: dict[str, Any] = {} if stated is None else {"output": {"answer": stated}}
    return [item["json"] for item in exchange(answering(routing), [response], **how)[1]]


def said(body: bytes, kind: str = "text/html", status: int = 200, **headers: str) -> Response:
    return Response(status, {"content-type": kind, **headers}, body)


@pytest.mark.parametrize("stated", ["json", "none"])
@pytest.mark.parametrize(
    "response",
    [said(PAGE), said(PAGE, "text/plain"), said(b"OK", "text/plain"), said(b"\x89PNG", "image/png"), said(PAGE, "")],
    ids=["page", "page-as-text", "text", "image", "page-of-no-kind"],
)
def test_a_success_of_another_kind_is_an_error(stated: str, response: Response) -> None:
    """A login page with status 200 did not delete anything."""
    with pytest.raises(UnreadableAnswerError) as caught:
        items(stated, response)
    assert "address" in str(caught.value.hint)
    assert caught.value.status == 200


@pytest.mark.parametrize("stated", ["json", "none"])
def test_what_is_stated_is_taken(stated: str) -> None:
    """No content, and JSON also where none is stated: it says what was done."""
    assert items(stated, Response(204, {}, b"")) == [{"success": True, "statusCode": 204}]
    assert items(stated, said(b'{"a": 1}', "application/json")) == [{"a": 1}]
    assert items(stated, said(b'{"a": 1}', "text/plain")) == [{"a": 1}]
    assert items(stated, said(b'"Enabled"', "application/json")) == [{"data": "Enabled"}]


def test_where_nothing_is_stated_a_text_is_an_answer() -> None:
    assert items(None, said(b"OK", "text/plain")) == [{"data": "OK"}]


def test_n8n_to_the_letter_takes_what_comes() -> None:
    assert items("json", said(b"OK", "text/plain"), url_values="raw") == ["OK"]


@pytest.mark.parametrize("status", [404, 400, 405, 410])
def test_a_page_does_not_say_that_the_entity_is_missing(status: int) -> None:
    """It is the answer of another server: a wrong address, which fails every item alike."""
    with pytest.raises(UnreadableAnswerError, match="A web page answers") as caught:
        items("json", said(b"<html><head><title>404 Not Found</title></head></html>", status=status))
    assert "Wrong address?" in str(caught.value.hint)
    assert "404 Not Found" in str(caught.value)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (said(b'{"error": {"code": "x", "message": "none"}}', "application/json", 404), NotFoundError),
        (said(b"not here", "text/plain", 404), NotFoundError),
        (said(b"", "text/html", 404), NotFoundError),
        (said(PAGE, status=502), ServerError),
        (said(b"no", "text/plain", 400), BadRequestError),
    ],
)
def test_other_refusals_keep_their_meaning(response: Response, kind: type[ResponseError]) -> None:
    with pytest.raises(kind) as caught:
        items("json", response)
    assert type(caught.value) is kind


@pytest.mark.parametrize("body", [b"404 page not found\n", b"default backend - 404"])
def test_the_words_of_a_server_before_the_service_are_no_words_of_it(body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError) as caught:
        items("json", said(body, "text/plain", 404))
    assert str(caught.value.hint).startswith("Wrong address?")
    with pytest.raises(NotFoundError):
        items("json", said(b"no such link", "text/plain", 404))


def test_a_page_that_comes_as_a_success_asks_for_the_address() -> None:
    with pytest.raises(UnreadableAnswerError) as caught:
        items("none", said(PAGE))
    assert str(caught.value.hint).startswith("Wrong address?")
