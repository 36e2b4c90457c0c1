"""Credentials in a TOML file that only its owner can read.

    [office-pbx]
    type = "threeCxApi"
    serverUrl = "https://pbx.example.com:5001"
    clientId = "nodeloom"
    clientSecret = "…"

A table is a credential, its key the name. The file is `$NODELOOM_CREDENTIALS`, or `credentials.toml` in the user's
configuration folder. It is refused when it belongs to someone else or others may read it (as OpenSSH does with
keys); on Windows, where modes say nothing, the folder's own access list has to do.
"""

from __future__ import annotations

import datetime
import os
import re
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodeloom.credential.choice import check_name, choose, digest, gone, refuse_existing
from nodeloom.credential.locking import exclusive, private_folder
from nodeloom.credential.model import StoredCredential
from nodeloom.errors import CredentialStoreError, preview

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

PATH_VARIABLE = "NODELOOM_CREDENTIALS"
_OTHERS = 0o077
_POSIX = os.name == "posix"


def default_path() -> Path:
    """`$NODELOOM_CREDENTIALS`, or `credentials.toml` in the user's configuration folder."""
    chosen = os.environ.get(PATH_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_config_dir

    return Path(user_config_dir("nodeloom", appauthor=False)) / "credentials.toml"


class FileProvider:
    """Reads and writes credentials in a TOML file; without `path`, in `default_path()`.

    The file is read anew at every call, so a change shows at once. Writers take a lock file beside it, and replace
    the file whole: a reader sees the old or the new one, and two writers lose nothing. Comments are kept.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path).expanduser() if path is not None else default_path()

    def __repr__(self) -> str:
        return f"FileProvider({str(self.path)!r})"

    @property
    def name(self) -> str:
        """`file PATH`."""
        return f"file {self.path}"

    def find(self, type_name: str, name: str | None) -> StoredCredential | None:
        """See `Provider.find`; CredentialStoreError when the file is open to others, or broken."""
        tables = self._tables()
        chosen = choose({n: t for n, (t, _) in tables.items()}, type_name, name, place=self.name)
        return None if chosen is None else StoredCredential(chosen, type_name, tables[chosen][1], self.name, self)

    def list(self) -> Iterable[StoredCredential]:
        """The credentials in the file, in its order; none when there is no file."""
        return [
            StoredCredential(name, kind, values, self.name, self) for name, (kind, values) in self._tables().items()
        ]

    def put(self, name: str, type_name: str, values: Mapping[str, Any], *, overwrite: bool = False) -> None:
        """Keep a credential under `name`; fields without a value are left out.

        Raises CredentialStoreError when there is one already (unless `overwrite`), when the type has a field called
        `type`, which has another meaning in the file, and when the file cannot be used.
        """
        check_name(name)
        if "type" in values:
            raise CredentialStoreError(
                f"The file has no place for the field 'type' of a credential of type {type_name!r}.",
                hint="Keep this credential in the keyring or in the environment.",
            )
        import tomlkit

        with self._locked():
            document = self._document()
            if name in document and not overwrite:
                raise refuse_existing(name, self.name)
            fields = {"type": type_name, **{k: v for k, v in values.items() if v is not None}}
            if name in document:
                _update(document[name], fields)
            else:
                table = tomlkit.table()
                table.update(fields)
                document[name] = table
            self._write(tomlkit.dumps(document))

    def remove(self, name: str) -> bool:
        """Take the credential `name` out of the file; False when it was not there."""
        if self._text() is None:
            return False
        import tomlkit

        with self._locked():
            document = self._document()
            if name not in document:
                return False
            del document[name]
            self._write(tomlkit.dumps(document))
        return True

    def set_field(self, name: str, field: str, value: Any) -> None:
        """Change one field of the credential `name`. Raises CredentialStoreError, also when it is not there."""
        import tomlkit

        with self._locked():
            document = self._document()
            if name not in document:
                raise gone(name, self.name)
            table: Any = document[name]
            table[field] = value
            self._write(tomlkit.dumps(document))

    def lock_file(self, name: str) -> Path:
        """The file that whoever refreshes the tokens of the credential `name` locks: beside the credential file."""
        return self.path.with_name(f"{self.path.name}.{digest(name)}.lock")

    def _locked(self) -> Any:
        private_folder(self.path.parent)
        return exclusive(self.path.with_name(f"{self.path.name}.lock"))

    def _text(self) -> str | None:
        """The file's text after its owner and mode were checked on the open file; None when there is no file."""
        try:
            with self.path.open("rb") as file:
                self._check(os.fstat(file.fileno()))
                raw = file.read()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise CredentialStoreError(
                f"The credential file {self.path} cannot be read: {fault.strerror}.",
                hint=f"Check its owner and mode, or set {PATH_VARIABLE} to another file.",
            ) from None
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            line = raw.count(b"\n", 0, fault.start) + 1
            raise CredentialStoreError(
                f"The credential file {self.path} is not UTF-8 text (line {line}).", hint="Save it as UTF-8."
            ) from None

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise CredentialStoreError(f"The credential file {self.path} is no regular file.")
        if not _POSIX:
            return
        if status.st_uid not in (os.geteuid(), 0):
            raise CredentialStoreError(
                f"The credential file {self.path} belongs to another user (uid {status.st_uid}).",
                hint=f"If you trust what it holds: sudo chown {os.geteuid()} {_quoted(self.path)}",
            )
        mode = stat.S_IMODE(status.st_mode)
        if mode & _OTHERS:
            raise CredentialStoreError(
                f"The credential file {self.path} is open to other users (mode {mode:04o}).",
                hint=f"Run: chmod 600 {_quoted(self.path)}",
            )

    def _tables(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Name → (type, fields)."""
        import tomllib

        text = self._text()
        if text is None:
            return {}
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as fault:
            raise self._broken(fault) from None
        return {name: self._table(name, table) for name, table in document.items()}

    def _table(self, name: str, table: Any) -> tuple[str, dict[str, Any]]:
        if not isinstance(table, dict):
            raise CredentialStoreError(
                f"The credential file {self.path} has the entry {preview(name)} outside of any table.",
                hint="Each credential is a table: [name], then type and fields below it.",
            )
        kind = table.get("type")
        if not isinstance(kind, str) or not kind:
            raise CredentialStoreError(
                f"The table [{preview(name)}] in the credential file {self.path} does not say its type.",
                hint='Add a line such as type = "threeCxApi".',
            )
        return kind, {field: _plain(value) for field, value in table.items() if field != "type"}

    def _document(self) -> TOMLDocument:
        """The file as tomlkit keeps it, comments included. The plain reader goes first: its checks count here too."""
        import tomlkit

        self._tables()
        return tomlkit.parse(self._text() or "")

    def _broken(self, fault: Exception) -> CredentialStoreError:
        # The parser's message may quote the character or key it stumbled over; only the place is passed on.
        place = re.search(r"at line \d+, column \d+|at end of document", str(fault))
        return CredentialStoreError(
            f"The credential file {self.path} is not TOML: the fault is {place[0] if place else 'in the document'}.",
            hint='Text stands in quotes: field = "value". A \\ inside is doubled, or use single quotes.',
        )

    def _write(self, text: str) -> None:
        import tempfile

        # A link is followed, so that a file kept elsewhere (dotfiles) stays a link.
        target = Path(os.path.realpath(self.path))
        try:
            fd, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # made with mode 0600
            try:
                with os.fdopen(fd, "w", encoding="utf-8", newline="\n") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(target)
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(temporary).unlink()
                raise
        except OSError as fault:
            raise CredentialStoreError(
                f"The credential file {self.path} cannot be written: {fault.strerror}.",
                hint="Check that you may write to its folder, and that the disk is not full.",
            ) from None


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))


def _plain(value: Any) -> Any:
    """TOML's dates and times as ISO text; everything else is JSON already."""
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _update(table: Any, fields: Mapping[str, Any]) -> None:
    """Bring an existing table to `fields`, leaving its comments where they are."""
    for field in [key for key in table if key not in fields]:
        del table[field]
    for field, value in fields.items():
        table[field] = value
