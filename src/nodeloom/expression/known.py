"""The names that mean something in expressions, and those of a template that do not.

As in n8n, a name that nobody knows is undefined and no error; an author whose value came to nothing by one wants to be
told of it.
"""

from __future__ import annotations

from collections.abc import Collection

from nodeloom.errors import nearest
from nodeloom.expression.analysis import ITEM_NAMES
from nodeloom.expression.compiled import Compiled, Composite, Template
from nodeloom.expression.rewrite import GLOBALS
from nodeloom.expression.scope import HOLDERS
from nodeloom.expression.words import words

#: What expressions have besides JavaScript's own and the `$` names.
HELPERS = words("$ DateTime Duration Interval constructor odata this")
#: What they have too, and what a plugin's function may replace.
_MORE = words("Intl process require module Buffer numberList zip arguments")
_KNOWN = GLOBALS | HOLDERS | ITEM_NAMES | HELPERS | _MORE


def unknown_names(compiled: Compiled, functions: Collection[str]) -> list[str]:
    """The names in the code of `compiled` that nothing has: neither expressions nor `functions`, a plugin's. Sorted."""
    if isinstance(compiled, Composite):
        return sorted({name for part in compiled.parts for name in unknown_names(part, functions)})
    if not isinstance(compiled, Template):
        return []
    names = frozenset[str]().union(*(b.facts.names for b in compiled.blocks if not isinstance(b, str)))
    return sorted(names - _KNOWN - set(functions))


def meant_name(name: str, functions: Collection[str]) -> str | None:
    """The name that an unknown one is most likely a typo of, or None: `$jsn` is `$json`."""
    if name.startswith("$"):
        return nearest(name, sorted(HOLDERS))
    # `json` without its `$`, too; the names of JavaScript's own types are near to too much.
    return nearest(name, sorted(functions)) or (f"${name}" if f"${name}" in HOLDERS else None)
