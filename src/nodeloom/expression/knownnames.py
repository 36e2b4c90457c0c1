"""The names that mean something in expressions, and those of a template that do not.

As in n8n, an unknown name is undefined and not an error. The author means something by it all the same: `$json` by
`$jsn`, a filter of Jinja by `$json.Link | upper`, which is 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from nodeloom.errors import nearest
from nodeloom.expression.analysis import ITEM_NAMES
from nodeloom.expression.rewrite import GLOBALS, Block
from nodeloom.expression.scope import HELPERS, HOLDERS
from nodeloom.expression.syntax import walk
from nodeloom.expression.syntax.tokenreader import RESERVED

_KNOWN = GLOBALS | HOLDERS | ITEM_NAMES | HELPERS | {"$"}


def strange_names(blocks: Iterable[Block | str]) -> frozenset[str]:
    """The names in a template's code that expressions do not have; a plugin's function may be called so.

    A name that the code asks `typeof` of may be absent: that is what it asks.
    """
    code = [block for block in blocks if not isinstance(block, str)]
    strange = frozenset[str]().union(*(block.facts.names for block in code)) - _KNOWN
    if not strange:
        return strange
    asked = (n.children[0].text for b in code for n in walk(b.tree) if n.kind == "Unary" and n.text == "typeof")
    return strange.difference(asked)


def meant_name(name: str, functions: Collection[str]) -> str | None:
    """The name that an unknown one is most likely a typo of, or None: `$jsn` is `$json`."""
    if name.startswith("$"):
        return nearest(name, sorted(HOLDERS))
    # `json` without its `$`, too; the names of JavaScript's own types are near to too much.
    return nearest(name, sorted(functions)) or (f"${name}" if f"${name}" in HOLDERS else None)


def taken_names() -> frozenset[str]:
    """The names that mean something in expressions already, so that no function of a plugin can have them."""
    return frozenset(GLOBALS | HOLDERS | HELPERS | RESERVED)
