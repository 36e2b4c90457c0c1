"""What is behind an error goes with it as far as it can be told and holds no secret, whoever raised it."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from nodeloom import Runtime
from nodeloom.errors import ItemError, RequestError, said
from nodeloom.messages import Request
from nodeloom.redaction import DEFAULT_SECRET_NAMES, MASK, SecretNames
from nodeloom.run.redactor import Redactor
from nodeloom.testing import RecordingTransport
from tests.run.doubles import DELETE, TOKEN, links, ok


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class WithoutRepr(Exception):
    def __repr__(self) -> str:
        raise RuntimeError("no words")


class Shapeless(Exception):
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no attributes")


class NoText(Exception):
    def __str__(self) -> Any:
        return 7


class Endless(Exception):
    def __str__(self) -> str:
        return str(self)


UNTELLABLE: list[type[Exception]] = [Wordless, WithoutRepr, Shapeless, NoText, Endless]


def redacted(error: ItemError) -> ItemError:
    redactor = Redactor(SecretNames(DEFAULT_SECRET_NAMES), None, {"AuthPassword": "canary-password"})
    redactor.error(error)
    return error


@pytest.mark.parametrize("kind", UNTELLABLE)
@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_a_cause_that_cannot_be_told_is_left_out(kind: type[Exception], link: str) -> None:
    error = ItemError("It failed.")
    setattr(error, link, kind("canary-password"))
    assert getattr(redacted(error), link) is None


@pytest.mark.parametrize("kind", UNTELLABLE)
def test_those_before_it_stay(kind: type[Exception]) -> None:
    error, near = ItemError("It failed."), ValueError("near")
    error.__cause__, near.__cause__ = near, kind()
    assert redacted(error).__cause__ is near
    assert near.__cause__ is None


def test_a_cause_that_holds_a_secret_is_left_out_and_others_stay() -> None:
    holding, harmless = ItemError("It failed."), ItemError("It failed.")
    holding.__cause__, harmless.__cause__ = ValueError("canary-password"), ValueError("harmless")
    assert redacted(holding).__cause__ is None
    assert isinstance(redacted(harmless).__cause__, ValueError)


def test_causes_that_lead_back_to_each_other_end() -> None:
    error, other = ItemError("It failed."), ValueError("other")
    error.__cause__, other.__cause__ = other, error
    assert redacted(error).__cause__ is other


def raises(kind: type[Exception]) -> Callable[[httpx.Request], httpx.Response]:
    def responder(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("ok"):
            return ok(request)
        raise kind("canary-access-token")

    return responder


@pytest.mark.parametrize("kind", UNTELLABLE)
def test_a_transport_that_raises_one_fails_its_item_in_usual_words(kind: type[Exception]) -> None:
    with Runtime(transport=RecordingTransport(raises(kind)), discover_plugins=False, retries=0) as runtime:
        result = runtime.run("threecx", DELETE, links(2), credentials=TOKEN, on_error="continue")
    assert [type(error) for error in result.errors] == [RequestError, RequestError]
    for error in result.errors:
        assert "The request to https://pbx.test:443 failed: " in error.message
        assert "canary" not in "".join(traceback.format_exception(error))


def test_said_is_empty_where_nothing_can_be_said() -> None:
    assert [said(kind()) for kind in (Wordless, NoText, Endless)] == ["", "", ""]
    assert said(ValueError("words")) == "words"


@pytest.mark.parametrize("secret", ["canary-7", "canaryä7", 'canary"7'])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_text_about_a_request_holds_no_secret_in_a_spelling_of_json(secret: str, ascii_only: bool) -> None:
    redactor = Redactor(SecretNames(DEFAULT_SECRET_NAMES), None, {"AuthPassword": secret})
    told = redactor.about(
        json.dumps({"body": f"x {secret}"}, ensure_ascii=ascii_only), Request("GET", "https://a.test/")
    )
    assert json.loads(told) == {"body": f"x {MASK}"}
