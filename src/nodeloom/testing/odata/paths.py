"""Resource paths: `WebsiteLinks('O%27%27Brien%2Fx')/Pbx.Something(from=2026-01-01T00:00:00Z,name=null)`.

OData URL Conventions 4.01, section 2: split the raw path at `/` first, percent-decode each segment, parse last.
So an encoded slash belongs to its key, and an encoded quote is a quote like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from nodeloom.testing.odata.literals import Value, read_literal
from nodeloom.testing.odata.refusal import bad_request

_NAME = re.compile(r"[$A-Za-z_][\w.]*", re.ASCII)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NAMED = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*", re.ASCII)
_SEPARATOR = re.compile(r"\s*,\s*")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a resource path.

    `arguments` is None without parentheses, else the values by name in order; a single value without a name
    stands under the empty name.
    """

    name: str
    arguments: dict[str, Value] | None = None


def percent_decode(raw: str) -> str:
    """`raw` decoded as UTF-8; 400 if an escape is broken or the bytes are not UTF-8."""
    if "%" not in raw:
        return raw
    broken = _BAD_ESCAPE.search(raw)
    if broken:
        raise bad_request(f"Bad percent escape at position {broken.start()} of '{raw}'.")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise bad_request(f"The escapes in '{raw}' are not UTF-8.") from None


def parse_path(raw: str) -> list[Segment]:
    """The segments of a raw path below the service root, without a leading slash. Raises ODataError (400)."""
    # In this order, or an encoded slash in a key would split it.
    return [parse_segment(percent_decode(part)) for part in raw.split("/")]


def parse_segment(text: str) -> Segment:
    """One decoded segment. Raises ODataError (400)."""
    match = _NAME.match(text)
    if match is None:
        raise bad_request(f"Bad request: '{text}' is not a resource path segment.")
    name, rest = match[0], text[match.end() :]
    if not rest:
        return Segment(name)
    if rest[0] != "(" or rest[-1] != ")":
        raise bad_request(f"Bad request: syntax error at position {match.end()} in '{text}'.")
    return Segment(name, _arguments(rest[1:-1], text))


def _arguments(inner: str, segment: str) -> dict[str, Value]:
    found: dict[str, Value] = {}
    position = 0
    while inner.strip():
        named = _NAMED.match(inner, position)
        start = named.end() if named else position
        try:
            literal = read_literal(inner, start)
        except ValueError as error:
            raise bad_request(f"Bad request: {error} In '{segment}'.") from None
        if literal is None:
            raise bad_request(
                f"Bad request: no literal at position {start} of the arguments in '{segment}' (strings are quoted)."
            )
        name = named[1] if named else ""
        # One key value may stand alone; several have names, each once.
        if name in found or (found and not name):
            raise bad_request(f"Bad request: repeated or unnamed argument in '{segment}'.")
        found[name] = literal.value
        if literal.end == len(inner):
            break
        separator = _SEPARATOR.match(inner, literal.end)
        if separator is None or "" in found:
            raise bad_request(f"Bad request: syntax error after position {literal.end} of '{segment}'.")
        position = separator.end()
    return found
