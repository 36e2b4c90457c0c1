"""What a service says about a failure: its own code and message, in any of the usual forms.

The forms are those of OData (v2 to v4.01), 3CX, RFC 9457 (problem details), OAuth 2.0, JSON:API, GraphQL, GitHub,
Google, FastAPI, Rails, Laravel, NestJS, Spring, ASP.NET, Jira, Salesforce, Apigee, AWS, SOAP and S3. They share a few
keys, so a few rules read them all: a code stands under one of `_CODES`, a message under one of `_MESSAGES`, what is
wrong with a single field under one of `_DETAILS`, and all of that may stand one level deeper, under one of `_INNER`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nodeloom.messages import Response
from nodeloom.plan.contentkind import beginning_of, json_of

# How much of what a service says is kept: characters of a text that is no JSON (and bytes of it that are looked at), of
# a code, and of a message. An error is in memory as often as items fail.
_MOST_WORDS = 300
_MOST_BYTES = 4000
_MOST_CODE = 200
_MOST_MESSAGE = 4000
#: Faults of single fields that are told; a form may have hundreds.
_MOST_DETAILS = 8
_DEPTH = 4

# Keys are looked for without their case: .NET writes them with capitals.
_INNER = ("error", "odata.error", "fault", "errorresponse", "response")
#: Where an answer that says nothing itself may have its error.
_WRAPPERS = ("result", "results", "meta", "data", "body", "_embedded", "status")
_CODES = ("code", "errorcode", "error_code", "errcode", "__type", "error_type", "key", "type")
_MESSAGES = (
    # ASP.NET: `Message` beside it only says that an error has occurred.
    "exceptionmessage",
    "message",
    "msg",
    "error_description",
    "errormessage",
    "error_message",
    "error_msg",
    "errmsg",
    "errorsummary",
    "detail",
    "description",
    "faultstring",
    "diagnostics",
    "translation",
    "err",
    "title",
    "reason",
)
_DETAILS = (
    "errors",
    "errormessages",
    "messages",
    "detail",
    "details",
    "violations",
    "fieldviolations",
    "fielderrors",
    "field_errors",
    "validationerrors",
    "validation_errors",
    "invalid-params",
    "invalidparams",
    "modelstate",
    "issues",
    "issue",
    "errorcauses",
    "innererror",
)
_FIELDS = (
    "field",
    "path",
    "loc",
    "property",
    "propertypath",
    "name",
    "param",
    "parameter",
    "target",
    "pointer",
    "fields",
    "expression",
)
_TAGS = re.compile(
    r"<(?:\w+:)?(code|faultcode|errorcode|message|faultstring|reason|text|detail|description|error_description|title)"
    r"\b[^<>]{0,200}>"
    r"\s*(?:<!\[CDATA\[)?([^<]{1,4000}?)(?:\]\]>)?\s*</",
    re.IGNORECASE,
)
#: `<err code="1" msg="…"/>`, as Flickr has it.
_ATTRIBUTES = re.compile(r"""\s(code|msg|message)=["']([^"'<>]{1,4000})["']""", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^<>]{0,200}>([^<]{1,1000})</title", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|h1|title)\b", re.IGNORECASE)
_MARKUP = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^<>]*>", re.IGNORECASE | re.DOTALL)


class Words(NamedTuple):
    """A service's own words.

    `code` and `message` are empty if it gives none; `start` is the beginning of a body in which neither was found.
    """

    code: str
    message: str
    start: str = ""


def service_words(response: Response) -> Words:
    """What the body of `response` says. A code is also known if only `details` has it (3CX)."""
    whole = len(response.body) <= _MOST_BYTES
    try:
        body = json_of(response)
    except (ValueError, RecursionError):
        return _words_of_text(_text(response), response, whole=whole)
    code, message = _words_in(body, 0)
    if not code and not message:
        return Words("", "", _cut(_text(response), _MOST_WORDS, whole=whole))
    return Words(_cut(code, _MOST_CODE), _cut(message, _MOST_MESSAGE))


def _text(response: Response) -> str:
    """The beginning of a body in its charset; empty if the body is not text."""
    return (beginning_of(response, _MOST_BYTES) or "").strip()


def _words_of_text(text: str, response: Response, *, whole: bool) -> Words:
    """The words of XML or HTML, or a plain text as it is."""
    if not text.startswith("<"):
        return Words("", _cut(text, _MOST_WORDS, whole=whole))
    is_html = _is_html(text, response)
    title = _TITLE.search(text) if is_html else None
    if not is_html:
        found: dict[str, str] = {}
        for tag, content in _TAGS.findall(text):
            found.setdefault(tag.lower(), html.unescape(content).strip())
        code = next((found[tag] for tag in ("code", "errorcode", "faultcode") if tag in found), "")
        told = [tag for tag in found if tag not in ("code", "errorcode", "faultcode")]
        # A `detail` says what happened this time, a `title` what always does (RFC 9457 appendix B).
        message = found[min(told, key=lambda tag: tag == "title")] if told else ""
        if not code and not message:
            said = {name.lower(): html.unescape(value) for name, value in _ATTRIBUTES.findall(text)}
            code, message = said.get("code", ""), said.get("message", said.get("msg", ""))
        if code or message:
            return Words(_cut(code, _MOST_CODE), _cut(_line(message), _MOST_MESSAGE))
    start = title[1] if title is not None else _MARKUP.sub(" ", text)
    return Words("", "", _cut(_line(html.unescape(start)) or text, _MOST_WORDS, whole=whole))


def _is_html(text: str, response: Response) -> bool:
    named = response.content_type in ("text/html", "application/xhtml+xml")
    return named or _HTML.match(text) is not None


def _words_in(body: object, depth: int) -> tuple[str, str]:
    """The code and the message that `body`, JSON, holds."""
    if isinstance(body, str):
        return "", _cut(_line(body), _MOST_WORDS)
    if depth > _DEPTH:
        return "", ""
    if isinstance(body, list):
        pairs = [_words_in(entry, depth + 1) for entry in body[:_MOST_DETAILS] if isinstance(entry, (Mapping, str))]
        code = next((code for code, _ in pairs if code), "")
        return code, "; ".join(dict.fromkeys(message for _, message in pairs if message))
    if not isinstance(body, Mapping):
        return "", ""
    body = _fold_keys(body)
    code, message = _code_in(body), _message_in(body)
    details = "; ".join(dict.fromkeys(_details_in(body, message, depth)))
    if details and details not in message:
        # What is wrong says more than that something is (GitHub: "Validation Failed", Laravel: "The given data …").
        message = f"{message.rstrip('.:')}: {details}" if message else details
    for key in _INNER:
        inner = body.get(key)
        if isinstance(inner, (Mapping, list)):
            inner_code, inner_message = _words_in(inner, depth + 1)
            return inner_code or code, inner_message or message
    if not code:
        code = _code_of_details(body)
    said = body.get("error")
    if isinstance(said, str) and said:
        if not message:
            return code, _line(said)
        code = code or (said if "error_description" in body else "")
    return (code, message) if code or message else _words_wrapped(body, depth)


def _fold_keys(source: Mapping[str, object]) -> dict[str, object]:
    """The members under their names in lower case; of two the first counts."""
    found: dict[str, object] = {}
    for key, value in source.items():
        found.setdefault(key.lower(), value)
    return found


def _words_wrapped(body: Mapping[str, object], depth: int) -> tuple[str, str]:
    """The words that stand one level deeper, or of single fields alone (Django: `{"name": ["is required"]}`)."""
    for key in _WRAPPERS:
        inner = body.get(key)
        if isinstance(inner, Mapping):
            code, message = _words_in(inner, depth + 1)
            if code or message:
                return code, message
    if body and all(_are_texts(value) for value in body.values()):
        return "", "; ".join(_by_field(body, depth))
    return "", ""


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, str) for entry in value)


def _code_in(source: Mapping[str, object]) -> str:
    for key in _CODES:
        value = source.get(key)
        if isinstance(value, bool) or not isinstance(value, (str, int)) or value in ("", "about:blank"):
            continue
        # A `type` is an address in RFC 9457, and a kind of object elsewhere.
        if key == "type" and not re.search(r"[/_:-]|rror", str(value)):
            continue
        return str(value)
    return ""


def _code_of_details(source: Mapping[str, object]) -> str:
    """The code that stands one level deeper only. 3CX leaves `code` empty, and writes its code as a message there."""
    for key in ("details", "errors"):
        entries = source.get(key)
        for entry in entries[:_MOST_DETAILS] if isinstance(entries, list) else ():
            if not isinstance(entry, Mapping):
                continue
            entry = _fold_keys(entry)
            # GraphQL keeps a code among the extensions (GraphQL, October 2021, section 7.1.2).
            extensions = entry.get("extensions")
            code = _code_in(entry) or (_code_in(extensions) if isinstance(extensions, Mapping) else "")
            if code or (key == "details" and isinstance(entry.get("message"), str)):
                return code or str(entry["message"])
    for key in ("detail", "details"):
        inner = source.get(key)
        if isinstance(inner, Mapping):
            return _code_in(inner)
    return ""


def _message_in(source: Mapping[str, object]) -> str:
    for key in _MESSAGES:
        value = source.get(key)
        if isinstance(value, Mapping):
            # OData v2 and v3: {"lang": "en", "value": "…"}; Confluence: {"key": "…", "translation": "…"}
            value = value.get("value", value.get("translation"))
        if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
            # NestJS: a message for each fault of the body.
            value = "; ".join(value[:_MOST_DETAILS])
        if isinstance(value, str) and value.strip():
            return _line(value)
    return ""


def _details_in(source: Mapping[str, object], message: str, depth: int) -> Iterator[str]:
    """What is said of single fields, each as `field: message`."""
    said = source.get("message")
    if not message and isinstance(said, Mapping):
        # GitLab: `message` is an object of faults by field.
        yield from _by_field(said, depth)
    for key in _DETAILS:
        value = source.get(key)
        # `details` beside a message explains it at length, for programs (Google, OData).
        if not value or (key in ("details", "innererror") and message):
            continue
        if isinstance(value, Mapping) and key not in ("detail", "details"):
            yield from _by_field(value, depth)
        elif isinstance(value, Mapping) and not message:
            yield from filter(None, (_words_in(value, depth + 1)[1],))
        elif isinstance(value, str) and key == "errors":
            yield _line(value)
        elif isinstance(value, list):
            yield from filter(None, (_one_detail(entry, depth) for entry in value[:_MOST_DETAILS]))


def _by_field(fields: Mapping[str, object], depth: int) -> Iterator[str]:
    for name, value in list(fields.items())[:_MOST_DETAILS]:
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, Mapping):
            texts = [_words_in(texts, depth + 1)[1]]
        if isinstance(texts, list):
            said = ", ".join(_line(text) for text in texts[:_MOST_DETAILS] if isinstance(text, str))
            if said:
                yield f"{name}: {said}"


def _one_detail(entry: object, depth: int) -> str:
    if isinstance(entry, str):
        return _line(entry)
    if not isinstance(entry, Mapping):
        return ""
    code, message = _words_in(entry, depth + 1)
    entry = _fold_keys(entry)
    field = next((_field_name(entry[key]) for key in _FIELDS if entry.get(key)), "")
    source = entry.get("source")
    if not field and isinstance(source, Mapping):
        # JSON:API: {"pointer": "/data/attributes/name"}
        field = next(map(str, source.values()), "")
    said = message or code
    return f"{field}: {said}" if field and said and field not in said else said


def _field_name(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        # FastAPI names the place of a fault as a list of keys.
        return ".".join(str(part) for part in value[:_MOST_DETAILS])
    return str(value) if isinstance(value, (str, int)) else ""


def _line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, most: int, *, whole: bool = True) -> str:
    """`text`, cut after `most` characters; `whole` says that nothing was left out of it before."""
    # The ellipsis tells the masker that a secret may have been cut in two.
    return text if whole and len(text) <= most else f"{text[:most]}…"
