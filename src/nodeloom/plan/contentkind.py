"""What an answer's body is: JSON, text in its charset, or a file.

Services are careless with `Content-Type`: JSON comes as plain text, or as bytes without a type. So a body is JSON
if its type says so, or if it may be JSON and can be read as such. It is text if its type says so, unless the answer is
to be saved (RFC 6266).
"""

from __future__ import annotations

import codecs
import re
from enum import Enum, auto

from nodeloom.jsonbounds import TooMuchJSON
from nodeloom.jsonreading import SHORT, begins_like_json, parse_json
from nodeloom.messages import Response

# Encodings of text, by their registered names (IANA). Python has others behind such names: `punycode` and `idna` take
# time with the square of the length, `unicode_escape` is not an encoding of text.
_CHARSET = re.compile(
    r"utf[-_]?(?:8|16|32)(?:[-_]?[bl]e)?|iso[-_]?8859[-_]\d{1,2}(?::19\d\d)?|(?:cs(?:iso)?)?latin[-_]?\d{1,2}|l\d{1,2}"
    r"|(?:windows|cp|ibm)[-_]?\d{3,5}|koi8[-_][rtu]|mac(?:intosh|roman)|tis[-_]?620|ks[-_]c[-_]5601(?:[-_]1987)?"
    r"|gb(?:2312|k|18030)|big5(?:-?hkscs)?|s(?:hift)?[-_]?jis|euc[-_](?:jp|kr)|iso[-_]2022[-_](?:jp|kr)",
    re.IGNORECASE,
)
# Names that Python does not know (WHATWG's Encoding). What says ASCII and is not is UTF-8 as a rule, which ASCII is a
# part of.
_OTHER_NAMES = {
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-8-i": "iso-8859-8",
    "x-cp1252": "cp1252",
    "windows-31j": "cp932",
    "x-sjis": "shift_jis",
    "x-euc-jp": "euc_jp",
    "x-gbk": "gbk",
    "x-x-big5": "big5",
    "x-mac-roman": "mac_roman",
}
# RFC 7303 section 3: what an XML document says of its encoding counts where the answer says nothing.
_XML_ENCODING = re.compile(rb"""\s*<\?xml\s[^>]{0,100}?\bencoding\s*=\s*["']([A-Za-z][\w.-]{0,39})["']""")
# The mark at the beginning of a text says more than any name (RFC 7303 section 3.3). The longer ones go first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_JSON_TYPES = frozenset({"application/json", "application/x-json", "text/json", "text/x-json"})
# Several JSON texts one after the other, and tables and documents that may look like one: they are text also where a
# single line of them is JSON.
_LINES = re.compile(
    r"application/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|json-seq|json-text-sequences?|stream\+json)"
    r"|application/[\w.+-]+\+(?:ndjson|json-seq|jsonl)"
    r"|application/(?:x-)?json-?(?:stream|lines|seq|text)"
    r"|(?:text|application)/(?:x-|vnd\.)?(?:csv|(?:tab|comma)-separated-values|tsv|ya?ml|toml)"
    r"|text/(?:x-)?(?:ndjson|jsonl|jsonlines)|text/event-stream"
    r"|(?:text|application)/(?:x-)?(?:xml(?:-dtd|-external-parsed-entity)?)|[\w.-]+/[\w.+-]+\+(?:xml|ya?ml|csv)"
)
_SCRIPTS = re.compile(
    r"application/(?:x-)?(?:javascript|ecmascript|typescript|graphql|sql|www-form-urlencoded|vnd\.oai\.openapi)"
)


_WITHOUT_ORDER = re.compile(r"utf[-_]?(16|32)", re.IGNORECASE)


class Kind(Enum):
    """JSON; text that may be JSON; text that is not; bytes that may be JSON; bytes."""

    JSON = auto()
    MAYBE_JSON = auto()
    TEXT = auto()
    MAYBE_FILE = auto()
    FILE = auto()


# Looked up once: in Python 3.11 a member of an enumeration takes as long as a call, and every answer has a kind.
_JSON = Kind.JSON


def kind_of(response: Response, *, as_n8n: bool = False) -> Kind:
    """What the answer's header says its body is. To n8n every text may be JSON, and none is a file."""
    name = response.content_type
    if name in _JSON_TYPES or (name.endswith("+json") and not _LINES.fullmatch(name)):
        return _JSON
    is_text = not name or name.startswith("text/") or _LINES.fullmatch(name) or _SCRIPTS.fullmatch(name)
    if as_n8n and is_text:
        return Kind.MAYBE_JSON
    # An answer that is to be saved is a file, also if its type is one of text (a CSV export).
    if response.disposition.kind == "attachment":
        return Kind.FILE
    if _LINES.fullmatch(name):
        return Kind.TEXT
    if is_text:
        return Kind.MAYBE_JSON
    # A picture or a sound is never anything else.
    return Kind.MAYBE_FILE if name.startswith(("application/", "binary/")) else Kind.FILE


def says_text(kind: str) -> bool:
    """Whether what is of the media type `kind`, in small letters and without parameters, is text by that."""
    return kind.startswith("text/") or bool(_LINES.fullmatch(kind) or _SCRIPTS.fullmatch(kind))


def may_be_json(body: bytes, kind: Kind) -> bool:
    """Whether to try and read a body as JSON that does not say it is; a number or a text alone may stand in any file.

    Of a long body it would take long to find out, and services do not send a long number or text alone.
    """
    if kind is Kind.MAYBE_FILE or (kind is Kind.MAYBE_JSON and len(body) > SHORT):
        return begins_like_json(body)
    return kind is Kind.MAYBE_JSON


def json_of(response: Response) -> object:
    """The body as JSON. Raises ValueError, which says why it is not JSON, and TooMuchJSON if it is too much.

    JSON is UTF-8, also if the answer says otherwise (RFC 8259 section 8.1). A body that is not UTF-8 is read in the
    charset that it names.
    """
    try:
        return response.json()
    except TooMuchJSON:
        raise
    except ValueError:
        text = _decode(response.body, _charset_of(response, Kind.JSON))
        if text is None or response.body.startswith(codecs.BOM_UTF8):
            raise
        try:
            return parse_json(text.encode("utf-8", "surrogatepass"))
        except ValueError as fault:
            raise fault from None


def text_of(response: Response, kind: Kind) -> str | None:
    """The body as text; None if it is not text in the charset that it names, or if that charset is unknown.

    Without a charset text is UTF-8.
    """
    return _decode(response.body, _charset_of(response, kind) or "utf-8")


def beginning_of(response: Response, most: int) -> str | None:
    """The first `most` bytes of a body as text, to be shown to a person; None if they are not text."""
    kind = kind_of(response)
    if kind is Kind.FILE:
        return None
    codec = _codec(_charset_of(response, Kind.TEXT) or "utf-8") or "utf-8"
    try:
        decoder = codecs.getincrementaldecoder(codec)("replace")
    except LookupError:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
    # The last letter may be cut in two: the decoder waits for its end and does not complain.
    text = decoder.decode(response.body[:most]).removeprefix("\ufeff")
    # A file of bytes read as text is full of these marks.
    return None if "\0" in text or text.count("\ufffd") * 4 > len(text) else text


def _charset_of(response: Response, kind: Kind) -> str:
    for mark, name in _MARKS:
        if response.body.startswith(mark):
            return name
    if not response.named_charset and kind is Kind.TEXT:
        match = _XML_ENCODING.match(response.body[:256])
        # What can be read so far is in an encoding that has ASCII's letters.
        if match is not None and not match[1].lower().startswith((b"utf-16", b"utf-32")):
            return match[1].decode("ascii")
    return response.named_charset


def _codec(charset: str) -> str | None:
    """Python's name of a charset; None if it is not an encoding of text."""
    name = _OTHER_NAMES.get(charset.lower(), charset)
    if not _CHARSET.fullmatch(name) and name not in _OTHER_NAMES.values():
        return None
    # A body with a mark of its order has been told apart by it. Without one, UTF-16 is little-endian (WHATWG Encoding,
    # 4.2), and Python's own decoder of parts refuses it.
    without_order = _WITHOUT_ORDER.fullmatch(name)
    return name if without_order is None else f"utf-{without_order[1]}-le"


def _decode(body: bytes, charset: str) -> str | None:
    codec = _codec(charset)
    if codec is None:
        return None
    try:
        return body.decode(codec).removeprefix("\ufeff")
    except (UnicodeError, LookupError):
        return None
