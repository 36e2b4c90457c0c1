"""A service's own words for a failure, in the forms that services have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.messages import Response
from nodeloom.plan.service_words import service_words


def said(body: Any, kind: str = "application/json") -> tuple[str, str, str]:
    content = (
        body if isinstance(body, bytes) else body.encode() if kind != "application/json" else json.dumps(body).encode()
    )
    code, message, start = service_words(Response(400, {"content-type": kind}, content))
    return code, message, start


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        # OData v4, v3, v2, and 3CX, which writes its code as a message of the details
        ({"error": {"code": "X1", "message": "No such entity"}}, "X1", "No such entity"),
        ({"error": {"code": "X1", "message": {"lang": "en", "value": "No such entity"}}}, "X1", "No such entity"),
        ({"odata.error": {"code": "X1", "message": {"lang": "en", "value": "No"}}}, "X1", "No"),
        (
            {"error": {"code": "", "message": "Bad", "details": [{"code": "", "message": "X.IN_USE"}]}},
            "X.IN_USE",
            "Bad",
        ),
        # FastAPI
        ({"detail": [{"loc": ["body", "name"], "msg": "field required"}]}, "", "body.name: field required"),
        (
            {"detail": [{"loc": ["query", "n"], "msg": "not a number"}, {"loc": ["body", 0], "msg": "missing"}]},
            "",
            "query.n: not a number; body.0: missing",
        ),
        ({"detail": "Not authenticated"}, "", "Not authenticated"),
        # Laravel and Rails
        (
            {"message": "The data was invalid.", "errors": {"email": ["It is required."], "age": ["Too low."]}},
            "",
            "The data was invalid: email: It is required.; age: Too low.",
        ),
        ({"errors": {"name": ["can't be blank", "is too short"]}}, "", "name: can't be blank, is too short"),
        ({"errors": ["Name can't be blank"]}, "", "Name can't be blank"),
        # NestJS and Spring
        (
            {"statusCode": 400, "message": ["a must be text", "b too"], "error": "Bad Request"},
            "",
            "a must be text; b too",
        ),
        ({"status": 404, "error": "Not Found", "message": "No such user", "path": "/x"}, "", "No such user"),
        # Jira and Salesforce
        ({"errorMessages": ["The issue does not exist."], "errors": {}}, "", "The issue does not exist."),
        ({"errorMessages": [], "errors": {"summary": "Say what it is."}}, "", "summary: Say what it is."),
        ([{"message": "Session expired", "errorCode": "INVALID_SESSION_ID"}], "INVALID_SESSION_ID", "Session expired"),
        # ASP.NET, new and old
        (
            {"title": "Validation failed.", "status": 400, "errors": {"Name": ["It is required."]}},
            "",
            "Validation failed: Name: It is required.",
        ),
        (
            {"Message": "The request is invalid.", "ModelState": {"m.Name": ["req"]}},
            "",
            "The request is invalid: m.Name: req",
        ),
        # Apigee, and services with codes of their own
        (
            {"fault": {"faultstring": "Invalid key", "detail": {"errorcode": "oauth.Invalid"}}},
            "oauth.Invalid",
            "Invalid key",
        ),
        ({"code": 1001, "msg": "bad token"}, "1001", "bad token"),
        ({"errcode": 40001, "errmsg": "invalid credential"}, "40001", "invalid credential"),
        ({"__type": "com.amazon#NotFound", "message": "nope"}, "com.amazon#NotFound", "nope"),
        # problem details (RFC 9457)
        (
            {"type": "https://x.org/no-credit", "title": "No credit.", "detail": "30 left."},
            "https://x.org/no-credit",
            "30 left.",
        ),
        ({"type": "about:blank", "title": "Gone"}, "", "Gone"),
        # GitHub, JSON:API, GraphQL, Google, Cloudflare
        (
            {
                "message": "Validation Failed",
                "errors": [{"resource": "Issue", "field": "title", "code": "missing_field"}],
            },
            "missing_field",
            "Validation Failed: title: missing_field",
        ),
        (
            {
                "errors": [
                    {"code": "E2", "title": "Invalid", "detail": "too short", "source": {"pointer": "/data/name"}}
                ]
            },
            "E2",
            "/data/name: too short",
        ),
        ({"errors": [{"message": "Cannot query", "extensions": {"code": "BAD"}}]}, "BAD", "Cannot query"),
        ({"error": {"code": 404, "message": "Not found.", "status": "NOT_FOUND"}}, "404", "Not found."),
        (
            {"success": False, "errors": [{"code": 1003, "message": "Invalid zone"}], "result": None},
            "1003",
            "Invalid zone",
        ),
        # OAuth 2.0, and a bare word
        ({"error": "invalid_grant", "error_description": "expired"}, "invalid_grant", "expired"),
        ({"ok": False, "error": "channel_not_found"}, "", "channel_not_found"),
        ("just text", "", "just text"),
        # FastAPI with an object, Django, Shopify, GitLab, JSend
        ({"detail": {"code": "E1", "message": "Not now"}}, "E1", "Not now"),
        ({"name": ["It is required."], "age": ["Too low."]}, "", "name: It is required.; age: Too low."),
        ({"errors": "[API] Invalid key"}, "", "[API] Invalid key"),
        ({"message": {"name": ["is taken"], "path": ["is taken"]}}, "", "name: is taken; path: is taken"),
        ({"status": "fail", "data": {"title": "A title is required"}}, "", "A title is required"),
        # .NET's capitals
        ({"Message": "An error has occurred.", "ExceptionMessage": "No such row"}, "", "No such row"),
        ({"Type": None, "Title": "Unauthorized", "Detail": "Token is old", "Status": 401}, "", "Token is old"),
        ({"Errors": [{"Code": "X", "Message": "No"}]}, "X", "No"),
        ({"ERROR": "No"}, "", "No"),
        # Okta, FHIR, zod, Instagram
        ({"errorCode": "E5", "errorSummary": "Not found", "errorCauses": []}, "E5", "Not found"),
        ({"issue": [{"severity": "error", "diagnostics": "No such patient"}]}, "", "No such patient"),
        ({"error": {"issues": [{"path": ["a"], "message": "Required"}]}}, "", "a: Required"),
        ({"meta": {"code": 400, "error_message": "bad key"}}, "400", "bad key"),
        ({"validationErrors": [{"field": "a", "message": "b"}]}, "", "a: b"),
        ({"messages": ["first", "second"]}, "", "first; second"),
        ({"err": "No"}, "", "No"),
    ],
)
def test_the_usual_forms_are_read(body: Any, code: str, message: str) -> None:
    assert said(body) == (code, message, "")


@pytest.mark.parametrize(
    ("body", "kind", "code", "message"),
    [
        (
            "<Error><Code>NoSuchKey</Code><Message>No &amp; never</Message></Error>",
            "application/xml",
            "NoSuchKey",
            "No & never",
        ),
        (
            '<m:error xmlns:m="x"><m:code>5</m:code><m:message xml:lang="en">bad</m:message></m:error>',
            "text/xml",
            "5",
            "bad",
        ),
        (
            "<s:Envelope><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>Boom</faultstring></s:Fault></s:Body>",
            "text/xml",
            "s:Server",
            "Boom",
        ),
        ("<e><message><![CDATA[in a section]]></message></e>", "application/xml", "", "in a section"),
        ("plain words", "text/plain", "", "plain words"),
    ],
)
def test_xml_and_text_are_read(body: str, kind: str, code: str, message: str) -> None:
    assert said(body, kind) == (code, message, "")


@pytest.mark.parametrize(
    ("body", "kind", "start"),
    [
        ({"foo": 1}, "application/json", '{"foo": 1}'),
        ([], "application/json", "[]"),
        ("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "text/html", "502 Bad Gateway"),
        ("<html><style>p {}</style><body><h1>Sign\n in</h1></body></html>", "text/html", "Sign in"),
        ("", "text/plain", ""),
        (b"\xff\xfe", "text/plain", ""),
    ],
)
def test_what_says_nothing_is_shown_by_its_beginning(body: Any, kind: str, start: str) -> None:
    """No message is invented: a page is no word of the service."""
    code, message, shown = said(body, kind)
    assert code == ""
    assert (message, shown) == ("", start)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["error", "errors", "message", "detail", "details", "code", "fault", "source", "type", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_no_body_is_too_odd(body: Any) -> None:
    """Whatever JSON a service sends, its words are bounded texts."""
    code, message, start = said(body)
    assert len(code) <= 201
    assert len(message) <= 4001
    assert len(start) <= 301


@pytest.mark.parametrize("depth", [3, 50, 5000])
def test_a_deep_body_ends(depth: int) -> None:
    content = b'{"error":' * depth + b'"deep"' + b"}" * depth
    assert all(isinstance(word, str) for word in service_words(Response(400, {}, content)))


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("ungültig".encode("latin-1"), "text/plain; charset=iso-8859-1", "ungültig"),
        ("ungültig".encode("utf-16"), "text/plain; charset=utf-16", "ungültig"),
        ("エラー".encode("shift_jis"), "text/plain; charset=Shift_JIS", "エラー"),
        ("エラー".encode("shift_jis"), "text/plain; charset=x-sjis", "エラー"),
        ('{"message": "ungültig"}'.encode("latin-1"), "application/json; charset=iso-8859-1", "ungültig"),
        ('{"message": "ungültig"}'.encode("utf-16-le"), "application/json; charset=utf-16le", "ungültig"),
    ],
)
def test_words_are_read_in_the_charset_of_the_answer(body: bytes, kind: str, message: str) -> None:
    assert said(body, kind) == ("", message, "")


@pytest.mark.parametrize("kind", ["application/octet-stream", "image/png", "text/plain"])
def test_bytes_that_are_no_text_are_no_words(kind: str) -> None:
    assert said(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", kind) == ("", "", "")


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("<problem><type>x</type><title>Bad</title><detail>Too old</detail></problem>", "", "Too old"),
        ("<problem><title>Bad</title></problem>", "", "Bad"),
        ('<rsp stat="fail"><err code="1" msg="User &amp; group"/></rsp>', "1", "User & group"),
    ],
)
def test_problems_and_attributes_in_xml_are_read(body: str, code: str, message: str) -> None:
    assert said(body, "application/xml") == (code, message, "")
