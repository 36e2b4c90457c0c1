"""What is given as items: objects of Python's, and tables as their rows."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pydantic
import pytest

from nodeloom import Runtime
from nodeloom.errors import ConfigurationError, InvalidItemError, MissingValueError, ParameterError
from nodeloom.inputs.frames import as_items

NODE: dict[str, Any] = {
    "name": "probe",
    "displayName": "Probe",
    "requestDefaults": {"baseURL": "https://api.example.test"},
    "properties": [
        {
            "name": "operation",
            "type": "options",
            "default": "go",
            "options": [{"name": "Go", "value": "go", "routing": {"request": {"method": "POST", "url": "/go"}}}],
        },
        {
            "name": "v",
            "displayName": "V",
            "type": "string",
            "routing": {"send": {"type": "body", "property": "v"}},
        },
        {
            "name": "q",
            "displayName": "Q",
            "type": "string",
            "routing": {"send": {"type": "query", "property": "q"}},
        },
    ],
}


@dataclasses.dataclass
class Order:
    v: Decimal


class Column(list[Any]):
    """As a Series of pandas or polars, or an array."""

    dtype = "O"


class Model(pydantic.BaseModel):
    v: datetime


class Row(NamedTuple):
    v: int


class Pandas:
    """What a DataFrame of pandas answers to."""

    def __init__(self, columns: list[Any], *rows: tuple[Any, ...]) -> None:
        self.columns = columns
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.columns)

    def itertuples(self, *, index: bool, name: str | None) -> Iterator[tuple[Any, ...]]:
        assert (index, name) == (False, None)
        return iter(self.rows)


class Polars:
    columns = ("v",)

    def __len__(self) -> int:
        return 2

    def iter_rows(self, *, named: bool) -> Iterator[dict[str, Any]]:
        assert named
        return iter([{"v": 1}, {"v": None}])


class Batch:
    column_names = ("v",)
    num_rows = 2

    def to_pylist(self) -> list[dict[str, Any]]:
        return [{"v": 1}, {"v": 2}]


class Table(Batch):
    num_rows = 4

    def to_batches(self) -> list[Batch]:
        return [Batch(), Batch()]


class Reader:
    def __iter__(self) -> Iterator[Batch]:
        return iter([Batch()])

    def read_next_batch(self) -> Batch:
        return Batch()


class Lazy:
    def collect_schema(self) -> None: ...


class Sent:
    """A runtime with the probe, and the bodies and queries it sent."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.queries: list[str] = []
        self.runtime = Runtime(transport=httpx.MockTransport(self._answer), discover_plugins=False)
        self.runtime.add_node(NODE)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(json.loads(request.content) if request.content else None)
        self.queries.append(request.url.query.decode())
        return httpx.Response(200, json={})

    def run(self, items: Any, parameters: dict[str, Any] | None = None, **how: Any) -> Any:
        given = {"v": "={{ $json.v }}"} if parameters is None else parameters
        with self.runtime:
            return self.runtime.run("probe", given, items, concurrency=1, **how)


@pytest.mark.parametrize(
    ("item", "sent"),
    [
        ({"v": Decimal("1.5")}, {"v": 1.5}),
        ({"v": datetime(2026, 1, 31, tzinfo=UTC)}, {"v": "2026-01-31T00:00:00Z"}),
        (Order(Decimal(2)), {"v": 2}),
        (Model(v=datetime(2026, 1, 31, tzinfo=UTC)), {"v": "2026-01-31T00:00:00Z"}),
        (Row(5), {"v": 5}),
        ({"json": Order(Decimal(2))}, {"v": 2}),
        ({"json": {"v": {1, 2}}, "binary": {"file": {"data": b"bytes"}}}, {"v": [1, 2]}),
        ({"v": float("nan")}, {"v": None}),
    ],
)
def test_an_item_of_python_s_is_sent_as_its_json(item: Any, sent: Any) -> None:
    probe = Sent()
    assert probe.run([item]).report.succeeded
    assert probe.bodies == [sent]


def test_a_number_of_numpy_s_is_that_text_on_the_wire() -> None:
    numpy = pytest.importorskip("numpy")
    probe = Sent()
    probe.run([{"v": numpy.float64(1.5)}], {"q": "n={{ $json.v }}", "v": "={{ $json.v * 2 }}"})
    assert (probe.queries, probe.bodies) == (["q=n%3D1.5"], [{"v": 3}])


def test_one_that_has_no_json_form_fails_by_itself_with_its_key() -> None:
    probe = Sent()
    result = probe.run([{"v": 1}, {"w": {"x": [b"y"]}, "v": 2}, {"v": 3}, b"z"], on_error="continue")
    assert probe.bodies == [{"v": 1}, {"v": 3}]
    first, second = result.errors
    assert isinstance(first, InvalidItemError)
    assert (first.item, first.path) == (1, "w.x[0]")
    assert first.message == "The item's w.x[0] holds bytes, which may be text or not."
    assert second.message == "The item holds bytes, which may be text or not."


def test_a_plan_takes_what_a_run_takes() -> None:
    probe = Sent()
    with probe.runtime as runtime:
        first, second = runtime.plan("probe", {"v": "={{ $json.v }}"}, [Order(Decimal("1.5")), {"v": object()}])
    assert first.body == '{"v":1.5}'
    assert isinstance(second.error, InvalidItemError)


def test_items_of_every_kind_of_source_are_converted() -> None:
    async def later() -> AsyncIterator[Any]:
        yield Order(Decimal(1))

    for items in ((Order(Decimal(n)) for n in (1, 2)), {"k": Order(Decimal(1))}.values(), [Order(Decimal(1))]):
        probe = Sent()
        assert probe.run(items).report.succeeded
        assert probe.bodies[0] == {"v": 1}
    probe = Sent()
    result = asyncio.run(probe.runtime.arun("probe", {"v": "={{ $json.v }}"}, later()))
    assert result.report.succeeded
    everything = Sent()
    everything.run([Order(Decimal(1)), Order(Decimal(2))], {"v": "={{ $input.all().map(i => i.json.v) }}"})
    assert everything.bodies == [{"v": [1, 2]}, {"v": [1, 2]}]


def test_a_journal_knows_them_again(tmp_path: Path) -> None:
    items = [Order(Decimal("1.5")), {"v": datetime(2026, 1, 31, tzinfo=UTC)}]
    first, second = Sent(), Sent()
    first.run(items, journal=tmp_path / "run.journal")
    second.run(items, journal=tmp_path / "run.journal")
    assert (len(first.bodies), len(second.bodies)) == (2, 0)


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (Pandas(["v", 2], (1, "a"), (float("nan"), "b")), [{"v": 1}, {"v": None}]),
        (Polars(), [{"v": 1}, {"v": None}]),
        (Batch(), [{"v": 1}, {"v": 2}]),
        (Table(), [{"v": 1}, {"v": 2}, {"v": 1}, {"v": 2}]),
        (Reader(), [{"v": 1}, {"v": 2}]),
        (Pandas(["v"]), []),
    ],
)
def test_a_table_is_its_rows(table: Any, rows: list[Any]) -> None:
    probe = Sent()
    result = probe.run(table)
    assert probe.bodies == rows
    assert result.report.counts.items == len(rows)


@pytest.mark.parametrize(
    ("items", "message", "hint"),
    [
        (Pandas(["v", "v"], (1, 2)), "Two columns of the table are called 'v'", "name of its own"),
        (Pandas([("v", "x")], (1,)), "is not a text", "df.columns"),
        (Lazy(), "rows are not there yet", "collect()"),
        (Order(Decimal(1)), "not one Order", "Put it into a list."),
        (Model(v=datetime(2026, 1, 1)), "not one Model", "Put it into a list."),
        (Row(1), "not one Row", "Put it into a list."),
        ({"v": 1}, "not one object", "Put it into a list."),
        ("text", "not a text", "JSON first"),
        (bytearray(b"[{}]"), "not a text", "JSON first"),
        (memoryview(b"[{}]"), "not a text", "JSON first"),
        (Column([1, 2]), "holds bare values", "to_frame()"),
        (Column(["a"]), "holds bare values", "to_frame()"),
        (Column([[1, 2]]), "holds bare values", "DataFrame"),
        (5, "not a number", "list of JSON objects"),
    ],
)
def test_what_cannot_be_items_says_what_to_write(items: Any, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        as_items(items)
    assert hint in str(caught.value.hint)


def test_parameters_and_other_nodes_items_are_held_to_the_same() -> None:
    probe = Sent()
    probe.run([{}], {"v": Decimal("1.5"), "q": datetime(2026, 1, 31, tzinfo=UTC)})
    assert (probe.bodies, probe.queries) == ([{"v": 1.5}], ["q=2026-01-31T00%3A00%3A00Z"])
    nodes = {"Rows": Pandas(["n"], (Decimal(7),)), "Items": [{"json": Order(Decimal(1))}]}
    other = Sent()
    other.run([{}], {"v": "={{ [$('Rows').first().json.n, $('Items').first().json.v] }}"}, nodes=nodes)
    assert other.bodies == [{"v": [7, 1]}]


def test_parameters_and_variables_that_are_no_json_are_named() -> None:
    with pytest.raises(ParameterError, match="v in parameters holds bytes"):
        Sent().run([{}], {"v": b"x"})
    with pytest.raises(ParameterError, match="not a list"):
        Sent().run([{}], [])  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="holds bytes"):
        Sent().run([{}], {}, nodes={"A": [{"json": {"x": b"x"}}]})
    with pytest.raises(ConfigurationError, match="holds bytes"):
        Runtime(vars={"x": b"x"})


def test_a_missing_cell_is_a_missing_value() -> None:
    node = {**NODE, "properties": [*NODE["properties"][:1], {**NODE["properties"][1], "required": True}]}
    probe = Sent()
    probe.runtime.add_node(node)
    result = probe.run(Pandas(["v"], (float("nan"),), (1,)), on_error="continue")
    assert isinstance(result.errors[0], MissingValueError)
    assert probe.bodies == [{"v": 1}]


def test_real_tables() -> None:
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"v": [1.5, None], "at": [pandas.Timestamp("2026-01-31"), pandas.NaT]})
    for table in (frame, polars.DataFrame({"v": [1.5, None]}), pyarrow.table({"v": [1.5, None]})):
        probe = Sent()
        assert probe.run(table).report.counts.items == 2
        assert probe.bodies == [{"v": 1.5}, {"v": None}]
    probe = Sent()
    probe.run([row for _, row in frame.iterrows()], {"v": "={{ $json[0] }}"}, on_error="continue")
    with pytest.raises(ConfigurationError, match="not there yet"):
        as_items(polars.LazyFrame({"v": [1]}))


def test_a_column_of_objects_is_items() -> None:
    assert as_items(Column([{"v": 1}])) == [{"v": 1}]
    assert as_items(Column([])) == []


def test_parameters_that_hold_themselves_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    mapping: dict[str, Any] = {"password": endless}
    mapping["more"] = mapping
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(NODE)
        for value in (endless, mapping, {"a": (endless,)}):
            with pytest.raises(ParameterError, match="nested too deeply"):
                runtime.run("probe", {"operation": "go", "v": value})
