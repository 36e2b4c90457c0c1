"""Reads the files of a package as npm packs it, from an archive or a folder, into memory.

Files are not unpacked to disk. An archive comes from others: names that leave the package, links, devices and
sizes beyond the limits are errors, and a compressed bomb is not unpacked beyond the limit.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Self

from nodeloom.errors import DescriptorError, preview

#: What a package's code can read: its modules and the documents beside them.
TEXT_SUFFIXES = frozenset({".js", ".cjs", ".mjs", ".json", ".yaml", ".yml", ".txt", ".graphql", ".gql"})

_HOSTILE = "The archive is broken or hostile; do not use it."
# Types of headers whose content tarfile reads whole: names, links' targets and attributes of the entry behind them.
_READ_WHOLE = frozenset(
    {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
)
# tarfile reads these headers into memory before anyone can look at them; a real one has a few hundred bytes.
_MOST_HEADER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a package may hold: bytes unpacked in all and in one file, bytes of text that code may read, entries.

    `seconds` and `memory_bytes` are for its code, all of it together.
    """

    total_bytes: int = 256 * 1024 * 1024
    file_bytes: int = 32 * 1024 * 1024
    text_bytes: int = 64 * 1024 * 1024
    entries: int = 50_000
    seconds: float = 30.0
    memory_bytes: int = 512 * 1024 * 1024


@dataclass(slots=True)
class Files:
    """A package's files by path inside it: `texts` that code may read, `names` of all, `skipped` links and devices."""

    texts: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    skipped: list[str] = field(default_factory=list)


def is_archive(path: Path) -> bool:
    """Whether `path` is named as npm names a packed package."""
    # By its name, because a file that is not a gzip stream shall get the message that says how to make one.
    return path.name.lower().endswith((".tgz", ".tar.gz"))


def read_archive(path: Path, limits: Limits) -> Files:
    """The files of a packed package, without the folder they are in (npm's `package/`).

    Raises DescriptorError if the file is not an archive, or holds entries that a package may not have.
    """
    counter = _Counter(path, limits)
    try:
        # A stream: nothing is read twice, and no more than the limit allows is ever decompressed.
        with (
            gzip.open(path) as plain,
            tarfile.open(fileobj=_Bounded(plain, path, limits), mode="r|", tarinfo=_Header) as archive,
        ):
            for member in archive:
                _take(archive, member, counter)
    except FileNotFoundError:
        raise DescriptorError(f"There is no file {path}.", hint="Check the path.") from None
    # tarfile reads a header behind a header by calling itself.
    except RecursionError:
        raise DescriptorError(f"{path} holds headers of headers without end.", hint=_HOSTILE) from None
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError) as fault:
        raise DescriptorError(
            f"{path} is not an archive as npm packs it: {preview(str(fault))}.", hint="`npm pack NAME` makes one."
        ) from None
    except OSError as fault:
        raise DescriptorError(f"{path} cannot be read: {fault.strerror or fault}.", hint="Check the file.") from None
    return counter.files


def read_folder(path: Path, limits: Limits) -> Files:
    """The files of a package in a folder, without its `node_modules` and hidden folders. Links are not followed.

    Raises DescriptorError when it cannot be read or is larger than the limits.
    """
    counter = _Counter(path, limits)
    for name, file in _walk(path, counter):
        try:
            size = file.stat(follow_symlinks=False).st_size
            counter.add(name, size)
            if counter.wants(name):
                # A file that grows meanwhile, or has no size of its own, is not read on.
                with file.open("rb") as stream:
                    counter.keep(name, stream.read(size))
        except OSError as fault:
            raise DescriptorError(f"{file} cannot be read: {fault.strerror}.", hint="Check its permissions.") from None
    return counter.files


def _walk(root: Path, counter: _Counter) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(root, onerror=_refuse_folder):
        here = Path(folder)
        for name in [n for n in folders if (here / n).is_symlink()]:
            counter.files.skipped.append((here / name).relative_to(root).as_posix())
        # In place, because os.walk reads from it where to go. Sorted, so that every system gives the same order.
        folders[:] = sorted(
            n for n in folders if n != "node_modules" and not n.startswith(".") and not (here / n).is_symlink()
        )
        for name in sorted(names):
            file = here / name
            relative = file.relative_to(root).as_posix()
            if file.is_symlink() or not file.is_file():
                counter.files.skipped.append(relative)
            else:
                yield relative, file


def _refuse_folder(fault: OSError) -> None:
    raise DescriptorError(f"{fault.filename} cannot be read: {fault.strerror}.", hint="Check its permissions.")


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, counter: _Counter) -> None:
    name = _inner_name(member.name, counter.path)
    if member.isdir():
        counter.add(None, 0)
        return
    if not member.isreg() or member.issparse():
        # `npm pack` leaves links out; one in an archive could lead out of the package.
        kind = "a link" if member.issym() or member.islnk() else "something that is not a plain file"
        raise DescriptorError(
            f"{counter.path} holds {kind}: {preview(member.name)}.",
            hint="Packages made by `npm pack` hold plain files only.",
        )
    if member.size < 0:
        raise DescriptorError(f"{counter.path} holds a file of {member.size} bytes.", hint=_HOSTILE)
    counter.add(name, member.size)
    if name and counter.wants(name):
        stream = archive.extractfile(member)
        if stream is not None:
            counter.keep(name, stream.read())


def _inner_name(name: str, path: Path) -> str:
    parts = PurePosixPath(name).parts
    # A drive letter or a backslash would lead out of the package on Windows.
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or (parts and ":" in parts[0]):
        raise DescriptorError(
            f"{path} holds a file whose name leads out of the package: {preview(name)}.",
            hint=_HOSTILE,
        )
    return "/".join(parts[1:])


class _Counter:
    """Keeps the files and holds them to the limits."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.files = Files()
        self._limits = limits
        self._entries = 0
        self._bytes = 0
        self._text_bytes = 0

    def add(self, name: str | None, size: int) -> None:
        """Count an entry before anything of it is read."""
        self._entries += 1
        self._bytes += size
        limits = self._limits
        if self._entries > limits.entries:
            raise self._too_large(f"more than {limits.entries:,} entries")
        if size > limits.file_bytes:
            raise self._too_large(f"a file of {size:,} bytes, {preview(name or '')}; {limits.file_bytes:,} are allowed")
        if self._bytes > limits.total_bytes:
            raise self._too_large(f"more than {limits.total_bytes:,} bytes")
        if name:
            self.files.names.add(name)

    def wants(self, name: str) -> bool:
        """Whether code may read the file."""
        return PurePosixPath(name).suffix.lower() in TEXT_SUFFIXES

    def keep(self, name: str, content: bytes) -> None:
        """Keep a file's text. Raises DescriptorError when there is another file of that name."""
        # Node decodes source in the same way: a byte-order mark is dropped, a broken byte becomes U+FFFD.
        text = content.decode("utf-8-sig", "replace")
        # Two readers of such an archive take different ones; one of them could have been checked and the other run.
        if self.files.texts.setdefault(name, text) != text:
            raise DescriptorError(f"{self.path} holds two files named {preview(name)}.", hint=_HOSTILE)
        self._text_bytes += len(content)
        if self._text_bytes > self._limits.text_bytes:
            raise self._too_large(f"more than {self._limits.text_bytes:,} bytes of code and documents")

    def _too_large(self, what: str) -> DescriptorError:
        return DescriptorError(f"{self.path} is too large: it holds {what}.", hint="No n8n package needs so much.")


class _Header(tarfile.TarInfo):
    """A header that is refused before what it claims to hold is read into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in one block."""
        return super().frombuf(buf, encoding, errors)._refuse_large()

    @classmethod
    def _frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str, **options: bool) -> Self:
        # What tarfile itself calls in later releases (3.14.8 for one).
        found: Self = super()._frombuf(buf, encoding, errors, **options)  # type: ignore[misc]
        return found._refuse_large()

    def _refuse_large(self) -> Self:
        if self.size < 0 or (self.type in _READ_WHOLE and self.size > _MOST_HEADER):
            raise tarfile.ReadError(f"a header says that {self.size:,} bytes follow")
        return self


class _Bounded(io.RawIOBase):
    """A stream that gives no more than the limit, tar headers included."""

    def __init__(self, stream: gzip.GzipFile, path: Path, limits: Limits) -> None:
        self._stream = stream
        self._path = path
        # Each entry has a header of one block, and up to another to fill its last one; names may need more.
        self._left = limits.total_bytes + limits.entries * 4 * tarfile.BLOCKSIZE

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise DescriptorError(
                f"{self._path} is too large when it is unpacked.", hint="No n8n package needs so much."
            )
        return content
