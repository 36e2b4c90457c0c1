"""Where the shipped documents are, and how a JSON document is read from a file."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from nodeloom.errors import DescriptorError


@functools.cache
def data_root() -> Path:
    """The folder that holds `nodes/`, `credentials/` and `schemas/`.

    An installed package carries them in `nodeloom/_data`; in a checkout they are at the repository's top.
    """
    package = Path(__file__).resolve().parents[1]
    installed = package / "_data"
    return installed if installed.is_dir() else package.parents[1]


def read_json(path: Path) -> Any:
    """The JSON document in `path`.

    Raises DescriptorError when the file cannot be read, is not UTF-8 or not JSON; the message names line and column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DescriptorError(f"There is no file {path}.", hint="Check the path.") from None
    except IsADirectoryError:
        raise DescriptorError(f"{path} is a folder, not a file.", hint="Name the JSON file in it.") from None
    except UnicodeDecodeError as fault:
        raise DescriptorError(f"{path} is not UTF-8 text (byte {fault.start}).", hint="Save it as UTF-8.") from None
    except OSError as fault:
        raise DescriptorError(f"{path} cannot be read: {fault.strerror}.", hint="Check its permissions.") from None
    return parse_json(text, str(path))


def parse_json(text: str, name: str) -> Any:
    """`text` as JSON; DescriptorError with line, column and the line itself when it is not."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as fault:
        line = text.splitlines()[fault.lineno - 1] if text.strip() else ""
        start = max(0, fault.colno - 40)
        shown = line[start : fault.colno + 40]
        caret = " " * (fault.colno - 1 - start) + "^"
        raise DescriptorError(
            f"{name} is not JSON: {fault.msg} at line {fault.lineno}, column {fault.colno}.\n    {shown}\n    {caret}",
            hint="Mend the document at the caret.",
        ) from None
    except RecursionError:
        raise DescriptorError(f"{name} is nested too deeply.", hint="Use fewer levels of nesting.") from None
