# ruff: noqa: RUF009 - `option()` gives a field of the dataclass, as `dataclasses.field()` does.
"""The table of options: what a run and a runtime are asked for, each option declared once.

A field of `RunOptions` or `RuntimeOptions` is the declaration: its name, its type, and in `option(…)` its default, its
flag, its meaning, its group in the help, and its check. The command line is built from the tables (`cli/options.py`).
The keywords of `Runtime.run`, its docstring and the pages of docs/ are held to them by `tests/run/test_runoptions.py`.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, get_args

from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.run.optionchecks import (
    Check,
    Choice,
    FilePath,
    JavaScript,
    Number,
    Observers,
    OnOff,
    Pace,
    Share,
    Span,
    Stopping,
    TimeZone,
    assignment,
)
from nodeloom.run.stop import Stop

if TYPE_CHECKING:
    from nodeloom.expression import Dialect
    from nodeloom.plan.address import UrlValues
    from nodeloom.run.events import Observer

OnError = Literal["stop", "continue"]
GivenCredentials = Mapping[str, Any] | str | None
T = TypeVar("T")

# The classes here are made without `==` and `repr`: each method that a dataclass writes is compiled at import, which
# `nodeloom run --help` waits for, and a `repr` of a run's options would show credentials.

# Another option in the words of a help text: {rate}, or {on_error=continue} with a value.
_MENTION = re.compile(r"\{(\w+)(?:=(\w+))?\}")


class Group(enum.Enum):
    """Where an option stands in the help, in this order."""

    PARAMETERS = "Parameters"
    ITEMS = "Items"
    RUNNING = "Running"
    POLITENESS = "Politeness"
    SAFETY = "Safety"
    OUTPUT = "Output"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Switch:
    """A flag without a value that gives an option one value: `--unordered` means `ordered=False`."""

    flag: str
    value: object
    help: str

    @property
    def parameter(self) -> str:
        """The name of the command's argument: `--no-javascript` has no_javascript."""
        return self.flag.lstrip("-").replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Option:
    """One option.

    Args:
        name: the keyword in Python, and the name of the command's argument.
        type: the type of the keyword, as it is written in the source.
        default: its value if the caller does not give one.
        help: what it does. Another option in it is written {name}, or {name=value}.
        group: its group in the help.
        flag: how it is written on the command line, with the metavar of its value: `--rate N/TIME`.
        check: which values it takes.
        flag_help: what it does on the command line, if that is not the same.
        switches: flags that each give it one value, in place of `flag`.
        needs: the option without which this one means nothing.
        planned: whether it matters to a plan, for which nothing is sent.
        many: whether the flag may be repeated.
    """

    name: str
    type: str = "str"
    default: object = None
    help: str
    group: Group
    flag: str | None = None
    check: Check = Check()
    flag_help: str | None = None
    switches: tuple[Switch, ...] = ()
    needs: str | None = None
    planned: bool = False
    many: bool = False

    def check_value(self, value: object, name: str) -> None:
        """Raise ConfigurationError if the option does not take the value; `name` is the caller's word for it."""
        # A default needs no check, and some checks import much.
        if value is not self.default:
            self.check(name, value)

    @property
    def flags(self) -> list[str]:
        """The flags alone: `["--quiet", "-q"]`."""
        return [word for word in (self.flag or "").split() if word.startswith("-")]

    @property
    def metavar(self) -> str | None:
        """What stands for the value in the help."""
        words = [word for word in (self.flag or "").split() if not word.startswith("-")]
        return words[0] if words else None


def option(default: T, **declared: Any) -> T:
    """Declare a field of a table: its default, and the other members of its `Option` by name."""
    # What a dataclass reads in the place of a default.
    return field(default=default, metadata=declared)


def fresh_option(factory: Callable[[], T], **declared: Any) -> T:
    """The same for an option whose value is made for each run; its default is told as None."""
    return field(default_factory=factory, metadata=declared)


def _table_of(options: type[RunOptions | RuntimeOptions]) -> Mapping[str, Option]:
    return {
        f.name: Option(name=f.name, type=str(f.type), default=None if f.default is MISSING else f.default, **f.metadata)
        for f in fields(options)
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RunOptions:
    """What a run was asked for, checked. Raises ConfigurationError for a value that an option does not take."""

    credentials: GivenCredentials = option(
        None,
        flag="--credential [TYPE=]NAME",
        group=Group.RUNNING,
        help="The fields of a credential, or the name of a stored one, by credential type; or only the name. Without "
        "it, the default one of the node's type.",
        flag_help="The name of a stored credential. With TYPE= it may be repeated. Without it, the default one of the "
        "node's type.",
        many=True,
        planned=True,
    )
    on_error: OnError = option(
        "stop",
        flag="--on-error",
        group=Group.RUNNING,
        check=Choice(get_args(OnError)),
        help="What happens when an item fails: stop ends the run; continue gives the item a result that holds its "
        "error, and goes on.",
    )
    concurrency: int = option(
        8,
        flag="--concurrency N",
        group=Group.RUNNING,
        check=Number(least=1, whole=True, example=8),
        help="How many items are in flight at most.",
    )
    ordered: bool = option(
        True,
        group=Group.RUNNING,
        check=OnOff(),
        help="Whether results come in the order of the items, or as they are ready.",
        switches=(
            Switch(
                "--unordered",
                False,
                "Give results as they are ready, not in the order of the items: a slow item holds none back.",
            ),
        ),
    )
    in_flight_bytes: int = option(
        64 * 1024 * 1024,
        group=Group.RUNNING,
        check=Number(least=1, whole=True, example=1024 * 1024),
        help="Begin no further item while answers that were not taken yet hold so many bytes.",
    )
    # None in a call; the run then gets one of its own, so that code further down needs no second case.
    stop: Stop = fresh_option(
        Stop, group=Group.RUNNING, check=Stopping(), help="A `Stop` that ends the run early when it is set."
    )
    nodes: Mapping[str, Sequence[Any]] | None = option(
        None,
        group=Group.ITEMS,
        help='The items of other nodes, or tables, by the name of the node, for `$("Name")` in expressions.',
        planned=True,
    )
    dialect: Dialect = option(
        "author",
        group=Group.PARAMETERS,
        check=Choice(("author", "n8n")),
        help='"n8n" if the parameters were copied out of n8n, where only a text that begins with = is an expression.',
        planned=True,
    )
    version: int | float | None = option(
        None,
        flag="--node-version N",
        group=Group.PARAMETERS,
        check=Number(),
        help="The version of a node that has several. Without it, the newest.",
        flag_help="The version of a node that has several. Without it, the version of a copied node, else the newest.",
        planned=True,
    )
    coalesce: int = option(
        1,
        flag="--coalesce N",
        group=Group.RUNNING,
        check=Number(least=1, whole=True, example=50),
        help="Do up to so many items in one call, if the operation has a bulk twin. Each item keeps its own result; if "
        "a bulk call fails, its items are sent one by one. An item with If-Match is always sent alone.",
    )
    rate: str | float | None = option(
        None,
        flag="--rate N/TIME",
        group=Group.POLITENESS,
        check=Pace(),
        help="At most so many requests in a time: 20/s, 1200/min, 10/2s. A number alone is per second. Runs in one "
        "process with the same credential share it.",
    )
    burst: int | None = option(
        None,
        flag="--burst N",
        group=Group.POLITENESS,
        check=Number(least=1, whole=True, example=10),
        help="How many requests of {rate} may go at once after a pause. Without it, as many as 10 ms of the rate hold.",
        needs="rate",
    )
    adaptive: bool = option(
        True,
        flag="--adaptive/--no-adaptive",
        group=Group.POLITENESS,
        check=OnOff(),
        help="Slow down to what the service takes when it refuses requests (429, 503).",
    )
    retry_budget: str | float | None = option(
        "20%",
        flag="--retry-budget SHARE",
        group=Group.POLITENESS,
        check=Share(),
        help='What share of all requests may be repeats, besides the first 50: 20%, or 0.2. "none" is no limit.',
    )
    break_after: int = option(
        20,
        flag="--break-after N",
        group=Group.POLITENESS,
        check=Number(least=0, whole=True, example=20),
        help="With {on_error=continue}, end the run when so many items in a row failed through no fault of theirs: no "
        "connection, 5xx, 401. Eight of one kind are enough until an item succeeds. 0 never ends it.",
    )
    deadline: str | float | None = option(
        None,
        flag="--deadline TIME",
        group=Group.RUNNING,
        check=Span(),
        help="Begin no further item after this time: 90s, 2h, 1h30m. A number alone is seconds. What is in flight then "
        "has five seconds.",
    )
    observer: Observer | Sequence[Observer] | None = option(
        None,
        group=Group.OUTPUT,
        check=Observers(),
        help="An `Observer`, or several in a list, that is told how the run goes.",
    )
    journal: str | os.PathLike[str] | None = option(
        None,
        flag="--journal FILE",
        group=Group.SAFETY,
        check=FilePath(),
        help="Write down each item in this file before it is sent, and what became of it. After a crash, the same call "
        "goes on with the run: what was done is not sent again.",
    )
    retry_failed: bool = option(
        False,
        flag="--retry-failed",
        group=Group.SAFETY,
        check=OnOff(),
        help="Run again what failed according to {journal}, if it did not happen or may happen twice. Without it, a "
        "failed item keeps its error.",
        needs="journal",
    )

    def __post_init__(self) -> None:
        values = {name: getattr(self, name) for name in RUN_OPTIONS}
        for name, value in values.items():
            RUN_OPTIONS[name].check_value(value, name)
        check_needs(values)
        if self.nodes is not None:
            # Read here, because only reading finds a value that is not JSON, and that is to be refused before the run.
            from nodeloom.inputs.handover import as_nodes

            object.__setattr__(self, "nodes", as_nodes(self.nodes))

    @property
    def observers(self) -> Sequence[Observer]:
        """Who is told how the run goes."""
        given = self.observer
        return () if given is None else given if isinstance(given, Sequence) else (given,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RuntimeOptions:
    """What a runtime was made with, as far as it is a number, a text or a choice; checked as `RunOptions` is."""

    url_values: UrlValues = option(
        "strict",
        flag="--url-values",
        group=Group.SAFETY,
        check=Choice(("strict", "raw")),
        help="Whether a value may change an address: strict refuses such a value, raw writes it as n8n does.",
        planned=True,
    )
    timezone: str = option(
        "UTC",
        flag="--timezone ZONE",
        group=Group.PARAMETERS,
        check=TimeZone(),
        help="The time zone of dates in expressions, by its IANA name: Europe/Berlin.",
        planned=True,
    )
    javascript: bool | Literal["process"] = option(
        True,
        group=Group.SAFETY,
        check=JavaScript(),
        help="Whether expressions may be more than member paths and text. True: with QuickJS in this process. "
        '"process": in a process of their own, which is killed at its limit, for parameters of authors who are not '
        "trusted. "
        "False: not at all.",
        switches=(
            Switch("--no-javascript", False, "Allow only member paths and text in expressions."),
            Switch(
                "--isolate-javascript",
                "process",
                "Evaluate expressions in a process of their own, which is killed at its limit: for parameters of "
                "authors who are not trusted.",
            ),
        ),
        planned=True,
    )
    retries: int = option(
        2,
        flag="--retries N",
        group=Group.POLITENESS,
        check=Number(least=0, whole=True, example=2),
        help="How often a request is repeated, if it did not happen or may happen twice.",
    )
    timeout: float = option(
        60.0,
        flag="--timeout SECONDS",
        group=Group.POLITENESS,
        check=Number(above=0, example=60),
        help="Seconds of each wait for the service: to take what is written, to answer, for each further part.",
    )
    connect_timeout: float | None = option(
        None,
        flag="--connect-timeout SECONDS",
        group=Group.POLITENESS,
        check=Number(above=0, example=10),
        help="Seconds to connect, TLS included. Without it 10, or {timeout} if that is less.",
    )
    request_timeout: float | None = option(
        3600.0,
        flag="--request-timeout SECONDS",
        group=Group.POLITENESS,
        check=Number(above=0, example=3600),
        help="Seconds of a whole request with its answer, without its repeats.",
    )
    max_answer_bytes: int = option(
        256 * 1024 * 1024,
        group=Group.SAFETY,
        check=Number(least=1, whole=True, example=1024 * 1024),
        help="The largest answer that is read, in bytes, after decompression. Parsed it may take four times as much.",
    )
    max_answer_values: int = option(
        10_000_000,
        group=Group.SAFETY,
        check=Number(least=1, whole=True, example=1_000_000),
        help="The most values, in lists and objects, that are read of one answer in JSON.",
    )

    def __post_init__(self) -> None:
        for name, declared in RUNTIME_OPTIONS.items():
            declared.check_value(getattr(self, name), name)


RUN_OPTIONS = _table_of(RunOptions)
RUNTIME_OPTIONS = _table_of(RuntimeOptions)


class RunKeywords(TypedDict, total=False):
    """What `run`, `arun`, `stream` and `astream` take besides node, parameters and items.

    The types once more, for type checkers, which cannot read them from a table.
    """

    credentials: GivenCredentials
    on_error: OnError
    concurrency: int
    ordered: bool
    in_flight_bytes: int
    stop: Stop | None
    nodes: Mapping[str, Sequence[Any]] | None
    dialect: Dialect
    version: int | float | None
    coalesce: int
    rate: str | float | None
    burst: int | None
    adaptive: bool
    retry_budget: str | float | None
    break_after: int
    deadline: str | float | None
    observer: Observer | Sequence[Observer] | None
    journal: str | os.PathLike[str] | None
    retry_failed: bool


def run_options(keywords: Mapping[str, Any]) -> RunOptions:
    """The options that the keywords ask for. Raises UnknownNameError for an unknown keyword, and ConfigurationError."""
    for name in keywords:
        if name not in RUN_OPTIONS:
            raise UnknownNameError("keyword", name, RUN_OPTIONS, within="a run")
    return RunOptions(**{name: value for name, value in keywords.items() if (name, value) != ("stop", None)})


def check_needs(values: Mapping[str, object], spell: Callable[[str], str] = str) -> None:
    """Raise ConfigurationError for an option of a run without the one that it needs.

    `spell` gives an option's name as the caller writes it; by default the keyword.
    """
    for name, value in values.items():
        needed = RUN_OPTIONS[name].needs
        if needed and value is not RUN_OPTIONS[name].default and values.get(needed) is RUN_OPTIONS[needed].default:
            raise ConfigurationError(
                f"{spell(name)} needs {spell(needed)}.",
                property=spell(name),
                value=value,
                hint=f"Give {spell(needed)} too, or leave {spell(name)} out.",
            )


def explain(text: str, spell: Callable[[str], str] = str, *, quote: str = "") -> str:
    """A help text in which the options that it mentions are written as `spell` writes their names, between `quote`."""

    def mention(found: re.Match[str]) -> str:
        name, value = found.groups()
        return f"{quote}{spell(name) if value is None else assignment(spell(name), value)}{quote}"

    return _MENTION.sub(mention, text)
