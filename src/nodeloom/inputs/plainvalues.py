"""Python's values as JSON: what a program hands over in items and parameters, by one rule.

docs/api.md has the rule as a table. No package is imported for its types: numpy, pandas, polars, pyarrow, pydantic and
attrs are known by what their values answer to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from numbers import Integral, Real
from os import PathLike, fspath
from typing import Any, TypeAlias
from uuid import UUID

from nodeloom.errors import preview
from nodeloom.values import Json, JsonObject, Literal, Undefined

Keys: TypeAlias = tuple[object, ...]
# What a row of the tables below converts: a value of the row's own type.
_Convert: TypeAlias = Callable[[Any, Keys], Json]

#: Types whose values are all JSON as they are.
AS_IT_IS = frozenset({str, int, bool, type(None)})
TEXT = frozenset({str})
# An exponent beyond this would make thousands of digits; a double ends at 308.
_MOST_DIGITS = 400


class NoJsonError(ValueError):
    """A value that has no JSON form: `keys` lead to it, `reason` says what it is, `hint` what to write instead."""

    def __init__(self, keys: Keys, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.keys = keys
        self.reason = reason
        self.hint = hint

    @property
    def place(self) -> str:
        """Where the value stands, as `order.lines[0]`; empty for the whole."""
        text = ""
        for key in self.keys:
            text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
        return text


def plain(value: Any, keys: Keys = ()) -> Json:
    """`value` as JSON; the same object if it is JSON already.

    Raises NoJsonError for a value, or one inside it, that has no JSON form; RecursionError for endless nesting.
    """
    kind = type(value)
    if kind in AS_IT_IS:
        return value
    if kind is float:
        return value if math.isfinite(value) else _without_end(value, keys)
    if kind is dict:
        return _object(value, keys)
    if kind is list:
        found = [plain(entry, (*keys, number)) for number, entry in enumerate(value)]
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    return _convert_other(value, keys)


def plain_parameters(value: Any, keys: Keys = ()) -> Json:
    """As `plain`, for what an author writes: a `Literal` in it stays one. Raises NoJsonError and RecursionError."""
    if isinstance(value, Literal):
        return Literal(plain(value.value, keys))
    if type(value) is dict and TEXT.issuperset(map(type, value)):
        return {key: plain_parameters(held, (*keys, key)) for key, held in value.items()}
    if type(value) in (list, tuple):
        return [plain_parameters(entry, (*keys, number)) for number, entry in enumerate(value)]
    return plain(value, keys)


def _object(value: Mapping[object, object], keys: Keys) -> Json:
    found: JsonObject = {}
    same = type(value) is dict
    for key, held in value.items():
        name = key if type(key) is str else _name(key, keys)
        if name in found:
            raise NoJsonError(keys, f"has the key {name!r} twice", "Give each value a name of its own.")
        found[name] = plain(held, (*keys, name))
        same = same and name is key and found[name] is held
    return value if same else found


def _name(key: object, keys: Keys) -> str:
    """A key as text; what JSON writes for it if it is not a text."""
    made = plain(key, (*keys, str(key)))
    if isinstance(made, str):
        return made
    if isinstance(made, (bool, int, float)):
        return str(made).lower() if isinstance(made, bool) else str(made)
    raise NoJsonError(keys, f"has a key of type {_type_name(key)}", "Keys are texts.")


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _convert_other(value: object, keys: Keys) -> Json:
    """A value of any other type than JSON's own."""
    # A time of numpy's counts as an integer, but is not one.
    of_time = getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M")
    for kinds, convert in () if of_time else _BY_TYPE:
        if isinstance(value, kinds):
            return convert(value, keys)
    if _is_missing(value):
        return None
    if hasattr(value, "dtype") and hasattr(value, "ndim"):
        return _numeric(value, keys)
    for attribute, convert in _BY_ATTRIBUTE:
        if hasattr(type(value), attribute):
            return convert(value, keys)
    if type(value).__module__ == "ipaddress":
        # Most programs do not import it; one that gives such a value has.
        return str(value)
    if isinstance(value, Mapping):
        return _object(value, keys)
    if isinstance(value, Set):
        return _sort(value, keys)
    if isinstance(value, Sequence):
        return [plain(entry, (*keys, number)) for number, entry in enumerate(value)]
    raise NoJsonError(keys, f"is of type {_type_name(value)}, which has no JSON form", _HINT)


_HINT = "Give text, a number, true, false, null, a list or an object instead."


def _is_missing(value: object) -> bool:
    """Whether a value is a mark for one that is missing (NA, NaT): it differs from itself, or cannot tell."""
    try:
        different = value != value
    except Exception:  # noqa: BLE001 - the comparison of a foreign type may raise anything
        return False
    return different is True or different is value or (getattr(different, "ndim", None) == 0 and bool(different))


def _numeric(value: Any, keys: Keys) -> Json:
    """An array, a scalar or a column of numpy or pandas, or of another package that writes `dtype` and `ndim`."""
    kind = getattr(value.dtype, "kind", "")
    if value.ndim:
        # Dates in nanoseconds would come out of tolist() as numbers.
        entries = list(value) if kind in ("M", "m") else value.tolist()
        return [plain(entry, (*keys, number)) for number, entry in enumerate(entries)]
    if getattr(value.dtype, "names", None):
        # A row of a structured array.
        return _object({name: value[name] for name in value.dtype.names}, keys)
    if kind == "M":
        text = str(value)
        return text.rstrip("0").rstrip(".") if "." in text else text
    if kind == "m":
        micro = value.astype("timedelta64[us]")
        finer = "is a time finer than a microsecond"
        return _duration(micro.item(), keys) if micro == value else _refuse(value, keys, finer, "Round it.")
    made = value.item()
    return _refuse(value, keys) if type(made) is type(value) else plain(made, keys)


def _refuse(value: object, keys: Keys, reason: str | None = None, hint: str = _HINT) -> Json:
    raise NoJsonError(keys, reason or f"is of type {_type_name(value)}, which has no JSON form", hint)


def _decimal(value: Decimal, keys: Keys) -> Json:
    if value.is_nan():
        return None
    if value.is_infinite() or abs(value.adjusted()) > _MOST_DIGITS:
        return _refuse(value, keys, f"is the Decimal {preview(str(value))}, which no JSON number can be")
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    if Decimal(repr(number)) != value:
        reason = f"is the Decimal {preview(str(value))}, of which a JSON number would keep some digits only"
        return _refuse(value, keys, reason, "Give it as text: str(value).")
    return number


def _without_end(value: float, keys: Keys) -> Json:
    """NaN is a missing value; Infinity, which JavaScript would write as null, is refused."""
    if math.isnan(value):
        return None
    return _refuse(value, keys, f"is {'-' if value < 0 else ''}Infinity, which no JSON number can be")


def _real(value: Real, keys: Keys) -> Json:
    number = float(value)
    if not math.isfinite(number):
        return _without_end(number, keys)
    if isinstance(value, Fraction) and Fraction(number) != value:
        return _refuse(value, keys, f"is the fraction {value}, which no JSON number can be", "Round it: float(value).")
    return int(number) if isinstance(value, Fraction) and number.is_integer() else number


def _moment(value: datetime, _keys: Keys) -> Json:
    # pandas' NaT is a datetime too.
    return None if _is_missing(value) else value.isoformat().replace("+00:00", "Z")


def _duration(value: timedelta, _keys: Keys) -> Json:
    """ISO 8601: `P1DT2H30M`, `-PT0.5S`."""
    if _is_missing(value):
        return None
    micro = abs(value) // timedelta(microseconds=1)
    seconds, fraction = divmod(micro, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    tail = f".{fraction:06}".rstrip("0") if fraction else ""
    parts = [
        f"{hours}H" if hours else "",
        f"{minutes}M" if minutes else "",
        f"{seconds}{tail}S" if seconds or tail else "",
    ]
    clock = "".join(parts)
    text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return ("-" if value < timedelta() else "") + "P" + (text or "T0S")


def _bytes(value: object, keys: Keys) -> Json:
    hint = "Decode it (value.decode()), or give base64 text; a file goes into the item's binary."
    return _refuse(value, keys, f"holds {type(value).__name__}, which may be text or not", hint)


def _path(value: PathLike[str] | PathLike[bytes], keys: Keys) -> Json:
    path = fspath(value)
    return path if isinstance(path, str) else _bytes(path, keys)


def _sort(value: Iterable[object], keys: Keys) -> Json:
    entries = [plain(entry, keys) for entry in value]
    try:
        return sorted(entries)
    except TypeError:
        return _refuse(value, keys, "is a set whose members have no order", "Give a list.")


def _from_members(names: Callable[[Any], Iterable[str]]) -> _Convert:
    def convert(value: object, keys: Keys) -> Json:
        return _object({name: getattr(value, name) for name in names(value)}, keys)

    return convert


def _from_method(name: str) -> _Convert:
    def convert(value: object, keys: Keys) -> Json:
        try:
            made = getattr(value, name)()
        except Exception as fault:
            reason = f"is of type {_type_name(value)}, whose {name}() failed: {type(fault).__name__}"
            raise NoJsonError(keys, reason, _HINT) from fault
        return _refuse(value, keys) if made is value else plain(made, keys)

    return convert


# By type, the narrower first: a Timestamp is a datetime, and that is a date.
_BY_TYPE: tuple[tuple[type | tuple[type, ...], _Convert], ...] = (
    (Undefined, lambda value, _keys: value),
    (Literal, lambda value, keys: plain(value.value, keys)),
    (Enum, lambda value, keys: plain(value.value, keys)),
    (str, lambda value, _keys: str.__str__(value)),
    ((bytes, bytearray, memoryview), _bytes),
    (bool, lambda value, _keys: bool(value)),
    (Integral, lambda value, _keys: int(value)),
    (Decimal, _decimal),
    (Real, _real),
    (datetime, _moment),
    ((date, time), lambda value, _keys: value.isoformat()),
    (timedelta, _duration),
    (UUID, lambda value, _keys: str(value)),
    (PathLike, _path),
)

# By what the type brings: dataclasses, pydantic (2, then 1), attrs, msgspec, named tuples and rows, pyarrow, polars.
_BY_ATTRIBUTE: tuple[tuple[str, _Convert], ...] = (
    ("__dataclass_fields__", _from_members(lambda value: [field.name for field in fields(value)])),
    ("model_dump", _from_method("model_dump")),
    ("__fields_set__", _from_method("dict")),
    ("__attrs_attrs__", _from_members(lambda value: [a.name for a in value.__attrs_attrs__])),
    ("__struct_fields__", _from_members(lambda value: value.__struct_fields__)),
    ("_asdict", _from_method("_asdict")),
    ("as_py", _from_method("as_py")),
    ("to_list", _from_method("to_list")),
    ("to_pylist", _from_method("to_pylist")),
)
