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
from dataclasses import replace
from typing import Literal
from urllib.parse import quote, unquote

from nodeloom.errors import InvalidValueError, MissingValueError
from nodeloom.messages import host_allowed, origin_of
from nodeloom.plan.pieces import AUTHORITY, Address, Origin, Piece

UrlValues = Literal["strict", "raw"]

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
# What ends a path or a query, or what some servers take for a slash: a value that holds one would change more than
# its own place.
_SHAPE = re.compile(r"[?#\\\x00-\x1f\x7f]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_PATH_SHAPE = re.compile(r"/")
_QUERY_SHAPE = re.compile(r"&")
# No label of a host is empty (RFC 1035 section 2.3.1): a value that was to be one is not there.
_NO_HOST = re.compile(r"[\x00-\x20\x7f]|//\.|\.\.")
# Without a dot: a parameter may choose a region of the service, not another domain.
_HOST_LABEL = re.compile(r"[A-Za-z0-9-]*")
# What RFC 3986 allows in path and query; and `%`, since the values are encoded already and must not be so twice.
_SAFE = "%/:?#[]@!$&'()*+,;=~"
# A placeholder behind this can no longer change which host is called.
_ABSOLUTE_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]*[/?]")
_STAND_IN = "x"


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
        _fill(piece.text, path_values, url_values) if piece.origin is Origin.DESCRIPTOR else piece.text
        for piece in address.pieces
    )
    match = AUTHORITY.match(filled)
    head = filled[: match.end()] if match else ""
    _check_origin(head, filled)
    # A fragment is not sent (RFC 9110 section 7.1).
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

    None if it is not that simple: a placeholder before the path, a fragment, or an item's value in it. Raises
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
    # The checks of `finish` are made once, with a letter in each placeholder: an encoded value changes no shape.
    whole = dict.fromkeys(parts[1::2], _STAND_IN)
    finish(address, whole, url_values)
    head = AUTHORITY.match(parts[0])
    texts = [quote(text, safe=_SAFE) for text in parts[2::2]]
    parts[0] = parts[0][: head.end() if head else 0] + quote(parts[0][head.end() if head else 0 :], safe=_SAFE)
    parts[2::2] = texts
    return parts


def _fill(text: str, path_values: Mapping[str, str], url_values: UrlValues) -> str:
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
    """Refuse a value that came with an item if it would decide about more than one piece of path or query."""
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
    # n8n sends a credential to any host that its author's parameters give.
    if not labels or url_values == "raw":
        return True
    last = authority[-1]
    # A label in front of a domain of the descriptor's stays in that domain. A label at the end would choose the domain.
    ends_with_domain = last.origin is not Origin.AUTHOR and last.text.startswith(".") and "." in last.text[1:]
    return ends_with_domain and all(_HOST_LABEL.fullmatch(text) for text in labels)


def author_may_choose(address: Address, url: str, credential_origins: Collection[str], hosts: Collection[str]) -> bool:
    """Whether an author may send a credential's secret to `url` when the credential restricts them to `hosts` (n8n).

    A host is not an author's choice if no parameter has a part in it, or if the credential itself names it.
    """
    if origin_of(url) in credential_origins or all(piece.origin is not Origin.AUTHOR for piece in address.authority()):
        return True
    return host_allowed(url, hosts)
