"""The arguments and options that `run` and `plan` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("json", "ndjson", "csv")


def _lazily(name: str) -> Any:
    """A completion function that is imported when a shell asks."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
        from nodeloom.cli import namecompletion as completing

        return getattr(completing, name)(ctx, param, incomplete)

    return complete


def target_arguments(command: Command, *, node_required: bool = True) -> Command:
    """NODE [RESOURCE [OPERATION]]."""
    for name, completes in (
        ("operation", "complete_operation"),
        ("resource", "complete_resource"),
    ):
        command = click.argument(name, required=False, shell_complete=_lazily(completes))(command)
    return click.argument("node", required=node_required, shell_complete=_lazily("complete_node"))(command)


def _path(*, folders: bool = False) -> click.Path:
    return click.Path(dir_okay=folders, path_type=str)


_JOB_OPTIONS = [
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        shell_complete=_lazily("complete_setting"),
        help="A parameter; VALUE may hold expressions. Nested ones: Options.Top=5.",
    ),
    click.option(
        "--literal",
        "literals",
        multiple=True,
        metavar="NAME=VALUE",
        shell_complete=_lazily("complete_setting"),
        help="A parameter whose VALUE is text and never an expression.",
    ),
    click.option(
        "--set-file",
        "file_settings",
        multiple=True,
        metavar="NAME=FILE",
        shell_complete=_lazily("complete_setting"),
        help="A parameter whose value is the text in FILE, read as with --set.",
    ),
    click.option("--parameters", type=_path(), metavar="FILE", help="Parameters as a JSON object; --set wins over it."),
    click.option(
        "--instance",
        type=_path(),
        metavar="FILE",
        help="A node copied out of n8n's editor: its type, version and parameters; NODE may be left out.",
    ),
    click.option("--node-name", metavar="NAME", help="Which node of --instance, when the file holds several."),
    click.option(
        "--items",
        "items_from",
        type=_path(),
        metavar="FILE|-",
        help="Items as JSON, NDJSON or CSV; - is standard input, which is read without this option too if it is a "
        "pipe or a file.",
    ),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of the items; guessed without."),
    click.option(
        "--credential",
        "credentials",
        multiple=True,
        metavar="[TYPE=]NAME",
        shell_complete=_lazily("complete_credential"),
        help="Name of a stored credential; without, the default one of the node's type.",
    ),
    click.option(
        "--credential-type",
        "credential_types",
        multiple=True,
        type=_path(),
        metavar="FILE",
        help="A credential type besides the installed ones.",
    ),
    click.option(
        "--on-error",
        type=click.Choice(["stop", "continue"]),
        default="stop",
        show_default=True,
        help="What a failed item does to those after it.",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        default=8,
        show_default=True,
        metavar="N",
        help="How many items are in flight at most.",
    ),
    click.option(
        "--coalesce",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        metavar="N",
        help="Do up to N items in one call, where the operation has a bulk twin; each keeps its own result.",
    ),
    click.option(
        "--rate",
        metavar="N/TIME",
        help="At most so many requests in a time: 20/s, 1200/min. Runs with the same credential share it.",
    ),
    click.option(
        "--burst", type=click.IntRange(min=1), metavar="N", help="How many of --rate may go at once after a pause."
    ),
    click.option(
        "--adaptive/--no-adaptive",
        default=True,
        show_default=True,
        help="Slow down to what the service takes when it refuses requests (429, 503).",
    ),
    click.option("--unordered", is_flag=True, help="Give results as they come instead of in the items' order."),
    click.option(
        "--max-item-bytes",
        type=click.IntRange(min=1),
        default=16 * 1024 * 1024,
        show_default=True,
        metavar="BYTES",
        help="The longest item read; a longer one fails, and the others go on.",
    ),
    click.option(
        "--max-items",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many items are read at most; any number without.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="Each wait for the service: to take what is written, to answer, for each further part.",
    ),
    click.option(
        "--connect-timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="To connect, TLS included; 10 without, or --timeout where that is less.",
    ),
    click.option(
        "--request-timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=3600.0,
        show_default=True,
        metavar="SECONDS",
        help="A whole request with its answer, without repeats.",
    ),
    click.option(
        "--allow-host",
        "allowed_hosts",
        multiple=True,
        metavar="HOST",
        help="Call this host only: api.example.com, pbx.example.com:5001, *.example.com. Repeatable.",
    ),
    click.option(
        "--deadline",
        metavar="TIME",
        help="Begin no further item after this time: 90s, 2h, 1h30m. What is in flight then has five seconds.",
    ),
    click.option(
        "--retries",
        type=click.IntRange(min=0),
        default=2,
        show_default=True,
        metavar="N",
        help="How often a request is repeated that did not happen or may happen twice.",
    ),
    click.option(
        "--retry-budget",
        default="20%",
        show_default=True,
        metavar="SHARE",
        help="What share of all requests may be repeats, besides the first 50; none for no bound.",
    ),
    click.option(
        "--break-after",
        type=click.IntRange(min=0),
        default=20,
        show_default=True,
        metavar="N",
        help="With --on-error continue, end a run when N items in a row fail through no fault of theirs; 0 never.",
    ),
    click.option(
        "--url-values",
        type=click.Choice(["strict", "raw"]),
        default="strict",
        show_default=True,
        help="Whether a value may change an address: strict refuses it, raw does as n8n does.",
    ),
    click.option(
        "--node-version", type=float, metavar="N", help="Version of a node that has several; the newest without."
    ),
    click.option(
        "--timezone", default="UTC", show_default=True, metavar="ZONE", help="Time zone of dates in expressions."
    ),
    click.option("--no-javascript", is_flag=True, help="Allow only member paths and text in expressions."),
    click.option(
        "--isolate-javascript",
        is_flag=True,
        help="Evaluate expressions in a process of their own, which is killed at its limit: for parameters that others "
        "wrote.",
    ),
    click.option(
        "--journal",
        type=_path(),
        metavar="FILE",
        help="Write down every item in FILE before it is sent, and what became of it; the same command goes on after a "
        "crash.",
    ),
    click.option(
        "--retry-failed",
        is_flag=True,
        help="Run again what failed by the journal, where that is safe; without, it keeps its error.",
    ),
    click.option("--output", type=_path(), metavar="FILE", help="Write the results to FILE, as they come."),
    click.option("--report", type=_path(), metavar="FILE", help="Write the run report to FILE, as JSON."),
    click.option(
        "--progress",
        type=click.Choice(["auto", "bar", "json", "none"]),
        default="auto",
        show_default=True,
        help="How standard error shows the run going on: auto is a bar on a terminal, json an event a second.",
    ),
    click.option("--log", type=click.Choice(["text", "json"]), help="Log the run on standard error, a line an event."),
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        help="What is logged: debug every request and item, info (as without) the run, repeats and failures.",
    ),
    click.option("--log-file", type=_path(), metavar="FILE", help="Append the log to FILE instead."),
    click.option(
        "--telemetry",
        is_flag=True,
        help="Record spans and metrics with OpenTelemetry (nodeloom[telemetry] and opentelemetry-instrument).",
    ),
    click.option("--quiet", "-q", is_flag=True, help="No bar, no summary, no notes; errors and warnings only."),
]


def job_options(command: Command) -> Command:
    """All of them, in the order of the help."""
    for option in reversed(_JOB_OPTIONS):
        command = option(command)
    return target_arguments(command, node_required=False)


def json_option(command: Command) -> Command:
    """`--json`, which every listing has."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
