"""A property's value as parts of a multipart body, with the media type and header fields that its `send` states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from nodeloom.errors import InvalidValueError
from nodeloom.expression import Compiled, Scope, compile_value
from nodeloom.plan.binaryfiles import content_of, media_type
from nodeloom.plan.encoders import header_text
from nodeloom.plan.missingvalues import is_missing
from nodeloom.plan.multipart import Part, Parts
from nodeloom.plan.styles import Written
from nodeloom.plan.wire import encode_json, scalar_text


class PartHeader:
    """What goes with each part of a property; `headers` are templates by the field's name."""

    __slots__ = ("_headers", "_kind")

    def __init__(self, kind: str | None, headers: Mapping[str, object]) -> None:
        self._kind = kind
        self._headers = {name: compile_value(value, dialect="n8n", property=name) for name, value in headers.items()}

    def all_templates(self) -> Iterable[Compiled]:
        """The templates of the header fields."""
        return self._headers.values()

    def files(self, files: Iterable[Mapping[str, object]], scope: Scope) -> Parts:
        """A part for each file. Raises InvalidValueError for one of a media type that is not stated."""
        headers = self._resolve(scope)
        return Parts(
            tuple(
                Part(
                    content_of(file),
                    # The type for bytes of which nothing is known (RFC 2046 section 4.5.1).
                    media_type(self._kind, file) or "application/octet-stream",
                    str(file.get("fileName") or "file"),
                    headers,
                )
                for file in files
            )
        )

    def texts(self, encoded: object, scope: Scope) -> Parts:
        """A part for a value that is encoded already, or for each entry of one that is written in a style."""
        if isinstance(encoded, Written):
            texts = [unquote(delimiter).join(map(scalar_text, pieces)) for _name, pieces, delimiter in encoded.pairs]
        else:
            texts = [scalar_text(encoded)]
        return self._parts(map(_bytes, texts), scope)

    def entries(self, values: Iterable[object], scope: Scope) -> Parts:
        """A part of JSON for each value."""
        return self._parts(map(encode_json, values), scope)

    def _parts(self, contents: Iterable[bytes], scope: Scope) -> Parts:
        headers, kind = self._resolve(scope), media_type(self._kind)
        return Parts(tuple(Part(content, kind, None, headers) for content in contents))

    def _resolve(self, scope: Scope) -> dict[str, str]:
        values = {name: template.resolve(scope) for name, template in self._headers.items()}
        return {name: header_text(value) for name, value in values.items() if not is_missing(value)}


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidValueError(
            "The text holds half of a surrogate pair, which cannot be sent.", hint="Mend the text's encoding."
        ) from None
