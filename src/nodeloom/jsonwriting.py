"""JSON as text without blanks, by a writer that is made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from json import encoder


def json_writer(
    *,
    ensure_ascii: bool = True,
    sort_keys: bool = False,
    allow_nan: bool = True,
    default: Callable[[object], object] | None = None,
) -> Callable[[object], str]:
    """A function that writes what `json.dumps` writes with these options and without blanks.

    `json.JSONEncoder` builds its encoder in C anew for each text, which takes longer than writing a small one. The
    function raises TypeError for what JSON does not have, ValueError for NaN without `allow_nan`, and
    RecursionError for what is too deep or holds itself.
    """
    plain = json.JSONEncoder(
        ensure_ascii=ensure_ascii,
        check_circular=False,
        allow_nan=allow_nan,
        sort_keys=sort_keys,
        separators=(",", ":"),
        default=default,
    )
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:
        # Python without that accelerator, such as PyPy.
        return plain.encode
    escape = encoder.encode_basestring_ascii if ensure_ascii else encoder.encode_basestring
    chunks = make(None, plain.default, escape, None, ":", ",", sort_keys, False, allow_nan)

    def write(value: object) -> str:
        return "".join(chunks(value, 0))

    return write
