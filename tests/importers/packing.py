"""Builds packages for the tests: archives as npm packs them, and archives npm would never make."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"
MODULE = "lib/X.node.js"

#: A declarative node's description, as JavaScript.
DESCRIPTION = (
    "{displayName: 'X', name: 'x', version: 1, description: '', group: [], defaults: {}, inputs: ['main'], "
    "outputs: ['main'], requestDefaults: {baseURL: 'http://x.test', url: '/x'}, properties: []}"
)


def files_of(folder: str) -> dict[str, str]:
    """The files of a fixture by path."""
    root = FIXTURES / folder
    return {p.relative_to(root).as_posix(): p.read_text("utf-8") for p in sorted(root.rglob("*")) if p.is_file()}


def manifest(name: str = "n8n-nodes-x", **more: Any) -> str:
    """A package.json that lists one node."""
    return json.dumps({"name": name, "version": "1.0.0", "n8n": {"nodes": [MODULE], "credentials": []}, **more})


def module(before: str = "", inside: str = "") -> str:
    """The module of a node: code before its class, and code in its constructor after the description."""
    return f"{before}\nclass X {{ constructor() {{ this.description = {DESCRIPTION}; {inside} }} }}\nexports.X = X;\n"


def tar_entry(name: str, content: bytes = b"", **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    """A member of an archive; `more` are attributes of its header."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


def write_tar(path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    """An archive of these members."""
    with tarfile.open(path, "w:gz") as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return path


def pack(path: Path, files: Mapping[str, str]) -> Path:
    """An archive of these files as npm packs it."""
    return write_tar(path, *(tar_entry(f"package/{name}", text.encode()) for name, text in files.items()))


def one_node(path: Path, code: str, **files: str) -> Path:
    """A package with one node, whose module is `code`; more files by path."""
    return pack(path, {"package.json": manifest(), MODULE: code, **files})


def unpack_to(folder: Path, files: Mapping[str, str]) -> Path:
    """The files in a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder
