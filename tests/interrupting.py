"""Ctrl-C at every line: run as a program, it interrupts a way of using the runtime wherever certain files are at work.

    python interrupting.py '{"CASE": ["WAY", "FILE", …], …}'

For each line of the files that is run, it runs the way again, raises KeyboardInterrupt there, and looks at everything
that a traceback with variables shows. It writes for each case how many interruptions there were, the lines at which
none was, and each variable or message in which the canary stood. It is a program of its own, for a tracer slows
everything down and is seen by coverage.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import httpx

from nodeloom import Runtime
from nodeloom.credential import EncryptedFileProvider
from nodeloom.credential.oauth.tokenstore import TOKENS
from nodeloom.credential.stores import sealing
from nodeloom.credential.stores.sealing import Work
from nodeloom.testing import RecordingTransport
from tests.showing import chain_of

CANARY = "cnryinterrupted4711"

TYPE = {
    "name": "k",
    "displayName": "K",
    "properties": [
        {"displayName": "Server", "name": "serverUrl", "type": "string", "typeOptions": {"url": True}},
        {"displayName": "Key", "name": "key", "type": "string", "typeOptions": {"password": True}},
        {"displayName": "Token", "name": "token", "type": "string", "typeOptions": {"password": True}},
    ],
    "authenticate": {
        "type": "generic",
        "properties": {
            "headers": {"Authorization": "=Bearer {{ $credentials.key }}"},
            "body": {"k": "={{ $credentials.key }}"},
        },
    },
    "test": {"request": {"baseURL": "https://h.test", "url": "/who"}},
}
TOKEN = {
    "grantType": "client_credentials",
    "accessTokenUrl": "https://h.test/token",
    "clientId": "me",
    "clientSecret": "={{ $credentials.key }}",
    "field": "token",
}
NODE = {
    "name": "probe",
    "displayName": "Probe",
    "credentials": [{"name": "k", "required": True}],
    "requestDefaults": {
        "baseURL": "https://h.test",
        "headers": {"X-Way": "={{ $credentials.key.split('').reverse().join('') }}"},
    },
    "properties": [
        {
            "displayName": "Operation",
            "name": "operation",
            "type": "options",
            "default": "go",
            "options": [
                {
                    "name": "Go",
                    "value": "go",
                    "routing": {"request": {"method": "POST", "url": "/x", "body": {"a": "={{ $json.a }}"}}},
                }
            ],
        }
    ],
}


def answered(request: httpx.Request) -> httpx.Response:
    """A token where one is asked for; else a refusal that repeats what was sent."""
    if request.url.path == "/token":
        return httpx.Response(200, json={"access_token": f"{CANARY}-token", "expires_in": 60})
    return httpx.Response(403, json={"error": {"message": f"no {request.headers} {request.content!r}"}})


def sealed(folder: Path) -> EncryptedFileProvider:
    """A credential in an encrypted file."""
    os.environ["NODELOOM_CREDENTIALS_PASSPHRASE"] = f"{CANARY}-passphrase"
    store = EncryptedFileProvider(folder / "credentials.enc", work=Work(2**14, 8, 1))
    store.put("stored", "k", {"key": CANARY})
    return store


def made(way: str, folder: Path) -> Runtime:
    """The runtime that is used again and again."""
    providers: list[Any] = [sealed(folder)] if way == "sealed" else []
    transport = RecordingTransport(answered)
    runtime = Runtime(discover_plugins=False, retries=0, transport=transport, credential_providers=providers)
    runtime.add_node(NODE)
    runtime.add_credential_type({**TYPE, "token": TOKEN} if way == "token" else TYPE)
    return runtime


def use(runtime: Runtime, way: str, folder: Path) -> None:
    """Use the runtime in that way. What is secret is in no variable here, for these are looked at."""
    TOKENS.clear()
    # An interruption by a tracer may come where none can by a signal, and leave the guard of the keys locked.
    sealing.forget_keys()
    keywords: dict[str, Any] = {"on_error": "continue"}
    if way == "journal":
        # Its case looks into `re`, which has to compile again for it.
        re.purge()
        keywords["journal"] = Path(tempfile.mkdtemp(dir=folder)) / "run.journal"
    items = [{"a": 1}]
    if way == "test":
        runtime.test_credential("k", {"serverUrl": "https://h.test", "key": CANARY})
    elif way == "plan":
        list(runtime.plan("probe", {}, items, credentials={"k": {"key": CANARY}}))
    elif way in ("arun", "token"):
        asyncio.run(runtime.arun("probe", {}, items, credentials={"k": {"key": CANARY}}, **keywords))
    elif way == "sealed":
        runtime.run("probe", {}, items, credentials={"k": "stored"}, **keywords)
    else:
        runtime.run("probe", {}, items, credentials={"k": {"key": CANARY}}, **keywords)


Line = tuple[str, int]


class Tracer:
    """Counts how often each line of the files is run, and interrupts at one of them when it comes the nth time."""

    def __init__(self, files: tuple[str, ...], stop: tuple[Line, int] | None = None) -> None:
        self.seen: dict[Line, int] = {}
        self._files = files
        self._wanted: dict[CodeType, bool] = {}
        self._stop = stop

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Any:
        wanted = self._wanted.get(frame.f_code)
        if wanted is None:
            wanted = self._wanted[frame.f_code] = frame.f_code.co_filename.endswith(self._files)
        if not wanted:
            # Functions that it calls are looked at all the same.
            return None
        if event == "line":
            line = (frame.f_code.co_filename.rpartition("/")[2], frame.f_lineno)
            times = self.seen[line] = self.seen.get(line, 0) + 1
            if self._stop == (line, times):
                sys.settrace(None)
                raise KeyboardInterrupt
        return self

    def run(self, runtime: Runtime, way: str, folder: Path) -> BaseException | None:
        """What using the runtime ends with."""
        sys.settrace(self)
        try:
            use(runtime, way, folder)
        except BaseException as error:  # noqa: BLE001 - what is looked at
            return error
        finally:
            sys.settrace(None)
        return None


def leaks(error: BaseException) -> Iterator[str]:
    """Where the canary stands in what is shown of an exception."""
    for link in chain_of(error):
        told = "".join(traceback.format_exception(link, chain=False))
        if CANARY in told + shown(link) + shown(vars(link)):
            yield f"the words of {type(link).__name__}"
        for frame, _line in traceback.walk_tb(link.__traceback__):
            if frame.f_code.co_filename == __file__:
                continue
            for name, value in frame.f_locals.items():
                if CANARY in shown(value):
                    yield f"{name} of {frame.f_code.co_name} in {frame.f_code.co_filename.rpartition('/')[2]}"


def shown(value: object) -> str:
    """How a traceback shows a value; nothing of one that is not finished."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - its attributes are not there yet
        return ""


def interrupted(way: str, *files: str) -> dict[str, Any]:
    """Interrupt at each line, the first and the last time it comes: what was found, and where nothing was stopped."""
    found: dict[str, list[Line]] = {}
    reached: set[Line] = set()
    interruptions = 0
    with tempfile.TemporaryDirectory() as made_here:
        folder = Path(made_here)
        with made(way, folder) as runtime:
            # Everything is imported and compiled the first time.
            Tracer(files).run(runtime, way, folder)
            usual = Tracer(files)
            usual.run(runtime, way, folder)
            for line, times in usual.seen.items():
                for number in sorted({1, times}):
                    error = Tracer(files, (line, number)).run(runtime, way, folder)
                    # How often a line is run may depend on the order of a set: there may be no last time.
                    if error is None or not any(isinstance(link, KeyboardInterrupt) for link in chain_of(error)):
                        continue
                    interruptions += 1
                    reached.add(line)
                    for leak in leaks(error):
                        found.setdefault(leak, []).append(line)
    return {"interrupted": interruptions, "missed": sorted(usual.seen.keys() - reached), "leaks": found}


if __name__ == "__main__":
    found = {case: interrupted(*words) for case, words in json.loads(sys.argv[1]).items()}
    sys.stdout.write(json.dumps(found))
