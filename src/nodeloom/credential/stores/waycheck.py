"""Whether others can exchange a file for another one: by a folder on the way to it, or by a link.

A file is only as safe as every folder above it, and above every link that leads to it: who may write to one of them
can put something else in the place of what is in it (as OpenSSH sees it, `StrictModes`). A sticky folder, such as
`/tmp`, lets its users replace what is their own only; what is in it must be ours then.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from nodeloom.errors import CredentialStoreError

_POSIX = os.name == "posix"
# As many as Linux follows (path_resolution(7)).
_MOST_LINKS = 40
_PLAIN = frozenset({"", "."})


@dataclass(frozen=True, slots=True)
class Weakness:
    """Where another user can act: `place` is a folder or what is in one, `why` says what is wrong with it, in words
    that follow its name, and `remedy` what to do about it.
    """

    place: Path
    why: str
    remedy: str


def refuse_weakness(path: Path, what: str) -> None:
    """Raise CredentialStoreError when another user can exchange the file at `path`, which messages call `what`."""
    if not _POSIX:
        return
    try:
        weakness = weakness_of(path)
    except OSError as fault:
        raise CredentialStoreError(
            f"The way to the {what} {path} cannot be looked at: {fault.strerror}.",
            hint="Keep it in a folder of your own.",
        ) from None
    if weakness is not None:
        raise CredentialStoreError(
            f"Another user can put another file in the place of the {what} {path}: {weakness.place} {weakness.why}.",
            hint=weakness.remedy,
        )


def weakness_of(path: Path) -> Weakness | None:
    """The first place on the way to `path` by which another user can exchange what is there; None if there is none.

    What does not exist yet is not a weakness: it is made in a folder that was looked at. For POSIX systems. Raises
    OSError for what cannot be looked at, and for links that go round in a circle.
    """
    current = Path("/")
    current_status = current.stat()
    weakness = _of_folder(current, current_status)
    # Not `resolve`, which would lose the links.
    left = _parts(f"{Path.cwd()}/{path}" if not path.is_absolute() else str(path))
    links = 0
    while weakness is None and left:
        name = left.pop()
        if name == "..":
            # No link is in `current`, so what is above it is its parent.
            current = current.parent
            current_status = current.stat()
            continue
        entry = current / name
        try:
            status = entry.lstat()
        except FileNotFoundError:
            return None
        weakness = _of_entry(entry, status, current, current_status)
        if weakness is not None:
            break
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            target = entry.readlink()
            if target.is_absolute():
                current = Path("/")
                current_status = current.stat()
            left += _parts(str(target))
        elif stat.S_ISDIR(status.st_mode):
            weakness = _of_folder(entry, status)
            current, current_status = entry, status
    return weakness


def _parts(path: str) -> list[str]:
    """The names in a path, the last one first."""
    return [name for name in reversed(path.split("/")) if name not in _PLAIN]


def _is_trusted(uid: int) -> bool:
    """Whether a user is this one, or root, who can do as they like anyway."""
    return uid in (os.geteuid(), 0)


def _of_folder(folder: Path, status: os.stat_result) -> Weakness | None:
    mode = stat.S_IMODE(status.st_mode)
    if not _is_trusted(status.st_uid):
        remedy = f"Keep it in a folder of your own, or, if you trust that user: chown {os.geteuid()}"
        return Weakness(folder, f"belongs to another user (uid {status.st_uid})", f"{remedy} {quoted(folder)}")
    if mode & stat.S_ISVTX:
        return None
    if mode & stat.S_IWOTH:
        return Weakness(folder, f"is open to all users (mode {mode:04o})", f"Run: chmod go-w {quoted(folder)}")
    # A group of the same number as its user is that user's own (what Linux distributions set up).
    if mode & stat.S_IWGRP and status.st_gid != status.st_uid:
        return Weakness(folder, f"is open to its group (mode {mode:04o})", f"Run: chmod g-w {quoted(folder)}")
    return None


def _of_entry(entry: Path, status: os.stat_result, folder: Path, around: os.stat_result) -> Weakness | None:
    """In a sticky folder that others write to, what belongs to another user was put there by them."""
    open_to_others = around.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not open_to_others or _is_trusted(status.st_uid):
        return None
    kind = "link" if stat.S_ISLNK(status.st_mode) else "entry"
    return Weakness(
        entry,
        f"was made by another user (uid {status.st_uid}) in the open folder {folder}",
        f"Look what that {kind} is, and remove it: ls -ld {quoted(entry)}",
    )


def quoted(path: Path) -> str:
    """A path as a word for a shell."""
    import shlex

    return shlex.quote(str(path))
