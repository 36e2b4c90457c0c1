"""Addresses: which host and path is called, and what a value may do to them.

An address is built of pieces that remember who wrote them. The descriptor and the credential decide about the
origin; an author's parameter may fill in part of it; a value that came with an item never does. With
`url_values="strict"` a value also cannot bring `?`, `#`, `\\`, control characters or dot segments into the path, nor
`/` or `&` where the template puts one value between its own text; with `"raw"` it is interpolated as n8n does, and may
name the host, but then no credential goes there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, unquote

from nodeloom.errors import InvalidValueError, MissingValueError
from nodeloom.expression import UNDEFINED, Compiled, Scope
from nodeloom.expression.fieldreads import NO_FIELDS, Fields
from nodeloom.expression.splitting import is_template
from nodeloom.expression.template import PathTemplate
from nodeloom.expression.text import NotPlainError, mixed_text
from nodeloom.messages import host_allowed, origin_of
from nodeloom.plan.address_literals import Place, address_places
from nodeloom.plan.clause import is_literal, quoted
from nodeloom.plan.marks import NOTHING_WITHIN, Within
from nodeloom.plan.missingvalues import came_to_nothing, missing_address, read_nothing_else, spells_nothing
from nodeloom.plan.pieces import AUTHORITY as _AUTHORITY
from nodeloom.plan.pieces import Address as Address
from nodeloom.plan.pieces import Origin as Origin
from nodeloom.plan.pieces import Piece as Piece
from nodeloom.plan.wire import scalar_text

if TYPE_CHECKING:
    from nodeloom.expression.blocks import Part

UrlValues = Literal["strict", "raw"]

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_SHAPE = re.compile(r"[?#\\\x00-\x1f\x7f]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_PATH_SHAPE = re.compile(r"/")
_QUERY_SHAPE = re.compile(r"&")
# No label of a host is empty (RFC 1035 section 2.3.1): a value that was to be one is not there.
_NO_HOST = re.compile(r"[\x00-\x20\x7f]|//\.|\.\.")
_HOST_LABEL = re.compile(r"[A-Za-z0-9-]*")
_SAFE = "%/:?#[]@!$&'()*+,;=~"
_ABSOLUTE_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]*[/?]")
_STAND_IN = "x"
# Text before a block that stands in the path: behind the host, and before a query.
_IN_PATH = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]*/|(?![A-Za-z][A-Za-z0-9+.-]*://))[^?#]*")
_ENCODED_QUOTE = re.compile(r"%27")


# What is the same for every item as long as the credential is.
_SETTLED_NAMES = frozenset({"$credentials", "$version"})


def is_settled(value: Compiled, *, more: frozenset[str] = frozenset(), constants: Collection[str] = ()) -> bool:
    """Whether a value is the same for every item of a run as long as the credential stays the same.

    `more` are names that are settled where it stands, `constants` the parameters that are the same for every item.
    """
    if value.static:
        return True
    allowed = _SETTLED_NAMES | more
    if _reads_only(value, constants):
        allowed |= {"$parameter"}
    return bool(value.names) and value.names <= allowed and not value.needs_javascript


def _reads_only(value: Compiled, parameters: Collection[str]) -> bool:
    """Whether of `$parameter` nothing but members of these names are read."""
    read = [path[1] if len(path) > 1 else None for path in value.references if path[0] == "$parameter"]
    return bool(read) and all(name in parameters for name in read)


class AddressTemplate:
    """A compiled `url` or `baseURL`: a template, or constant text.

    `strict` lets no block of its path come to nothing, and writes what stands in an OData literal as one. `made_of` are
    the credential's fields it reads.
    """

    __slots__ = ("_chunks", "made_of", "settled", "source", "static")

    def __init__(
        self,
        source: str,
        *,
        static_parameters: Collection[str],
        value_is_static: bool = False,
        strict: bool = False,
        within: Within = NOTHING_WITHIN,
    ) -> None:
        self.source = source
        self._chunks: list[Piece | _Block] = []
        pieces: list[Part | str] = [source]
        if is_template(source, "n8n"):
            # The parser is loaded with the first template.
            from nodeloom.expression.blocks import compile_parts

            pieces = compile_parts(source, "n8n", "url")
        others: list[Place] = ["other"] * len(pieces)
        places = iter(address_places(pieces) if strict else others)
        before = ""
        for piece in pieces:
            if isinstance(piece, str):
                before += piece
                if piece:
                    self._chunks.append(Piece(piece, Origin.DESCRIPTOR))
                continue
            origin = _writer(piece.value, static_parameters, value_is_static)
            # A lone block is the whole address, so its slashes are its own; a computed one may bring ours.
            whole = len(pieces) > 1 and isinstance(piece.value, PathTemplate)
            needed = strict and origin is Origin.VALUE and _IN_PATH.fullmatch(before) is not None
            made_of = within.fields(piece.value)
            self._chunks.append(_Block(piece, source, origin, next(places), made_of, whole=whole, needed=needed))
            before += _STAND_IN
        self.static = all(isinstance(chunk, Piece) for chunk in self._chunks)
        self.settled = all(is_settled(code) for code in self.compiled())
        self.made_of = NO_FIELDS.union(*(chunk.made_of for chunk in self._chunks))

    def compiled(self) -> list[Compiled]:
        """The code blocks, for the plan's account of what its templates read."""
        return [chunk.part.value for chunk in self._chunks if isinstance(chunk, _Block)]

    def resolve(self, scope: Scope) -> Address | object:
        """The address for one item; UNDEFINED when the template is one block that resolves to undefined.

        Raises MissingValueError for a block in the path that came to nothing, InvalidValueError for a value that is no
        literal where one has to be.
        """
        if len(self._chunks) == 1 and isinstance(block := self._chunks[0], _Block):
            value = block.part.value.resolve(scope)
            if block.needed and (
                (value is UNDEFINED and read_nothing_else(block.part.value, scope))
                or block.is_made_of_nothing(value, scope)
            ):
                raise missing_address(self.source, block.part.block.code, block.part.value, scope)
            return (
                UNDEFINED if value is UNDEFINED else Address((Piece(_text(value), block.origin, None, block.made_of),))
            )
        return Address(tuple(c if isinstance(c, Piece) else c.piece(scope) for c in self._chunks))


@dataclass(frozen=True, slots=True)
class _Block:
    """A code block of an address template; `needed` says that it may not come to nothing."""

    part: Part
    source: str
    origin: Origin
    place: Place
    made_of: Fields
    whole: bool
    needed: bool

    def piece(self, scope: Scope) -> Piece:
        value = self.part.value.resolve(scope)
        # If a descriptor computes an empty text from an item, that is what its author means.
        nothing = self.needed and value != "" and came_to_nothing(value)
        if self.needed and (nothing or self.is_made_of_nothing(value, scope)):
            raise missing_address(self.source, self.part.block.code, self.part.value, scope)
        text = _text(value)
        if self.place != "other":
            text = self._as_literal(text, value, scope)
        expression = f"{{{{{self.part.block.code}}}}}" if self.whole else None
        return Piece(text, self.origin, expression, self.made_of)

    def is_made_of_nothing(self, value: object, scope: Scope) -> bool:
        """Whether what the block computes holds nothing: all that it reads is missing, or its text says so."""
        code = self.part.value
        if not code.needs_javascript:
            return False
        return spells_nothing(value, code, scope) or read_nothing_else(code, scope)

    def _as_literal(self, text: str, value: object, scope: Scope) -> str:
        if self.place == "quoted":
            if not text and self.origin is Origin.VALUE:
                raise missing_address(self.source, self.part.block.code, self.part.value, scope)
            return _ENCODED_QUOTE.sub(r"\g<0>\g<0>", quoted(text, self.part))
        if value is None:
            text = "null"
        if self.origin is Origin.VALUE and not is_literal(text):
            raise InvalidValueError(
                "The value stands where the address holds an OData literal, and is none.",
                value=text,
                expression=self.source,
                hint=f"Put the block into quotes in the address: '{{{{{self.part.block.code}}}}}'.",
            )
        return text


def _text(value: object) -> str:
    try:
        return mixed_text(value)
    except NotPlainError:
        return scalar_text(value)


def _writer(block: Compiled, static_parameters: Collection[str], value_is_static: bool) -> Origin:
    names = block.names - {"$version"}
    if names <= {"$credentials"}:
        return Origin.CREDENTIAL
    if names <= {"$credentials", "$parameter", "$value"}:
        constant = "$parameter" not in names or _reads_only(block, static_parameters)
        if constant and (value_is_static or "$value" not in names):
            return Origin.AUTHOR
    return Origin.VALUE


def join(base: Address | None, url: Address | None) -> Address:
    """`url` below `base`, with one slash between; an absolute `url` stands alone (axios, as n8n uses it).

    Raises InvalidValueError for a `url` that begins with two slashes: that is another host's (RFC 3986 section 4.2),
    and n8n calls it invalid.
    """
    if url is not None and url.text.startswith("//"):
        raise InvalidValueError(
            "An address that begins with two slashes would decide which host is called.",
            value=url.text,
            hint="Begin it with one slash.",
        )
    if base is None or not base.text:
        return url or Address(())
    if url is None or not url.text:
        return base
    if _ABSOLUTE.match(url.text):
        return url
    # Of the slashes at the end of the base at most two go.
    kept = max(len(base.text.rstrip("/")), len(base.text) - 2)
    return Address((*_cut(base, 0, kept), Piece("/", Origin.DESCRIPTOR), *_cut(url, int(url.text[0] == "/"), None)))


def _cut(address: Address, first: int, end: int | None) -> Iterator[Piece]:
    """The pieces of `address`, with the characters from `first` to `end` of its text."""
    position = 0
    for piece in address.pieces:
        text = piece.text[max(0, first - position) : None if end is None else max(0, end - position)]
        position += len(piece.text)
        if text or not piece.text:
            yield piece if text == piece.text else replace(piece, text=text)


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
    return host_allowed(url, hosts)
