"""How a JSON document is read from a file."""

from __future__ import annotations

from json import JSONDecodeError
from pathlib import Path

from nodeloom.errors import DescriptorError, preview
from nodeloom.jsonbounds import TooDeepJSON
from nodeloom.jsonreading import PROPER_JSON, JSONReader, JSONRules, reason_of
from nodeloom.values import Json

#: How large a document may be: bytes of its file, values it has, levels of nesting if it is held to them.
MAX_BYTES = 100 * 1024 * 1024
MAX_VALUES = 5_000_000
MAX_DEPTH = 200

_STRICT = JSONReader(JSONRules(finite=True, unique_keys=True, depth=MAX_DEPTH))


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
    return parse_json_document(read_text(path), str(path))


def parse_json_document(text: str, name: str, *, strict: bool = False) -> Json:
    """`text` as JSON; DescriptorError with line, column and the line itself when it is not.

    `strict` is for the documents of others: a key that stands twice in one object, and nesting deeper than MAX_DEPTH,
    are errors too.
    """
    try:
        return (_STRICT if strict else PROPER_JSON).read(text)
    except JSONDecodeError as fault:
        # By line feeds alone, as the decoder counts.
        line = text.split("\n")[fault.lineno - 1]
        start = max(0, fault.colno - 40)
        shown = line[start : fault.colno + 40]
        caret = " " * (fault.colno - 1 - start) + "^"
        place = f"line {fault.lineno}, column {fault.colno}"
        raise DescriptorError(
            f"{name} is not JSON: {reason_of(fault)} at {place}.\n    {shown}\n    {caret}",
            hint="Mend the document at the caret.",
        ) from None
    except TooDeepJSON:
        raise DescriptorError(
            f"{name} is nested too deeply.", hint=f"Use at most {MAX_DEPTH} levels of nesting."
        ) from None
    except ValueError as fault:
        raise DescriptorError(f"{name} is not JSON: {preview(str(fault))}.", hint="Mend the document.") from None
