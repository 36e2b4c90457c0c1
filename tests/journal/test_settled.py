"""Method and address in one object, by a journal: what was in flight at a SIGKILL is repeated, or stays unknown."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journal.holding import HoldingService, holding

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")]

URL = "=/x/{{ $json.id }}"
ITEMS, IN_FLIGHT = 6, 3

# How a node can say it: the operation's request, its defaults, and a property.
FORMS: dict[str, dict[str, Any]] = {
    "operation": {"request": {"url": URL, "headers": {"X-Id": "={{ $json.id }}"}}},
    "defaults": {"request": {}, "defaults": {"url": URL, "headers": {"X-Id": "={{ $json.id }}"}}},
    "property": {"request": {}, "property": {"url": "=/x/{{ $value }}", "qs": {"by": "={{ $json.id }}"}}},
    "answer": {
        "request": {"url": URL, "returnFullResponse": "={{ $json.no }}", "ignoreHttpStatusErrors": "={{ false }}"}
    },
}


def described(form: str, method: str, url: str) -> dict[str, Any]:
    """A node with one operation in n8n's form, and a credential with `authenticate`."""
    parts = FORMS[form]
    routing: dict[str, Any] = {"request": {"method": method, **parts["request"]}}
    properties: list[dict[str, Any]] = [
        {
            "displayName": "Operation",
            "name": "operation",
            "type": "options",
            "default": "do",
            "options": [{"name": "Do", "value": "do", "routing": routing}],
        }
    ]
    if "property" in parts:
        del routing["request"]["method"]
        routing = {"request": {"method": method, **parts["property"]}}
        properties.append(
            {"displayName": "Id", "name": "id", "type": "string", "default": "={{ $json.id }}", "routing": routing}
        )
    return {
        "name": "things",
        "displayName": "Things",
        "version": 1,
        "credentials": [{"name": "thingsApi", "required": True}],
        "requestDefaults": {"baseURL": url, **parts.get("defaults", {})},
        "properties": properties,
    }


KEY_TYPE = {
    "name": "thingsApi",
    "displayName": "Things API",
    "properties": [{"displayName": "Key", "name": "key", "type": "string", "typeOptions": {"password": True}}],
    "authenticate": {"type": "generic", "properties": {"headers": {"Authorization": "=Bearer {{ $credentials.key }}"}}},
}


def start(folder: Path, service: HoldingService, form: str, method: str) -> subprocess.Popen[bytes]:
    (folder / "things.json").write_text(json.dumps(described(form, method, service.url)))
    (folder / "key.json").write_text(json.dumps(KEY_TYPE))
    (folder / "items.ndjson").write_text("".join(json.dumps({"id": n}) + "\n" for n in range(ITEMS)))
    command = [
        *(sys.executable, "-m", "nodeloom.cli", "run", "things.json", "do", "--items", "items.ndjson"),
        *("--journal", "run.journal", "--on-error", "continue", "--concurrency", str(IN_FLIGHT), "--quiet"),
        *("--credential-type", "key.json"),
    ]
    environment = {**os.environ, "NODELOOM_CREDENTIAL_THINGSAPI": json.dumps({"key": "canary"})}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def killed_and_gone_on_with(folder: Path, form: str, method: str) -> tuple[HoldingService, list[dict[str, Any]]]:
    """The service afterwards, and the results of the run that came to the end."""
    with holding(ITEMS) as service:
        first = start(folder, service, form, method)
        assert service.arrived(IN_FLIGHT)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        service.release()
        second = start(folder, service, form, method)
        out, err = second.communicate(timeout=60)
        assert b"Traceback" not in err
        return service, [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(("form", "method"), [*((form, "DELETE") for form in FORMS), ("property", "GET")])
def test_what_may_happen_twice_is_done_again_and_ends_as_done(tmp_path: Path, form: str, method: str) -> None:
    service, results = killed_and_gone_on_with(tmp_path, form, method)
    assert [result["pairedItem"]["item"] for result in results] == list(range(ITEMS))
    assert [result["error"]["code"] for result in results if "error" in result] == []
    asked = [service.asked[method, f"/x/{n}"] for n in range(ITEMS)]
    assert asked == [2] * IN_FLIGHT + [1] * (ITEMS - IN_FLIGHT)
    assert (service.things == set()) is (method == "DELETE")


@pytest.mark.parametrize("form", ["operation", "answer"])
def test_what_may_not_happen_twice_stays_unknown(tmp_path: Path, form: str) -> None:
    service, results = killed_and_gone_on_with(tmp_path, form, "POST")
    codes = [result.get("error", {}).get("code") for result in results]
    assert codes == ["unknown"] * IN_FLIGHT + [None] * (ITEMS - IN_FLIGHT)
    assert max(service.asked.values()) == 1
