"""The house keeps its order: who imports whom, what is public, what the documents say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import nodeloom
from nodeloom import errors
from nodeloom.errors import NodeloomError

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "nodeloom"

# In the order data flows; a room imports only rooms before it.
ROOMS = [
    "jsonwriting",
    "printable",
    "forking",
    "redaction",
    "errors",
    "headerfields",
    "jsonbounds",
    "jsonreading",
    "openfiles",
    "filelocks",
    "messages",
    "javascript",
    "isolation",
    "confinement",
    "descriptor",
    "expression",
    "expressions",
    "credential",
    "plan",
    "transport",
    "discovery",
    "guarding",
    "plugins",
    "run",
    "telemetry",
    "runtime",
    "importers",
    "cli",
]
# The shipped pack implements hooks, and the manager registers it: the one pair that knows each other.
BESIDE = {"builtin": {"descriptor", "plugins"}, "testing": {"errors"}}


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif node.module and node.level == 0:
            names = [node.module]
            if node.module == "nodeloom":
                names = [f"nodeloom.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "nodeloom" and len(parts) > 1 and parts[1] != "__version__":
                yield node.lineno, parts[1]


def modules() -> list[Path]:
    return [p for p in sorted(SOURCE.rglob("*.py")) if p.relative_to(SOURCE).parts[0] not in ("__init__.py", "_data")]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_room_imports_only_rooms_above_it(path: Path) -> None:
    room = room_of(path)
    for line, imported in imported_rooms(path):
        if imported == room:
            continue
        if room in BESIDE:
            allowed = BESIDE[room]
        elif room == "__main__":
            allowed = {"cli"}
        else:
            allowed = set(ROOMS[: ROOMS.index(room)]) | ({"builtin"} if room == "plugins" else set())
            allowed |= {"testing"} if room == "cli" else set()
            if imported in nodeloom.__all__:
                imported = "runtime" if imported == "Runtime" else imported
        assert imported in allowed, f"{path.relative_to(ROOT)}:{line} imports {imported}"


def test_no_lock_of_functools_is_in_the_way_of_a_forked_child() -> None:
    """`cached_property` has one for all instances (Python 3.11); `descriptor/once.py` has none."""
    found = [p for p in modules() if room_of(p) != "testing" and "cached_property\n" in p.read_text(encoding="utf-8")]
    assert found == []


def test_the_room_order_is_the_documented_one() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split("## Rooms")[1].split("## How")[0]
    documented = re.findall(r"`(\w+)(?:/|\.py)`", table)
    order = [room for room in documented if room in ROOMS]
    assert order == [room for room in ROOMS if room in documented]
    assert set(documented) >= {room_of(path) for path in modules()} - {"__main__"}


def test_every_exported_name_exists_and_the_list_is_sorted() -> None:
    assert list(nodeloom.__all__) == sorted(nodeloom.__all__)
    for name in nodeloom.__all__:
        assert getattr(nodeloom, name) is not None


def test_the_exported_names_are_the_documented_ones() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^### `(\w+)`", text, flags=re.MULTILINE))
    assert documented == set(nodeloom.__all__)


def test_every_dependency_is_explained() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = [
        *project["dependencies"],
        *(entry for name in ("compression", "encrypted", "keyring", "openapi", "telemetry") for entry in extras[name]),
    ]
    names = {re.split(r"[<>=\[;]", entry)[0] for entry in declared}
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## Dependencies")[1]
    assert names == set(re.findall(r"^\| ([\w-]+)(?: \(extra\))? \|", table, flags=re.MULTILINE)) - {"package"}


def test_the_exception_tree_in_the_module_is_the_real_one() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) | {"NodeloomError"}
    real = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, NodeloomError)
    }
    assert drawn == real


def test_the_tests_that_hold_a_promise_exist() -> None:
    """SECURITY.md names for each promise the test that holds it."""
    named = re.findall(r"`(tests/[\w/.]+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_error_codes_are_unique() -> None:
    codes = [kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NodeloomError)]
    assert len(codes) == len(set(codes))
