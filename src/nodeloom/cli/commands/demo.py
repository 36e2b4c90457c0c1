"""`nodeloom demo`: the main job on a sandbox, told step by step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nodeloom.cli.terminal import say
from nodeloom.values import JsonObject

if TYPE_CHECKING:
    from rich.console import Console

    from nodeloom.outcomes import Outcome, RunResult
    from nodeloom.runtime.runtime import Runtime
    from nodeloom.testing import ThreeCXSandbox

_RESOURCE = "Website Links"
_LINKS = ("summer-sale", "old-promo", "trade-fair", "O'Brien/press", "newsletter", "webinar")
_ETAG = "@odata.etag"


@click.command("demo")
def demo() -> int:
    """Start a sandbox, delete links on it one by one and in bulk, and show what became of each item.

    Needs no network and no configuration. Ends with 0 when all went as told.

    \b
    Example:
      nodeloom demo
    """
    from rich.console import Console

    from nodeloom.runtime.runtime import Runtime
    from nodeloom.testing import ThreeCXSandbox

    console = Console(highlight=False, soft_wrap=True)
    with ThreeCXSandbox(link_names=_LINKS) as sandbox, Runtime(discover_plugins=False) as runtime:
        console.print(f"A sandbox 3CX serves {len(_LINKS)} website links on {sandbox.server_url}.\n")
        as_told = _one_by_one(console, runtime, sandbox) and _in_bulk(console, runtime, sandbox)
    console.print(
        "\nTry next:\n"
        "  nodeloom describe threecx 'Website Links'\n"
        "  nodeloom sandbox threecx --links 100        # in another terminal; it says how to use it\n"
        "  nodeloom credentials add threeCxApi         # or use a 3CX of yours\n"
        "  nodeloom plan threecx 'Website Links' 'Delete Weblink' --set Link=link-1 --curl",
        markup=False,
    )
    if not as_told:
        say("error: The demonstration did not go as told.")
    return 0 if as_told else 1


def _one_by_one(console: Console, runtime: Runtime, sandbox: ThreeCXSandbox) -> bool:
    stale = sandbox.etag("trade-fair")
    _run(runtime, sandbox, {"operation": "Update Weblink", "Link": "trade-fair", "Name": "Trade fair 2027"}, None)
    items: list[JsonObject] = [
        {"Link": "summer-sale", "etag": sandbox.etag("summer-sale")},
        {"Link": "O'Brien/press", "etag": sandbox.etag("O'Brien/press")},
        {"Link": "old-promo", "etag": sandbox.etag("old-promo")},
        {"Link": "sumer-sale", "etag": sandbox.etag("summer-sale")},
        {"Link": "trade-fair", "etag": stale},
        {"Lnk": "webinar", "etag": sandbox.etag("webinar")},
    ]
    console.print("1. Delete a link for each item. The item says which one, and the ETag it was read with:\n")
    console.print(
        "  nodeloom run threecx 'Website Links' 'Delete Weblink' \\\n"
        "    --set 'Link={{ $json.Link }}' --set 'If Match={{ $json.etag }}' --on-error continue\n",
        markup=False,
    )
    parameters = {"operation": "Delete Weblink", "Link": "={{ $json.Link }}", "If Match": "={{ $json.etag }}"}
    result = _run(runtime, sandbox, parameters, items)
    _show(console, items, result.outcomes)
    codes = [outcome.error.code if outcome.error else "ok" for outcome in result.outcomes]
    console.print(f"\nStill there: {', '.join(sandbox.links)}\n", markup=False)
    return codes == ["ok", "ok", "ok", "not_found", "precondition_failed", "missing_value"] and len(sandbox.links) == 3


def _in_bulk(console: Console, runtime: Runtime, sandbox: ThreeCXSandbox) -> bool:
    console.print("2. Delete the rest in one request:\n")
    console.print(
        "  nodeloom run threecx 'Website Links' 'Bulk Links Delete' --set 'Ids={{ $json.links }}'\n", markup=False
    )
    items = [{"links": list(sandbox.links)}]
    parameters = {"operation": "Bulk Links Delete", "Ids": "={{ $json.links }}"}
    result = _run(runtime, sandbox, parameters, items)
    _show(console, items, result.outcomes)
    console.print(f"\nStill there: {', '.join(sandbox.links) or 'none'}", markup=False)
    return result.report.succeeded and not sandbox.links


def _run(
    runtime: Runtime, sandbox: ThreeCXSandbox, parameters: JsonObject, items: list[JsonObject] | None
) -> RunResult:
    return runtime.run(
        "threecx",
        {"resource": _RESOURCE, **parameters},
        items,
        credentials={"threeCxApi": sandbox.credential},
        on_error="continue",
    )


def _show(console: Console, items: Sequence[JsonObject], outcomes: Sequence[Outcome]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("#", "Item", "Result", show_lines=True)
    for item, outcome in zip(items, outcomes, strict=True):
        if outcome.error is None:
            told = Text(json.dumps(outcome.items[0]["json"], ensure_ascii=False), "green")
        else:
            told = Text(outcome.error.message, "red")
            if outcome.error.hint:
                told.append(f"\n{outcome.error.hint}", "default")
        table.add_row(str(outcome.index), Text(json.dumps(item, ensure_ascii=False)), told)
    console.print(table, soft_wrap=False)
