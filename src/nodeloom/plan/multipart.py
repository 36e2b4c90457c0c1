"""Bodies of type `multipart/form-data` (RFC 7578), with nested values named as axios names them: `a[b][0]`.

A value that is binary data of an item (`{data, mimeType, fileName}`, base64) becomes a file part.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from nodeloom.errors import InvalidValueError
from nodeloom.plan.styles import Written
from nodeloom.plan.wire import form_fields, scalar_text

MULTIPART = "multipart/form-data"

_TO_QUOTE = re.compile(r'["\\\x00-\x1f\x7f\x85\u2028\u2029]')


def new_boundary() -> str:
    """A boundary that no content holds: 160 random bits."""
    return "-" * 26 + secrets.token_hex(20)


def encode_multipart(values: Mapping[str, Any], boundary: str) -> bytes:
    """The body. Raises InvalidValueError for text that cannot be sent."""
    lines: list[bytes] = []
    try:
        for name, value in form_fields(values, lambda held: isinstance(held, Written) or _is_file(held)):
            for head, content in _parts(name, value):
                lines += [f"--{boundary}".encode(), head.encode("utf-8"), b"", content]
    except UnicodeEncodeError:
        raise InvalidValueError(
            "The body holds half of a surrogate pair, which cannot be sent.", hint="Mend the text's encoding."
        ) from None
    return b"\r\n".join([*lines, f"--{boundary}--".encode(), b""])


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("data"), str) and isinstance(value.get("mimeType"), str)


def _parts(name: str, value: Any) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, Written):
        for own, pieces, delimiter in value.pairs:
            yield _disposition(own), delimiter.join(map(scalar_text, pieces)).encode("utf-8")
    elif _is_file(value):
        yield _file(name, value)
    else:
        yield _disposition(name), scalar_text(value).encode("utf-8")


def _file(name: str, value: Mapping[str, Any]) -> tuple[str, bytes]:
    try:
        content = base64.b64decode(value["data"], validate=True)
    except binascii.Error:
        raise InvalidValueError(
            f"The file for {name} is not base64.", hint="Binary data of an item is base64 text under data."
        ) from None
    file_name = str(value.get("fileName") or "file")
    kind = "".join(c for c in value["mimeType"] if c.isprintable())
    return f'{_disposition(name)}; filename="{_quoted(file_name)}"\r\nContent-Type: {kind}', content


def _disposition(name: str) -> str:
    return f'Content-Disposition: form-data; name="{_quoted(name)}"'


def _quoted(text: str) -> str:
    """A name as browsers write it in a quoted string (WHATWG, multipart/form-data): quotes and line breaks encoded.

    A backslash too, which some servers take for the escape of the quote behind it, and NUL, which ends it for others;
    and every other control character, at which some break lines.
    """
    return _TO_QUOTE.sub(lambda found: quote(found[0], safe=""), text)
