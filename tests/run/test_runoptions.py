"""One table has the options; the keywords, the signatures, the docstrings and the documents are held to it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from nodeloom import Runtime, Stop
from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.expression import Dialect
from nodeloom.plan.address import UrlValues
from nodeloom.run.optionchecks import Choice
from nodeloom.run.runoptions import (
    RUN_OPTIONS,
    RUNTIME_OPTIONS,
    Option,
    RunKeywords,
    RunOptions,
    RuntimeOptions,
    run_options,
)
from nodeloom.transport.limits import Limits
from nodeloom.transport.retry import RetryPolicy
from tests.optiontables import docstring_entry, keyword_rows

ROOT = Path(__file__).resolve().parents[2]


def joined(text: str | None) -> str:
    return " ".join((text or "").split())


def test_the_keywords_have_the_names_and_types_of_the_table() -> None:
    declared = {name: option.type for name, option in RUN_OPTIONS.items()}
    # None is a stop that nobody sets.
    assert {n: kind.__forward_arg__ for n, kind in RunKeywords.__annotations__.items()} == {
        **declared,
        "stop": "Stop | None",
    }


def test_a_runtime_has_the_arguments_and_defaults_of_the_table() -> None:
    arguments = inspect.signature(Runtime.__init__).parameters
    for name, option in RUNTIME_OPTIONS.items():
        assert (arguments[name].annotation, arguments[name].default) == (option.type, option.default), name


def test_a_plan_takes_the_options_that_matter_to_it() -> None:
    keywords = [p for p in inspect.signature(Runtime.plan).parameters.values() if p.kind is p.KEYWORD_ONLY]
    planned = {option.name: (option.type, option.default) for option in RUN_OPTIONS.values() if option.planned}
    assert {p.name: (p.annotation, p.default) for p in keywords} == planned


def test_what_the_rooms_below_do_by_themselves_is_what_the_table_says() -> None:
    defaults = {name: option.default for name, option in RUNTIME_OPTIONS.items()}
    limits = Limits()
    assert RetryPolicy().retries == defaults["retries"]
    assert (limits.read_seconds, limits.total_seconds) == (defaults["timeout"], defaults["request_timeout"])
    assert (limits.answer_bytes, limits.answer_values) == (defaults["max_answer_bytes"], defaults["max_answer_values"])


@pytest.mark.parametrize(
    ("option", "kind"), [(RUN_OPTIONS["dialect"], Dialect), (RUNTIME_OPTIONS["url_values"], UrlValues)]
)
def test_the_choices_are_those_of_the_type(option: Option, kind: Any) -> None:
    assert isinstance(option.check, Choice)
    assert tuple(option.check.choices) == get_args(kind)


@pytest.mark.parametrize(
    ("table", "described"), [(RUN_OPTIONS, Runtime.run), (RUNTIME_OPTIONS, Runtime)], ids=["run", "Runtime"]
)
def test_the_docstring_says_what_the_table_says(table: Mapping[str, Option], described: Any) -> None:
    text = joined(described.__doc__)
    assert [name for name, option in table.items() if joined(docstring_entry(option)) not in text] == []


def test_every_argument_of_a_runtime_is_in_its_docstring() -> None:
    documented = re.findall(r"^ {8}(\w+): ", Runtime.__doc__ or "", flags=re.MULTILINE)
    assert documented == [name for name in inspect.signature(Runtime.__init__).parameters if name != "self"]


@pytest.mark.parametrize(
    ("title", "table"), [("keyword", RUN_OPTIONS), ("argument", RUNTIME_OPTIONS)], ids=["run", "Runtime"]
)
def test_the_page_of_the_python_interface_has_the_table(title: str, table: Mapping[str, Option]) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = page.split(f"| {title} | default | what it does |\n|---|---|---|\n")[1].split("\n\n")[0].splitlines()
    assert rows == keyword_rows(table), "python -m tests.optiontables prints the table"


def test_there_is_one_table() -> None:
    found = [
        path.name
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"^(RUN_OPTIONS|RUNTIME_OPTIONS) = ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    ]
    assert found == ["runoptions.py"]


def test_every_default_passes_its_own_check() -> None:
    for option in (*RUN_OPTIONS.values(), *RUNTIME_OPTIONS.values()):
        if option.default is not None:
            option.check(option.name, option.default)


@pytest.mark.parametrize(
    ("make", "values", "message", "hint"),
    [
        (RunOptions, {"concurrency": 0}, "concurrency must be a whole number from 1.", "concurrency=1?"),
        (RunOptions, {"coalesce": "4"}, "coalesce must be a whole number from 1.", "coalesce=4?"),
        (RunOptions, {"break_after": -1}, "break_after must be a whole number from 0.", "break_after=0?"),
        (RunOptions, {"on_error": "contiue"}, 'on_error must be "stop" or "continue".', 'on_error="continue"?'),
        (RunOptions, {"version": "2"}, "version must be a number.", "version=2?"),
        (RunOptions, {"burst": 2}, "burst needs rate.", "Give rate too"),
        (RunOptions, {"burst": 0, "rate": 5}, "burst must be a whole number from 1.", "burst=1?"),
        (RunOptions, {"retry_failed": True}, "retry_failed needs journal.", "Give journal too"),
        (RunOptions, {"journal": ""}, "journal is empty.", "journal="),
        (RunOptions, {"stop": object()}, "stop must be a nodeloom.Stop.", "nodeloom.Stop()"),
        (RunOptions, {"observer": [1]}, "observer must be a nodeloom.Observer", "Derive"),
        (RunOptions, {"nodes": []}, "nodes must be", None),
        (RuntimeOptions, {"timeout": 0}, "timeout must be a number above 0.", "timeout=60"),
        (RuntimeOptions, {"retries": 1.5}, "retries must be a whole number from 0.", "retries=2?"),
        (RuntimeOptions, {"javascript": 1}, 'javascript must be True, False or "process".', "process"),
        (RuntimeOptions, {"timezone": "Europe/Berln"}, "timezone must be the IANA name", 'timezone="Europe/Berlin"?'),
        (RuntimeOptions, {"timezone": None}, "timezone must be the IANA name", "Europe/Berlin"),
        (RuntimeOptions, {"url_values": "Strict"}, 'url_values must be "strict" or "raw".', 'url_values="strict"?'),
    ],
)
def test_a_value_that_does_not_fit_comes_with_what_to_write(
    make: Callable[..., object], values: dict[str, Any], message: str, hint: str | None
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(**values)
    assert caught.value.message.startswith(message)
    assert caught.value.property == next(iter(values))
    assert hint is None or hint in (caught.value.hint or "")


def test_an_unknown_keyword_comes_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'concurrency'"):
        run_options({"concurency": 4})


def test_each_run_has_a_stop_of_its_own() -> None:
    first, second = run_options({"stop": None}), run_options({})
    assert isinstance(first.stop, Stop)
    assert first.stop is not second.stop
