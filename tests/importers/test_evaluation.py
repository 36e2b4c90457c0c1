"""A package's code reaches nothing, ends within its limits, and cannot bend what is read out of it."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodeloom import isolation
from nodeloom.errors import DescriptorError
from nodeloom.importers import process
from nodeloom.importers.archive import Limits
from nodeloom.importers.evaluation import boot_source
from nodeloom.importers.n8n import ImportResult, import_package
from tests.importers.packing import module, one_node

LIMITS = Limits(seconds=1.0, memory_bytes=64 * 1024 * 1024)
#: For what has no end.
SHORT = Limits(seconds=0.3, memory_bytes=64 * 1024 * 1024)


def load(folder: Path, before: str = "", inside: str = "", **files: str) -> ImportResult:
    return import_package(one_node(folder / "p.tgz", module(before, inside), **files), limits=LIMITS)


def endless(folder: Path, before: str = "", inside: str = "") -> DescriptorError:
    """What is said against code that has no end."""
    with pytest.raises(DescriptorError) as caught:
        import_package(one_node(folder / "p.tgz", module(before, inside)), limits=SHORT)
    return caught.value


def outcome(folder: Path, code: str) -> str:
    """The report, or the error in its place."""
    try:
        return "\n".join(load(folder, code).report.lines())
    except DescriptorError as fault:
        return fault.message


def refusal(result: ImportResult) -> str:
    assert result.files == {}
    return result.report.nodes[0].refused or ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "for (;;);",
        "try { for (;;); } catch (e) { for (;;); } finally { for (;;); }",
        "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
        "/^(a+)+$/.test('a'.repeat(60) + 'b');",
    ],
)
def test_code_without_end_ends_with_its_time(tmp_path: Path, code: str) -> None:
    fault = endless(tmp_path, code)
    assert "the 0.3 s an import may take" in fault.message or "more memory" in fault.message
    assert fault.path == "lib/X.node.js"


@pytest.mark.slow
def test_a_getter_without_end_ends_with_its_time(tmp_path: Path) -> None:
    trap = "Object.defineProperty(this.description, 'x', { enumerable: true, get() { for (;;); } });"
    assert "the 0.3 s an import may take" in endless(tmp_path, "", trap).message


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "const all = []; for (;;) all.push(new Array(1e5).fill(1));",
        "let text = 'a'; for (;;) text += text;",
        "const all = []; for (;;) all.push(new ArrayBuffer(1e7));",
        "let number = 3n; for (;;) number *= number;",
        "(function again() { again(); })();",
        "const all = []; try { for (;;) all.push({}); } catch (e) { for (;;) all.push({}); }",
    ],
)
def test_code_that_wants_all_memory_gets_an_error(tmp_path: Path, code: str) -> None:
    assert any(part in outcome(tmp_path, code) for part in ("loading it failed", "more memory", "the 1 s"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ("let o = {}; this.description.x = o; for (let i = 0; i < 1e4; i++) o = o.x = {};", "nested deeper"),
        ("this.description.x = new Array(4294967295);", "more than"),
        ("let a = ['x']; for (let i = 0; i < 40; i++) a = [a, a]; this.description.x = a;", "more than"),
        ("this.description = new Proxy({}, { ownKeys() { throw new Error('never') } });", "never"),
        ("throw null;", "no error"),
        ("throw { toString() { for (;;); } };", "no error"),
        ("this.description = Promise.resolve(this.description);", "no name"),
        ("this.description = undefined;", "no description"),
    ],
)
def test_what_is_no_description_is_refused(tmp_path: Path, inside: str, why: str) -> None:
    limits = Limits(seconds=60.0)
    result = import_package(one_node(tmp_path / "p.tgz", module("", inside)), limits=limits)
    assert why in refusal(result)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "process.mainModule.require('child_process');",
        "process.binding('fs');",
        "process.exit(0);",
        "require('child_process').execSync('id');",
        "require('node:child_process').execSync('id');",
        "require('fs').readFileSync('/etc/passwd');",
        "require('fs').writeFileSync('/tmp/x', 'y');",
        "require('../../../../etc/passwd');",
        "require('/etc/passwd');",
        "require('https').get('https://x.test');",
        "require('net').connect(80);",
        "require('vm').runInNewContext('1');",
        "fetch('http://127.0.0.1');",
        "new Function('return this')().os.exec('id');",
        "globalThis.constructor.constructor('return process')().kill(1);",
        "(0, eval)('std').loadFile('/etc/passwd');",
        "module.constructor._load('fs').readFileSync('/etc/passwd');",
        "require.cache['/package/lib/X.node.js'].require('fs').readFileSync('/etc/passwd');",
    ],
)
def test_nothing_of_the_host_is_reached(tmp_path: Path, code: str) -> None:
    assert "loading it failed" in refusal(load(tmp_path, code))


def test_the_environment_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    inside = "this.description.codex = { env: process.env, argv: process.argv, cwd: process.cwd() };"
    node = load(tmp_path, "", inside).nodes[0]
    assert node["codex"] == {"env": {}, "argv": [], "cwd": "/package"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "Object.prototype.toJSON = () => 'bent'; Array.prototype.toJSON = () => 'bent';",
        "JSON.stringify = () => 'bent'; JSON.parse = () => 'bent';",
        "Object.keys = () => { throw 1 }; Reflect.apply = () => 'bent'; Array.isArray = () => true;",
        "Set.prototype.has = () => true; String.prototype.toWellFormed = () => 'bent'; globalThis.Set = 1;",
        "Object.defineProperty(Object.prototype, 'x', { set() {}, get() { return 'bent' }, enumerable: true });",
        "globalThis.Error = function () {}; globalThis.String = () => 'bent'; globalThis.Map = 1;",
    ],
)
def test_replaced_built_ins_do_not_bend_the_description(tmp_path: Path, code: str) -> None:
    (node,) = load(tmp_path, code).nodes
    assert (node["name"], node["requestDefaults"]["url"]) == ("x", "/x")
    assert "bent" not in json.dumps(node)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "Array.prototype[Symbol.iterator] = null;",
        "Map.prototype.get = () => 1; Map.prototype.has = () => true;",
        "String.prototype.startsWith = () => { throw new Error('/') };",
        "Object.prototype.result = 1; Object.prototype.error = 'x'; Object.freeze(Object.prototype);",
    ],
)
def test_code_that_breaks_the_loader_breaks_only_its_own_import(tmp_path: Path, code: str) -> None:
    assert "n8n-nodes-x" in outcome(tmp_path, code)


def test_what_json_does_not_have_is_left_out_and_reported(tmp_path: Path) -> None:
    inside = """
        this.description.codex = {
            nan: NaN, nothing: undefined, symbol: Symbol('s'), big: 10n, date: new Date(0), pattern: /a/,
            list: [undefined, () => 1, function named() {}], self: this.description, half: 'a\\ud800b',
        };
    """
    result = load(tmp_path, "", inside)
    assert result.nodes[0]["codex"] == {
        "nan": None,
        "date": "1970-01-01T00:00:00.000Z",
        "pattern": {},
        "list": [None, {"__function__": "(anonymous)"}, {"__function__": "named"}],
        "half": "a\ufffdb",
    }
    problems = "\n".join(result.report.nodes[0].problems)
    for part in ("$.codex.nan", "$.codex.symbol", "$.codex.big", "$.codex.self"):
        assert part in problems


def test_names_of_prototypes_are_keys_like_others(tmp_path: Path) -> None:
    inside = """this.description.codex = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}');"""
    assert load(tmp_path, "", inside).nodes[0]["codex"] == {"__proto__": {"a": 1}, "constructor": 2}


def test_a_name_cannot_leave_the_folder_or_reach_the_terminal(tmp_path: Path) -> None:
    inside = """
        this.description.name = '../../\\u001b[31mred\\u202e';
        this.description.displayName = '\\u001b]0;title\\u0007';
    """
    result = load(tmp_path, "", inside)
    assert list(result.files) == ["nodes/31mred.json"]
    text = "\n".join(result.report.lines())
    assert text.replace("\n", "").isprintable()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["con", "NUL", "com1"])
def test_a_name_is_no_device(tmp_path: Path, name: str) -> None:
    result = load(tmp_path, "", f"this.description.name = '{name}';")
    assert list(result.files) == [f"nodes/{name}_.json"]


def test_an_es_module_is_told_from_a_broken_one(tmp_path: Path) -> None:
    for code, why in (("export class X {}", "is an ES module"), ("class {", "cannot be read")):
        result = import_package(one_node(tmp_path / "p.tgz", code), limits=LIMITS)
        assert why in refusal(result)


def test_a_node_that_fails_leaves_the_others(tmp_path: Path) -> None:
    manifest = json.dumps({"name": "n", "n8n": {"nodes": ["lib/Bad.node.js", "lib/X.node.js"]}})
    files = {"package.json": manifest, "lib/Bad.node.js": "throw new Error('bad')"}
    result = import_package(one_node(tmp_path / "p.tgz", module(), **files), limits=LIMITS)
    assert [n.refused is None for n in result.report.nodes] == [False, True]


def test_modules_are_found_as_node_finds_them(tmp_path: Path) -> None:
    files = {
        "lib/a/package.json": '{"main": "./main"}',
        "lib/a/main.js": "exports.value = require('../b').value + 1; exports.name = __filename;",
        "lib/b/index.js": "exports.value = require('./data.json').value; require('../a');",
        "lib/b/data.json": '{"value": 41}',
    }
    before = "const path = require('path'); const a = require('./a'); const again = require('./a/main.js');"
    inside = "this.description.codex = [a.value, a === again, a.name, path.relative(__dirname, a.name)];"
    result = load(tmp_path, before, inside, **files)
    assert result.nodes[0]["codex"] == [42, True, "/package/lib/a/main.js", "a/main.js"]


json_documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)

_DUMP = """
import json, sys
from _quickjs import Context
context = Context()
api = context.eval(sys.argv[1])
dump = context.eval("(text) => JSON.stringify(dump(JSON.parse(text), 1e6))")
for line in sys.stdin:
    print(json.loads(dump(json.loads(line)))["text"].replace(chr(10), ""))
"""


@settings(max_examples=1, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=st.lists(json_documents, min_size=60, max_size=60))
def test_what_is_json_already_is_given_as_it_is(documents: list[Any]) -> None:
    parts = boot_source().partition("dump: ")[2].partition(",\nnode: ")[0]
    boot = f"globalThis.dump = ({parts})({{ originOf: () => undefined }}); 0"
    lines = "".join(json.dumps(json.dumps(d, ensure_ascii=True)) + "\n" for d in documents)
    run = [sys.executable, "-c", _DUMP, boot]
    said = subprocess.run(run, input=lines, capture_output=True, text=True, check=True)
    given_back = [json.loads(line) for line in said.stdout.splitlines()]
    assert given_back == [json.loads(json.dumps(d)) for d in documents]


# -- the process ------------------------------------------------------------------------------------------------------


def test_a_package_prints_nothing_and_what_it_returns_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = "console.log('\\x1b[31mhi'); console.error('hi'); process.stdout?.write('hi');"
    inside = r"""this.description.codex = { text: '\n{"state": "{}"}\n' };"""
    assert load(tmp_path, before, inside).nodes[0]["codex"] == {"text": '\n{"state": "{}"}\n'}
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_descriptions_beyond_the_limit_are_refused_while_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MAX_OUTPUT", 1_000_000)
    inside = "this.description.codex = Array.from({ length: 100 }, () => 'x'.repeat(1e5));"
    with pytest.raises(DescriptorError, match="too large") as caught:
        load(tmp_path, "", inside)
    assert caught.value.hint == "1,000,000 bytes are allowed."


CHILD = """
import runpy, sys, os
source = open(sys.argv[1]).read().removesuffix("main()\\n")
exec(compile(source, sys.argv[1], "exec"))
import socket
runpy.run_path(sys.argv[2])["confine"](1024 * 1024 * 1024, 5)
for reach in (
    lambda: open("/etc/passwd"), lambda: open("x", "w"), socket.socket, lambda: os.pipe(), lambda: os.dup(1),
    lambda: os.mkfifo("y") or os.open("y", os.O_RDWR),
):
    try:
        print("reached", reach())
    except OSError as fault:
        print(fault.errno)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource limits")
def test_the_process_itself_can_open_nothing(tmp_path: Path) -> None:
    """Should code ever break out of the engine, there is no descriptor left to reach anything with (EMFILE)."""
    child = Path(process.__file__).with_name("child.py")
    done = subprocess.run(
        [sys.executable, "-I", "-c", CHILD, str(child), str(Path(isolation.__file__).with_name("confinement.py"))],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert set(done.stdout.split()) == {str(errno.EMFILE)}, done.stdout


def test_lines_that_are_none_are_not_looked_at() -> None:
    output = bytearray(b'{"at": "x"}\nnonsense\n[1]\n' + b"[" * 100_000 + b'\n{"described": "{}"}\n{"cut')
    assert process._lines(output) == [{"at": "x"}, {"described": "{}"}]


@pytest.mark.slow
@pytest.mark.parametrize(
    "inside",
    [
        "this.customOperations = { a: { b() {} } }; this.description.properties = [{name: 'operation', options: 'x'}];",
        "this.customOperations = { a: { b() {} } };"
        " this.description.properties = [{name: 'operation', displayOptions: 7, options: [1, {value: []}]}];",
        "this.customOperations = { a: { b() {} } };"
        " this.description.properties = [{name: 'operation', displayOptions: {show: {resource: [{}]}}}];",
        "this.description.credentials = 7; this.description.properties = 'x'; this.description.version = {};",
        "this.description.name = ['x']; this.description.displayName = 1;",
        "this.methods = 7; this.customOperations = [[]]; this.nodeVersions = 1;",
        "let o = this.description; for (let i = 0; i < 145; i++) o = o.x = {};",
    ],
)
def test_a_description_of_any_shape_is_read_or_refused(tmp_path: Path, inside: str) -> None:
    result = load(tmp_path, "", inside)
    assert len(result.report.nodes) == 1
    "\n".join(result.report.lines())
