"""Items out of CSV (RFC 4180): a header row, then one item a row; every value is text."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from nodeloom.errors import DescriptorError, InvalidItemError, preview
from nodeloom.inputs.inputlimits import InputLimits, LongLine
from nodeloom.inputs.jsonlines import long_line
from nodeloom.values import JsonObject

RawItem = JsonObject | InvalidItemError


def rows_of(
    lines: Iterable[bytes], name: str, *, limits: InputLimits, delimiter: str | None = None
) -> Iterator[RawItem]:
    """One item for each row after the header; an InvalidItemError for a row that does not fit it.

    Blank rows are skipped. Without `delimiter` it is the comma; if the header is without commas, it is the semicolon
    or tab in it; a first line `sep=;`, as Excel writes it, decides. Raises DescriptorError for a header that names no
    fields, or one twice.
    """
    source = _Lines(lines, limits)
    first = source.first(name)
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter = first.strip()[4]
        first = source.first(name)
    rows = csv.reader(chain([first], source), delimiter=delimiter or _delimiter(first), strict=True)
    names = _header(rows, name)
    skipped = source.number - rows.line_num
    while True:
        line = rows.line_num + 1 + skipped
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as fault:
            yield _invalid(f"The row at line {line} is not CSV: {fault}.", line, "Check its quotes.")
            continue
        except _LongLineError as fault:
            yield fault.error
            skipped = source.number - rows.line_num
            continue
        except UnicodeDecodeError:
            yield _invalid(f"The row at line {line} is not UTF-8 text.", line, "Save the items as UTF-8.")
            # csv.reader does not count a line that it was not given.
            skipped = source.number - rows.line_num
            continue
        if not row:
            continue
        if len(row) != len(names):
            yield _invalid(
                f"The row at line {line} has {_fields(len(row))}, the header has {len(names)}.",
                line,
                "A value that holds the delimiter or a line break stands in double quotes.",
                row,
            )
            continue
        yield dict(zip(names, row, strict=True))


class _LongLineError(Exception):
    """A line is longer than allowed."""

    def __init__(self, error: InvalidItemError) -> None:
        super().__init__(error.message)
        self.error = error


class _Lines:
    """Lines as text; one that is not UTF-8 raises, and the next one can still be asked for."""

    def __init__(self, lines: Iterable[bytes], limits: InputLimits) -> None:
        self._lines = iter(lines)
        self._limits = limits
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = next(self._lines)
        self.number += 1
        if isinstance(raw, LongLine):
            raise _LongLineError(long_line(raw, self.number, self._limits))
        return raw.decode("utf-8")

    def first(self, name: str) -> str:
        """The next line that is not blank, or nothing."""
        try:
            return next((line for line in self if line.strip()), "")
        except _LongLineError as fault:
            raise DescriptorError(f"The header of {name} is too long.", value=fault.error.value) from None
        except UnicodeDecodeError:
            raise DescriptorError(f"The header of {name} is not UTF-8 text.", hint="Save it as UTF-8.") from None


def _delimiter(header: str) -> str:
    outside = "".join(part for part in header.split('"')[::2])
    used = [candidate for candidate in ",;\t" if candidate in outside]
    return used[0] if used else ","


def _header(rows: Iterator[list[str]], name: str) -> list[str]:
    try:
        names = [field.strip() for field in next(rows, [])]
    except csv.Error as fault:
        raise DescriptorError(f"The header of {name} is not CSV: {fault}.", hint="Check its quotes.") from None
    except UnicodeDecodeError:
        raise DescriptorError(f"The header of {name} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    empty = [str(position) for position, field in enumerate(names, 1) if not field]
    if empty:
        raise DescriptorError(
            f"In the header of {name}, column {', '.join(empty)} has no name.",
            value=names,
            hint="The first row names the columns; each needs a name.",
        )
    twice = [field for field, times in Counter(names).items() if times > 1]
    if twice:
        raise DescriptorError(
            f"In the header of {name}, {', '.join(repr(preview(t)) for t in twice)} stands more than once.",
            value=names,
            hint="Give each column a name of its own.",
        )
    return names


def _fields(number: int) -> str:
    return "1 field" if number == 1 else f"{number} fields"


def _invalid(message: str, line: int, hint: str, row: list[str] | None = None) -> InvalidItemError:
    return InvalidItemError(message, value=row, hint=hint, line=line)
