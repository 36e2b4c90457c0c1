"""Streams as other systems and callers have them: closed, in another encoding, or with nobody at the other end."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.cli import main, sink, terminal
from nodeloom.errors import ConfigurationError
from nodeloom.printable import ascii_json, json_text
from tests.cli.conftest import DELETE, TARGET, Call, command

ODD = {"name": "é ü \x81 → 😀 \x7f"}


def in_words(*arguments: str, closed: int | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command line in a process of its own, with one of the three streams closed."""
    return subprocess.run(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        env={**os.environ, **environment},
        preexec_fn=None if closed is None else lambda: os.close(closed),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "closed", "code"),
    [
        (("--version",), 1, 0),
        (("nodes",), 1, 0),
        (("nodes",), 2, 0),
        (("describe", "nothing"), 2, 2),
        (("demo",), 1, 0),
        (("plan", *TARGET, "List Weblink"), 0, 2),
        (("run", *DELETE, "--set", "Link=x"), 0, 2),
        (("run", *DELETE, "--set", "Link=x"), 2, 2),
        (("credentials", "encrypt"), 0, 2),
        (("credentials", "encrypt"), 1, 2),
        (("credentials", "encrypt"), 2, 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_closed_stream_is_no_traceback(arguments: tuple[str, ...], closed: int, code: int) -> None:
    """Nor does it change what the command comes to."""
    done = in_words(*arguments, closed=closed)
    assert b"Traceback" not in done.stderr
    assert done.returncode == code


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "httpBearerAuth", "--set", "token=x"),
        ("add", "httpBearerAuth", "--secrets-from-stdin"),
        ("rekey", "--new-passphrase-from-stdin"),
        ("remove", "office"),
    ],
    ids=" ".join,
)
def test_nobody_is_asked_over_a_closed_standard_input(arguments: tuple[str, ...]) -> None:
    done = in_words("credentials", *arguments, closed=0)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "encoding"),
    [
        (("nodes",), "ascii"),
        (("demo",), "cp437"),
        (("describe", *TARGET), "ascii"),
        (("describe", *TARGET), "cp1252"),
        (("search", "link"), "cp437"),
        (("--help",), "cp1252"),
        (("credentials", "types"), "ascii"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_terminal_that_does_not_know_all_of_unicode_gets_what_it_knows(
    arguments: tuple[str, ...], encoding: str
) -> None:
    """As on a Windows whose code page is its country's."""
    done = in_words(*arguments, PYTHONIOENCODING=encoding)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert done.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", ["latin-1", "cp437", "cp1252", "utf-8"])
def test_json_is_json_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    r"""`\xe9` and `\U0001f600` are Python's escapes, and JSON has no such."""
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding))
    terminal.show_json(ODD)
    assert json.loads(out.getvalue().decode(encoding)) == ODD


@pytest.mark.slow
@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_in_ascii_says_the_same(value: object) -> None:
    text = ascii_json(json_text(value))
    assert text.isascii()
    assert json.loads(text) == value


class Gone(io.BytesIO):
    """A pipe whose reader has left, as Windows tells it."""

    def write(self, _content: object) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


@pytest.mark.parametrize("windows", [True, False])
def test_a_reader_that_left_is_known_by_its_name_on_windows(windows: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says EINVAL there, which is a fault elsewhere."""
    monkeypatch.setattr(terminal, "_WINDOWS", windows)
    monkeypatch.setattr(sink, "_stdout", Gone)
    results = sink.Sink()
    assert not results.write([b"x" * 100_000])
    assert results.closed_by_reader is windows


def test_a_file_of_an_impossible_name_is_no_reader_that_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows says EINVAL of both."""
    monkeypatch.setattr(terminal, "_WINDOWS", True)
    assert not terminal.is_reader_gone(OSError(errno.EINVAL, "Invalid argument", "a?b"))
    assert terminal.is_reader_gone(BrokenPipeError())


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"one\r\ntwo", "one\r\ntwo"), (b"\xef\xbb\xbfone", "one"), ("grüße".encode(), "grüße"), (b"", "")],
)
def test_text_given_on_standard_input_is_utf_8(content: bytes, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the locale says; a byte order mark, which PowerShell writes, is no part of it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="cp1252"))
    assert terminal.read_standard_input() == text
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="cp1252"))
    assert terminal.read_standard_input(one_line=True) == "".join(text.splitlines(keepends=True)[:1])


def test_what_is_no_utf_8_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"canary \xff"), encoding="utf-8"))
    with pytest.raises(ConfigurationError, match="not UTF-8") as caught:
        terminal.read_standard_input()
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_call_within_a_process_minds_no_closed_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Windows program without a console has none of the three."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(["nodes"]) == 0
    assert main(["describe", "nothing"]) == 2


@pytest.mark.parametrize("arguments", [["add", "threeCxApi"], ["remove", "office"]])
def test_an_error_after_a_question_without_an_answer_has_a_line_of_its_own(
    arguments: list[str], cli: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODELOOM_CREDENTIALS", str(tmp_path / "credentials.toml"))
    fields = json.dumps({"serverUrl": "https://pbx.test", "clientId": "a", "clientSecret": "b"})
    assert cli("credentials", "add", "threeCxApi", "--name", "office", "--secrets-from-stdin", stdin=fields).code == 0
    said = cli("credentials", *arguments)
    assert said.code == 2
    assert [line for line in said.err.splitlines() if line.startswith("error: ")] != []
