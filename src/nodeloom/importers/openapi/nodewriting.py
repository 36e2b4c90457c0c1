"""Writes the files of an import: the same content as the same bytes, and no file of a person is overwritten unasked."""

from __future__ import annotations

from pathlib import Path

from nodeloom.descriptor.documentfiles import read_json
from nodeloom.errors import ConfigurationError, DescriptorError
from nodeloom.importers.filing import write_file
from nodeloom.importers.openapi.importer import Imported
from nodeloom.printable import json_text
from nodeloom.values import Json

_WIDTH = 120


def json_lines(value: Json) -> str:
    """`value` as JSON that people read and compare: what fits stands on one line, the rest a line each."""
    return _spread(value, "", 0) + "\n"


def _spread(value: Json, indent: str, used: int) -> str:
    line = json_text(value)
    if not isinstance(value, (dict, list)) or not value or len(indent) + used + len(line) <= _WIDTH:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        members = []
        for key, member in value.items():
            name = json_text(key) + ": "
            members.append(inner + name + _spread(member, inner, len(name) + 1))
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + _spread(entry, inner, 1) for entry in value) + f"\n{indent}]"


def files_of(imported: Imported) -> dict[str, str]:
    """The text of every file by its path below the node's folder."""
    return {path: json_lines(document) for path, document in imported.documents().items()}


def write(imported: Imported, folder: Path, *, force: bool = False) -> list[Path]:
    """Write the node into `folder`; the files written, in order.

    Files of an earlier import that are no longer needed are removed; other files of the folder are left alone. Raises
    ConfigurationError when a node is there already (without `force`), or the folder cannot be written.
    """
    head = folder / "node.json"
    if head.exists() and not force:
        raise ConfigurationError(
            f"There is a node in {folder} already.", hint="Write it anew with --force, or name another folder."
        )
    stale = _files_of_head(head) if head.exists() else set()
    texts = files_of(imported)
    written = []
    try:
        for name, text in texts.items():
            write_file(folder / name, text)
            written.append(folder / name)
        for name in sorted(stale - set(texts)):
            (folder / name).unlink(missing_ok=True)
    except OSError as fault:
        raise ConfigurationError(
            f"{fault.filename} cannot be written: {fault.strerror}.",
            hint="Check its permissions, or name another folder.",
        ) from None
    return written


def _files_of_head(head: Path) -> set[str]:
    """The resource files that an earlier head names; none when it cannot be read."""
    try:
        raw = read_json(head)
    except DescriptorError:
        return set()
    entries = raw.get("resources") if isinstance(raw, dict) else None
    names = [e.get("file") for e in entries.values() if isinstance(e, dict)] if isinstance(entries, dict) else []
    # The head is a file that anyone may have edited: what it names outside of its folder is not removed.
    folder = head.parent.resolve()
    inside = folder / "resources"
    return {n for n in names if isinstance(n, str) and "\0" not in n and (folder / n).resolve().is_relative_to(inside)}
