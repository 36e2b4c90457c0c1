"""Which of a provider's credentials is meant."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from nodeloom.errors import CredentialError, CredentialStoreError


def choose(kept: Mapping[str, str], type_name: str, name: str | None, *, place: str) -> str | None:
    """The name of the credential that `type_name` and `name` ask for, or None.

    `kept` maps the names at `place` to their types. Without a name it is the one named as its type, or else the
    only one of that type; CredentialError when there are several and none is named so.
    """
    if name is not None:
        return name if kept.get(name) == type_name else None
    of_type = [kept_name for kept_name, kept_type in kept.items() if kept_type == type_name]
    if type_name in of_type:
        return type_name
    if len(of_type) > 1:
        raise CredentialError(
            f"There are {len(of_type)} credentials of type {type_name!r} in {place}: "
            f"{', '.join(map(repr, sorted(of_type)))}.",
            hint=f"Say which one by its name, or call one of them {type_name!r} to make it the default.",
        )
    return of_type[0] if of_type else None


def check_name(name: str) -> None:
    """Raise CredentialError when `name` cannot name a stored credential."""
    if not name.strip() or not name.isprintable() or name != name.strip():
        raise CredentialError(
            "A credential's name must be text without control characters or space around it.", value=name
        )


def refuse_existing(name: str, place: str) -> CredentialStoreError:
    """The error for a credential that would be overwritten without leave."""
    return CredentialStoreError(
        f"There is already a credential {name!r} in {place}.",
        hint="Choose another name, or say that it shall be overwritten.",
    )


def gone(name: str, place: str) -> CredentialStoreError:
    """The error for a credential that was to be changed and is no longer there."""
    return CredentialStoreError(
        f"There is no credential {name!r} in {place} any more.", hint="Add it again: nodeloom credentials add"
    )


def digest(name: str) -> str:
    """Twelve letters and digits for a credential's name, which may hold what no file name can."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
