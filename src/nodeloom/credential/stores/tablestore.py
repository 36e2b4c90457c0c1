"""Credentials as tables of a TOML document: what the plain file and the encrypted one hold.

    [office-pbx]
    type = "threeCxApi"
    serverUrl = "https://pbx.example.com:5001"
    clientId = "nodeloom"
    clientSecret = "…"

A table is a credential, its key the name.
"""

from __future__ import annotations

import datetime
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

from nodeloom.credential.credentialmodel import StoredCredential
from nodeloom.credential.stores.privatefile import PrivateFile
from nodeloom.credential.stores.storedchoice import check_name, choose, digest, gone, refuse_existing
from nodeloom.errors import CredentialStoreError, preview
from nodeloom.redaction import forget_locals
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Tables = dict[str, tuple[str, JsonObject]]
"""Name → (type, fields)."""


class TableStore(ABC):
    """Reads and writes credentials in a file with such a document.

    The file is read anew at every call, so a change shows at once. Writers take a lock file beside it, and replace
    the file whole: a reader sees the old or the new one, and two writers lose nothing. Comments are kept.
    """

    def __init__(self, file: PrivateFile) -> None:
        self.file = file

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.file.path

    @property
    @abstractmethod
    def name(self) -> str:
        """What messages call the place."""

    @abstractmethod
    def read_text(self) -> str | None:
        """The document; None when there is no file. Raises CredentialStoreError."""

    @abstractmethod
    def write_text(self, text: str) -> None:
        """Replace the document. Call it with the file locked. Raises CredentialStoreError."""

    def find(self, type_name: str, name: str | None) -> StoredCredential | None:
        """See `Provider.find`; CredentialStoreError when the file is open to others, or broken."""
        tables = self.tables()
        chosen = choose({n: t for n, (t, _) in tables.items()}, type_name, name, place=self.name)
        return None if chosen is None else StoredCredential(chosen, type_name, tables[chosen][1], self.name, self)

    def list(self) -> Iterable[StoredCredential]:
        """The credentials in the file, in its order; none when there is no file."""
        return [StoredCredential(name, kind, values, self.name, self) for name, (kind, values) in self.tables().items()]

    def put(self, name: str, type_name: str, values: Mapping[str, Json], *, overwrite: bool = False) -> None:
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

        with self.file.locked():
            document = self.document()
            if name in document and not overwrite:
                raise refuse_existing(name, self.name)
            fields = {"type": type_name, **{k: v for k, v in values.items() if v is not None}}
            if name in document:
                _update(document[name], fields)
            else:
                table = tomlkit.table()
                table.update(fields)
                document[name] = table
            self.write_text(tomlkit.dumps(document))

    def remove(self, name: str) -> bool:
        """Take the credential `name` out of the file; False when it was not there."""
        if self.read_text() is None:
            return False
        import tomlkit

        with self.file.locked():
            document = self.document()
            if name not in document:
                return False
            del document[name]
            self.write_text(tomlkit.dumps(document))
        return True

    def set_field(self, name: str, field: str, value: object) -> None:
        """Change one field of the credential `name`. Raises CredentialStoreError, also when it is not there."""
        import tomlkit

        with self.file.locked():
            document = self.document()
            if name not in document:
                raise gone(name, self.name)
            table: MutableMapping[str, object] = document[name]
            table[field] = value
            self.write_text(tomlkit.dumps(document))

    def lock_file(self, name: str) -> Path:
        """The file that is locked while the tokens of the credential `name` are refreshed, beside its own."""
        return self.file.lock_beside(digest(name))

    def tables(self) -> Tables:
        """All credentials. Raises CredentialStoreError when the file cannot be used, with no word of what it holds."""
        try:
            return self._tables()
        except CredentialStoreError as error:
            # The variables behind it hold the whole document.
            forget_locals(error)
            raise

    def _tables(self) -> Tables:
        import tomllib

        text = self.read_text()
        if text is None:
            return {}
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as fault:
            # Not TOML, an integer of more digits than Python reads, or endless brackets.
            raise self._broken(fault) from None
        return {name: self._table(name, table) for name, table in document.items()}

    def _table(self, name: str, table: object) -> tuple[str, JsonObject]:
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

    def document(self) -> TOMLDocument:
        """The document as tomlkit keeps it, comments included."""
        import tomlkit

        # The plain reader goes first: its checks count here too.
        self.tables()
        try:
            return tomlkit.parse(self.read_text() or "")
        except RecursionError as fault:
            # It goes deeper for the same brackets than the plain reader.
            raise self._broken(fault) from None

    def decoded(self, raw: bytes) -> str:
        """A document's bytes as text. Raises CredentialStoreError."""
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            line = raw.count(b"\n", 0, fault.start) + 1
            raise CredentialStoreError(
                f"The credential file {self.path} is not UTF-8 text (line {line}).", hint="Save it as UTF-8."
            ) from None

    def _broken(self, fault: Exception) -> CredentialStoreError:
        # The parser's message may quote the character or key it stumbled over; only the place is passed on.
        line, column = getattr(fault, "lineno", None), getattr(fault, "colno", None)
        if line is not None:
            place = f"at line {line}, column {column}"
        else:
            # Before Python 3.14 only the message has the place, and those releases keep their words.
            found = re.search(r"at line \d+, column \d+|at end of document", str(fault))
            place = found[0] if found else "in the document"
        return CredentialStoreError(
            f"The credential file {self.path} is not TOML: the fault is {place}.",
            hint='Text stands in quotes: field = "value". A \\ inside is doubled, or use single quotes.',
        )


def _plain(value: Json) -> Json:
    """TOML's dates and times as ISO text; everything else is JSON already."""
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _update(table: MutableMapping[str, object], fields: Mapping[str, Json]) -> None:
    """Bring an existing table to `fields`, leaving its comments in their places."""
    for field in [key for key in table if key not in fields]:
        del table[field]
    for field, value in fields.items():
        table[field] = value
