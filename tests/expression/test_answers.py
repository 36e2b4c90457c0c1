"""Every extension method and every `$` name: what n8n 2.41 answers, for inputs of our own (`answers.txt`)."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from nodeloom.errors import ExpressionError
from nodeloom.expression import UNDEFINED
from nodeloom.expression.modules import boot_sources
from nodeloom.expression.rewrite import EXTENSIONS
from nodeloom.expressions import Engines, evaluate

ITEM = {"name": "Ann", "n": 3, "list": [{"k": 1}, {"k": 2}]}
PARAMETERS = {"own": 5, "made": "={{ $json.n + 1 }}"}
ENGINES = Engines()


def _answers() -> dict[str, list[tuple[str, str]]]:
    """Code and answer, by heading."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    heading = ""
    for line in (Path(__file__).with_name("answers.txt")).read_text("utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line and not line.startswith("#"):
            code, _, answer = line.rpartition(" -> ")
            found[heading].append((code, answer))
    return found


ANSWERS = _answers()


def _given(code: str) -> object:
    try:
        return evaluate(
            f"={{{{ {code} }}}}",
            items=[{"json": ITEM}],
            parameters=PARAMETERS,
            timezone="America/New_York",
            dialect="n8n",
            engines=ENGINES,
        )
    except ExpressionError:
        return ExpressionError


def _agrees(answer: str, given: Any) -> bool:
    """Whether `given` is what `answer` says."""
    word, _, moment = answer.partition(" ")
    if answer == "error":
        return given is ExpressionError
    if answer == "undefined":
        return given is UNDEFINED
    if answer == "NaN":
        return isinstance(given, float) and math.isnan(given)
    if word in ("date", "datetime"):
        if moment == "invalid" or not isinstance(given, datetime.datetime):
            return moment == "invalid" and given is None
        expected = datetime.datetime.fromisoformat(moment.replace("Z", "+00:00"))
        return given == expected and (word == "date" or given.utcoffset() == expected.utcoffset())
    expected = json.loads(answer)
    if isinstance(expected, float):
        return isinstance(given, float) and math.isclose(given, expected, rel_tol=1e-12)
    return given is not UNDEFINED and type(given) is type(expected) and bool(given == expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_is_n8ns(name: str) -> None:
    """Text, numbers, lists, dates and failures alike."""
    wrong = [(code, answer, given) for code, answer in ANSWERS[name] if not _agrees(answer, given := _given(code))]
    assert wrong == []


def test_every_method_and_every_name_has_answers() -> None:
    """A new one without them would not be noticed otherwise. What stands beside its like has no heading of its own."""
    named = set(re.findall(r'(?:define|constant)\("(\$\w+)"', "".join(boot_sources())))
    code = " ".join(code for cases in ANSWERS.values() for code, _ in cases)
    mentioned = set(re.findall(r"\$\w+", code))
    assert {name for name in EXTENSIONS if not re.search(rf"\.{name}\(", code)} == set()
    assert named - mentioned == set()
