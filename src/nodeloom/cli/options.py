"""The arguments and options that `run` and `plan` share: the tables of runs and runtimes, as click's options.

What the command line has besides (parameters, items, output) is declared here, in the same form.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

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

Command = TypeVar("Command", bound=Callable[..., int] | click.Command)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from nodeloom.cli.namecompletion import Complete

FORMATS = ("json", "ndjson", "csv")


_COMMAND_LINE = (
    Option(
        name="settings",
        flag="--set NAME=VALUE",
        group=Group.PARAMETERS,
        help="A parameter, by its name or label. VALUE may hold expressions. A nested one: Options.Top=5.",
        many=True,
        planned=True,
    ),
    Option(
        name="literals",
        flag="--literal NAME=VALUE",
        group=Group.PARAMETERS,
        help="A parameter whose VALUE is text and never an expression.",
        many=True,
        planned=True,
    ),
    Option(
        name="file_settings",
        flag="--set-file NAME=FILE",
        group=Group.PARAMETERS,
        help="A parameter whose value is the text in FILE, read as {settings} reads VALUE.",
        many=True,
        planned=True,
    ),
    Option(
        name="parameters",
        flag="--parameters FILE",
        group=Group.PARAMETERS,
        help="Parameters as one JSON object. The options above and the arguments win over it.",
        check=FilePath(),
        planned=True,
    ),
    Option(
        name="instance",
        flag="--instance FILE",
        group=Group.PARAMETERS,
        help="A node copied out of n8n's editor: its type, version and parameters. NODE may be left out.",
        check=FilePath(),
        planned=True,
    ),
    Option(
        name="node_name",
        flag="--node-name NAME",
        group=Group.PARAMETERS,
        help="Which node of {instance}, if the file holds several.",
        planned=True,
    ),
    RUN_OPTIONS["version"],
    RUNTIME_OPTIONS["timezone"],
    Option(
        name="items_from",
        flag="--items FILE|-",
        group=Group.ITEMS,
        help="Items as JSON, NDJSON or CSV. - is standard input, which is also read without this option if it is a "
        "pipe or a file.",
        check=FilePath(),
        planned=True,
    ),
    Option(
        name="format_",
        flag="--format",
        group=Group.ITEMS,
        help="The format of the items. Without it, FILE's suffix decides, then the content.",
        check=Choice(FORMATS),
        planned=True,
    ),
    Option(
        name="max_item_bytes",
        flag="--max-item-bytes BYTES",
        group=Group.ITEMS,
        help="The longest item that is read. A longer one fails, and the others go on.",
        default=ITEM_BYTES,
        check=Number(least=1, whole=True, example=ITEM_BYTES),
        planned=True,
    ),
    Option(
        name="max_items",
        flag="--max-items N",
        group=Group.ITEMS,
        help="How many items are read at most. Without it, any number.",
        check=Number(least=1, whole=True, example=1000),
        planned=True,
    ),
    RUN_OPTIONS["credentials"],
    Option(
        name="credential_types",
        flag="--credential-type FILE",
        group=Group.RUNNING,
        help="A credential type besides the installed ones. It may be repeated.",
        check=FilePath(),
        many=True,
        planned=True,
    ),
    *(o for o in RUN_OPTIONS.values() if o.name not in ("version", "credentials")),
    *(o for o in RUNTIME_OPTIONS.values() if o.name != "timezone"),
    Option(
        name="allowed_hosts",
        flag="--allow-host HOST",
        group=Group.SAFETY,
        help="Call this host only: api.example.com, pbx.example.com:5001, *.example.com. It may be repeated.",
        many=True,
        planned=True,
    ),
    Option(
        name="output",
        flag="--output FILE",
        group=Group.OUTPUT,
        help="Write the results to FILE, as they come. Without it, to standard output.",
        check=FilePath(),
        planned=True,
    ),
    Option(
        name="report",
        flag="--report FILE",
        group=Group.OUTPUT,
        help="Write the run report to FILE, as JSON.",
        check=FilePath(),
    ),
    Option(
        name="progress",
        flag="--progress",
        group=Group.OUTPUT,
        help="How standard error shows the progress of the run: auto is a bar on a terminal, json an event a second.",
        default="auto",
        check=Choice(("auto", "bar", "json", "none")),
    ),
    Option(
        name="log",
        flag="--log",
        group=Group.OUTPUT,
        help="Log the run on standard error, one line for each event.",
        check=Choice(("text", "json")),
    ),
    Option(
        name="log_level",
        flag="--log-level",
        group=Group.OUTPUT,
        help="What is logged. info, also without this option: the run, repeated requests and failed items. debug: "
        "every request and item too.",
        check=Choice(("debug", "info", "warning", "error")),
    ),
    Option(
        name="log_file",
        flag="--log-file FILE",
        group=Group.OUTPUT,
        help="Append the log to FILE, not to standard error.",
        check=FilePath(),
    ),
    Option(
        name="telemetry",
        flag="--telemetry",
        group=Group.OUTPUT,
        help="Record spans and metrics with OpenTelemetry. It needs nodeloom[telemetry] and opentelemetry-instrument.",
        default=False,
        check=OnOff(),
    ),
    Option(
        name="quiet",
        flag="--quiet -q",
        group=Group.OUTPUT,
        help="No bar, no summary, no notes: only errors and warnings.",
        default=False,
        check=OnOff(),
        planned=True,
    ),
)
# Some keywords have no flag, because a shell has no objects: a stop, an observer, items of other nodes.
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


def _check(declared: Option, value: object) -> None:
    """Raise ConfigurationError, which names the flag, if the option does not take the value."""
    with naming_flags():
        declared.check_value(value, declared.flags[0])


# click's own types would refuse a value in words of their own, so these leave that to the option's check, which a call
# from Python meets too.


class _Words(click.ParamType[object]):
    """What the option's check reads."""

    name = "text"

    def __init__(self, declared: Option) -> None:
        self._declared = declared

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:  # noqa: ARG002
        """The value."""
        meant = self._declared.check.read(value) if isinstance(value, str) else value
        _check(self._declared, meant)
        return meant


class _Choices(click.Choice[str]):
    """One of several texts, which a shell completes."""

    def __init__(self, declared: Option, choices: Sequence[str]) -> None:
        super().__init__(choices)
        self._declared = declared

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """The text as it is."""
        _check(self._declared, value)
        return value


class _File(click.Path):
    """A path, which a shell completes."""

    def __init__(self, declared: Option) -> None:
        super().__init__(dir_okay=False, path_type=str)
        self._declared = declared

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """The path as it is."""
        _check(self._declared, value)
        return super().convert(value, param, ctx)


def _type_of(declared: Option) -> _Choices | _File | _Words | None:
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
        # Not False: click then takes an option without a default for one whose value may be left out.
        is_flag=True if kind is None else None,
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
            # click's own wrapping would break a line within --retry-failed.
            width = formatter.width - formatter.current_indent
            for line in textwrap.wrap(", ".join(ignored), width, break_on_hyphens=False):
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def _lazily(name: str) -> Complete:
    """A completion function that is imported when a shell asks."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from nodeloom.cli import namecompletion

        found: list[CompletionItem] = getattr(namecompletion, name)(ctx, param, incomplete)
        return found

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
    found: dict[str, Any] = {}
    for name, declared in table.items():
        if declared.switches:
            # The stricter flag stands first in the table, and wins if both are given.
            chosen = (s.value for s in declared.switches if options[s.parameter])
            found[name] = next(chosen, declared.default)
        elif declared.flag:
            found[name] = options[name]
    return found


def run_keywords(options: Mapping[str, object]) -> RunKeywords:
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
