# ruff: noqa: T201 - it prints when it is run
"""The options as the documents tell them, made of the tables; `python -m tests.optiontables` prints it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nodeloom.cli.options import JOB_OPTIONS, flag_of
from nodeloom.inputs.inputlimits import size_text
from nodeloom.run.runoptions import RUN_OPTIONS, RUNTIME_OPTIONS, Group, Option, explain


def default_of(option: Option) -> str:
    """`8`, `"stop"`, `64 MiB`, as Python writes it."""
    if option.name.endswith("_bytes") and isinstance(option.default, int):
        return size_text(option.default)
    return f'"{option.default}"' if isinstance(option.default, str) else f"{option.default}"


def docstring_entry(option: Option) -> str:
    """`concurrency: How many items are in flight at most. Default: 8.`"""
    told = f"{option.name}: {explain(option.help, quote='`')}"
    return told if option.default is None else f"{told} Default: {default_of(option)}."


def keyword_rows(table: Mapping[str, Option]) -> list[str]:
    """The rows of docs/api.md."""
    return [f"| `{o.name}` | `{default_of(o)}` | {explain(o.help, quote='`')} |" for o in table.values()]


def flag_rows(group: Group, options: Iterable[Option] = tuple(JOB_OPTIONS.values())) -> list[str]:
    """The rows of docs/cli.md for one group."""
    rows = []
    for option in options:
        if option.group is not group:
            continue
        if option.switches:
            rows += [f"| `{s.flag}` | {s.help} |" for s in option.switches]
            continue
        choices = getattr(option.check, "choices", None)
        value = option.metavar or ("\\|".join(choices) if choices else None)
        flags = [f for flag in option.flags for f in flag.split("/")]
        words = ", ".join(f"`{flag} {value}`" if value else f"`{flag}`" for flag in flags)
        told = explain(option.flag_help or option.help, flag_of, quote="`")
        rows.append(f"| {words} | {told}{_told_default(option)} |")
    return [row.replace("FILE|-", "FILE\\|-") for row in rows]


def _told_default(option: Option) -> str:
    if option.default is None or option.default is False:
        return ""
    default = flag_of(option.name) if option.default is True else option.default
    size = f" ({default_of(option)})" if option.name.endswith("_bytes") else ""
    return f" Default: `{default}`{size}."


if __name__ == "__main__":
    for table in (RUN_OPTIONS, RUNTIME_OPTIONS):
        print(*map(docstring_entry, table.values()), "", *keyword_rows(table), "", sep="\n")
    for each in Group:
        print(each.value, *flag_rows(each), "", sep="\n")
