"""`nodeloom plan`: the exact requests, without sending them."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom import PlannedRequest
from nodeloom.cli.curl import curl_arguments, curl_command
from nodeloom.errors import MissingValueError
from nodeloom.printable import escaped_lines
from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, TARGET, Call

CURL = shutil.which("curl")
# Anything that can stand in an argument of a process.
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def test_a_plan_shows_each_items_request_and_sends_nothing(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("plan", *DELETE, "--set", "Link=<<$json.Link>>", stdin='{"Link":"O\'Brien/x"}\n{"Lnk":"y"}\n')
    assert said.code == 1
    request, missing = said.results
    assert request["method"] == "DELETE"
    assert request["url"] == f"{sandbox.server_url}/xapi/v1/WebsiteLinks('O%27%27Brien%2Fx')"
    assert request["headers"]["Authorization"] == "***"
    assert request["pairedItem"] == {"item": 0}
    assert missing["error"]["keys"] == ["Lnk"]
    assert "Did you mean $json.Lnk?" in missing["error"]["hint"]
    assert sandbox.client_secret not in said.out + said.err
    assert sandbox.requests == []


def test_a_plan_takes_what_a_run_takes(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    said = cli(
        "plan", *DELETE, "--set", "Link=link-1", "--on-error", "continue", "--concurrency", "4", "--quiet",
        "--timeout", "5", "--retries", "0", "--url-values", "raw", "--output", "plan.ndjson", "--report", "none.json",
    )  # fmt: skip
    assert (said.code, said.out, said.err) == (0, "", "")
    assert json.loads((tmp_path / "plan.ndjson").read_text())["method"] == "DELETE"
    assert sandbox.requests == []


@pytest.mark.slow
@pytest.mark.skipif(CURL is None, reason="there is no curl here")
def test_the_curl_command_works_when_it_is_pasted(sandbox: ThreeCXSandbox, cli: Call) -> None:
    """With the mask replaced by a token; the name has all that a shell or curl could take amiss."""
    name = 'O\'Brien {a,b} [1-3] $HOME `x` "q" \\ é #?&'
    sandbox.add_link(name)
    deletes = cli("plan", *DELETE, "--literal", f"Link={name}", "--curl")
    bulk = cli("plan", *TARGET, "Bulk Links Delete", "--set", """Ids=["link-1", "it's $(not) there"]""", "--curl")
    assert (deletes.code, bulk.code) == (0, 0)
    for line in (deletes.out, bulk.out):
        command = line.replace("***", f"Bearer {token(sandbox)}")
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command.strip()} --silent --noproxy '*' --write-out '%{{http_code}}'"],
            capture_output=True, timeout=60, check=True, text=True,
        )  # fmt: skip
        assert done.stdout.endswith("204"), done
    assert name not in sandbox.links
    assert "link-1" not in sandbox.links


def token(sandbox: ThreeCXSandbox) -> str:
    import httpx

    form = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret, "grant_type": "client_credentials"}
    answer = httpx.post(f"{sandbox.server_url}/connect/token", data=form, trust_env=False)
    granted: str = answer.json()["access_token"]
    return granted


def test_an_item_that_cannot_be_sent_is_a_comment_among_curl_commands(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("plan", *DELETE, "--set", "Link=<<$json.Link>>", "--curl", stdin='{}\n{"Link":"x"}\n')
    comment, command = said.out.splitlines()
    assert comment.startswith("# item 0: Link is missing.")
    assert command.startswith("curl ")
    assert said.code == 1


@given(words, words, st.none() | words)
def test_a_shell_reads_back_every_word_of_the_command(url: str, header: str, body: str | None) -> None:
    planned = PlannedRequest(0, "POST", url, {"X-Any": header}, body)
    command = curl_command(planned)
    assert escaped_lines(command) == command
    if all(escaped_lines(word) == word for word in curl_arguments(planned)):
        assert shlex.split(command) == curl_arguments(planned)


@given(st.lists(words, min_size=1, max_size=3))
def test_a_comment_is_one_line(texts: list[str]) -> None:
    planned = PlannedRequest(0, error=MissingValueError("\n".join(texts), hint="\r\n".join(texts)))
    command = curl_command(planned)
    assert len(command.splitlines()) == 1
    assert command.startswith("# ")


@pytest.mark.parametrize("body", ["l1\nl2 '\t%", "\x1b]0;title\x07 'a' \u202e%s\r", "\x9b31m\n", "\\033\x01\x02\\"])
def test_the_shell_of_this_machine_reads_back_every_word(body: str) -> None:
    """Also what a terminal would act on, which is not printed as it is."""
    planned = PlannedRequest(0, "PUT", "https://x/'a'?b=$c&d", {"X-A": '`id` $(id) \\ "q" !', "X-B": ""}, body)
    done = subprocess.run(
        ["/bin/sh", "-c", 'curl() { printf "%s\\0" "$@"; }; ' + curl_command(planned)],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.decode().split("\0")[:-1] == curl_arguments(planned)[1:]


def test_curl_is_kept_from_adding_anything() -> None:
    arguments = curl_arguments(PlannedRequest(0, "POST", "http://x/", {"X-Empty": ""}, "@file"))
    assert arguments[arguments.index("--data-raw") + 1] == "@file"
    assert "X-Empty;" in arguments
    assert "Content-Type:" in arguments
    assert "--request" not in curl_arguments(PlannedRequest(0, "GET", "http://x/", {}))
    assert "--head" in curl_arguments(PlannedRequest(0, "HEAD", "http://x/", {}))


SWITCHED = {
    "name": "switched",
    "displayName": "Switched",
    "requestDefaults": {"baseURL": "https://api.example.test"},
    "properties": [
        {"name": "live", "displayName": "Live", "type": "boolean", "default": False},
        {
            "name": "operation",
            "type": "options",
            "default": "remove",
            "displayOptions": {"show": {"live": [True]}},
            "options": [
                {"name": "Remove", "value": "remove", "routing": {"request": {"method": "DELETE", "url": "/remove"}}},
                {"name": "List", "value": "list", "routing": {"request": {"method": "GET", "url": "/list"}}},
            ],
        },
        {
            "name": "all",
            "displayName": "All",
            "type": "boolean",
            "displayOptions": {"show": {"operation": ["list"]}},
            "routing": {"send": {"type": "query", "property": "all"}},
        },
    ],
}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("List", "--set", "live=true"), "GET https://api.example.test/list"),
        (("List", "--set", "Live=true", "--set", "all=true"), "GET https://api.example.test/list?all=true"),
        (("--set", "live=true", "--set", "operation=list"), "GET https://api.example.test/list"),
        (("--set", "live=true"), "DELETE https://api.example.test/remove"),
        (("--parameters", "live.json", "--set", "all=true", "--set", "operation=list"), "GET https://api.example.test/list?all=true"),
    ],
)  # fmt: skip
def test_a_setting_may_decide_which_operations_are_offered(
    words: tuple[str, ...], expected: str, cli: Call, tmp_path: Path
) -> None:
    (tmp_path / "switched.json").write_text(json.dumps(SWITCHED))
    (tmp_path / "live.json").write_text('{"live": true}')
    said = cli("plan", "./switched.json", *words)
    assert said.code == 0, said.err
    (request,) = said.results
    assert f"{request['method']} {request['url']}" == expected


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("List",), "List is offered when live is true"),
        (("nonsense", "--set", "live=true"), "no operation 'nonsense'"),
        (("--set", "operation=lst", "--set", "live=true"), "Did you mean 'List'?"),
        ((), "no operation is offered"),
        (("List", "--set", "live=yes"), "Live is true or false"),
        (("List", "--set", "live=true", "--set", "all=no"), "All is true or false"),
    ],
)
def test_an_operation_that_is_not_offered_is_refused_with_the_reason(
    words: tuple[str, ...], reason: str, cli: Call, tmp_path: Path
) -> None:
    (tmp_path / "switched.json").write_text(json.dumps(SWITCHED))
    said = cli("plan", "./switched.json", *words)
    assert (said.code, said.out) == (2, "")
    assert reason in said.err


def test_a_collection_set_to_a_number_is_refused(cli: Call) -> None:
    said = cli("plan", *TARGET, "List Weblink", "--set", "Options=5")
    assert said.code == 2
    assert "Options takes an object, not 5." in said.err
    said = cli("plan", *TARGET, "List Weblink", "--set", "Options.Return All=no")
    assert said.code == 2
    assert "Return All is true or false." in said.err


def test_describing_says_when_an_operation_is_offered(cli: Call, tmp_path: Path) -> None:
    (tmp_path / "switched.json").write_text(json.dumps(SWITCHED))
    assert "Offered when live is true" in cli("describe", "./switched.json", "List").out
    assert "Remove" in cli("describe", "./switched.json").out
