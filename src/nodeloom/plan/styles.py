"""Lists, objects and files as OpenAPI's `style` and `explode` write them (OpenAPI 3.1, 4.8.12; RFC 6570).

A list or object is written into names and values before the query is: `Written` holds these, each value as pieces, so
that what parts the pieces is told from the same character inside one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED
from nodeloom.jsonreading import ANY_JSON
from nodeloom.plan.wire import SelfWritten, json_text, query_pairs, scalar_text

# Percent-encoded: a blank, `|` or tab may not stand in a query as it is.
_DELIMITERS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C", "tabDelimited": "%09"}
# Reserved characters that a query may hold and that end neither a value nor the query.
_RESERVED = ":/?@!$'()*,;"


@dataclass(frozen=True, slots=True)
class Written(SelfWritten):
    """A value of a query or form, written already: (name, pieces, what stands between the pieces)."""

    pairs: tuple[tuple[str, tuple[object, ...], str], ...]
    reserved: bool = False

    def query(self, safe: str) -> Iterator[str]:
        """`name=value`, percent-encoded."""
        kept = safe + _RESERVED if self.reserved else safe
        for name, pieces, delimiter in self.pairs:
            value = delimiter.join(quote(scalar_text(piece), safe=kept) for piece in pieces)
            yield f"{quote(name, safe=safe)}={value}"


def write_query(style: str, explode: bool, name: str, value: object, *, reserved: bool = False) -> Written:
    """A value in a query, form or cookie. Raises InvalidValueError for one that the style cannot hold.

    Args:
        style: as OpenAPI names it.
        explode: whether each entry or member stands for itself.
        name: the parameter's.
        value: a single value, a list or an object.
        reserved: whether reserved characters stay as they are.
    """
    value = structure(value)
    if style == "deepObject" and isinstance(value, (Mapping, list)):
        return Written(tuple((n, (v,), "") for n, v in query_pairs({name: value})), reserved)
    delimiter = _DELIMITERS.get(style, ",")
    if isinstance(value, Mapping):
        members = [(str(k), _text(v)) for k, v in value.items() if v is not UNDEFINED]
        if explode:
            return Written(tuple((k, (v,), "") for k, v in members), reserved)
        return Written(((name, tuple(t for pair in members for t in pair), delimiter),) if members else (), reserved)
    entries = [_text(v) for v in value] if isinstance(value, list) else [_text(value)]
    if explode:
        return Written(tuple((name, (v,), "") for v in entries), reserved)
    return Written(((name, tuple(entries), delimiter),) if entries else (), reserved)


def write_path(style: str, explode: bool, name: str, value: object) -> str:
    """`value` as a path's segment, percent-encoded. Raises InvalidValueError for an empty list or object."""
    value = structure(value)
    lead = {"label": ".", "matrix": ";"}.get(style, "")
    apart = lead if explode and lead else _DELIMITERS.get(style, ",")
    if isinstance(value, Mapping):
        pairs = [(quote(str(k), safe=""), _quote(v)) for k, v in value.items() if v is not UNDEFINED]
        texts = [f"{k}={v}" if explode else f"{k},{v}" for k, v in pairs]
    else:
        texts = [_quote(v) for v in (value if isinstance(value, list) else [value])]
    if not texts or texts == [""]:
        raise InvalidValueError("The value is empty, and stands in the path.", hint="Give it at least one entry.")
    if style != "matrix":
        found = lead + apart.join(texts)
    elif explode and not isinstance(value, Mapping):
        found = "".join(f";{name}={text}" for text in texts)
    else:
        found = ";" + (apart.join(texts) if explode else f"{name}={','.join(texts)}")
    # No encoding protects a dot segment (RFC 3986 section 5.2.4).
    if found in (".", ".."):
        raise InvalidValueError("The value is not usable in a path.", value=found, hint="It may not be '.' or '..'.")
    return found


def write_header(style: str, explode: bool, value: object) -> str:
    """`value` as a header's text: entries parted by commas (style `simple`), or by what the style says."""
    value = structure(value)
    apart = unquote(_DELIMITERS.get(style, ","))
    if isinstance(value, Mapping):
        members = [(str(k), _text(v)) for k, v in value.items() if v is not UNDEFINED]
        return apart.join(f"{k}={v}" if explode else f"{k}{apart}{v}" for k, v in members)
    return apart.join(_text(v) for v in value) if isinstance(value, list) else _text(value)


def structure(value: object) -> object:
    """`value` as a list or object; text that holds one in JSON is read, other text is one entry."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return ANY_JSON.read(value)
        except ValueError:
            return value
    return value


def _text(value: object) -> str:
    return json_text(value) if isinstance(value, (Mapping, list, tuple)) else scalar_text(value)


def _quote(value: object) -> str:
    try:
        return quote(_text(value), safe="")
    except UnicodeEncodeError:
        raise InvalidValueError(
            "The text holds half of a surrogate pair, which cannot be sent.", hint="Mend the text's encoding."
        ) from None
