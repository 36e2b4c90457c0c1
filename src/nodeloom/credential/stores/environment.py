"""Credentials in environment variables.

`NODELOOM_CREDENTIAL_<TYPE>` holds a JSON object with the fields, `NODELOOM_CREDENTIAL_<TYPE>__<FIELD>` one field; both
may be used together, the single field wins. `<TYPE>` is the type's name in upper case without anything but letters
and digits: `threeCxApi` → `THREECXAPI`. Field names match without case. An empty variable counts as not set, since
that is what container files leave behind. There is one credential a type; its name is the type's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping

from nodeloom.credential.credentialmodel import StoredCredential
from nodeloom.errors import CredentialStoreError
from nodeloom.jsonreading import ANY_JSON, reason_of
from nodeloom.values import JsonObject

PREFIX = "NODELOOM_CREDENTIAL_"


def slug(name: str) -> str:
    """`name` as environment variables write it: upper case, letters and digits only."""
    return "".join(c for c in name.upper() if c.isalnum())


def variable_for(type_name: str, field: str | None = None) -> str:
    """The variable that holds a credential of this type, or one field of it."""
    return f"{PREFIX}{slug(type_name)}" + ("" if field is None else f"__{slug(field)}")


class EnvironmentProvider:
    """Finds credentials in environment variables.

    `environ` is read at every call; the default is the process's own. `type_names` are the credential types known,
    so that `list` can spell a type as its document does.
    """

    name = "environment"

    def __init__(self, environ: Mapping[str, str] | None = None, *, type_names: Iterable[str] = ()) -> None:
        self._environ = os.environ if environ is None else environ
        self._spelling = {slug(name): name for name in type_names}

    def __repr__(self) -> str:
        return "EnvironmentProvider()"

    def find(self, type_name: str, name: str | None) -> StoredCredential | None:
        """The credential of this type; CredentialStoreError when its JSON is broken."""
        if name is not None and name != type_name:
            return None
        values = self._values(slug(type_name))
        return StoredCredential(type_name, type_name, values, self.name) if values else None

    def list(self) -> Iterable[StoredCredential]:
        """One credential for each type that has a variable."""
        for type_slug in dict.fromkeys(found for found, _, _ in self._variables()):
            values = self._values(type_slug)
            if values:
                name = self._spelling.get(type_slug, type_slug)
                yield StoredCredential(name, name, values, self.name)

    def _variables(self) -> Iterator[tuple[str, str, str]]:
        """(type slug, field as written or empty, variable) of each variable that is set."""
        for variable, text in self._environ.items():
            if variable.upper().startswith(PREFIX) and text.strip():
                type_part, _, field = variable[len(PREFIX) :].partition("__")
                yield slug(type_part), field, variable

    def _values(self, type_slug: str) -> JsonObject:
        whole: JsonObject = {}
        single: JsonObject = {}
        for found, field, variable in self._variables():
            if found != type_slug:
                continue
            if field:
                single[field] = self._environ[variable]
            else:
                whole = _parse(variable, self._environ[variable])
        replaced = {slug(field) for field in single}
        return {field: value for field, value in whole.items() if slug(field) not in replaced} | single


def _parse(variable: str, text: str) -> JsonObject:
    try:
        values = ANY_JSON.read(text)
    except json.JSONDecodeError as fault:
        # The decoder's own error carries the document, which is the secret.
        where = f"line {fault.lineno}, column {fault.colno}"
        raise CredentialStoreError(
            f"The environment variable {variable} is not JSON: {reason_of(fault)} at {where}.",
            hint=f"Set it to an object with the fields, or set the fields one by one as {variable}__FIELD.",
        ) from None
    except ValueError as fault:
        raise CredentialStoreError(
            f"The JSON in the environment variable {variable} cannot be read: {fault}."
        ) from None
    if not isinstance(values, dict):
        raise CredentialStoreError(
            f"The environment variable {variable} holds JSON that is not an object.",
            hint='Write the fields as {"field": "value"}.',
        )
    return values
