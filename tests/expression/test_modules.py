"""Which JavaScript an engine may be given."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from nodeloom.errors import ExpressionError
from nodeloom.expression.answers import LIFETIME
from nodeloom.expression.crossing import Tag
from nodeloom.expression.interpreter import Mark
from nodeloom.expression.modules import BOOT, MODULES, boot_sources, module_source, shared_letters


def test_the_lists_name_every_file_of_the_package() -> None:
    """A file that is not named would not be loaded, and one that does not exist would fail when it is needed."""
    files = {
        entry.name.removesuffix(".js") for entry in resources.files("nodeloom.expression").joinpath("js").iterdir()
    }
    assert files == {*BOOT, *MODULES}
    assert not MODULES & set(BOOT)


@pytest.mark.parametrize(
    "name",
    [
        "core",
        "harden",
        "../../importers/js/loader",
        "/etc/passwd",
        "datetime.js",
        "",
        "DATETIME",
        "ext-array\0",
        "zone/",
    ],
)
def test_no_other_name_is_read(name: str) -> None:
    """Not those that engines start with either: they hold what makes code of text."""
    with pytest.raises(ExpressionError, match="module that does not exist"):
        module_source(name)


def test_what_is_named_is_there() -> None:
    assert all(module_source(name) for name in MODULES)
    assert len(boot_sources()) == len(BOOT)


def javascript() -> str:
    """All of the package's JavaScript, without its comments."""
    text = "\n".join([*boot_sources(), *map(module_source, sorted(MODULES))])
    return re.sub(r"^\s*//.*$|\s// .*$", "", text, flags=re.MULTILINE)


# Those that the interpreter or its process writes, and not JavaScript.
OF_PYTHON = {Mark.TIME, Mark.LOST, Mark.TRUE_OR_FALSE, Mark.WHOLE, Mark.REAL, Mark.MODULE}


def test_both_sides_know_the_same_letters() -> None:
    """core.js names every mark that it writes and every tag; a name that Python does not give would be `undefined`."""
    letters = shared_letters()
    code = javascript()
    aliases = {"TEXT": "const { TEXT, JSON: JSON_TEXT } = marks;", "JSON": "const { TEXT, JSON: JSON_TEXT } = marks;"}
    named = set(re.findall(r"\bmarks\.([A-Z_]+)", code)) | {name for name, line in aliases.items() if line in code}
    assert named == {name for name, mark in letters["marks"].items() if mark not in OF_PYTHON}
    assert set(re.findall(r"\btags\.([A-Z_]+)", code)) == set(letters["tags"])


@pytest.mark.parametrize("table", [Mark, Tag])
def test_no_letter_stands_for_two_things(table: type) -> None:
    values = [value for name, value in vars(table).items() if name.isupper()]
    assert len(values) == len(set(values)) > 5


def test_what_javascript_asks_for_is_what_python_answers() -> None:
    asked = set(re.findall(r'\bneed(?:Soon)?\("(\w+)"', javascript()))
    asked |= set(re.findall(r'parameters\("(\w+)"\)', javascript()))
    assert asked == set(LIFETIME)
