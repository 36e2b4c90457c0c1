"""Addresses: which host and path is called, and what a value may do to them.

An address is built of pieces that remember who wrote them. The descriptor and the credential decide about the
origin; an author's parameter may fill in part of it; a value that came with an item never does. With
`url_values="strict"` a value also cannot bring `?`, `#`, `\\`, control characters or dot segments into the path, nor
`/` or `&` where the template puts one value between its own text; with `"raw"` it is interpolated as n8n does, and may
name the host, but then no credential goes there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit

from nodeloom.errors import InvalidValueError, MissingValueError
from nodeloom.expression import UNDEFINED, Compiled, Scope, compile_value
from nodeloom.expression.fieldreads import NO_FIELDS, Fields
from nodeloom.expression.split import Code, Text, is_template, split
from nodeloom.expression.template import PathTemplate
from nodeloom.expression.text import NotPlainError, mixed_text
from nodeloom.messages import origin_of
from nodeloom.plan.marks import NOTHING_WITHIN, Within
from nodeloom.plan.wire import scalar_text

UrlValues = Literal["strict", "raw"]

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]*")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_SHAPE = re.compile(r"[?#\\\x00-\x1f\x7f]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_PATH_SHAPE = re.compile(r"/")
_QUERY_SHAPE = re.compile(r"&")
_NO_HOST = re.compile(r"[\x00-\x20\x7f]")
_HOST_LABEL = re.compile(r"[A-Za-z0-9-]*")
_SAFE = "%/:?#[]@!$&'()*+,;=~"
_ABSOLUTE_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]*[/?]")
_STAND_IN = "x"


# What is the same for every item as long as the credential is.
_SETTLED_NAMES = frozenset({"$credentials", "$version"})


def is_settled(value: Compiled) -> bool:
    """Whether a value is the same for every item of a run as long as the credential stays the same."""
    return value.static or (bool(value.names) and value.names <= _SETTLED_NAMES and not value.needs_javascript)


class Origin(IntEnum):
    """Who wrote a piece of an address, the most trusted first."""

    DESCRIPTOR = 0
    CREDENTIAL = 1
    AUTHOR = 2
    # A link in an answer, to the origin that gave it.
    SERVICE = 3
    VALUE = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of an address and who wrote it.

    `expression` is the member path it was read from, when it is one value and nothing else: then a `/` or `&` in it
    cannot be the template's. `made_of` are the credential's fields it was made of.
    """

    text: str
    origin: Origin
    expression: str | None = None
    made_of: Fields = NO_FIELDS


@dataclass(frozen=True, slots=True)
class Address:
    """An address as pieces; `text` is all of it."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def is_missing(self) -> bool:
        """Whether an item was to give the address, and gave nothing."""
        return not self.text and any(piece.origin is Origin.VALUE for piece in self.pieces)

    def behind_authority(self) -> list[Piece]:
        """The pieces, cut to what stands behind the part that decides about the origin."""
        match = _AUTHORITY.match(self.text)
        skipped = match.end() if match else 0
        found = []
        for piece in self.pieces:
            if len(piece.text) > skipped:
                found.append(replace(piece, text=piece.text[skipped:]) if skipped else piece)
            skipped = max(0, skipped - len(piece.text))
        return found

    def authority(self) -> list[Piece]:
        """The pieces, cut to the part that decides about the origin; empty when the address is relative."""
        match = _AUTHORITY.match(self.text)
        left = match.end() if match else 0
        found = []
        for piece in self.pieces:
            if left > 0 and piece.text:
                found.append(replace(piece, text=piece.text[:left]))
            left -= len(piece.text)
        return found


class AddressTemplate:
    """A compiled `url` or `baseURL`: a template, or constant text. `made_of` are the credential's fields it reads."""

    __slots__ = ("_chunks", "made_of", "settled", "source", "static")

    def __init__(
        self,
        source: str,
        *,
        static_parameters: Collection[str],
        value_is_static: bool = False,
        within: Within = NOTHING_WITHIN,
    ) -> None:
        self.source = source
        self._chunks: list[Piece | _Block] = []
        chunks = list(split(source, "n8n")) if is_template(source, "n8n") else [Text(source)]
        for chunk in chunks:
            if isinstance(chunk, Code):
                code = compile_value("={{" + chunk.code + "}}", dialect="n8n", property="url")
                origin = _writer(code, static_parameters, value_is_static)
                # A lone block is the whole address, so its slashes are its own; a computed one may bring ours.
                whole = len(chunks) > 1 and isinstance(code, PathTemplate)
                expression = f"{{{{{chunk.code}}}}}" if whole else None
                self._chunks.append(_Block(code, origin, expression, within.fields(code)))
            elif chunk.text:
                self._chunks.append(Piece(chunk.text, Origin.DESCRIPTOR))
        self.static = all(isinstance(chunk, Piece) for chunk in self._chunks)
        self.settled = all(is_settled(code) for code in self.compiled())
        self.made_of = NO_FIELDS.union(*(chunk.made_of for chunk in self._chunks))

    def compiled(self) -> list[Compiled]:
        """The code blocks, for the plan's account of what its templates read."""
        return [chunk.code for chunk in self._chunks if isinstance(chunk, _Block)]

    def resolve(self, scope: Scope) -> Address | Any:
        """The address for one item; UNDEFINED when the template is one block that resolves to undefined."""
        if len(self._chunks) == 1 and isinstance(block := self._chunks[0], _Block):
            value = block.code.resolve(scope)
            if value is UNDEFINED:
                return UNDEFINED
            return Address((Piece(_text(value), block.origin, None, block.made_of),))
        return Address(tuple(c if isinstance(c, Piece) else c.piece(scope) for c in self._chunks))


@dataclass(frozen=True, slots=True)
class _Block:
    """A code block of an address template."""

    code: Compiled
    origin: Origin
    expression: str | None
    made_of: Fields

    def piece(self, scope: Scope) -> Piece:
        return Piece(_text(self.code.resolve(scope)), self.origin, self.expression, self.made_of)


def _text(value: Any) -> str:
    try:
        return mixed_text(value)
    except NotPlainError:
        return scalar_text(value)


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
            pieces[position] = replace(edge, text=text)
            break
        pieces.pop(position)
    return tuple(pieces)


def finish(address: Address, path_values: Mapping[str, str], url_values: UrlValues) -> str:
    """The address as text: `{Name}` placeholders filled, checked, and percent-encoded.

    `path_values` are encoded already. Raises InvalidValueError when the address is not absolute, when a value would
    change its shape, or when a placeholder has no value; MissingValueError when a value that is a whole segment is
    empty (strict).
    """
    if url_values == "strict":
        _check_values(address)
    _check_placeholders(address)
    filled = "".join(
        _filled(piece.text, path_values, url_values) if piece.origin is Origin.DESCRIPTOR else piece.text
        for piece in address.pieces
    )
    match = _AUTHORITY.match(filled)
    head = filled[: match.end()] if match else ""
    _check_origin(head, filled)
    rest = filled[len(head) :].partition("#")[0]
    try:
        return head + quote(rest, safe=_SAFE)
    except UnicodeEncodeError:
        raise InvalidValueError(
            "The address holds half of a surrogate pair, which cannot be sent.",
            value=filled,
            hint="Mend the text's encoding.",
        ) from None


def in_parts(address: Address, url_values: UrlValues) -> list[str] | None:
    """A finished address of which only placeholders are open: text, the name of one, text, …; encoded.

    None where it is not that simple: a placeholder before the path, a fragment, or a value of an item in it. Raises
    as `finish` does.
    """
    parts = [""]
    for piece in address.pieces:
        if piece.origin is Origin.VALUE:
            return None
        if piece.origin is Origin.DESCRIPTOR:
            first, *others = _PLACEHOLDER.split(piece.text)
            parts[-1] += first
            parts += others
        else:
            parts[-1] += piece.text
    if "#" in address.text or (len(parts) > 1 and not _ABSOLUTE_PATH.match(parts[0])):
        return None
    whole = dict.fromkeys(parts[1::2], _STAND_IN)
    finish(address, whole, url_values)
    head = _AUTHORITY.match(parts[0])
    texts = [quote(text, safe=_SAFE) for text in parts[2::2]]
    parts[0] = parts[0][: head.end() if head else 0] + quote(parts[0][head.end() if head else 0 :], safe=_SAFE)
    parts[2::2] = texts
    return parts


def _filled(text: str, path_values: Mapping[str, str], url_values: UrlValues) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in path_values and url_values == "strict":
            raise InvalidValueError(
                f"Nothing fills {match[0]} in the address.",
                value=text,
                hint=f"Set the property that is sent as {match[1]!r}.",
            )
        return path_values.get(match[1], match[0])

    return _PLACEHOLDER.sub(value, text) if "{" in text else text


def _check_placeholders(address: Address) -> None:
    """What fills a placeholder comes with an item as a rule, and does not decide about the host."""
    for piece in address.authority():
        found = _PLACEHOLDER.search(piece.text) if piece.origin is Origin.DESCRIPTOR else None
        if found:
            raise InvalidValueError(
                f"{found.group()} would decide which host is called.",
                value=address.text,
                hint="Take the host from the credential, or from a parameter: {{ $parameter.region }}.",
            )


def _check_origin(head: str, address: str) -> None:
    if "@" in head:
        # Shown without what is in it: that may be a password. Only one of the two channels would send it.
        raise InvalidValueError(
            "The address has a user name or password in it.", hint="Put these into fields of the credential."
        )
    try:
        origin_of(head)
        # A backslash behind the host would be escaped, and so become a part of the host's name.
        broken = _NO_HOST.search(head) is not None or address[len(head) : len(head) + 1] == "\\"
    except ValueError:
        broken = True
    if broken:
        raise InvalidValueError(
            "The request has no absolute http or https address.",
            value=address,
            hint="Fill in the address of the service in the credential, such as https://pbx.example.com:5001.",
        )


def _check_values(address: Address) -> None:
    """Refuse a value that came with an item where it would decide about more than one piece of path or query."""
    if any(piece.origin is Origin.VALUE for piece in address.authority()):
        raise InvalidValueError(
            "An item's value would decide which host is called.",
            value=address.text,
            hint="Put the host into the credential, or send what follows the host only.",
        )
    in_query = at_risk = False
    for index, piece in enumerate(address.pieces):
        if piece.origin is Origin.VALUE:
            at_risk = True
            _check_value(piece, in_query)
        if not piece.text and not in_query and (piece.expression is not None or piece.origin is Origin.VALUE):
            _check_present(address, index)
        in_query = in_query or "?" in piece.text
    path = re.split(r"[?#]", address.text, maxsplit=1)[0]
    if at_risk:
        _check_segments(path)


def _check_segments(path: str) -> None:
    # Some servers decode before they resolve dots, so an encoded slash or backslash counts here; some leave out what
    # follows a semicolon first (RFC 3986 section 3.3).
    decoded = unquote(path)
    if any(part.partition(";")[0] in (".", "..") for part in re.split(r"[/\\]", decoded)):
        raise InvalidValueError(
            "The address has a '.' or '..' segment, which would change which path is called.",
            value=path,
            hint="Take it out of the value.",
        )
    if _CONTROLS.search(decoded):
        raise InvalidValueError(
            "The address has a control character, which servers read in different ways.",
            value=path,
            hint="Take it out of the value.",
        )


def _check_value(piece: Piece, in_query: bool) -> None:
    found = _SHAPE.search(piece.text)
    if found is None and piece.expression is not None:
        found = (_QUERY_SHAPE if in_query else _PATH_SHAPE).search(piece.text)
    if found:
        raise InvalidValueError(
            f"The value brings {found.group()!r} into the address, which would change the request.",
            value=piece.text,
            expression=piece.expression,
            hint="Encode it in the expression, for example {{ encodeURIComponent($json.id) }}, "
            'or run with url_values="raw" as n8n does.',
        )


def _check_present(address: Address, index: int) -> None:
    """A value that is a whole segment may not be empty: the call would address what is above it."""
    before = "".join(p.text for p in address.pieces[:index])
    after = "".join(p.text for p in address.pieces[index + 1 :])
    if before.endswith("/") and (not after or after[0] in "/?#"):
        raise MissingValueError(
            "A value of the address is missing.",
            value=address.text,
            expression=address.pieces[index].expression,
            hint="Without it the call would address something else; give every item a value for it.",
        )


def secret_may_go(address: Address, url: str, credential_origins: Collection[str], url_values: UrlValues) -> bool:
    """Whether a credential's secret may go to `url`: to its own origins, or where descriptor and credential point.

    A host of which an author's parameter is one label (`https://{{$parameter.region}}.example.com`) is the
    descriptor's as well; with `"raw"` an author may name the whole host. No item may.
    """
    if origin_of(url) in credential_origins:
        return True
    authority = address.authority()
    if any(piece.origin is Origin.VALUE for piece in authority):
        return False
    labels = [piece.text for piece in authority if piece.origin is Origin.AUTHOR]
    if not labels or url_values == "raw":
        return True
    last = authority[-1]
    ends_with_domain = last.origin is not Origin.AUTHOR and last.text.startswith(".") and "." in last.text[1:]
    return ends_with_domain and all(_HOST_LABEL.fullmatch(text) for text in labels)


def author_may_choose(address: Address, url: str, credential_origins: Collection[str], hosts: Collection[str]) -> bool:
    """Whether an author may send a credential's secret to `url` when the credential restricts them to `hosts` (n8n).

    A host that no parameter has a part in, or that the credential itself names, is none of an author's choices.
    """
    if origin_of(url) in credential_origins or all(piece.origin is not Origin.AUTHOR for piece in address.authority()):
        return True
    host = (urlsplit(url).hostname or "").removesuffix(".")
    return any(host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed for allowed in hosts)
