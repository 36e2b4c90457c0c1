"""`nodeloom run`: one result for every item, on standard output; everything else on standard error."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from pathlib import Path

import pytest

from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, TARGET, Call, Said, finish, start

THREE_ITEMS = '{"Link":"link-1"}\n{"Link":"nope"}\n{}\n'


@pytest.mark.slow
@pytest.mark.parametrize("expression", ["<<$json.Link>>", "={{ $json.Link }}", "{{$json.Link}}"])
def test_each_spelling_of_an_expression_gives_a_result_for_each_item(
    sandbox: ThreeCXSandbox, cli: Call, expression: str
) -> None:
    """The issue's own example; the last spelling in a process of its own, with items on a pipe and no --items."""
    words = ("run", *DELETE, "--set", f"Link={expression}", "--on-error", "continue")
    if expression.startswith("{"):
        process = start(*words, stdin=subprocess.PIPE)
        out, err = process.communicate(THREE_ITEMS.encode(), timeout=60)
        said = Said(process.returncode, out.decode(), err.decode())
    else:
        said = cli(*words, stdin=THREE_ITEMS)
    done, not_found, missing = said.results
    assert said.code == 1
    assert done == {"json": {"success": True, "statusCode": 204, "Link": "link-1"}, "pairedItem": {"item": 0}}
    assert not_found["error"]["status"] == 404
    assert "'nope'" in not_found["error"]["message"]
    assert not_found["json"]["error"] == not_found["error"]
    assert missing["error"]["message"] == "Link is missing."
    assert missing["error"]["keys"] == []
    assert [result["pairedItem"] for result in (done, not_found, missing)] == [{"item": i} for i in range(3)]
    assert said.err.startswith("3 items: 1 succeeded, 2 failed in ")
    deletes = [request.key for request in sandbox.requests if request.method == "DELETE"]
    assert sorted(deletes) == ["link-1", "nope"]
    assert "link-1" not in sandbox.links


def test_without_items_it_runs_once(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *TARGET, "List Weblink", "--set", "Options.Top=2", "--set", "Options.Select=Link")
    assert said.code == 0
    assert [result["json"]["Link"] for result in said.results] == ["link-1", "link-2"]
    assert said.err.startswith("1 item: 1 succeeded in ")


def test_names_match_without_case_and_punctuation(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", "THREECX", "website-links", "delete weblink", "--set", "link=link-3")
    assert said.code == 0
    assert "link-3" not in sandbox.links


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (("run", "threcx", "Website Links", "Delete Weblink"), "threecx"),
        (("run", "threecx", "Website Lnks", "Delete Weblink"), "Website Links"),
        (("run", *TARGET, "Delet Weblink"), "Delete Weblink"),
        (("run", *DELETE, "--set", "Lnk=x"), "Link"),
        (("run", *TARGET, "List Weblink", "--set", "Options.Tpo=1"), "Top"),
        (("run", *DELETE, "--set", "Link=x", "--format", "jsn"), "json"),
        (("run", *DELETE, "--set", "Link=x", "--credential", "threeCxApu"), "threeCxApi"),
        (("rnu",), "run"),
        (("plan", *TARGET, "Delet Weblink"), "Delete Weblink"),
        (("describe", "threecx", "Website Lnks"), "Website Links"),
        (("validate", "x.json", "--kind", "nod"), "node"),
        (("run", *DELETE, "--itmes", "x"), "--items"),
    ],
)
def test_a_wrong_name_suggests_the_nearest(
    sandbox: ThreeCXSandbox, cli: Call, arguments: tuple[str, ...], nearest: str
) -> None:
    said = cli(*arguments)
    assert said.code == 2
    assert "error: " in said.err
    assert nearest in said.err
    assert said.out == ""
    assert sandbox.requests == []


def test_on_error_stop_prints_the_failure_and_what_was_not_run(sandbox: ThreeCXSandbox, cli: Call) -> None:
    lines = "".join(f'{{"Link":"{name}"}}\n' for name in ("link-1", "nope", "link-2", "link-3"))
    said = cli("run", *DELETE, "--set", "Link=<<$json.Link>>", "--concurrency", "1", stdin=lines)
    assert said.code == 1
    codes = [result.get("error", {}).get("code", "ok") for result in said.results]
    assert codes == ["ok", "not_found", "not_run", "not_run"]
    assert "error: There is no website link 'nope'." in said.err
    assert "1 succeeded, 1 failed, 2 not run" in said.err
    assert "link-2" in sandbox.links


@pytest.mark.slow
def test_items_come_from_a_file_of_any_format(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    for name, text in (
        ("items.ndjson", '{"Link":"link-1"}\n'),
        ("items.json", '[{"Link":"link-2"}]'),
        ("items.csv", "Link,Note\nlink-3,x\n"),
        ("anything", '[{"json":{"Link":"link-4"}}]'),
    ):
        (tmp_path / name).write_text(text)
        said = cli("run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", name)
        assert said.code == 0, said.err
    assert len(sandbox.links) == 6


def test_a_broken_line_fails_alone(sandbox: ThreeCXSandbox, cli: Call) -> None:
    lines = '{"Link":"link-1"}\n{"Link":\n{"Link":"link-2"}\n'
    said = cli("run", *DELETE, "--set", "Link=<<$json.Link>>", "--on-error", "continue", stdin=lines)
    assert said.code == 1
    assert [("error" in result) for result in said.results] == [False, True, False]
    assert said.results[1]["error"]["line"] == 2
    assert "Line 2 is not JSON" in said.results[1]["error"]["message"]


def test_a_file_that_is_no_items_sends_nothing(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *DELETE, "--set", "Link=<<$json.Link>>", stdin="nothing of the kind")
    assert said.code == 2
    assert "--format" in said.err
    assert sandbox.requests == []


def test_items_dash_reads_standard_input_even_if_it_is_empty(sandbox: ThreeCXSandbox, cli: Call) -> None:
    """A pipeline that produced nothing must do nothing."""
    said = cli("run", *DELETE, "--set", "Link=link-1", "--items", "-")
    assert said.code == 0
    assert said.results == []
    assert said.err.startswith("0 items")
    assert "link-1" in sandbox.links


def test_results_go_to_the_output_file(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    said = cli("run", *DELETE, "--set", "Link=link-1", "--output", "out.ndjson", "--report", "report.json")
    assert (said.code, said.out) == (0, "")
    assert json.loads((tmp_path / "out.ndjson").read_text())["json"]["Link"] == "link-1"
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["counts"]["succeeded"] == 1
    assert report["operation"] == "Delete Weblink"


@pytest.mark.parametrize("option", ["--output", "--report"])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_sent(
    sandbox: ThreeCXSandbox, cli: Call, option: str
) -> None:
    said = cli("run", *DELETE, "--set", "Link=link-1", option, "no/such/folder/x")
    assert said.code == 2
    assert "error: no/such/folder/x cannot be written" in said.err
    assert sandbox.requests == []


def test_the_results_do_not_overwrite_the_items(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    (tmp_path / "items.ndjson").write_text('{"Link":"link-1"}\n')
    said = cli("run", *DELETE, "--set", "Link=x", "--items", "items.ndjson", "--output", "./items.ndjson")
    assert said.code == 2
    assert (tmp_path / "items.ndjson").read_text() == '{"Link":"link-1"}\n'


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_ends_the_run_and_is_told(sandbox: ThreeCXSandbox) -> None:
    """With the first result that cannot be written, though more items may come: the pipe stays open."""
    reading, writing = os.pipe()
    process = start("run", *DELETE, "--set", "Link=<<$json.Link>>", "--output", "/dev/full", stdin=reading)
    os.write(writing, b'{"Link":"link-1"}\n')
    said = finish(process)
    os.close(reading)
    os.close(writing)
    assert said.code == 1
    assert f"error: The results cannot be written to /dev/full: {os.strerror(errno.ENOSPC)}." in said.err
    assert len(sandbox.links) == 9


def test_quiet_says_nothing_but_errors(sandbox: ThreeCXSandbox, cli: Call) -> None:
    assert cli("run", *DELETE, "--set", "Link=link-1", "--quiet").err == ""
    assert cli("run", *DELETE, "--set", "Link=nope", "-q").err.startswith("error: There is no website link")


def test_a_broken_expression_is_told_with_its_place(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *DELETE, "--set", "Link={{ $json. }}")
    assert said.code == 2
    assert "    {{ $json. }}\n              ^" in said.err
    assert sandbox.requests == []


def test_a_missing_operation_lists_the_operations(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *TARGET, "--set", "Link=x")
    assert said.code == 2
    assert "'Delete Weblink'" in said.err


def test_a_missing_credential_says_how_to_give_one(cli: Call) -> None:
    said = cli("run", *DELETE, "--set", "Link=x")
    assert said.code == 2
    assert "There is no credential of type 'threeCxApi'" in said.err
    assert "Traceback" not in said.err


def test_a_stored_credential_is_used_by_its_name(cli: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreeCXSandbox(links=2) as office:
        monkeypatch.setenv("NODELOOM_CREDENTIALS", str(tmp_path / "credentials.toml"))
        fields = json.dumps(office.credential)
        assert (
            cli("credentials", "add", "threeCxApi", "--name", "office", "--secrets-from-stdin", stdin=fields).code == 0
        )
        assert cli("run", *DELETE, "--set", "Link=link-1", "--credential", "office").code == 0
        assert cli("run", *DELETE, "--set", "Link=link-2", "--credential", "threecxapi=office").code == 0
        assert office.links == {}
    said = cli("run", *DELETE, "--set", "Link=x", "--credential", "a", "--credential", "b")
    assert said.code == 2
    assert "TYPE=NAME" in said.err


def test_parameters_of_a_file_give_way_to_the_command_line(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(
        json.dumps({"resource": "Website Links", "operation": "Delete Weblink", "link": "link-1"})
    )
    assert cli("run", "threecx", "--parameters", "p.json").code == 0
    assert cli("run", "threecx", "--parameters", "p.json", "--set", "Link=link-2").code == 0
    said = cli("run", "threecx", "website links", "get weblink", "--parameters", "p.json", "--set", "Link=link-3")
    assert said.results[0]["json"]["Link"] == "link-3"
    assert {"link-1", "link-2"}.isdisjoint(sandbox.links)


@pytest.mark.slow
def test_a_node_copied_from_n8n_runs_as_it_is(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    """There only what begins with = is an expression."""
    node = {
        "parameters": {"resource": "Website Links", "operation": "Delete Weblink", "Link": "={{ $json.Link }}"},
        "type": "n8n-nodes-3cx.threecx",
        "name": "3CX",
    }
    (tmp_path / "node.json").write_text(json.dumps(node))
    (tmp_path / "copied.json").write_text(json.dumps({"nodes": [node], "connections": {}}))
    assert cli("run", "threecx", "--parameters", "node.json", stdin='{"Link":"link-1"}').code == 0
    assert cli("run", "threecx", "--parameters", "copied.json", stdin='{"Link":"link-2"}').code == 0
    over = ("run", "threecx", "--parameters", "node.json", "--set")
    assert cli(*over, "Link={{ $json.Other }}", stdin='{"Other":"link-3"}').code == 0
    assert next(iter(sandbox.links)) == "link-4"
    assert cli(*over, "Link=<<$json.Other>>").code == 2


def test_a_node_runs_in_the_version_that_is_asked_for(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    """By --node-version, else as the copied node says, else in the newest."""

    def query(version: float) -> dict[str, object]:
        return {
            "displayName": "Top",
            "name": "top",
            "type": "hidden",
            "default": version,
            "displayOptions": {"show": {"@version": [version]}},
            "routing": {"send": {"type": "query", "property": "$top"}},
        }

    node = {
        "name": "lister",
        "displayName": "Lister",
        "version": [1, 2],
        "requestDefaults": {"baseURL": "http://127.0.0.1:1", "url": "/x"},
        "properties": [query(1), query(2)],
    }
    (tmp_path / "lister.json").write_text(json.dumps(node))
    (tmp_path / "copied.json").write_text(json.dumps({"type": "lister", "typeVersion": 1, "parameters": {}}))
    for arguments, top in (
        ((), "2"),
        (("--node-version", "1"), "1"),
        (("--parameters", "copied.json"), "1"),
        (("--parameters", "copied.json", "--node-version", "2"), "2"),
    ):
        said = cli("plan", "./lister.json", *arguments)
        assert said.code == 0, said.err
        assert said.results[0]["url"].endswith(f"top={top}")


@pytest.mark.parametrize("text", ["[]", "{", "5"])
def test_parameters_that_are_no_object_are_refused(cli: Call, tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text)
    said = cli("run", "threecx", "--parameters", "p.json")
    assert said.code == 2
    assert "p.json" in said.err


def test_a_literal_is_never_an_expression(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *DELETE, "--literal", "Link={{ $json.x }}")
    assert said.results[0]["error"]["status"] == 404
    assert "{{ $json.x }}" in said.err


def test_a_value_may_come_from_a_file(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    (tmp_path / "ids.json").write_text('["link-1",\n "link-2"]\n')
    assert cli("run", *TARGET, "Bulk Links Delete", "--set-file", "Ids=ids.json").code == 0
    assert {"link-1", "link-2"}.isdisjoint(sandbox.links)
    assert cli("run", *TARGET, "Bulk Links Delete", "--set-file", "Ids=none.json").code == 2


def test_a_node_may_be_a_file_or_a_folder(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    descriptor = {
        "name": "lister",
        "displayName": "Lister",
        "credentials": [{"name": "threeCxApi", "required": True}],
        "requestDefaults": {"baseURL": "={{ $credentials.serverUrl }}/xapi/v1", "url": "/WebsiteLinks"},
        "properties": [
            {"displayName": "Top", "name": "top", "type": "number", "routing": {"send": {"property": "$top"}}}
        ],
    }
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "node.json").write_text(json.dumps(descriptor))
    (tmp_path / "lister.json").write_text(json.dumps(descriptor))
    for node in ("./mine", "lister.json", str(tmp_path / "mine" / "node.json")):
        said = cli("run", node, "--set", "top=1")
        assert said.code == 0, said.err
        assert "describe" not in said.err
    assert cli("describe", "./mine").code == 0
    assert cli("run", "./none.json").code == 2


def test_the_zone_and_javascript_can_be_chosen(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *DELETE, "--set", "Link={{ $json.a + 1 }}", "--no-javascript", stdin='{"a":"x"}')
    assert said.code == 2
    assert "needs JavaScript, which is switched off" in said.err
    said = cli("run", *DELETE, "--set", "Link={{ $json.a.toUpperCase }}", "--no-javascript", stdin='{"a":"x"}')
    assert said.results[0]["error"]["code"] == "javascript_disabled"
    assert cli("run", *DELETE, "--set", "Link=x", "--timezone", "Europe/Berln").code == 2


@pytest.mark.slow
def test_a_reader_that_leaves_ends_the_run_quietly(sandbox: ThreeCXSandbox) -> None:
    """As with `| head -1`."""
    process = start(
        "run",
        *DELETE,
        "--set",
        "Link=nope-<<$json.n>>",
        "--on-error",
        "continue",
        "--concurrency",
        "1",
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"n":0}\n')
    process.stdin.flush()
    assert b"404" in process.stdout.readline()
    process.stdout.close()
    process.stdin.write(b"".join(b'{"n":%d}\n' % n for n in range(1, 2000)))
    process.stdin.close()
    assert process.stderr is not None
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=60) == 1
    assert "Traceback" not in err
    assert "Broken" not in err
    assert len(sandbox.requests) < 1000


@pytest.mark.slow
def test_a_result_is_there_before_the_next_item(sandbox: ThreeCXSandbox) -> None:
    """A slow producer sees each result when it is made."""
    process = start("run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", "-", stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for name in ("link-1", "link-2"):
        process.stdin.write(f'{{"Link":"{name}"}}\n'.encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["json"]["Link"] == name
    process.stdin.close()
    process.stdin = None
    assert finish(process).code == 0


def test_a_traceback_is_shown_when_it_is_asked_for(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from nodeloom import NodeloomError

    monkeypatch.setenv("NODELOOM_DEBUG", "1")
    with pytest.raises(NodeloomError):
        cli("run", "nowhere")


@pytest.mark.parametrize(
    ("option", "value", "said_to_be"),
    [
        ("--rate", "fast", "--rate must be a number of requests in a time."),
        ("--rate", "20/fortnite", "--rate has an unknown unit of time: 'fortnite'."),
        ("--retry-budget", "much", "--retry-budget must be the share of requests that may be repeats, from 0."),
        ("--deadline", "tomorrow", "--deadline must be a span of time."),
        ("--burst", "3", "--burst needs --rate."),
    ],
)
def test_a_pace_that_cannot_be_meant_is_explained(
    sandbox: ThreeCXSandbox, cli: Call, option: str, value: str, said_to_be: str
) -> None:
    said = cli("run", *DELETE, "--set", "Link=link-1", option, value)
    assert said.code == 2
    assert said.err.startswith(f"error: {said_to_be}")
    assert "hint: " in said.err
    assert sandbox.requests == []


@pytest.mark.slow
def test_a_run_that_only_fails_ends_and_says_why(cli: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = tmp_path / "items.ndjson"
    items.write_text("".join(f'{{"Link":"link-{n}"}}\n' for n in range(500)))
    with ThreeCXSandbox(rate_500=1.0, access_token="token") as broken:
        credential = {"serverUrl": broken.server_url, "accessToken": "token"}
        monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(credential))
        said = cli(
            *("run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", str(items), "--on-error", "continue"),
            *("--report", "report.json", "--timeout", "10", "--connect-timeout", "5", "--request-timeout", "20"),
            *("--break-after", "5", "--retry-budget", "10%", "--rate", "1000/s", "--burst", "9", "--no-adaptive"),
        )
        assert len(broken.requests) < 60
    assert said.code == 1
    assert "(the first 5 items failed (server)" in said.err
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["stopped"] == "the first 5 items failed (server)"
    assert {"refused", "waited", "retriesDenied"} <= set(report)


@pytest.mark.slow
def test_a_deadline_ends_a_run(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    items = tmp_path / "items.ndjson"
    items.write_text("".join(f'{{"Link":"link-{n}"}}\n' for n in range(1, 11)))
    said = cli(
        "run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", str(items), "--rate", "1/h", "--deadline", "1s"
    )
    assert said.code == 1
    assert "(the deadline of 1 s was reached)" in said.err


@pytest.mark.parametrize(
    ("host", "code"), [("pbx.example.com", "policy"), ("127.0.0.1:{port}", None), ("http://x", None)]
)
def test_only_allowed_hosts_are_called(cli: Call, sandbox: ThreeCXSandbox, host: str, code: str | None) -> None:
    """Also where a redirect leads elsewhere, or the credential names another host."""
    port = sandbox.server_url.rpartition(":")[2]
    said = cli("run", *TARGET, "List Weblink", "--on-error", "continue", "--allow-host", host.replace("{port}", port))
    if host == "http://x":
        assert said.code == 2
        assert "--allow-host must be a host" in said.err
        return
    assert said.code == (1 if code else 0)
    assert said.results[0]["json"].get("error", {}).get("code") == code
    assert bool(sandbox.requests) is (code is None)
