"""What is given as the items of a run; a table (pandas, polars, pyarrow) is its rows, one object each.

Tables are known by what they answer to. Rows are made one after the other, so that a table is not held twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence
from numbers import Number
from typing import Any

from nodeloom.errors import ConfigurationError
from nodeloom.valuewords import kind_of


def as_items(given: Any) -> Iterable[object] | AsyncIterable[object]:
    """What was given as items, a table as its rows. Raises ConfigurationError when it cannot be the items of a run."""
    items = given if isinstance(given, (list, tuple)) else rows_of(given)
    check_items(items)
    return items


def check_items(items: Any) -> None:
    """Raise ConfigurationError when `items` cannot be the items of a run."""
    if isinstance(items, (str, bytes, bytearray, memoryview, Mapping)):
        kind = "one object" if isinstance(items, Mapping) else "a text"
        raise ConfigurationError(
            f"The items of a run are a list of objects, not {kind}.",
            property="items",
            hint="Put it into a list." if isinstance(items, Mapping) else "Read the text as JSON first.",
        )
    if any(hasattr(type(items), name) for name in ("model_dump", "__dataclass_fields__", "_asdict")):
        raise ConfigurationError(
            f"The items of a run are a list of objects, not one {type(items).__name__}.",
            property="items",
            hint="Put it into a list.",
        )
    if _is_column(items):
        raise ConfigurationError(
            f"The items of a run are objects, and this {type(items).__name__} holds bare values.",
            property="items",
            hint="Give a table: series.to_frame(), or pandas.DataFrame(array, columns=[…]).",
        )
    if not isinstance(items, (Iterable, AsyncIterable, Sequence)):
        raise ConfigurationError(
            f"The items of a run are a list or another iterable, not {kind_of(items)}.",
            property="items",
            hint='Give a list of JSON objects such as [{"Link": "summer-sale"}].',
        )


def _is_column(items: Any) -> bool:
    """Whether `items` is an array or a column (numpy, pandas, polars) of bare values, not of objects."""
    if not hasattr(items, "dtype") or not hasattr(items, "__len__") or getattr(items, "ndim", 1) == 0:
        return False
    if getattr(items.dtype, "names", None):
        return False
    first = next(iter(items), None)
    return isinstance(first, (str, Number, list)) or hasattr(first, "dtype")


class Rows:
    """The rows of a table as objects, made by `rows`; `len()` says how many there are."""

    def __init__(self, rows: Callable[[], Iterator[object]], count: int) -> None:
        self._rows = rows
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[object]:
        return self._rows()


def rows_of(table: Any) -> Any:
    """The rows of a table; anything else as it is.

    Raises ConfigurationError for a table whose rows are not objects (two columns of one name), or are not there yet.
    """
    if hasattr(table, "itertuples") and hasattr(table, "columns"):
        names = _names(table.columns)
        return Rows(lambda: _zip_rows(names, table.itertuples(index=False, name=None)), len(table))
    if hasattr(table, "iter_rows") and hasattr(table, "columns"):
        return Rows(lambda: iter(table.iter_rows(named=True)), len(table))
    if hasattr(table, "to_pylist") and hasattr(table, "column_names"):
        _names(table.column_names)
        batches = table.to_batches if hasattr(table, "to_batches") else lambda: [table]
        return Rows(lambda: (row for batch in batches() for row in batch.to_pylist()), table.num_rows)
    if hasattr(table, "read_next_batch"):
        return (row for batch in table for row in batch.to_pylist())
    if hasattr(table, "collect_schema"):
        raise ConfigurationError(
            "The items are a query whose rows are not there yet.", property="items", hint="Give what collect() returns."
        )
    return table


def _zip_rows(names: list[object], rows: Iterable[Iterable[object]]) -> Iterator[object]:
    for row in rows:
        yield dict(zip(names, row, strict=True))


def _names(columns: Iterable[object]) -> list[object]:
    names = list(columns)
    for name in names:
        if not isinstance(name, (str, int)):
            raise ConfigurationError(
                "A column's name in the table is not a text.",
                property="items",
                value=str(name),
                hint="Give each column a name, such as df.columns = ['Link', 'Name'].",
            )
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise ConfigurationError(
            f"Two columns of the table are called {twice!r}.",
            property="items",
            hint="Give each column a name of its own.",
        )
    return names
