"""The fuzz targets run without the fuzzer, and what they found stays mended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.recording import Laboratory
from fuzz.run import NAMES
from fuzz.targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodeloom.expression.analysis import facts_of
from nodeloom.expression.rewrite import Block, build_program
from nodeloom.expression.syntax import parse_expression

ROOT = Path(__file__).resolve().parents[1]

FINDS = [
    # A document that breaks off behind a line feed.
    ("descriptor", b"$[\n"),
]


def test_every_target_can_be_run() -> None:
    assert tuple(TARGETS) == NAMES


def test_the_laboratory_has_the_helpers_that_programs_take() -> None:
    code = "1 + 1"
    tree = parse_expression(code)
    recording = Laboratory().printed(build_program([Block(code, 0, tree, facts_of(tree))]))
    assert recording is not None
    assert recording.outcome == "value 2"


@pytest.mark.parametrize(("name", "data"), FINDS)
def test_what_was_found_stays_mended(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(data=st.binary(max_size=80))
def test_programs_keep_their_promises(data: bytes) -> None:
    """A program that goes to its limit costs a new engine, so there are few."""
    TARGETS["engine"](data)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "engine"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=80))
def test_documents_keep_their_promises(name: str, data: bytes) -> None:
    TARGETS[name](data)


def test_a_find_can_be_repeated_without_the_fuzzer(tmp_path: Path) -> None:
    (tmp_path / "find").write_bytes(b"\x01\x02\x03")
    command = [sys.executable, str(ROOT / "fuzz" / "run.py"), "--repeat", str(tmp_path / "find"), "descriptor"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "nothing found\n"


def test_a_target_runs_on_random_inputs_without_the_fuzzer(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "fuzz" / "run.py"),
        "--seed",
        "1",
        "--seconds",
        "0",
        "--folder",
        str(tmp_path),
    ]
    done = subprocess.run([*command, "javascript"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("javascript: ")


def test_a_target_that_is_not_there_is_named() -> None:
    command = [sys.executable, str(ROOT / "fuzz" / "run.py"), "tempalte"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"there is no target 'tempalte'; known: {', '.join(NAMES)}" in done.stderr
