"""How a JSON document is read from a file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from nodeloom.errors import DescriptorError, preview
from nodeloom.values import Json, JsonObject

#: How large a document may be: bytes of its file, values it has, levels of nesting if it is held to them.
MAX_BYTES = 100 * 1024 * 1024
MAX_VALUES = 5_000_000
MAX_DEPTH = 200


def read_text(path: Path) -> str:
    """The text of a document's file, without a byte order mark.

    Raises DescriptorError when the file cannot be read, is not UTF-8, or is larger than MAX_BYTES.
    """
    try:
        with path.open("rb") as file:
            # One byte more than allowed shows that a file is too large, without reading all of it.
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise DescriptorError(
                f"{path} is too large: a document may have {MAX_BYTES:,} bytes.", hint="Split the document."
            )
        # Editors of Windows write a byte order mark, which JSON does not allow (RFC 8259 section 8.1).
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise DescriptorError(f"There is no file {path}.", hint="Check the path.") from None
    except IsADirectoryError:
        raise DescriptorError(f"{path} is a folder, not a file.", hint="Name the document in it.") from None
    except UnicodeDecodeError as fault:
        raise DescriptorError(f"{path} is not UTF-8 text (byte {fault.start}).", hint="Save it as UTF-8.") from None
    except OSError as fault:
        raise DescriptorError(f"{path} cannot be read: {fault.strerror}.", hint="Check its permissions.") from None
    except ValueError as fault:
        raise DescriptorError(f"{path} cannot be the name of a file: {fault}.", hint="Check the path.") from None


def read_json(path: Path) -> Json:
    """The JSON document in `path`.

    Raises DescriptorError when the file cannot be read, is not UTF-8 or not JSON; the message names line and column.
    """
    return parse_json(read_text(path), str(path))


def parse_json(text: str, name: str, *, strict: bool = False) -> Json:
    """`text` as JSON; DescriptorError with line, column and the line itself when it is not.

    `strict` is for the documents of others: a key that stands twice in one object, and nesting deeper than MAX_DEPTH,
    are errors too.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique if strict else None)
    except json.JSONDecodeError as fault:
        # By line feeds alone, as the decoder counts.
        line = text.split("\n")[fault.lineno - 1]
        start = max(0, fault.colno - 40)
        shown = line[start : fault.colno + 40]
        caret = " " * (fault.colno - 1 - start) + "^"
        raise DescriptorError(
            f"{name} is not JSON: {fault.msg} at line {fault.lineno}, column {fault.colno}.\n    {shown}\n    {caret}",
            hint="Mend the document at the caret.",
        ) from None
    except RecursionError:
        raise _too_deep(name) from None
    except ValueError as fault:
        # A constant that JSON does not have, a key that stands twice, an integer of more digits than Python reads.
        raise DescriptorError(f"{name} is not JSON: {preview(str(fault))}.", hint="Mend the document.") from None
    if strict and deeper_than(value, MAX_DEPTH):
        raise _too_deep(name)
    return value


def _too_deep(name: str) -> DescriptorError:
    return DescriptorError(f"{name} is nested too deeply.", hint=f"Use at most {MAX_DEPTH} levels of nesting.")


def _refuse_constant(word: str) -> Json:
    raise ValueError(f"{word} is not a number of JSON")


def _unique(pairs: list[tuple[str, Json]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _value in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {preview(twice)!r} stands twice in one object")
    return found


def deeper_than(value: Json, levels: int) -> bool:
    """Whether lists and objects in `value`, itself among them, are nested more than `levels` deep."""
    # Level by level, without recursion: the depth that is looked for would end a recursion.
    layer = [value]
    for _ in range(levels + 1):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not layer:
            return False
    return True
