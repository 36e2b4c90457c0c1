"""Names and messages of others never act on a terminal: every command, standard output and error alike."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.cli.columns import columns
from nodeloom.errors import NodeloomError
from nodeloom.importers.filing import file_stem
from nodeloom.printable import escaped, escaped_lines, json_text, one_line
from tests.cli.conftest import Call, Said

# Clears the screen, sets the title, a C1 sequence, turns the reading direction, hides text, begins a line of its own.
EVIL = "a\x1b[2J\x1b]0;title\x07\x9b31m\u202egnp\u2066\u200b\ufeff\U000e0041\x00\x7f\r\nerror: forged <b>|`"
# Half of a surrogate pair, which JSON can say and UTF-8 cannot; descriptors with it are refused.
HALF = "\ud800"
SHOWN = "a\\x1b[2J"


def node(name: str = "evil") -> dict[str, Any]:
    """A node all of whose names are hostile."""
    return {
        "name": name,
        "displayName": EVIL,
        "description": EVIL,
        "group": ["transform"],
        "version": 1,
        "defaults": {"name": EVIL},
        "inputs": ["main"],
        "outputs": ["main"],
        "credentials": [],
        "requestDefaults": {"baseURL": "http://127.0.0.1:1"},
        "properties": [
            {
                "displayName": EVIL,
                "name": "operation",
                "type": "options",
                "noDataExpression": True,
                "options": [
                    {
                        "name": f"Op {EVIL}",
                        "value": f"op {EVIL}",
                        "action": EVIL,
                        "description": EVIL,
                        "routing": {"request": {"method": "GET", "url": "/x"}},
                    }
                ],
            },
            {
                "displayName": f"Field {EVIL}",
                "name": f"field {EVIL}",
                "type": "options",
                "description": EVIL,
                "options": [{"name": EVIL, "value": EVIL}],
                "displayOptions": {"show": {"operation": [f"op {EVIL}"]}},
                "routing": {"send": {"type": "query", "property": "q"}},
            },
        ],
    }


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    path = tmp_path / "evil.json"
    path.write_text(json.dumps(node()))
    return path


def is_safe(text: str) -> bool:
    """Judged by Unicode's own categories, not by the list that is under test."""
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or is_bidi(c) for c in text if c not in "\n\t")


def is_bidi(character: str) -> bool:
    kinds = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    return unicodedata.bidirectional(character) in kinds or character in "\u200e\u200f\u061c"


def check(said: Said) -> None:
    assert is_safe(said.out), said.out
    assert is_safe(said.err), said.err
    lines = (said.out + said.err).splitlines()
    assert not [line for line in lines if line.startswith("error: forged")]


@pytest.mark.parametrize(
    "arguments",
    [
        ["describe", "NODE"],
        ["describe", "NODE", "--json"],
        ["describe", "NODE", "OP"],
        ["describe", "NODE", "OP", "--json"],
        ["describe", "NODE", "OP", "--json-schema"],
        ["describe", "NODE", "none"],
        ["search", "op", "--node", "NODE"],
        ["search", "op", "--node", "NODE", "--json"],
        ["plan", "NODE", "OP"],
        ["plan", "NODE", "OP", "--curl"],
        ["plan", "NODE", "OP", "--set", f"nothing {EVIL[:40]}=x"],
        ["plan", "NODE", "OP", "--set", f"field={EVIL[:40]}", "--curl"],
        ["plan", "NODE", "OP", "--set", f"field={EVIL[:40]}"],
        ["run", "NODE", "OP"],
        ["validate", "NODE"],
        ["validate", "NODE", "--kind", EVIL[:40]],
        ["choices", "NODE", "OP", "--property", EVIL[:40]],
        [EVIL[:40]],
        ["describe", f"--{EVIL[:40]}"],
        ["describe", EVIL[:40].replace("\0", "")],
        ["validate", EVIL[:40].replace("\0", "")],
        ["import", "n8n", EVIL[:40].replace("\0", "")],
        ["import", "openapi", EVIL[:40].replace("\0", "")],
    ],
    ids=lambda a: " ".join(a)[:24].encode("unicode_escape").decode(),
)
def test_no_command_lets_a_name_act_on_the_terminal(arguments: list[str], evil: Path, cli: Call) -> None:
    given_ = [str(evil) if a == "NODE" else f"op {EVIL}" if a == "OP" else a for a in arguments]
    check(cli(*given_))


def test_what_validation_finds_is_safe_to_show(tmp_path: Path, cli: Call) -> None:
    broken = {**node(), "properties": [{"name": EVIL, "displayName": EVIL, "type": "string", "displayOptions": EVIL}]}
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken))
    said = cli("validate", str(path))
    check(said)
    assert (said.code, SHOWN in said.out) == (2, True)
    said = cli("validate", str(path), "--json")
    check(said)
    assert json.loads(said.out)[0]["ok"] is False


@pytest.mark.parametrize("text", ['{"a": "\x1b[2J\u202e', '{"\x9b2J": 1, "\x9b2J"', "a: [\u202e", "a: !!\u202e x"])
def test_a_broken_document_is_shown_without_what_is_in_it(text: str, tmp_path: Path, cli: Call) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(text)
    for command in (["validate"], ["import", "openapi"]):
        said = cli(*command, str(path))
        check(said)
        assert said.code == 2


def test_half_of_a_surrogate_pair_is_shown_as_such(tmp_path: Path, cli: Call) -> None:
    path = tmp_path / "half.json"
    path.write_text(json.dumps({**node(), "displayName": HALF}))
    for arguments in (["validate", str(path)], ["validate", str(path), "--json"], ["describe", str(path)]):
        said = cli(*arguments)
        check(said)
        assert said.code in (0, 2)
    document = {"openapi": "3.0.0", "info": {"title": HALF}, "paths": {f"/{HALF}": {"get": {"tags": [HALF]}}}}
    path.write_text(json.dumps(document))
    check(cli("import", "openapi", str(path), "--docs", "page.md"))


def test_an_imported_document_is_safe_in_the_report_the_files_and_the_page(tmp_path: Path, cli: Call) -> None:
    operation = {
        "tags": [EVIL],
        "operationId": EVIL,
        "parameters": [{"in": "query", "name": EVIL, "required": True, "schema": {"enum": [EVIL, "b"]}}],
        "security": [{EVIL: []}, {"b": []}, {"B": []}, {"../b": []}],
    }
    schemes = {name: {"type": "http", "scheme": "bearer"} for name in (EVIL, "b", "B", "../b")}
    raw = {
        "openapi": "3.0.0",
        "info": {"title": f"../{EVIL}"},
        "servers": [{"url": "https://x.test"}, {"url": EVIL}],
        "paths": {f"/{EVIL}": {"get": operation}, "/x": {"get": {"tags": ["x"], "parameters": [{"$ref": EVIL}]}}},
        "components": {"securitySchemes": schemes},
    }
    source = tmp_path / "api.json"
    source.write_text(json.dumps(raw))
    for extra in ([], ["--json", "--force"]):
        said = cli("import", "openapi", str(source), "--docs", str(tmp_path / "page.md"), *extra)
        assert said.code == 0, said.err
        check(said)
    written = [Path(name) for name in json.loads(said.out)["files"]]
    credentials = sorted(path.name for path in written if path.parent.name == "credentials")
    assert len({name.casefold() for name in credentials}) == 4
    for path in written:
        assert path.resolve().is_relative_to(tmp_path)
        assert path.name == escaped(path.name)
        assert is_safe(path.read_text("utf-8")), path
    page = (tmp_path / "page.md").read_text("utf-8")
    assert "<b>" not in page
    assert not [line for line in page.splitlines() if line.startswith("error")]
    assert cli("validate", str(written[0])).code == 0
    check(cli("describe", str(written[0].parent)))


def test_an_imported_package_is_safe_in_the_report_and_the_files(tmp_path: Path, cli: Call) -> None:
    (tmp_path / "dump.json").write_text(json.dumps([{**node(), "name": EVIL}, {**node(), "name": f"{EVIL}B"}]))
    said = cli("import", "n8n", "dump.json", "--output", "out")
    check(said)
    assert said.code == 0
    for path in (tmp_path / "out").rglob("*.json"):
        assert file_stem(path.stem.partition(".")[0]) == path.stem
        assert is_safe(path.read_text("utf-8"))


def test_credential_types_and_credentials_are_listed_safely(
    cli: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NODELOOM_CREDENTIAL_X", json.dumps({"type": EVIL, EVIL: EVIL}))
    for command in ("list", "types"):
        check(cli("credentials", command))
        check(cli("credentials", command, "--json"))
    check(cli("credentials", "test", EVIL[:40]))
    check(cli("credentials", "remove", EVIL[:40]))


PLUGIN = """
import pluggy
hookimpl = pluggy.HookimplMarker("nodeloom")
raise RuntimeError({evil!r})
"""


def test_a_plugin_that_failed_is_listed_safely(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    information = folder / "evil-1.dist-info"
    information.mkdir(parents=True)
    (folder / "evil_plugin.py").write_text(PLUGIN.format(evil=EVIL))
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\x1b[2J\n")
    (information / "entry_points.txt").write_text("[nodeloom]\nevil = evil_plugin\n")
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from nodeloom.cli import main; sys.exit(main())"
    for extra in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-c", code, "plugins", *extra], capture_output=True, check=False, timeout=60
        )
        said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
        check(said)
        assert "evil" in said.out
        assert said.code == 2


def test_an_error_says_its_own_text_only() -> None:
    """Also where it is logged: `str()` of every error is safe, `message` is the text as it is."""
    error = NodeloomError(f"x {EVIL}{HALF}", hint=EVIL, path=EVIL, property=EVIL, expression=EVIL, value=EVIL)
    assert is_safe(str(error))
    assert EVIL in error.message


def test_only_one_module_writes_to_the_terminal() -> None:
    """What is written elsewhere would not be made safe: results (sink), the version, and the completion's script."""
    folder = Path(__file__).resolve().parents[2] / "src" / "nodeloom" / "cli"
    writes = {"echo", "secho", "prompt", "confirm", "print", "echo_via_pager"}
    found = set()
    for path in folder.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call):
                name = getattr(call.func, "attr", getattr(call.func, "id", ""))
                owner = getattr(getattr(call.func, "value", None), "id", "")
                if (owner == "click" and name in writes) or (name == "print" and not owner):
                    found.add(path.name)
    assert found == {"terminal.py", "completion.py"}


# -- the rule itself --------------------------------------------------------------------------------------------------


@given(st.text(st.characters()))
def test_text_is_escaped_once_and_for_all(text: str) -> None:
    for rule in (escaped, escaped_lines, one_line):
        shown = rule(text)
        assert is_safe(shown)
        assert rule(shown) == shown
    assert "\n" not in escaped(text) + one_line(text)
    assert escaped_lines(text).count("\n") == text.count("\n")


@given(st.text(st.characters()), st.sampled_from([None, 2]))
def test_json_stays_json_and_means_the_same(text: str, indent: int | None) -> None:
    written = json_text({text: [text]}, indent)
    assert is_safe(written)
    assert json.loads(written) == {text: [text]}
    written.encode()


@pytest.mark.parametrize(("compact", "indent"), [(True, None), (False, None), (False, 2)])
def test_a_number_that_json_does_not_have_is_null(compact: bool, indent: int | None) -> None:
    """As JSON.stringify has it: a node's own calculation may come to NaN."""
    written = json_text({"a": [float("nan"), float("-inf"), 1.5]}, indent, compact=compact)
    assert json.loads(written, parse_constant=pytest.fail) == {"a": [None, None, 1.5]}


@pytest.mark.parametrize("text", ["Größe", "日本語\u3000名", "مرحبا", "می\u200cخواهم", "👩\u200d💻", "a\u00a0b", "→ ×"])
def test_text_of_every_script_stays_as_it_is(text: str) -> None:
    assert one_line(text) == escaped(text) == text


def test_one_overlong_name_does_not_make_a_listing_wide() -> None:
    lines = columns([("x" * 100_000, "a"), ("y", "b")])
    assert len(lines[1]) < 300


@given(st.text(st.characters(), max_size=40))
def test_a_file_stem_is_a_name_everywhere(name: str) -> None:
    stem = file_stem(name)
    assert stem.isascii()
    assert set(stem) & set("/\\:. \0") == set()
    assert not stem.startswith("-")
    assert stem.casefold() not in ("con", "nul", "com1")
