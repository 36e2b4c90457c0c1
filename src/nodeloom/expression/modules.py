"""The JavaScript files of the package: an engine is given these, and never another file."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from nodeloom.errors import ExpressionError
from nodeloom.expression.crossing import Tag
from nodeloom.expression.interpreter import Mark
from nodeloom.expression.words import words

#: What every engine starts with, in this order; core.js is the ground of the others, and harden.js freezes them.
BOOT = (
    "core",
    "native",
    "native-bounds",
    "native-json",
    "native-numbers",
    "native-lists",
    "native-texts",
    "native-regexes",
    "native-collections",
    "native-date",
    "names",
    "harden",
)
#: What is loaded when an expression first needs it. `tests/expression/test_modules.py` holds the list to the files.
MODULES = words(
    "calendar collation crowding datetime datetime-diff datetime-format datetime-parse datetime-presets "
    "datetime-text duration ext-array ext-boolean ext-date ext-number ext-object ext-string extensions interval "
    "intl intl-number jmespath jmespath-parser locales sets transliterate zone"
)


@cache
def boot_sources() -> tuple[str, ...]:
    """The JavaScript of what every engine starts with.

    core.js is a function of the letters that stand for kinds of values on both sides, and is called with them here.
    """
    core, *others = BOOT
    letters = shared_letters()
    given = f"globalThis, {json.dumps(letters['marks'])}, {json.dumps(letters['tags'])}"
    ground = f"({_text(core).rstrip().removesuffix(';')})({given})"
    return (ground, *map(_text, others))


def shared_letters() -> dict[str, dict[str, str]]:
    """The marks of results and the tags of values, by their names, as core.js is given them."""
    return {"marks": _constants_of(Mark), "tags": _constants_of(Tag)}


def _constants_of(table: type) -> dict[str, str]:
    return {name: value for name, value in vars(table).items() if name.isupper()}


@cache
def module_source(name: str) -> str:
    """The JavaScript of the module `name`.

    Raises:
        ExpressionError: it is not one of `MODULES`.
    """
    if name not in MODULES:
        raise ExpressionError("The expression asks for a module that does not exist.", value=name)
    return _text(name)


def _text(name: str) -> str:
    return resources.files("nodeloom.expression").joinpath("js", f"{name}.js").read_text("utf-8")
