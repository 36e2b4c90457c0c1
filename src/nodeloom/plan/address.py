"""Addresses: which host and path is called, and what a value may do to them.

An address is built of pieces that remember who wrote them. The descriptor and the credential decide about the
origin; an author's parameter may fill in part of it; a value that came with an item never does. With
`url_values="strict"` a value also cannot bring `?`, `#`, `\\`, control characters or dot segments into the path;
with `"raw"` it is interpolated as n8n does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal
from urllib.parse import quote, unquote

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED, Compiled, Scope, compile_value
from nodeloom.expression.split import Code, is_template, split
from nodeloom.expression.text import mixed_text
from nodeloom.messages import origin_of

UrlValues = Literal["strict", "raw"]

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]*")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_SHAPE = re.compile(r"[?#\\\x00-\x1f\x7f]")
_HOST_LABEL = re.compile(r"[A-Za-z0-9-]*")
_SAFE = "%/:?#[]@!$&'()*+,;=~"


class Origin(IntEnum):
    """Who wrote a piece of an address, the most trusted first."""

    DESCRIPTOR = 0
    CREDENTIAL = 1
    AUTHOR = 2
    VALUE = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of an address and who wrote it."""

    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Address:
    """An address as pieces; `text` is all of it."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces)

    def authority(self) -> list[Piece]:
        """The pieces, cut to the part that decides about the origin; empty when the address is relative."""
        match = _AUTHORITY.match(self.text)
        left = match.end() if match else 0
        found = []
        for piece in self.pieces:
            if left > 0 and piece.text:
                found.append(Piece(piece.text[:left], piece.origin))
            left -= len(piece.text)
        return found


class AddressTemplate:
    """A compiled `url` or `baseURL`: a template, or constant text."""

    __slots__ = ("_chunks", "source", "static")

    def __init__(self, source: str, *, static_parameters: Collection[str], value_is_static: bool = False) -> None:
        self.source = source
        self._chunks: list[Piece | tuple[Compiled, Origin]] = []
        for chunk in split(source, "n8n") if is_template(source, "n8n") else ():
            if isinstance(chunk, Code):
                block = compile_value("={{" + chunk.code + "}}", dialect="n8n", property="url")
                self._chunks.append((block, _writer(block, static_parameters, value_is_static)))
            elif chunk.text:
                self._chunks.append(Piece(chunk.text, Origin.DESCRIPTOR))
        if not is_template(source, "n8n"):
            self._chunks.append(Piece(source, Origin.DESCRIPTOR))
        self.static = all(isinstance(chunk, Piece) for chunk in self._chunks)

    def compiled(self) -> list[Compiled]:
        """The code blocks, for the plan's account of what its templates read."""
        return [chunk[0] for chunk in self._chunks if not isinstance(chunk, Piece)]

    def resolve(self, scope: Scope) -> Address | Any:
        """The address for one item; UNDEFINED when the template is one block that resolves to undefined."""
        if len(self._chunks) == 1 and not isinstance(self._chunks[0], Piece):
            block, origin = self._chunks[0]
            value = block.resolve(scope)
            return UNDEFINED if value is UNDEFINED else Address((Piece(mixed_text(value), origin),))
        return Address(
            tuple(
                chunk if isinstance(chunk, Piece) else Piece(mixed_text(chunk[0].resolve(scope)), chunk[1])
                for chunk in self._chunks
            )
        )


def _writer(block: Compiled, static_parameters: Collection[str], value_is_static: bool) -> Origin:
    names = block.names - {"$version"}
    if names <= {"$credentials"}:
        return Origin.CREDENTIAL
    if names <= {"$credentials", "$parameter", "$value"}:
        read = [path[1] for path in block.references if path[0] == "$parameter" and len(path) > 1]
        all_read = sum(path[0] == "$parameter" for path in block.references) == len(read) and (
            bool(read) or "$parameter" not in names
        )
        if all_read and set(read) <= set(static_parameters) and (value_is_static or "$value" not in names):
            return Origin.AUTHOR
    return Origin.VALUE


def join(base: Address | None, url: Address | None) -> Address:
    """`url` below `base`, with one slash between; an absolute `url` stands alone (n8n)."""
    if base is None or not base.text:
        return url or Address(())
    if url is None or not url.text:
        return base
    if _ABSOLUTE.match(url.text):
        return url
    return Address((*_stripped(base, "right"), Piece("/", Origin.DESCRIPTOR), *_stripped(url, "left")))


def _stripped(address: Address, side: Literal["left", "right"]) -> tuple[Piece, ...]:
    pieces = list(address.pieces)
    position = 0 if side == "left" else -1
    while pieces:
        edge = pieces[position]
        text = edge.text.lstrip("/") if side == "left" else edge.text.rstrip("/")
        if text:
            pieces[position] = Piece(text, edge.origin)
            break
        pieces.pop(position)
    return tuple(pieces)


def finish(address: Address, path_values: Mapping[str, str], url_values: UrlValues) -> str:
    """The address as text: `{Name}` placeholders filled, checked, and percent-encoded.

    `path_values` are encoded already. Raises InvalidValueError when the address is not absolute, or when a value
    would change its shape.
    """
    if url_values == "strict":
        _check_values(address)
    filled = "".join(
        _PLACEHOLDER.sub(lambda m: path_values.get(m[1], m[0]), piece.text)
        if piece.origin is Origin.DESCRIPTOR and path_values
        else piece.text
        for piece in address.pieces
    )
    match = _AUTHORITY.match(filled)
    if match is None or not filled[: match.end()].lower().startswith(("http://", "https://")):
        raise InvalidValueError(
            "The request has no absolute http or https address.",
            value=filled,
            hint="Fill in the address of the service in the credential.",
        )
    head, rest = filled[: match.end()], filled[match.end() :].partition("#")[0]
    return head + quote(rest, safe=_SAFE)


def _check_values(address: Address) -> None:
    if any(piece.origin is Origin.VALUE for piece in address.authority()):
        raise InvalidValueError(
            "An item's value would decide which host is called.",
            value=address.text,
            hint="Put the host into the credential, or send what follows the host only.",
        )
    at_risk = False
    for piece in address.pieces:
        if piece.origin is not Origin.VALUE:
            continue
        at_risk = True
        found = _SHAPE.search(piece.text)
        if found:
            raise InvalidValueError(
                f"The value brings {found.group()!r} into the address, which would change the request.",
                value=piece.text,
                hint="Encode it in the expression, for example {{ encodeURIComponent($json.id) }}, "
                'or run with url_values="raw" as n8n does.',
            )
    path = address.text.partition("?")[0]
    if at_risk and any(unquote(part) in (".", "..") for part in path.split("/")):
        raise InvalidValueError(
            "The address has a '.' or '..' segment, which would change which path is called.",
            value=path,
            hint="Take it out of the value.",
        )


def secret_may_go(address: Address, url: str, credential_origins: Collection[str]) -> bool:
    """Whether a credential's secret may go to `url`: to its own origins, or where descriptor and credential point.

    A host of which an author's parameter is one label (`https://{{$parameter.region}}.example.com`) is the
    descriptor's as well.
    """
    if origin_of(url) in credential_origins:
        return True
    authority = address.authority()
    if any(piece.origin is Origin.VALUE for piece in authority):
        return False
    labels = [piece.text for piece in authority if piece.origin is Origin.AUTHOR]
    if not labels:
        return True
    last = authority[-1]
    ends_with_domain = last.origin is not Origin.AUTHOR and last.text.startswith(".") and "." in last.text[1:]
    return ends_with_domain and all(_HOST_LABEL.fullmatch(text) for text in labels)
