"""No command writes a secret anywhere, whatever it is asked for.

The commands are read from the command line itself: one that has no entry in COMMANDS fails
`test_every_command_has_an_entry`. An entry is a list of cases; a case says what to type, and with which code it ends.
"""

from __future__ import annotations

import json
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click
import pytest

from nodeloom.cli.app import app
from tests.canaries.conftest import BEARER, CLIENT, CODE, ISSUED, PASSPHRASE, World
from tests.canaries.finding import Canary

LINK = ("threecx", "Website Links", "Delete Weblink", "--set", "Link=<<$json.Link>>")
ITEMS = '{"Link": "a"}\n{"Link": "b"}\n{"Other": "c"}\n'


@dataclass(frozen=True)
class Case:
    """One call: its words, what stands on standard input, how it ends, how the service answers, what is sent to it."""

    words: tuple[str, ...]
    code: int = 0
    stdin: str = ""
    mode: str = "200"
    token_mode: str = "200"
    before: Callable[[World], None] = lambda _: None
    sends: tuple[Canary, ...] = ()


def encrypted(world: World) -> None:
    world.encrypt()


def locked(world: World) -> None:
    world.encrypt()
    world.monkeypatch.delenv("NODELOOM_CREDENTIALS_PASSPHRASE")
    world.monkeypatch.setattr("nodeloom.cli.passphrase._TERMINAL", world.folder / "none")


def wrongly_unlocked(world: World) -> None:
    world.encrypt()
    world.monkeypatch.setenv("NODELOOM_CREDENTIALS_PASSPHRASE", f"{PASSPHRASE.text}x")


def with_passphrase(world: World) -> None:
    world.monkeypatch.setenv("NODELOOM_CREDENTIALS_PASSPHRASE", PASSPHRASE.text)


def in_the_environment(world: World) -> None:
    fields = {"serverUrl": world.server.url, "clientId": "me", "clientSecret": CLIENT.text}
    world.monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(fields))


def broken_in_the_environment(world: World) -> None:
    world.monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", f'{{"clientSecret": "{CLIENT.core}')


def open_to_others(world: World) -> None:
    world.store.path.chmod(0o644)


def broken(text: str) -> Callable[[World], None]:
    def write(world: World) -> None:
        world.store.path.write_bytes(text.format(CLIENT.core).encode("latin-1"))

    return write


def signed_in(world: World) -> None:
    """A browser that comes back at once, with a code."""

    def open_browser(url: str) -> bool:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
        back = urllib.parse.urlencode({"code": CODE.text, "state": query["state"][0]})
        threading.Thread(target=visit, args=(f"{query['redirect_uri'][0]}?{back}",), daemon=True).start()
        return True

    def visit(url: str) -> None:
        with urllib.request.urlopen(url) as page:
            world.said.append(page.read().decode())

    world.monkeypatch.setattr("webbrowser.open", open_browser)


def journaled(world: World) -> None:
    """A journal of a run whose items all failed, with secrets in the service's words."""
    world.server.mode, world.server.knows = "500", (BEARER,)
    world.call(*RUN, "--credential", "bearer", "--journal", "run.journal", stdin=ITEMS)
    world.server.mode = "200"


def a_document(world: World) -> None:
    world.file("api.json", json.dumps({"openapi": "3.0.0", "info": {"title": "T", "version": "1"}, "paths": {}}))
    world.file("n8n.json", json.dumps([]))


FILES = ("--output", "out.ndjson", "--report", "report.json")
RUN = ("run", *LINK, "--on-error", "continue", "--retries", "0")

WATCHED = ("--log", "json", "--log-level", "debug", "--log-file", "run.log", "--progress", "json")
JOURNAL = ("--journal", "run.journal")

COMMANDS: dict[str, list[Case]] = {
    "run": [
        Case((*RUN, "--credential", "office", *WATCHED, *JOURNAL), 1, ITEMS, mode="400", sends=(CLIENT, ISSUED)),
        Case((*RUN, "--credential", "office", *WATCHED, *FILES), 1, ITEMS, token_mode="oauth error", sends=(CLIENT,)),
        Case((*RUN, "--credential", "bearer", "--log", "text", *JOURNAL), 1, ITEMS, mode="500", sends=(BEARER,)),
        Case((*RUN, "--credential", "bearer", *JOURNAL, "--retry-failed"), 1, ITEMS, before=journaled, mode="404"),
        Case((*RUN, "--credential", "office", *FILES), 1, ITEMS, mode="500", sends=(CLIENT, ISSUED)),
        Case((*RUN, "--credential", "bearer", *FILES), 1, ITEMS, mode="404", sends=(BEARER,)),
        Case((*RUN, "--credential", "office", "--coalesce", "2"), 1, ITEMS, mode="400", sends=(CLIENT, ISSUED)),
        Case((*RUN, "--credential", "office", "--quiet"), 1, ITEMS, token_mode="oauth error", sends=(CLIENT,)),
        Case(("run", *LINK, "--credential", "office"), 1, ITEMS, mode="401", sends=(CLIENT, ISSUED)),
        Case((*RUN, "--credential", "office"), 1, ITEMS, before=encrypted, mode="403", sends=(CLIENT, ISSUED)),
        Case((*RUN, "--credential", "office"), 2, ITEMS, before=locked),
        Case((*RUN, "--credential", "office"), 2, ITEMS, before=wrongly_unlocked),
        Case(RUN, 1, ITEMS, before=in_the_environment, mode="409", sends=(CLIENT, ISSUED)),
        Case(RUN, 2, ITEMS, before=broken_in_the_environment),
        Case(RUN, 2, ITEMS),
        Case((*RUN, "--credential", "nobody"), 2, ITEMS),
        Case((*RUN, "--credential", "basic"), 2, ITEMS),
        Case((*RUN, "--credential", "office", "--set", "Nothing=1"), 2, ITEMS),
        Case((*RUN, "--credential", "office", "--set", "Link={{ 1 + }}"), 2, ITEMS),
        Case((*RUN, "--credential", "bearer", "--set", "Link={{ $credentials.accessToken }}"), 1, ITEMS, mode="404"),
        Case((*RUN, "--credential", "bearer", "--set", "Link={{ $credentials.accessToken.a.b.c() }}"), 1, ITEMS),
    ],
    "report": [
        Case(("report", "run.journal", *way), before=journaled)
        for way in ((), ("--json",), ("--failed",), ("--failed", "--json"), ("--unknown",))
    ],
    "plan": [
        Case(("plan", *LINK, "--credential", "office"), 1, ITEMS),
        Case(("plan", *LINK, "--credential", "bearer", "--output", "plan.ndjson"), 1, ITEMS),
        Case(("plan", *LINK, "--credential", "bearer", "--curl"), 1, ITEMS),
        Case(
            ("plan", *LINK, "--credential", "bearer", "--set", "Link={{ $credentials.accessToken }}", "--curl"),
            0,
            ITEMS,
        ),
        *(
            Case(
                (
                    "plan",
                    "probe.json",
                    "Send",
                    "--set",
                    "which=x",
                    "--set",
                    f"authentication={kind}",
                    "--credential",
                    name,
                    *way,
                )
            )
            for name, kind in (
                ("basic", "httpBasicAuth"),
                ("query", "httpQueryAuth"),
                ("header", "httpHeaderAuth"),
                ("custom", "httpCustomAuth"),
                ("user", "oAuth2Api"),
                ("machine", "oAuth2Api"),
            )
            for way in ((), ("--curl",))
        ),
    ],
    "nodes": [Case(("nodes",)), Case(("nodes", "--json"))],
    "search": [Case(("search", "password"))],
    "describe": [Case(("describe", "probe.json", "--json")), Case(("describe", "threecx", "Users", "--json"))],
    "choices": [
        Case(
            (
                "choices",
                "probe.json",
                "Send",
                "--property",
                "space",
                "--set",
                "authentication=httpQueryAuth",
                "--credential",
                "query",
            ),
            1,
            mode=mode,
        )
        for mode in ("500", "broken JSON")
    ],
    "validate": [
        Case(("validate", "probe.json")),
        Case(("validate", "credentials.toml", "--json"), 2),
    ],
    "credentials types": [Case(("credentials", "types")), Case(("credentials", "types", "--json"))],
    "credentials list": [
        Case(("credentials", "list")),
        Case(("credentials", "list", "--json")),
        Case(("credentials", "list", "--json"), before=encrypted),
        Case(("credentials", "list"), 2, before=locked),
        Case(("credentials", "list"), 2, before=wrongly_unlocked),
        Case(("credentials", "list"), 2, before=open_to_others),
        Case(("credentials", "list"), 2, before=broken_in_the_environment),
        *(
            Case(("credentials", "list"), 2, before=broken(text))
            for text in (
                '[a]\ntype = "t"\ns = {}\n',
                '[a]\ntype = "t"\ns = "{}\n',
                's = "{}"\n',
                '[a]\ns = "{}"\n',
                "[a.{0}]\n[a.{0}]\n",
                "é = '{}'",
            )
        ),
    ],
    "credentials add": [
        Case(
            (
                "credentials",
                "add",
                "threeCxApi",
                "--name",
                "new",
                "--set",
                "serverUrl=https://h",
                "--secrets-from-stdin",
            ),
            stdin=json.dumps({"clientId": "me", "clientSecret": CLIENT.text}),
        ),
        Case(
            (
                "credentials",
                "add",
                "threeCxApi",
                "--name",
                "new",
                "--set",
                "serverUrl=https://h",
                "--secrets-from-stdin",
            ),
            stdin=json.dumps({"accessToken": BEARER.text}),
            before=encrypted,
        ),
        Case(
            ("credentials", "add", "threeCxApi", "--secrets-from-stdin"), 2, stdin=f'{{"clientSecret": "{CLIENT.core}'
        ),
        Case(
            ("credentials", "add", "threeCxApi", "--secrets-from-stdin"),
            2,
            stdin=json.dumps(
                {"serverUrl": f"https://me:{CLIENT.core}@h", "clientId": "a", "clientSecret": CLIENT.text}
            ),
        ),
        Case(("credentials", "add", "threeCxApi", "--set", f"clientSecret={CLIENT.core}"), 2),
        Case(
            ("credentials", "add", "threeCxApi", "--secrets-from-stdin"),
            2,
            stdin=json.dumps({"clientSecrets": CLIENT.text}),
        ),
    ],
    "credentials connect": [
        Case(("credentials", "connect", "user"), before=signed_in, sends=(CLIENT, CODE)),
        Case(("credentials", "connect", "user"), 1, before=signed_in, token_mode="oauth error", sends=(CLIENT, CODE)),
        Case(
            ("credentials", "connect", "user-body"), 1, before=signed_in, token_mode="broken JSON", sends=(CLIENT, CODE)
        ),
        Case(("credentials", "connect", "user", "--no-browser", "--timeout", "0.05"), 2),
        Case(("credentials", "connect", "office"), 2),
    ],
    "credentials test": [
        Case(("credentials", "test", "threeCxApi", "--name", "office"), sends=(CLIENT, ISSUED)),
        Case(("credentials", "test", "threeCxApi", "--name", "bearer"), 1, mode="401", sends=(BEARER,)),
        Case(("credentials", "test", "threeCxApi", "--name", "office", "--json"), 1, mode="redirect elsewhere"),
        Case(("credentials", "test", "threeCxApi", "--name", "office", "--json"), 1, token_mode="oauth error"),
        Case(("credentials", "test", "threeCxApi", "--name", "office"), 1, token_mode="page"),
        Case(("credentials", "test", "oAuth2Api", "--name", "user"), 1, token_mode="oauth error"),
        Case(("credentials", "test", "oAuth2Api", "--name", "machine"), 1, token_mode="redirect to another host"),
    ],
    "credentials remove": [
        Case(("credentials", "remove", "office", "--yes")),
        Case(("credentials", "remove", "ofice", "--yes"), 2),
        Case(("credentials", "remove", "office"), 2),
    ],
    "credentials encrypt": [
        Case(("credentials", "encrypt"), before=with_passphrase),
        Case(("credentials", "encrypt"), 2, before=open_to_others),
    ],
    "credentials decrypt": [
        Case(("credentials", "decrypt", "--yes"), before=encrypted),
        Case(("credentials", "decrypt", "--yes"), 2, before=wrongly_unlocked),
        Case(("credentials", "decrypt"), 2, before=encrypted),
    ],
    "credentials rekey": [
        Case(
            ("credentials", "rekey", "--new-passphrase-from-stdin"), before=encrypted, stdin=f"{PASSPHRASE.text} new\n"
        ),
        Case(("credentials", "rekey", "--new-passphrase-from-stdin"), 2, before=wrongly_unlocked),
        Case(("credentials", "rekey", "--new-key-from-env", "NODELOOM_CREDENTIALS_PASSPHRASE"), 2, before=encrypted),
    ],
    "plugins": [Case(("plugins", "--json"))],
    "import n8n": [Case(("import", "n8n", "n8n.json", "--output", "imported"), 2, before=a_document)],
    "import openapi": [Case(("import", "openapi", "api.json", "--output", "imported"), 2, before=a_document)],
    # It holds a secret of its own making, which its first line is there to tell.
    "sandbox": [Case(("sandbox", "--help"))],
    "demo": [Case(("demo",))],
    "completion": [Case(("completion", "bash"))],
}


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """The path of every command that is no group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        path = f"{before} {name}".strip()
        if isinstance(command, click.Group):
            yield from commands(command, path)
        else:
            yield path


def test_every_command_has_an_entry() -> None:
    """A new command says here how it is tried."""
    assert set(commands(app)) == set(COMMANDS)


CASES = [(path, number, case) for path, cases in COMMANDS.items() for number, case in enumerate(cases)]


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for *_, case in CASES], ids=[f"{path} {number}" for path, number, _ in CASES])
def test_no_command_writes_a_secret(world: World, case: Case) -> None:
    """Not to standard output, standard error, a log, or a file, in any form."""
    case.before(world)
    world.server.mode, world.server.token_mode, world.server.knows = case.mode, case.token_mode, case.sends
    code = world.call(*case.words, stdin=case.stdin)
    assert code == case.code, world.said
    world.had(*case.sends)
    world.silent()
