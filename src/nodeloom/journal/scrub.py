"""The last thing before anything is written down: the credential's secrets are taken out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from nodeloom.jsonwriting import json_writer

if TYPE_CHECKING:
    from nodeloom.redaction import Masker

encode = json_writer(default=str)
"""A value as JSON in ASCII, as it stands in a journal. What is not JSON becomes text, as the dates of an answer do."""

Row = TypeVar("Row", bound=tuple[Any, ...])


class Scrub:
    """Takes secrets out of JSON texts. `masker` gives the masker of the moment: a run comes by secrets as it goes."""

    def __init__(self, masker: Callable[[], Masker] | None) -> None:
        self._masker = masker

    def text(self, document: str) -> str:
        """A JSON document, as `encode` writes it, without secrets."""
        if self._masker is None:
            return document
        masker = self._masker()
        return encode(masker.mask_json(json.loads(document))) if masker.may_be_in(document) else document

    def rows(self, rows: list[Row]) -> list[Row]:
        """Rows of a table, every text in them a JSON document."""
        if self._masker is None or not rows:
            return rows
        everything = "\n".join([value for row in rows for value in row if type(value) is str])
        if not self._masker().may_be_in(everything):
            return rows
        return [cast(Row, tuple(self.text(v) if type(v) is str else v for v in row)) for row in rows]
