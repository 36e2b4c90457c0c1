"""Items out of files: NDJSON, JSON and CSV, read as they arrive, one at a time.

What is wrong with one item (a broken line, a ragged row) becomes an InvalidItemError in its place, and the others go
on; what is wrong with the whole file (no format to be seen, a broken header) raises DescriptorError before the first
item.

NDJSON is one object a line; blank lines are skipped. JSON is an array of objects, or objects one after the other
(as `jq` writes them). CSV has a header row, and all its values are text. Text is UTF-8, with or without a byte order
mark.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Literal, Protocol

from nodeloom.errors import ConfigurationError, DescriptorError, InvalidItemError, UnknownNameError, preview
from nodeloom.inputs.inputlimits import InputLimits, size_text, split_lines
from nodeloom.jsonbounds import TooDeepJSON
from nodeloom.jsonreading import ANY_JSON
from nodeloom.values import JsonObject

Format = Literal["json", "ndjson", "csv"]
RawItem = JsonObject | InvalidItemError

FORMATS: tuple[Format, ...] = ("json", "ndjson", "csv")
CHUNK = 64 * 1024
_SUFFIXES: dict[str, Format] = {".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".tsv": "csv"}
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class BinaryStream(Protocol):
    """What items are read from; `read` may give less than it was asked for, as a pipe does."""

    def read(self, size: int, /) -> bytes | None:
        """At most `size` bytes, none at the end."""
        ...


def read_items(
    source: str | os.PathLike[str] | BinaryStream,
    format: str | None = None,  # noqa: A002 - the option's name
    *,
    name: str | None = None,
    through: Callable[[BinaryStream], BinaryStream] = lambda stream: stream,
    limits: InputLimits = InputLimits(),  # noqa: B008 - it cannot be changed
) -> Iterator[RawItem]:
    """The items in a file or binary stream, an InvalidItemError in the place of each that cannot be read.

    `format` is one of FORMATS; without it the file's suffix decides, then its first characters. `name` is what errors
    call a stream, and `through` what the opened stream is passed through, to follow how it is read. What is longer or
    deeper than `limits` allow is an error in its place, and the others go on; memory does not grow with what is
    skipped.

    Raises UnknownNameError for an unknown format, and ConfigurationError if the file is missing or may not be
    read; it is opened when the first item is taken. The iterator raises DescriptorError when the format cannot be seen,
    the file as a whole is broken, or it holds more items than allowed.
    """
    if format is not None and format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        _check_readable(path)
        return _read(lambda: through(_open(path)), format, str(path), path.suffix.lower(), limits)
    return _read(lambda: through(source), format, name or "the input", "", limits)


def _check_readable(path: Path) -> None:
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder, not a file of items.", hint="Name a file in it.")
    if not path.exists():
        raise ConfigurationError(f"There is no file {path}.", hint="Check the path of the items.")
    if not os.access(path, os.R_OK):
        raise ConfigurationError(f"{path} may not be read.", hint="Mend its permissions.")


def _open(path: Path) -> BinaryStream:
    try:
        return path.open("rb", buffering=0)
    except OSError as fault:
        raise ConfigurationError(f"{path} cannot be read: {fault.strerror or fault}.") from None


def _read(
    opened: Callable[[], BinaryStream], written: str | None, name: str, suffix: str, limits: InputLimits
) -> Iterator[RawItem]:
    stream = opened()
    try:
        chunks = _chunks(stream, name)
        head = _head(chunks, name, limits)
        if head.startswith(_UTF16):
            raise DescriptorError(f"{name} is UTF-16 text.", hint="Save it as UTF-8.")
        head = head.removeprefix(_BOM)
        if not head.strip():
            return
        chosen = written or _SUFFIXES.get(suffix) or guess_format(head, name, json_only=suffix == ".json")
        items = _readers(chosen, chain([head], chunks), name, suffix, limits)
        yield from _after_the_first(_count_items(items, limits.items, name))
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()


def _after_the_first(items: Iterator[RawItem]) -> Iterator[RawItem]:
    """`items`; a fault of the whole file that shows after the first one is the last item's, since others have run."""
    given = False
    try:
        for item in items:
            given = True
            yield item
    except DescriptorError as fault:
        if not given:
            raise
        yield InvalidItemError(fault.message, hint="Items after this place were not read.", **fault.details)


def _count_items(items: Iterator[RawItem], most: int | None, name: str) -> Iterator[RawItem]:
    if most is None:
        yield from items
        return
    yield from islice(items, most)
    if next(items, None) is not None:
        raise DescriptorError(f"{name} holds more than the {most} items allowed.", hint="Split it, or allow more.")


def _readers(chosen: str, chunks: Iterator[bytes], name: str, suffix: str, limits: InputLimits) -> Iterator[RawItem]:
    if chosen == "ndjson":
        from nodeloom.inputs.jsonlines import lines_of

        return lines_of(split_lines(chunks, limits.item_bytes), limits)
    if chosen == "json":
        from nodeloom.inputs.jsonlines import values_of

        return values_of(chunks, name, limits)
    from nodeloom.inputs.csvrows import rows_of

    lines = split_lines(chunks, limits.item_bytes)
    return rows_of(lines, name, delimiter="\t" if suffix == ".tsv" else None, limits=limits)


def _chunks(stream: BinaryStream, name: str) -> Iterator[bytes]:
    # A buffered stream's read() waits for the whole amount; read1() gives what is there.
    read = getattr(stream, "read1", stream.read)
    while True:
        try:
            chunk = read(CHUNK)
        except OSError as fault:
            raise DescriptorError(f"{name} cannot be read: {fault.strerror or fault}.") from None
        if not chunk:
            return
        yield chunk


def _head(chunks: Iterator[bytes], name: str, limits: InputLimits) -> bytes:
    """The beginning: at least the first line that is not blank, as far as there is one."""
    head = b""
    for chunk in chunks:
        head += chunk
        text = head.removeprefix(_BOM).lstrip()
        if b"\n" in text or len(text) >= CHUNK:
            break
        if len(head) > max(limits.item_bytes, CHUNK):
            raise DescriptorError(f"{name} begins with more than {size_text(limits.item_bytes)} of nothing.")
    return head


def guess_format(head: bytes, name: str, *, json_only: bool = False) -> Format:
    """The format that `head`, the beginning of a file with at least its first line, is written in.

    CSV is only guessed where the first line has a comma, semicolon or tab: nothing should be done to a service because
    a text that is something else was taken for a column of items. Raises DescriptorError when it cannot be told.
    """
    text = head.lstrip()
    first = text.split(b"\n", 1)[0].strip()
    if text.startswith(b"["):
        return "json"
    if text.startswith(b"{"):
        return "json" if _goes_on(first) else "ndjson"
    if json_only:
        return "json"
    if any(delimiter in first for delimiter in b",;\t") and not text.startswith(b"<"):
        return "csv"
    raise DescriptorError(
        f"{name} holds neither JSON objects nor CSV with several columns.",
        value=preview(first.decode("utf-8", "replace")),
        hint="Say what it is with --format json, ndjson or csv.",
    )


def _goes_on(line: bytes) -> bool:
    """Whether a JSON text that begins in this line is laid out over several lines."""
    try:
        ANY_JSON.read(line.decode())
    except TooDeepJSON:
        return False
    except ValueError:
        # A line cut off in the middle of a value is broken NDJSON; one that ends where a value may go on is not.
        return line.endswith((b"{", b"[", b",", b":"))
    return False
