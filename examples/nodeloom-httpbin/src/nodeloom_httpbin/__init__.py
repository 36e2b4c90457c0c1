"""A pack for Nodeloom: a node for httpbin, its credential type, an expression function and a hook."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nodeloom import CallContext, hookimpl

_HERE = Path(__file__).parent


@hookimpl
def nodeloom_nodes() -> Mapping[str, Path]:
    """The node: a folder with `node.json`."""
    return {"httpbin": _HERE / "httpbin"}


@hookimpl
def nodeloom_credential_types() -> Mapping[str, Path]:
    """The credential type the node names."""
    return {"httpbinApi": _HERE / "httpbinApi.json"}


@hookimpl
def nodeloom_expression_functions() -> Mapping[str, Callable[..., Any]]:
    """`slug("Summer Sale")` gives `summer-sale`."""
    return {"slug": slug}


@hookimpl
def nodeloom_transform_result(items: Sequence[dict[str, Any]], context: CallContext) -> list[dict[str, Any]] | None:
    """httpbin answers with a description of the request; what was sent is its member `json`."""
    if (context.node, context.operation) != ("httpbin", "echo"):
        return None
    return [{**item, "json": item["json"]["json"]} for item in items]


def slug(text: object) -> str:
    """`text` in lower case, with dashes for everything but letters and digits."""
    return re.sub(r"[\W_]+", "-", str(text).casefold()).strip("-")
