"""Bodies of type `multipart/form-data` (RFC 7578), with nested values named as axios names them: `a[b][0]`.

A value that is binary data of an item (`{data, mimeType, fileName}`, base64) becomes a file part.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from nodeloom.errors import InvalidValueError
from nodeloom.plan.binaryfiles import content_of
from nodeloom.plan.styles import Written
from nodeloom.plan.wire import form_fields, scalar_text

MULTIPART = "multipart/form-data"

_TO_QUOTE = re.compile(r'["\\\x00-\x1f\x7f\x85\u2028\u2029]')


@dataclass(frozen=True, slots=True)
class Part:
    """What stands in one part of a body, with the header fields that go with it; `name` is a file's."""

    content: bytes
    kind: str | None = None
    name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parts:
    """Several parts under one name, such as the files of one field (RFC 7578 section 4.3)."""

    parts: tuple[Part, ...]


def new_boundary() -> str:
    """A boundary that no content holds: 160 random bits."""
    # Who could guess the boundary could end a part in its content, and begin another one.
    return "-" * 26 + secrets.token_hex(20)


def encode_multipart(values: Mapping[str, object], boundary: str) -> bytes:
    """The body; without a part it is empty, as axios has it. Raises InvalidValueError for text that cannot be sent."""
    lines: list[bytes] = []
    try:
        for name, value in form_fields(values, lambda held: isinstance(held, (Written, Parts)) or _is_file(held)):
            for head, content in _parts(name, value):
                lines += [f"--{boundary}".encode(), head.encode("utf-8"), b"", content]
    except UnicodeEncodeError:
        raise InvalidValueError(
            "The body holds half of a surrogate pair, which cannot be sent.", hint="Mend the text's encoding."
        ) from None
    return b"\r\n".join([*lines, f"--{boundary}--".encode(), b""]) if lines else b""


def _is_file(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("data"), str) and isinstance(value.get("mimeType"), str)


def _parts(name: str, value: object) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, Parts):
        yield from ((_head(name, part), part.content) for part in value.parts)
        return
    if isinstance(value, Written):
        for own, pieces, delimiter in value.pairs:
            yield _disposition(own), unquote(delimiter).join(map(scalar_text, pieces)).encode("utf-8")
    elif isinstance(value, Mapping) and _is_file(value):
        yield _file(name, value)
    else:
        yield _disposition(name), scalar_text(value).encode("utf-8")


def _file(name: str, value: Mapping[str, object]) -> tuple[str, bytes]:
    part = Part(content_of(value), str(value["mimeType"]), str(value.get("fileName") or "file"))
    return _head(name, part), part.content


def _head(name: str, part: Part) -> str:
    """The header of a part. What it holds of others adds no line."""
    file = "" if part.name is None else f'; filename="{_quote_name(part.name)}"'
    lines = [f"{_disposition(name)}{file}"]
    if part.kind is not None:
        lines.append(f"Content-Type: {''.join(c for c in part.kind if c.isprintable())}")
    lines += [f"{header}: {value}" for header, value in part.headers.items()]
    return "\r\n".join(lines)


def _disposition(name: str) -> str:
    return f'Content-Disposition: form-data; name="{_quote_name(name)}"'


def _quote_name(text: str) -> str:
    """A name as browsers write it in a quoted string (WHATWG, multipart/form-data): quotes and line breaks encoded.

    A backslash too, which some servers take for the escape of the quote behind it, and NUL, which ends it for others;
    and every other control character, at which some break lines.
    """
    return _TO_QUOTE.sub(lambda found: quote(found[0], safe=""), text)
