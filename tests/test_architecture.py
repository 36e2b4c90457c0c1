"""The house keeps its order: who imports whom, what is public, what the documents say."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import nodeloom
from nodeloom import errors
from nodeloom.errors import NodeloomError

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "nodeloom"

# From the ground up: a room imports only rooms before it.
ROOMS = [
    "jsonwriting",
    "printable",
    "nearestname",
    "forking",
    "redaction",
    "errors",
    "headerfields",
    "values",
    "valuewords",
    "jsonbounds",
    "jsonreading",
    "openfiles",
    "filelocks",
    "datafolder",
    "javascript",
    "isolation",
    "confinement",
    "messages",
    "outcomes",
    "hooks",
    "testing",
    "inputs",
    "transport",
    "discovery",
    "hookvalues",
    "guarding",
    "pluginchecks",
    "builtin",
    "plugins",
    "descriptor",
    "expression",
    "expressions",
    "credential",
    "plan",
    "importers",
    "run",
    "journal",
    "telemetry",
    "runtime",
    "cli",
]
# The sandbox runs without Nodeloom, but for errors and the words for JSON.
ALONE = {"testing": {"errors", "values"}}


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    return ".".join(("nodeloom", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def imports_of(text: str, package: str) -> Iterator[tuple[int, str]]:
    """Line and full name of what a text in `package` imports: relative, for types only or late, all the same."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def imported_rooms(text: str, package: str) -> Iterator[tuple[int, str]]:
    for line, name in imports_of(text, package):
        parts = name.split(".")
        if parts[0] == "nodeloom" and len(parts) > 1 and parts[1] != "__version__":
            home = nodeloom._HOMES.get(parts[1], "") if parts[1] not in ROOMS else ""
            yield line, home.split(".")[1] if home else parts[1]


def misplaced(room: str, text: str, package: str) -> list[str]:
    """What a file of `room` imports and may not."""
    allowed = ALONE.get(room) or set(ROOMS[: ROOMS.index(room)])
    found = imported_rooms(text, package)
    return [f"line {line}: {other}" for line, other in found if other != room and other not in allowed]


def modules() -> list[Path]:
    return [p for p in sorted(SOURCE.rglob("*.py")) if p.relative_to(SOURCE).parts[0] not in ("__init__.py", "_data")]


def package_of(path: Path) -> str:
    return module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]


@pytest.mark.slow
@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_room_imports_only_rooms_before_it(path: Path) -> None:
    assert misplaced(room_of(path), path.read_text(encoding="utf-8"), package_of(path)) == []


@pytest.mark.parametrize(
    ("room", "package", "text"),
    [
        ("testing", "nodeloom.testing.odata", "from ...run.runner import Runner"),
        ("testing", "nodeloom.testing.odata", "from ... import plan"),
        ("transport", "nodeloom.transport", "if TYPE_CHECKING:\n    from nodeloom.plan.address import UrlValues"),
        ("plugins", "nodeloom", "def f():\n    from nodeloom.expression.scope import HELPERS"),
        ("run", "nodeloom.run", "import nodeloom.journal.journal"),
        ("run", "nodeloom.run", "from nodeloom import Runtime"),
        ("plan", "nodeloom.plan", "from ..runtime.opening import OpenedRun"),
    ],
)
def test_the_order_sees_relative_late_and_typing_only_imports(room: str, package: str, text: str) -> None:
    assert len(misplaced(room, text, package)) == 1


def imported_modules(text: str, package: str, known: Collection[str]) -> Iterator[str]:
    """The modules among `known` that a text imports, or takes a name from."""
    for _line, name in imports_of(text, package):
        holder, _dot, member = name.rpartition(".")
        if name in known:
            yield name
        elif holder == "nodeloom":
            # The package takes its public names from their homes when they are asked for; `__version__` has none.
            yield from {nodeloom._HOMES.get(member, "")} & set(known)
        elif holder in known:
            yield holder


def import_cycle(texts: Mapping[str, str], packages: Collection[str] = ()) -> list[str]:
    """A cycle of imports between modules, given by name and text; empty if there is none.

    An import for types only, a late one in a function, and a relative one count like any other: with each of them one
    of the modules cannot be understood, or moved, without the other.
    """
    graph = {
        module: {*imported_modules(text, module if module in packages else module.rpartition(".")[0], texts)} - {module}
        for module, text in texts.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as fault:
        return list(fault.args[1])
    return []


@pytest.mark.parametrize(
    ("texts", "cyclic"),
    [
        ({"a": "from nodeloom.p.b import B", "b": "from nodeloom.p import c", "c": "import nodeloom.p.a"}, True),
        ({"a": "from nodeloom.p.b import B", "b": "if TYPE_CHECKING:\n    from nodeloom.p.a import A"}, True),
        ({"a": "from nodeloom.p.b import B", "b": "def f():\n    from nodeloom.p.a import A"}, True),
        ({"a": "from .b import B", "b": "from . import a"}, True),
        ({"a": "from nodeloom.p import B", "": "from nodeloom.p.b import B", "b": "from nodeloom.p.a import A"}, True),
        ({"a": "from . import B", "": "from .b import B", "b": "from .a import A"}, True),
        ({"a": "from nodeloom.p.b import B", "b": "from nodeloom import __version__\nimport json"}, False),
        ({"a": "from nodeloom.p import b, c", "b": "from .c import C", "c": "from nodeloom.q.a import A"}, False),
    ],
)
def test_the_search_for_cycles_sees_each_kind_of_import(texts: Mapping[str, str], cyclic: bool) -> None:
    named = {f"nodeloom.p.{name}".removesuffix("."): text for name, text in texts.items()}
    assert bool(import_cycle(named, {"nodeloom.p"})) is cyclic


@pytest.mark.slow
def test_no_module_imports_itself_by_way_of_others() -> None:
    paths = [path for path in SOURCE.rglob("*.py") if "_data" not in path.parts]
    texts = {module_of(path): path.read_text(encoding="utf-8") for path in paths}
    packages = {module_of(path) for path in paths if path.name == "__init__.py"}
    assert import_cycle(texts, packages) == []


def test_no_file_name_stands_twice() -> None:
    names = Counter(path.name for path in modules() if path.name not in ("__init__.py", "__main__.py"))
    assert [name for name, count in names.items() if count > 1] == []


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


def named_files(text: str) -> list[str]:
    """Paths of Python and Markdown files in backticks, also with the name of what is in them: `a/b.py: function`."""
    return re.findall(r"`(?:\.\./)*([\w/.-]+\.(?:py|md))(?::[^`\n]*)?`", text)


def test_every_file_that_is_named_exists() -> None:
    """A file that is renamed takes its mentions along, in documents, docstrings and comments."""
    pages = [page for pattern in ("*.md", "docs/**/*.md", "*/README.md") for page in ROOT.glob(pattern)]
    code = [path for folder in ("src", "tests", "benchmarks", "fuzz") for path in (ROOT / folder).rglob("*.py")]
    here = Path(__file__)
    existing = {f"/{path.relative_to(ROOT).as_posix()}" for path in [*pages, *code]}
    texts = {path: path.read_text(encoding="utf-8") for path in [*pages, *code] if path != here}
    named = [(path.relative_to(ROOT).as_posix(), name) for path, text in texts.items() for name in named_files(text)]
    assert len(named) > 100
    assert [(path, name) for path, name in named if not any(file.endswith(f"/{name}") for file in existing)] == []


def test_error_codes_are_unique() -> None:
    codes = [kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NodeloomError)]
    assert len(codes) == len(set(codes))


# State is passed: a context variable is the exception, and has its reason here.
CONTEXT_VARIABLES = {
    # Whether what is compiled may need JavaScript: asked at the bottom of every compilation, by rooms that know no run.
    "javascript.py",
}


@pytest.mark.slow
def test_no_context_variable_carries_an_item() -> None:
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if any(name.split(".")[0] == "contextvars" for _line, name in imports_of(path.read_text("utf-8"), "nodeloom"))
    }
    assert found == CONTEXT_VARIABLES
