"""The arguments and options that `run` and `plan` share: the tables of runs and runtimes, as click's options.

What the command line has besides (parameters, items, output) is declared here, in the same form.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import click

from nodeloom.errors import ConfigurationError
from nodeloom.inputs.inputlimits import ITEM_BYTES
from nodeloom.run.optionchecks import Choice, FilePath, Number, OnOff
from nodeloom.run.runoptions import (
    RUN_OPTIONS,
    RUNTIME_OPTIONS,
    Group,
    Option,
    RunKeywords,
    check_needs,
    explain,
)

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("json", "ndjson", "csv")


def _option(name: str, flag: str, group: Group, text: str, **more: Any) -> Option:
    return Option(name=name, flag=flag, group=group, help=text, **more)


_COMMAND_LINE = (
    _option(
        "settings",
        "--set NAME=VALUE",
        Group.PARAMETERS,
        "A parameter, by its name or label. VALUE may hold expressions. A nested one: Options.Top=5.",
        many=True,
        planned=True,
    ),
    _option(
        "literals",
        "--literal NAME=VALUE",
        Group.PARAMETERS,
        "A parameter whose VALUE is text and never an expression.",
        many=True,
        planned=True,
    ),
    _option(
        "file_settings",
        "--set-file NAME=FILE",
        Group.PARAMETERS,
        "A parameter whose value is the text in FILE, read as {settings} reads VALUE.",
        many=True,
        planned=True,
    ),
    _option(
        "parameters",
        "--parameters FILE",
        Group.PARAMETERS,
        "Parameters as one JSON object. The options above and the arguments win over it.",
        check=FilePath(),
        planned=True,
    ),
    _option(
        "instance",
        "--instance FILE",
        Group.PARAMETERS,
        "A node copied out of n8n's editor: its type, version and parameters. NODE may be left out.",
        check=FilePath(),
        planned=True,
    ),
    _option(
        "node_name",
        "--node-name NAME",
        Group.PARAMETERS,
        "Which node of {instance}, if the file holds several.",
        planned=True,
    ),
    RUN_OPTIONS["version"],
    RUNTIME_OPTIONS["timezone"],
    _option(
        "items_from",
        "--items FILE|-",
        Group.ITEMS,
        "Items as JSON, NDJSON or CSV. - is standard input, which is also read without this option if it is a pipe or "
        "a file.",
        check=FilePath(),
        planned=True,
    ),
    _option(
        "format_",
        "--format",
        Group.ITEMS,
        "The format of the items. Without it, FILE's suffix decides, then the content.",
        check=Choice(FORMATS),
        planned=True,
    ),
    _option(
        "max_item_bytes",
        "--max-item-bytes BYTES",
        Group.ITEMS,
        "The longest item that is read. A longer one fails, and the others go on.",
        default=ITEM_BYTES,
        check=Number(least=1, whole=True, example=ITEM_BYTES),
        planned=True,
    ),
    _option(
        "max_items",
        "--max-items N",
        Group.ITEMS,
        "How many items are read at most. Without it, any number.",
        check=Number(least=1, whole=True, example=1000),
        planned=True,
    ),
    RUN_OPTIONS["credentials"],
    _option(
        "credential_types",
        "--credential-type FILE",
        Group.RUNNING,
        "A credential type besides the installed ones. It may be repeated.",
        check=FilePath(),
        many=True,
        planned=True,
    ),
    *(o for o in RUN_OPTIONS.values() if o.name not in ("version", "credentials")),
    *(o for o in RUNTIME_OPTIONS.values() if o.name != "timezone"),
    _option(
        "allowed_hosts",
        "--allow-host HOST",
        Group.SAFETY,
        "Call this host only: api.example.com, pbx.example.com:5001, *.example.com. It may be repeated.",
        many=True,
        planned=True,
    ),
    _option(
        "output",
        "--output FILE",
        Group.OUTPUT,
        "Write the results to FILE, as they come. Without it, to standard output.",
        check=FilePath(),
        planned=True,
    ),
    _option("report", "--report FILE", Group.OUTPUT, "Write the run report to FILE, as JSON.", check=FilePath()),
    _option(
        "progress",
        "--progress",
        Group.OUTPUT,
        "How standard error shows the progress of the run: auto is a bar on a terminal, json an event a second.",
        default="auto",
        check=Choice(("auto", "bar", "json", "none")),
    ),
    _option(
        "log",
        "--log",
        Group.OUTPUT,
        "Log the run on standard error, one line for each event.",
        check=Choice(("text", "json")),
    ),
    _option(
        "log_level",
        "--log-level",
        Group.OUTPUT,
        "What is logged. info, also without this option: the run, repeated requests and failed items. debug: every "
        "request and item too.",
        check=Choice(("debug", "info", "warning", "error")),
    ),
    _option(
        "log_file",
        "--log-file FILE",
        Group.OUTPUT,
        "Append the log to FILE, not to standard error.",
        check=FilePath(),
    ),
    _option(
        "telemetry",
        "--telemetry",
        Group.OUTPUT,
        "Record spans and metrics with OpenTelemetry. It needs nodeloom[telemetry] and opentelemetry-instrument.",
        default=False,
        check=OnOff(),
    ),
    _option(
        "quiet",
        "--quiet -q",
        Group.OUTPUT,
        "No bar, no summary, no notes: only errors and warnings.",
        default=False,
        check=OnOff(),
        planned=True,
    ),
)
JOB_OPTIONS: Mapping[str, Option] = {option.name: option for option in _COMMAND_LINE if option.flag or option.switches}

_COMPLETED = {
    "settings": "complete_setting",
    "literals": "complete_setting",
    "file_settings": "complete_setting",
    "credentials": "complete_credential",
}


def flag_of(name: str) -> str:
    """An option's name as the command line writes it: `--concurrency`."""
    option = JOB_OPTIONS.get(name)
    if option is None:
        return name
    return option.flags[0].partition("/")[0] if option.flag else option.switches[0].flag


class GroupedOption(click.Option):
    """An option of a table."""

    def __init__(self, words: Sequence[str], *, declared: Option, **more: Any) -> None:
        super().__init__(words, **more)
        self.declared = declared


@contextmanager
def naming_flags() -> Iterator[None]:
    """While entered, an error about an option names the flag, which the user has written, in place of the keyword."""
    try:
        yield
    except ConfigurationError as fault:
        if fault.property is not None and fault.property.startswith("-"):
            # The message begins with it.
            fault.property = None
        elif type(fault) is ConfigurationError and fault.property is not None:
            fault.property = flag_of(fault.property)
        raise


def _checked(declared: Option, value: Any) -> Any:
    """`value`, if the option takes it. Raises ConfigurationError, which names the flag."""
    with naming_flags():
        declared.check_value(value, declared.flags[0])
    return value


class _Words(click.ParamType[Any]):
    """What the option's check reads."""

    name = "text"

    def __init__(self, declared: Option) -> None:
        self._declared = declared

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """The value."""
        return _checked(self._declared, self._declared.check.read(value) if isinstance(value, str) else value)


class _Choices(click.Choice[str]):
    """One of several texts, which a shell completes."""

    def __init__(self, declared: Option, choices: Sequence[str]) -> None:
        super().__init__(choices)
        self._declared = declared

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """The text as it is."""
        return _checked(self._declared, value)


class _File(click.Path):
    """A path, which a shell completes."""

    def __init__(self, declared: Option) -> None:
        super().__init__(dir_okay=False, path_type=str)
        self._declared = declared

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as it is."""
        return super().convert(_checked(self._declared, value), param, ctx)


def _type_of(declared: Option) -> click.ParamType[Any] | None:
    """The type of an option's value; None for one that is a flag only."""
    if isinstance(declared.check, Choice):
        return _Choices(declared, declared.check.choices)
    if isinstance(declared.check, FilePath):
        return _File(declared)
    return None if isinstance(declared.check, OnOff) else _Words(declared)


def declared_options(declared: Option) -> list[Callable[[Command], Command]]:
    """The decorators that give a command a declared option: one, or one for each of its switches."""
    if declared.switches:
        return [
            click.option(s.flag, cls=GroupedOption, declared=declared, is_flag=True, help=s.help)
            for s in declared.switches
        ]
    kind = _type_of(declared)
    has_default = declared.default is not None and not declared.many
    made = click.option(
        *declared.flags,
        declared.name,
        cls=GroupedOption,
        declared=declared,
        help=explain(declared.flag_help or declared.help, flag_of),
        metavar=declared.metavar,
        type=kind,
        is_flag=kind is None,
        multiple=declared.many,
        show_default=has_default and declared.default is not False,
        shell_complete=_lazily(_COMPLETED[declared.name]) if declared.name in _COMPLETED else None,
        **({"default": declared.default} if has_default else {}),
    )
    return [made]


class GroupedCommand(click.Command):
    """A command whose help shows its options in groups."""

    def shows(self, declared: Option) -> bool:  # noqa: ARG002 - for those that show some only
        """Whether the help shows an option with its meaning."""
        return True

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section for each group, and one for what is in none."""
        sections: dict[str, list[tuple[str, str]]] = {group.value: [] for group in Group}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None and (not isinstance(parameter, GroupedOption) or self.shows(parameter.declared)):
                title = parameter.declared.group.value if isinstance(parameter, GroupedOption) else "Help"
                sections.setdefault(title, []).append(record)
        for title, records in ((title, records) for title, records in sections.items() if records):
            with formatter.section(title):
                formatter.write_dl(records)


class PlanningCommand(GroupedCommand):
    """A command that takes the options of `run` and sends nothing, so that many of them do not matter to it."""

    def shows(self, declared: Option) -> bool:
        """Whether the option matters."""
        return declared.planned

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options that matter, and the names of the others."""
        super().format_options(ctx, formatter)
        ignored = [o.opts[0] for o in self.params if isinstance(o, GroupedOption) and not o.declared.planned]
        with formatter.section("Taken as by `nodeloom run`, and ignored"):
            width = formatter.width - formatter.current_indent
            for line in textwrap.wrap(", ".join(ignored), width, break_on_hyphens=False):
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


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


def job_options(command: Command) -> Command:
    """NODE, RESOURCE and OPERATION, and all options of the tables."""
    decorators = [each for declared in JOB_OPTIONS.values() for each in declared_options(declared)]
    for decorate in reversed(decorators):
        command = decorate(command)
    return target_arguments(command, node_required=False)


def read_options(options: Mapping[str, Any], table: Mapping[str, Option]) -> dict[str, Any]:
    """What the command line says about the options of a table, by keyword."""
    found = {}
    for name, declared in table.items():
        if declared.switches:
            chosen = (s.value for s in declared.switches if options[s.parameter])
            found[name] = next(chosen, declared.default)
        elif declared.flag:
            found[name] = options[name]
    return found


def run_keywords(options: Mapping[str, Any]) -> RunKeywords:
    """The keywords of the run that the options ask for. Raises ConfigurationError for options that do not go together.

    The credentials and the version are as they were written; the job says what they mean.
    """
    keywords = read_options(options, RUN_OPTIONS)
    with naming_flags():
        check_needs(keywords, flag_of)
    return cast(RunKeywords, keywords)  # the table's names, with values that its checks have passed


def json_option(command: Command) -> Command:
    """`--json`, which every listing has."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
