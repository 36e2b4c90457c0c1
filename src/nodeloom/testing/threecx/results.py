"""What the operations of 3CX answer that have no behaviour of their own: a synthetic value of the declared type.

If the answer has a field with the name of an argument, it shows the argument: a parameter that is asked for by name is
the one that comes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from nodeloom.testing.odata.boundoperations import Call
from nodeloom.testing.odata.declarations import ComplexType, Edm, EntityType, Field, File, Result, Rows, fits_json
from nodeloom.testing.threecx.synthetic import sample_structure, sample_value
from nodeloom.values import Json, JsonObject

_COUNT = 3
_WAV = ("wav", "audio/wav")
_FORMATS = {
    "Pbx.DownloadRecording": _WAV,
    "Pbx.DownloadGreeting": _WAV,
    "Pbx.DownloadPlaylistFile": _WAV,
    "Pbx.ExportTrunk": ("xml", "application/xml"),
    "Pbx.GenerateIamPolicyFile": ("json", "application/octet-stream"),
    "Pbx.GetDialPlanScript": ("ps1", "text/plain; charset=utf-8"),
    "Pbx.GetMapUsersScript": ("ps1", "text/plain; charset=utf-8"),
}


def make_answer(name: str, result: Field | None, *, is_file: bool) -> Callable[[Call], Result]:
    """What the operation `name` does that answers `result` (None: no content, or a file of any content)."""
    if is_file and result is None:
        return lambda call: _file(name, [_strings(call.arguments)])
    if result is None:
        return lambda _: None
    if result.collection:
        make = _csv_maker(name) if is_file else None
        kind = result.type if isinstance(result.type, ComplexType) else _primitive_rows(result)
        return lambda call: Rows(kind, [_echo(kind, n, call) for n in range(1, _COUNT + 1)], make)
    if isinstance(result.type, ComplexType):
        return _structure_maker(result.type)
    return lambda _: {"value": sample_value(result, 1)}


def _structure_maker(kind: ComplexType) -> Callable[[Call], JsonObject]:
    def run(call: Call) -> JsonObject:
        values = _echo(kind, 1, call)
        return {f.name: values[f.name] for f in kind.fields if not f.navigation}

    return run


def _echo(kind: ComplexType, number: int, call: Call) -> JsonObject:
    values = sample_structure(kind, number)
    arguments = {name.lower(): value for name, value in call.arguments.items()}
    for field in kind.fields:
        value = arguments.get(field.name.lower())
        # So a test can tell whose answer it got.
        if not field.collection and _fits(field, value):
            values[field.name] = value
    return values


def _fits(field: Field, value: object) -> bool:
    # Arguments out of a path are Python values; those without a JSON form of their own are not shown.
    if not isinstance(field.type, Edm) or not isinstance(value, str | int) or not fits_json(field.type, value):
        return False
    return field.max_length is None or not isinstance(value, str) or len(value) <= field.max_length


def _primitive_rows(result: Field) -> EntityType:
    return EntityType(_name_of(result), (Field("$it", result.type, nullable=False),))


def _name_of(field: Field) -> str:
    return field.type.value if isinstance(field.type, Edm) else field.type.name


def _csv_maker(name: str) -> Callable[[Sequence[Mapping[str, Json]]], File]:
    return lambda rows: _file(name, rows)


def _file(name: str, rows: Sequence[Mapping[str, Json]]) -> File:
    ending, content_type = _FORMATS.get(name, ("csv", "text/csv; charset=utf-8"))
    stem = name.removeprefix("Pbx.")
    content = {"wav": _silence, "xml": _xml, "json": _json, "ps1": _script}.get(ending, _csv)(rows)
    return File(f"{stem}.{ending}", content_type, content)


def _strings(values: Mapping[str, Json]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _csv(rows: Sequence[Mapping[str, Json]]) -> bytes:
    """Comma-separated values (RFC 4180): a line of names, then a line a row."""
    import csv  # not at the top: the sandbox starts without it
    import io

    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [])
    writer.writeheader()
    for row in rows:
        writer.writerow({n: json.dumps(v) if isinstance(v, dict | list) else v for n, v in row.items()})
    return text.getvalue().encode()


def _silence(rows: Sequence[Mapping[str, Json]]) -> bytes:  # noqa: ARG001 - a recording shows no fields
    """A tenth of a second of silence: RIFF/WAVE, 8 kHz, mono, 8 bits."""
    samples = b"\x80" * 800
    rate = 8000
    form = (16).to_bytes(4, "little") + (1).to_bytes(2, "little") + (1).to_bytes(2, "little")
    form += rate.to_bytes(4, "little") * 2 + (1).to_bytes(2, "little") + (8).to_bytes(2, "little")
    body = b"WAVEfmt " + form + b"data" + len(samples).to_bytes(4, "little") + samples
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _xml(rows: Sequence[Mapping[str, Json]]) -> bytes:  # noqa: ARG001
    return b'<?xml version="1.0" encoding="utf-8"?>\n<export/>\n'


def _json(rows: Sequence[Mapping[str, Json]]) -> bytes:  # noqa: ARG001
    return json.dumps({"Version": "2012-10-17", "Statement": []}).encode()


def _script(rows: Sequence[Mapping[str, Json]]) -> bytes:  # noqa: ARG001
    return b"# There is nothing to do in a sandbox.\r\n"
