"""What a JSON text would be in memory, counted before it is parsed: a short one may become gigabytes of objects.

`[[],[],…]` of 256 MiB is 89 million lists of 76 bytes each. A survey looks at the text a piece at a time and by methods
of bytes, which takes a fraction of the time that parsing takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from nodeloom.values import Json

_PIECE = 256 * 1024
_MIB = 1024 * 1024

# Bytes that CPython takes (3.11 to 3.14, 64 bits): for what they hold, and for a place in the list or object around.
_LIST, _OBJECT, _STRING, _NUMBER = 100, 200, 64, 34
_PLACE, _MEMBER = 10, 35
# Each key that comes for the first time is a string, and stands in the parser's table of keys.
_KEY = 160

_NO_BRACKETS = bytes(b for b in range(256) if b not in b"[]{}")
# As signed bytes: one level down, one level up.
_STEPS = bytes.maketrans(b"[]{}", b"\x01\xff\x01\xff")
# What UTF-8 begins a character with that takes two bytes in Python, and four; and what it goes on with.
_NO_PAIRS = bytes(b for b in range(256) if not 0xC4 <= b < 0xF0)
_NO_FOURS = bytes(range(0xF0))
_CONTINUED = bytes(range(0x80, 0xC0))


class TooMuchJSON(ValueError):
    """A JSON text holds more than is read; the text says what."""


class TooDeepJSON(ValueError):
    """A JSON text is nested deeper than it is read."""


@dataclass(frozen=True, slots=True)
class JSONBounds:
    """The most that is read of one JSON text: levels, values (elements and members), bytes in memory."""

    depth: int = 256
    values: int = 10_000_000
    memory: int = 1024 * _MIB


class Survey:
    """Counts over a JSON text in UTF-8 what is in it.

    Raises TooMuchJSON as soon as that is more than the `bounds` allow, TooDeepJSON if it is nested too deeply. Of a
    text that is not JSON the counts are meaningless; it is not read anyway.
    """

    def __init__(self, body: bytes, bounds: JSONBounds) -> None:
        self._bounds = bounds
        self._depth = 0
        # Whether the text so far ends inside of a string, and how many bytes each character of that takes.
        self._inside = False
        self._open_width = 1
        self._widest = 1
        self._characters = self._contents = self._keys = 0
        self.lists = self.objects = self.commas = self.members = self.strings = 0
        at = 0
        while at < len(body):
            piece = body[at : at + _PIECE]
            # An escape is not cut in two: of an odd number of backslashes the last one stands before something.
            if (len(piece) - len(piece.rstrip(b"\\"))) % 2:
                piece = body[at : at + _PIECE + 1]
            at += len(piece)
            self._look_at(piece)
            if self.values > bounds.values:
                raise TooMuchJSON(f"it holds more than {bounds.values} values")
            if self.memory > bounds.memory:
                raise TooMuchJSON(f"it would take more than {bounds.memory // _MIB} MiB of memory")

    @property
    def values(self) -> int:
        """Elements and members, and the lists and objects that hold them; an empty one counts twice."""
        return self.commas + self.lists + self.objects

    @property
    def memory(self) -> int:
        """The bytes that the parsed value takes, with the text it is parsed from; sooner too many than too few."""
        texts = max(0, self.strings - self.members)
        numbers = max(0, self.commas - texts)
        return (
            self._widest * self._characters
            + self._contents
            + self.lists * _LIST
            + self.objects * _OBJECT
            + texts * _STRING
            + numbers * _NUMBER
            + self.commas * _PLACE
            + self.members * _MEMBER
            + self._keys * _KEY
        )

    def _look_at(self, piece: bytes) -> None:
        pairs, fours = self._wide_characters(piece)
        if b"\\" in piece:
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = piece.split(b'"')
        inside, outside = parts[1 - self._inside :: 2], b" ".join(parts[self._inside :: 2])
        self._count_contents(parts, inside, pairs, fours)
        self._count_structure(outside, inside)
        if len(parts) % 2 == 0:
            self._inside = not self._inside

    def _wide_characters(self, piece: bytes) -> tuple[int, int]:
        """How many characters, written out or escaped, make Python take two bytes, and four, for all of a string."""
        pairs = fours = 0
        self._characters += len(piece)
        if not piece.isascii():
            self._characters -= len(piece) - len(piece.translate(None, _CONTINUED))
            pairs, fours = len(piece.translate(None, _NO_PAIRS)), len(piece.translate(None, _NO_FOURS))
            self._widest = max(self._widest, 4 if fours else 2 if pairs else 1)
        escapes = piece.count(b"\\u")
        if escapes:
            surrogates = piece.count(b"\\ud") + piece.count(b"\\uD")
            fours += surrogates
            pairs += escapes - surrogates - piece.count(b"\\u00")
        return pairs, fours

    def _count_contents(self, parts: list[bytes], inside: list[bytes], pairs: int, fours: int) -> None:
        size = sum(map(len, inside))
        longest = max(map(len, inside), default=0)
        # While Python writes a string anew for a wider character, it has both.
        self._contents += size + 5 * min(size, fours * longest) + 2 * min(size, max(0, pairs) * longest)
        if self._inside:
            self._contents += (self._open_width - 1) * len(parts[0])
        ends_inside = self._inside == bool(len(parts) % 2)
        if ends_inside:
            begun = 1 if len(parts) > 1 else self._open_width
            self._open_width = max(begun, 4 if fours else 2 if pairs > 0 else 1)

    def _count_structure(self, outside: bytes, inside: list[bytes]) -> None:
        self.strings += len(inside)
        members = outside.count(b":")
        self.members += members
        if members:
            # No more strings of the piece may be new keys than it has members, nor than it has different strings.
            self._keys += min(members, len(set(inside)))
        self.commas += outside.count(b",")
        lists, objects = outside.count(b"["), outside.count(b"{")
        self.lists += lists
        self.objects += objects
        if self._depth + lists + objects > self._bounds.depth:
            self._go_down(outside)
        else:
            self._depth += lists + objects - outside.count(b"]") - outside.count(b"}")

    def _go_down(self, outside: bytes) -> None:
        steps = outside.translate(_STEPS, delete=_NO_BRACKETS)
        depths = list(accumulate(memoryview(steps).cast("b"), initial=self._depth))
        self._depth = depths[-1]
        if max(depths) > self._bounds.depth:
            raise TooDeepJSON(f"it is nested deeper than {self._bounds.depth} levels")


def deeper_than(value: Json, levels: int) -> bool:
    """Whether lists and objects in `value`, itself among them, are nested more than `levels` deep."""
    layer = [value]
    for _ in range(levels):
        layer = [inner for outer in layer for inner in _inside(outer)]
        if not layer:
            return False
    return any(isinstance(inner, (dict, list)) for inner in layer)


def _inside(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
