"""What the credential room passes around: stored credentials, providers, and what goes onto a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol, runtime_checkable

from nodeloom.redaction import MaskedValues, masked, refuse_pickling
from nodeloom.values import Json


@dataclass(frozen=True, repr=False)
class StoredCredential:
    """One credential as a provider keeps it.

    `name` is what it is asked for by, `type` the name of its credential type, `values` its fields. `source` says
    where it came from: `environment`, `file PATH`, `keyring`, `given`, or a plugin's name. `keeper` keeps tokens that
    are refreshed while it is used; without one they last as long as the process. A value may be given in a `Secret`;
    they are shown by neither `repr` nor `str`.
    """

    name: str
    type: str
    values: Mapping[str, Json]
    source: str
    keeper: Keeper | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", masked(dict(self.values)))

    def __repr__(self) -> str:
        return (
            f"StoredCredential(name={self.name!r}, type={self.type!r}, values={self.values!r}, source={self.source!r})"
        )

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)


class Keeper(Protocol):
    """A place that can keep a single field of a credential anew: refreshed tokens."""

    def find(self, type_name: str, name: str | None) -> StoredCredential | None:
        """See `Provider.find`."""

    def set_field(self, name: str, field: str, value: Json) -> None:
        """Change one field of the credential `name`, and nothing else. Raises CredentialStoreError."""

    def lock_file(self, name: str) -> Path:
        """The file that is locked while the tokens of the credential `name` are refreshed."""


@runtime_checkable
class Provider(Protocol):
    """A place credentials are kept in. `name` is what `StoredCredential.source` and error messages call it."""

    @property
    def name(self) -> str:
        """What messages call the place, such as `environment` or `file ~/.config/nodeloom/credentials.toml`."""

    def find(self, type_name: str, name: str | None) -> StoredCredential | None:
        """The credential of that type with that name, or None.

        With `name=None`, the default one: the one named as its type, or else the only one of the type. Raises
        CredentialError when there are several and none is the default, CredentialStoreError when the place
        cannot be used.
        """

    def list(self) -> Iterable[StoredCredential]:
        """All credentials kept here. Raises CredentialStoreError when the place cannot be used."""


@dataclass(frozen=True, slots=True, repr=False)
class Injection:
    """What a credential puts onto a request, and where an author may send it.

    `headers` by name as written, `qs` query parameters, `body` fields of the body. Basic authentication is already an
    `Authorization` header; `basic` says that it is. `generation` numbers the token inside; 0 when the
    credential has none that could be renewed. `author_hosts` are the hosts an author's parameters may choose, None for
    any (see `author_hosts_of`), and `open_fields` the credential's fields that hold nothing secret.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    qs: Mapping[str, Json] = field(default_factory=dict)
    body: Mapping[str, Json] | None = None
    generation: int = 0
    author_hosts: tuple[str, ...] | None = None
    basic: bool = False
    open_fields: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        # What is put on a request is plain text, since every request takes it; that it is not shown is up to these.
        object.__setattr__(self, "headers", MaskedValues(self.headers))
        object.__setattr__(self, "qs", masked(dict(self.qs)))
        object.__setattr__(self, "body", None if self.body is None else masked(dict(self.body)))

    def __repr__(self) -> str:
        shown = f"headers={self.headers!r}, qs={self.qs!r}, body={self.body or {}!r}"
        return f"Injection({shown}, generation={self.generation})"

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)
