"""`nodeloom demo`: works anywhere, and tells what it did."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Call, finish, start


@pytest.mark.slow
def test_it_works_in_a_pipe_with_no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    said = finish(start("demo"))
    assert said.code == 0, said.err
    assert said.err == ""
    for told in ("summer-sale", "There is no website link", "was changed since its ETag", "Did you mean $json.Lnk?"):
        assert told in said.out
    assert "Still there: none" in said.out
    assert "Try next:" in said.out


def test_what_it_suggests_to_try_next_exists(cli: Call) -> None:
    said = cli("demo")
    suggested = [line.split() for line in said.out.partition("Try next:")[2].splitlines() if "nodeloom" in line]
    assert suggested
    for words in suggested:
        assert cli(words[1], "--help").code == 0
