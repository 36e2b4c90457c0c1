"""The JavaScript files of the package: an engine is given these, and no other file whatever it asks for."""

from __future__ import annotations

from functools import cache
from importlib import resources

from nodeloom.errors import ExpressionError
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
    "calendar collation crowding datetime datetime-diff datetime-format datetime-parse datetime-presets datetime-text "
    "duration ext-array ext-boolean ext-date ext-number ext-object ext-string extensions interval intl intl-number "
    "jmespath jmespath-parser locales sets transliterate zone"
)


@cache
def boot_sources() -> tuple[str, ...]:
    """The JavaScript of what every engine starts with."""
    return tuple(_text(name) for name in BOOT)


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
