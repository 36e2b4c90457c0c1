"""The one reader of JSON: what Python's own reader takes and the caller does not want, rules refuse.

Without rules a text is read as Python's `json.loads` reads it: of keys that stand twice in an object the last one
counts and half of a surrogate pair is kept, as `JSON.parse` does (ECMA-262), and NaN and Infinity are taken, which are
not JSON (RFC 8259 section 6). Every fault of a text is a ValueError, also one that the stack is too small for.
"""

from __future__ import annotations

import json
import json.decoder
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias

from nodeloom.errors import preview
from nodeloom.jsonbounds import JSONBounds, Survey, TooDeepJSON, TooMuchJSON, deeper_than
from nodeloom.values import Json, JsonObject

# Python's own bound depends on its version and on how deep the stack is already; n8n's data is never near this.
MAX_DEPTH = 256

_BOUNDS = JSONBounds(depth=MAX_DEPTH)
# A text that is shorter can only be too deep, not too large, and it does not take long to read.
SHORT = 256 * 1024
_INFINITE = (math.inf, -math.inf)
# If a text has an object for so many values, its objects come often enough to let others have a turn.
_VALUES_FOR_AN_OBJECT = 50
# How far a walk goes into what it meets: so many levels, and the first so many elements of each list or object.
_WALKED_LEVELS, _WALKED_ELEMENTS = 32, 100
# The first half of a pair begins with D8 to DB, the second with DC to DF; only an escape can write a half of its own.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE = re.compile(r"[ \t\n\r]*")
_OPENING = ("{", "[")
_FAULTS = (ValueError, RecursionError, MemoryError)

Scan: TypeAlias = Callable[[str, int], tuple[Json, int]]
Pairs: TypeAlias = list[tuple[str, Json]]


class RefusedJSON(ValueError):
    """A text that Python would read as JSON and a rule refuses; the text says why."""


@dataclass(frozen=True, slots=True)
class JSONRules:
    """What a reader refuses of that which Python's own reader takes.

    `finite`: NaN and Infinity (RFC 8259 section 6), and a number too large for a double, which Python makes Infinity
    of. `unique_keys`: a key that stands twice in one object (section 4). `whole_characters`: half of a surrogate pair,
    which UTF-8 cannot write (section 8.2). `depth`: more levels of lists and objects than this; None for as many as
    the stack has room for.
    """

    finite: bool = False
    unique_keys: bool = False
    whole_characters: bool = False
    depth: int | None = None


class JSONReader:
    """Reads JSON texts by its `rules`.

    Its methods raise ValueError for what cannot be read: json.JSONDecodeError, with the place, for a text that is not
    JSON; RefusedJSON for one that breaks a rule or has a number of thousands of digits (sys.int_info); TooDeepJSON
    for one that is nested deeper than the rules or the stack allow; TooMuchJSON if there is not enough memory.
    """

    def __init__(self, rules: JSONRules = JSONRules()) -> None:
        self._rules = rules
        self._looks_again = rules.whole_characters or rules.depth is not None
        self._decoder = self._make_decoder(None)

    def read(self, text: str) -> Json:
        """The value of a whole text."""
        return self._read_with(self._decoder, text)

    def read_at(self, text: str, at: int) -> tuple[Json, int]:
        """The value that begins at `at`, without blanks before it, and the place after it."""
        try:
            value, end = self._decoder.raw_decode(text, at)
            if self._looks_again:
                self._look_again(value, text, at, end)
        except _FAULTS as fault:
            raise _explain(fault) from None
        return value, end

    def read_in_turns(self, text: str, turn: Callable[[], None], *, by_object: bool) -> Json:
        """As `read`, and calls `turn` over and over: for each object, or (not `by_object`) for each element of a list.

        Raises what `turn` raises, too.
        """
        if by_object:

            def take(found: JsonObject) -> JsonObject:
                turn()
                return found

            return self._read_with(self._make_decoder(take), text)
        decoder = self._make_decoder(None)
        decoder.scan_once = _walk(decoder.scan_once, turn, _WALKED_LEVELS)  # type: ignore[attr-defined]  # typeshed leaves it out
        return self._read_with(decoder, text)

    def _make_decoder(self, object_hook: Callable[[JsonObject], object] | None) -> json.JSONDecoder:
        return json.JSONDecoder(
            object_hook=object_hook,
            object_pairs_hook=_with_unique_keys if self._rules.unique_keys else None,
            parse_constant=_refuse_constant if self._rules.finite else None,
            parse_float=_finite if self._rules.finite else None,
        )

    def _read_with(self, decoder: json.JSONDecoder, text: str) -> Json:
        try:
            value = _decode(decoder.scan_once, text)  # type: ignore[attr-defined]  # typeshed leaves it out
            if self._looks_again:
                self._look_again(value, text, 0, len(text))
        except _FAULTS as fault:
            raise _explain(fault) from None
        return value

    def _look_again(self, value: Json, text: str, at: int, end: int) -> None:
        """Hold a value, read from `text[at:end]`, to the rules that the decoder has no hook for."""
        depth = self._rules.depth
        # Most values have fewer brackets than levels are allowed, and need no walk.
        if (
            depth is not None
            and text.count("[", at, end) + text.count("{", at, end) > depth
            and deeper_than(value, depth)
        ):
            raise TooDeepJSON(f"it is nested deeper than {depth} levels")
        if self._rules.whole_characters and _SURROGATE.search(text, at, end):
            try:
                json.dumps(value, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                raise RefusedJSON("it holds half of a surrogate pair") from None


def _decode(scan: Scan, text: str) -> Json:
    """What `JSONDecoder.decode` gives, in half the time if the text is as short as most answers are."""
    try:
        value, end = scan(text, 0 if text[:1] in _OPENING else _end_of_space(text, 0))
    except StopIteration as fault:
        raise json.JSONDecodeError("Expecting value", text, fault.value) from None
    if end != len(text) and (end := _end_of_space(text, end)) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _end_of_space(text: str, at: int) -> int:
    """Where the white space ends that begins at `at` (RFC 8259 section 2)."""
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _with_unique_keys(pairs: Pairs) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise RefusedJSON(f"the key {preview(key)!r} stands twice in one object")
            seen.add(key)
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise RefusedJSON(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if number in _INFINITE:
        raise RefusedJSON("a number is too large")
    return number


def _explain(fault: Exception) -> Exception:
    """The error to raise for a fault of reading."""
    if isinstance(fault, (json.JSONDecodeError, RefusedJSON, TooDeepJSON)):
        return fault
    if isinstance(fault, RecursionError):
        return TooDeepJSON("it is nested too deeply")
    if isinstance(fault, MemoryError):
        return TooMuchJSON("there is not enough memory for it")
    # Python bounds the digits of an integer, and says so in words about its settings.
    return RefusedJSON("a number has too many digits") if "digits" in str(fault) else fault


def reason_of(fault: ValueError) -> str:
    """What is wrong with a text, as words after which " at …" may follow: Python's own may end in "at" already."""
    if isinstance(fault, json.JSONDecodeError):
        return fault.msg.removesuffix(" at").removesuffix(" starting")
    return str(fault)


#: Reads what Python's own reader does.
ANY_JSON: Final = JSONReader()
#: Reads what is JSON and can be written as JSON again, as other programs read it.
PROPER_JSON: Final = JSONReader(JSONRules(finite=True))

# Only to find where a value ends: it refuses nothing, not even a number of thousands of digits.
_SKIMMER = json.JSONDecoder(parse_int=float, parse_float=float)


def end_of_json(text: str, at: int) -> int:
    """The place after the value that begins at `at`, even if it breaks rules. Raises as JSONReader does."""
    try:
        return _SKIMMER.raw_decode(text, at)[1]
    except _FAULTS as fault:
        raise _explain(fault) from None


def begins_like_json(body: bytes) -> bool:
    """Whether a text begins as a JSON object or list does."""
    return _first(body) in (b"{", b"[")


def _first(body: bytes) -> bytes:
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]


def parse_json(body: bytes, bounds: JSONBounds = _BOUNDS) -> Json:
    """JSON of others, in UTF-8, with or without a byte order mark; NaN and numbers beyond a double are refused.

    Raises ValueError, which says what is wrong: what JSONReader raises; UnicodeDecodeError if it is not UTF-8;
    TooMuchJSON and TooDeepJSON for more than the `bounds`.
    """
    # Python's reader gives up at once if a text begins in another way: with a page of HTML, a line of a log.
    if _first(body) in (b"{", b"[", b'"', b"") and (
        len(body) > min(SHORT, bounds.values) or body.count(b"[") + body.count(b"{") > bounds.depth
    ):
        Survey(body, bounds)
    return PROPER_JSON.read(_text(body))


def parse_json_in_turns(body: bytes, bounds: JSONBounds, turn: Callable[[], None]) -> Json:
    """As `parse_json`, in a thread beside others: they have their turn while it works. Raises what `turn` raises, too.

    Python's reader is written in C and keeps the interpreter to itself until it has read everything. It is interrupted
    when it calls `turn`: for each object, and if there are few, for each element of a list.
    """
    survey = Survey(body, bounds)
    by_object = survey.objects * _VALUES_FOR_AN_OBJECT > survey.values
    return PROPER_JSON.read_in_turns(_text(body), turn, by_object=by_object)


def _text(body: bytes) -> str:
    return body.decode("utf-8").removeprefix("\ufeff")


def _walk(scan: Scan, turn: Callable[[], None], levels: int) -> Scan:
    """A scanner for one list or object that reads its elements one by one, by `scan` if they are small."""
    elements = 0

    def scan_once(text: str, at: int) -> tuple[Json, int]:
        nonlocal elements
        turn()
        elements += 1
        begins = text[at : at + 1] if levels and elements <= _WALKED_ELEMENTS else ""
        found: tuple[Json, int]
        if begins == "[":
            found = json.decoder.JSONArray((text, at + 1), _walk(scan, turn, levels - 1))  # type: ignore[attr-defined]  # typeshed leaves it out
        elif begins == "{":
            inner = _walk(scan, turn, levels - 1)
            found = json.decoder.JSONObject((text, at + 1), True, inner, None, None)  # type: ignore[attr-defined]  # typeshed leaves it out
        else:
            found = scan(text, at)
        return found

    return scan_once
