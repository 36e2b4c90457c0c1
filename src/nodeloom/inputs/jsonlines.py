"""Items out of NDJSON and JSON.

Stricter than Python's `json`: NaN and Infinity, numbers too large for a double, keys that stand twice in an object and
halves of surrogate pairs are refused (RFC 8259 sections 4, 6 and 8.2), because what they would become is not what the
author sees.
"""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Iterable, Iterator
from json import JSONDecodeError
from typing import TypeAlias

from nodeloom.errors import DescriptorError, InvalidItemError, preview
from nodeloom.inputs.inputlimits import PATIENCE, EndFinder, InputLimits, LongLine, size_text
from nodeloom.jsonbounds import TooDeepJSON
from nodeloom.jsonreading import JSONReader, JSONRules, RefusedJSON, end_of_json, reason_of
from nodeloom.values import Json, JsonObject
from nodeloom.valuewords import kind_of

RawItem: TypeAlias = JsonObject | InvalidItemError

_SPACE = re.compile(r"[ \t\r\n]*")
# Up to this much of an unfinished value is tried again with every chunk, so that a slow input is read promptly.
_RETRY_EACH_CHUNK = 1024 * 1024


@functools.cache
def _strict_reader(depth: int) -> JSONReader:
    return JSONReader(JSONRules(finite=True, unique_keys=True, whole_characters=True, depth=depth))


def _invalid(
    message: str, text: str, line: int, column: int | None = None, hint: str | None = None
) -> InvalidItemError:
    return InvalidItemError(
        message,
        value=preview(text),
        hint=hint or 'An item is a JSON object such as {"Link": "summer-sale"}.',
        line=line,
        column=column,
    )


# -- NDJSON -----------------------------------------------------------------------------------------------------------


def lines_of(lines: Iterable[bytes], limits: InputLimits) -> Iterator[RawItem]:
    """One item for each line that is not blank; an InvalidItemError, with line and column, for one that is broken."""
    for number, raw in enumerate(lines, 1):
        if isinstance(raw, LongLine):
            yield long_line(raw, number, limits)
        elif raw.strip(b" \t\r\n"):
            yield _line(raw, number, limits)


def long_line(raw: LongLine, number: int, limits: InputLimits) -> InvalidItemError:
    """The error for a line that is longer than allowed, as far as it was kept."""
    size = size_text(limits.item_bytes)
    if raw.endless:
        message, hint = (
            f"Line {number} does not end.",
            "Items after this place were not read. NDJSON ends lines with \\n.",
        )
    else:
        message, hint = f"Line {number} is longer than {size}.", "Make it smaller, or allow more with --max-item-bytes."
    return _invalid(message, raw.decode("utf-8", "replace"), number, None, hint)


def _line(raw: bytes, number: int, limits: InputLimits) -> RawItem:
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        return _invalid(
            f"Line {number} is not UTF-8 text (byte {fault.start + 1} of the line).",
            raw.decode("utf-8", "replace").rstrip(),
            number,
            fault.start + 1,
            "Save the items as UTF-8.",
        )
    text = whole.strip(" \t\r\n")
    indent = len(whole) - len(whole.lstrip(" \t\r\n"))
    cut = not raw.endswith(b"\n")
    if text.startswith("\ufeff"):
        joined = "Files were joined with their marks in them: take it out."
        return _invalid(f"Line {number} begins with a byte order mark.", text, number, 1, joined)
    try:
        value = _strict_reader(limits.depth).read(text)
    except JSONDecodeError as fault:
        column = fault.pos + 1 + indent
        hint = "The input ends in the middle of this line." if cut and fault.pos >= len(text) else None
        if fault.msg == "Extra data":
            alone = "\r" in text[: fault.pos]
            hint = "Lines end with \\n or \\r\\n, not with \\r alone." if alone else "Write one object a line."
        return _invalid(
            f"Line {number} is not JSON: {reason_of(fault)} at column {column}.", text, number, column, hint
        )
    except TooDeepJSON:
        return _invalid(f"Line {number} is nested too deeply (more than {limits.depth} levels).", text, number)
    except ValueError as fault:
        return _invalid(f"Line {number} cannot be an item: {fault}.", text, number)
    if not isinstance(value, dict):
        return _invalid(f"Line {number} is {kind_of(value)}, not an object.", text, number)
    return value


def _space(text: str, at: int) -> str:
    found = _SPACE.match(text, at)
    return found[0] if found else ""


# -- JSON -------------------------------------------------------------------------------------------------------------


def values_of(chunks: Iterable[bytes], name: str, limits: InputLimits) -> Iterator[RawItem]:
    """The objects of a JSON array, or objects one after the other, each as soon as it is whole.

    Raises DescriptorError, with line and column, where the text stops being JSON.
    """
    try:
        yield from _Text(_decode_chunks(chunks, name), limits).items()
    except _BrokenError as fault:
        raise DescriptorError(
            f"{name} is not JSON from line {fault.line}, column {fault.column} on: {fault.message}.",
            value=fault.shown,
            hint="Mend the file.",
            line=fault.line,
            column=fault.column,
        ) from None


class _BrokenError(Exception):
    def __init__(self, message: str, line: int, column: int, shown: str) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.shown = shown


def _decode_chunks(chunks: Iterable[bytes], name: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    for chunk in chunks:
        try:
            yield decoder.decode(chunk)
        except UnicodeDecodeError as fault:
            raise DescriptorError(
                f"{name} is not UTF-8 text near byte {read + fault.start + 1}.", hint="Save it as UTF-8."
            ) from None
        read += len(chunk)
    if decoder.getstate()[0]:
        raise DescriptorError(f"{name} ends in the middle of a character.", hint="The file is cut off.")


class _Text:
    """A JSON text that is still arriving."""

    def __init__(self, pieces: Iterator[str], limits: InputLimits) -> None:
        self._pieces = pieces
        self._limits = limits
        self._text = ""
        self._at = 0
        self._ended = False
        self._line = 1
        self._column = 1

    def items(self) -> Iterator[RawItem]:
        """The items. Raises _BrokenError where the text is not JSON any more."""
        while (character := self._next()) is not None:
            if character != "[":
                yield self._value()
                continue
            self._at += 1
            if self._next() == "]":
                self._at += 1
                continue
            yield self._value()
            while (separator := self._next()) == ",":
                self._at += 1
                yield self._value()
            if separator != "]":
                raise self._broken(self._at, "the array is not closed" if separator is None else "expecting ',' or ']'")
            self._at += 1

    def _next(self) -> str | None:
        """The next character that is not white space, or None at the end."""
        while True:
            self._at += len(_space(self._text, self._at))
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return None

    def _more(self) -> bool:
        if self._at:
            self._drop()
        piece = next(self._pieces, None)
        if piece is None:
            self._ended = True
            return False
        self._text += piece
        return True

    def _drop(self) -> None:
        self._line, self._column = self._position(self._at)
        self._text = self._text[self._at :]
        self._at = 0

    def _position(self, at: int) -> tuple[int, int]:
        breaks = self._text.count("\n", 0, at)
        if not breaks:
            return self._line, self._column + at
        return self._line + breaks, at - self._text.rfind("\n", 0, at)

    def _value(self) -> RawItem:
        """The value that begins here."""
        if self._next() is None:
            raise self._broken(self._at, "the text ends where an item should stand")
        tried = 0
        while True:
            try:
                value, end = self._decode()
            except JSONDecodeError as fault:
                into_value = fault.pos - self._at
                if self._unfinished(fault):
                    if len(self._text) - self._at > self._limits.item_bytes:
                        return self._skip(f"is longer than {size_text(self._limits.item_bytes)}")
                    if self._more_than(tried):
                        tried = len(self._text) - self._at
                        continue
                raise self._broken(self._at + into_value, reason_of(fault)) from None
            except TooDeepJSON:
                return self._skip("is nested too deeply")
            if end == len(self._text) and not isinstance(value, (dict, list, str, InvalidItemError)) and self._more():
                continue
            begin, self._at = self._at, end
            if isinstance(value, (dict, InvalidItemError)):
                return value
            line, _column = self._position(begin)
            text = self._text[begin:end]
            return _invalid(f"The value at line {line} is {kind_of(value)}, not an object.", text, line)

    def _decode(self) -> tuple[Json | InvalidItemError, int]:
        """The value and its end; an InvalidItemError for a value that is JSON but refused."""
        try:
            value, end = _strict_reader(self._limits.depth).read_at(self._text, self._at)
            if end - self._at > self._limits.item_bytes:
                raise RefusedJSON(f"it is longer than {size_text(self._limits.item_bytes)}")
        except JSONDecodeError:
            raise
        except ValueError as fault:
            # Reading it again without the rules shows its end.
            end = end_of_json(self._text, self._at)
            line, _column = self._position(self._at)
            shown = self._text[self._at : end]
            return _invalid(f"The item at line {line} cannot be used: {fault}.", shown, line), end
        return value, end

    def _unfinished(self, fault: JSONDecodeError) -> bool:
        """Whether the value may only look broken because the rest of it is not here yet."""
        if self._ended:
            return False
        # The longest token a chunk can be cut in is a number or a \u escape.
        return fault.msg.startswith("Unterminated string") or fault.pos >= len(self._text) - 16

    def _more_than(self, tried: int) -> bool:
        """Read on: a chunk, or for a long value until it has doubled, so that trying again stays cheap."""
        wanted = 0 if tried < _RETRY_EACH_CHUNK else 2 * tried
        if not self._more():
            return False
        missing = wanted - (len(self._text) - self._at)
        gathered: list[str] = []
        while missing > 0 and (piece := next(self._pieces, None)) is not None:
            gathered.append(piece)
            missing -= len(piece)
        self._text += "".join(gathered)
        return True

    def _skip(self, what: str) -> InvalidItemError:
        """Pass by the object or list that begins here, and say why. Raises _BrokenError if it does not end."""
        line, _column = self._position(self._at)
        if self._text[self._at] not in "[{":
            raise self._broken(self._at, f"the value {what}")
        error = _invalid(f"The item at line {line} {what}.", self._text[self._at : self._at + 200], line)
        error.hint = "Make it smaller; --max-item-bytes says how large an item may be."
        finder = EndFinder()
        passed = 0
        while (end := finder.feed(self._text[self._at :])) is None:
            passed += len(self._text) - self._at
            self._at = len(self._text)
            if passed > PATIENCE * self._limits.item_bytes or not self._more():
                raise _BrokenError(
                    f"the item at line {line} does not end", *self._position(self._at), error.value or ""
                )
        self._at += end
        return error

    def _broken(self, at: int, message: str) -> _BrokenError:
        line, column = self._position(at)
        start = max(self._at, at - 40)
        return _BrokenError(message, line, column, self._text[start : at + 40])
