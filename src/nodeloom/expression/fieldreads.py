"""Which fields of a credential an expression reads, by its text and not by what it comes to."""

from __future__ import annotations

from nodeloom.expression.analysis import Path
from nodeloom.expression.compiled import CREDENTIAL_NAMES
from nodeloom.expression.scope import Compiled

Fields = frozenset[str]
"""Names of a credential's fields; with `EVERY` if it is not known which."""

EVERY = "*"
NO_FIELDS: Fields = frozenset()
_EVERY_FIELD: Fields = frozenset({EVERY})


def read_fields(template: Compiled) -> Fields:
    """The credential's fields that a template mentions itself.

    A member path names its field. A mention by itself, or with a key that is computed, may be of any.
    """
    mentioned = CREDENTIAL_NAMES & template.names
    if not mentioned:
        return NO_FIELDS
    paths = [path for path in template.references if path[0] in mentioned]
    # Every mention is the beginning of a path; should one not be, it is of any field.
    if not mentioned <= {path[0] for path in paths}:
        return _EVERY_FIELD
    return NO_FIELDS.union(*map(_field, paths))


def _field(path: Path) -> Fields:
    return frozenset({str(path[1])}) if len(path) > 1 else _EVERY_FIELD
