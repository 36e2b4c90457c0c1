"""The writer writes what `json.dumps` does."""

from __future__ import annotations

import datetime
import json
import math
from json import encoder
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.jsonwriting import json_writer

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=12,
)
OPTIONS = st.fixed_dictionaries({"ensure_ascii": st.booleans(), "sort_keys": st.booleans(), "allow_nan": st.booleans()})


def written(write: Any, value: Any) -> str | type[Exception]:
    try:
        return str(write(value))
    except (TypeError, ValueError) as fault:
        return type(fault)


@pytest.mark.slow
@given(VALUES, OPTIONS)
def test_it_writes_what_the_standard_library_writes(value: object, options: dict[str, bool]) -> None:
    """Mixed keys that cannot be sorted and NaN that is not allowed are the same errors."""
    expected = written(lambda v: json.dumps(v, separators=(",", ":"), **options), value)  # type: ignore[arg-type]
    assert written(json_writer(**options), value) == expected  # type: ignore[arg-type]


def test_it_writes_on_after_an_error() -> None:
    write = json_writer(allow_nan=False)
    value: dict[str, Any] = {"a": [1, {"b": math.nan}]}
    for _ in range(2):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write(value)
    value["a"][1]["b"] = 2
    assert write(value) == '{"a":[1,{"b":2}]}'


def test_what_is_no_json_is_an_error_or_what_default_makes_of_it() -> None:
    today = datetime.date(2026, 1, 2)
    with pytest.raises(TypeError):
        json_writer()([today])
    assert json_writer(default=str)([today]) == '["2026-01-02"]'


def test_what_holds_itself_is_too_deep() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(RecursionError):
        json_writer()(endless)


def test_without_the_accelerator_it_writes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "c_make_encoder", None)
    assert json_writer(sort_keys=True)({"b": 1, "a": "é"}) == '{"a":"\\u00e9","b":1}'
