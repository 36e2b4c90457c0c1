"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nodeloom.expressions import Engines, evaluate

#: Most tests are one tenant, so that they need not make an engine each.
ENGINES = Engines()

Evaluate = Callable[..., object]


@pytest.fixture
def js() -> Evaluate:
    """Evaluate JavaScript: `js(code, **data)`, the data being the item's JSON."""

    def run(code: str, *, timezone: str = "UTC", **data: object) -> object:
        return evaluate(f"={{{{ {code} }}}}", json=data, dialect="n8n", timezone=timezone, engines=ENGINES)

    return run
