"""The packages as npm serves them: packed, imported, and run against a server on loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.cli import main
from nodeloom.importers.n8n import ImportResult, import_package
from tests.importers.conftest import Listener
from tests.importers.packing import module, one_node
from tests.importers.test_openapi import BEFORE, DOCUMENT

pytestmark = pytest.mark.slow

PACKAGES = ("@mendable/n8n-nodes-firecrawl", "@devlikeapro/n8n-nodes-petstore", "@devlikeapro/n8n-nodes-chatwoot")
# What the last two are made with when they are loaded.
LIBRARIES = ("@devlikeapro/n8n-openapi-node", "lodash@4", "openapi-types@12")
_SECONDS = 40


def npm_pack(folder: Path, *names: str) -> None:
    """`npm pack NAMES` into the folder, or skip the test."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    flags = ["--silent", "--fetch-retries=0", f"--pack-destination={folder}"]
    try:
        done = subprocess.run(
            [npm, "pack", *flags, *names], capture_output=True, timeout=_SECONDS, cwd=folder, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm's registry does not answer in time")
    if done.returncode != 0:
        pytest.skip(f"npm pack failed: {done.stderr.decode(errors='replace')[-200:]}")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("npm")
    npm_pack(folder, *PACKAGES)
    return {name.rpartition("-nodes-")[2]: next(folder.glob(f"*{name.rpartition('/')[2]}-*.tgz")) for name in PACKAGES}


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("libraries")
    npm_pack(folder, *LIBRARIES)
    return folder


def imported(source: Path, output: Path) -> dict[str, Any]:
    """`nodeloom import n8n SOURCE --output OUTPUT`, and its report."""
    assert main(["import", "n8n", str(source), "--output", str(output)]) == 0
    report: dict[str, Any] = json.loads((output / "report.json").read_text("utf-8"))
    assert all("problems" not in entry for entry in report["nodes"])
    return report


def pure_operations(report: dict[str, Any]) -> list[tuple[str, str]]:
    (node,) = report["nodes"]
    return [(o["resource"], o["operation"]) for o in node["operations"] if o["status"] == "pure"]


def runtime_with(output: Path, url: str | None = None) -> Runtime:
    """A runtime with what was imported; `url` takes the place of the service's address."""
    runtime = Runtime(discover_plugins=False, retries=0)
    for path in (output / "nodes").glob("*.json"):
        document = json.loads(path.read_text("utf-8"))
        if url is not None:
            document["requestDefaults"]["baseURL"] = url
        runtime.add_node(document)
    for path in (output / "credentials").glob("*.json"):
        runtime.add_credential_type(path)
    return runtime


def test_every_pure_operation_of_petstore_runs(packed: dict[str, Path], tmp_path: Path, listener: Listener) -> None:
    operations = pure_operations(imported(packed["petstore"], tmp_path))
    assert len(operations) >= 19
    with runtime_with(tmp_path, listener.url) as runtime:
        for resource, operation in operations:
            result = runtime.run("petstore", {"resource": resource, "operation": operation, **petstore_values})
            assert result.report.succeeded
    assert len(listener.requests) == len(operations)
    assert "/pet/findByStatus?status=sold" in [r["target"] for r in listener.requests]


petstore_values = {"petId": 7, "orderId": 8, "username": "ann", "status": "sold"}


def test_pure_operations_of_chatwoot_run_with_its_credential(
    packed: dict[str, Path], tmp_path: Path, listener: Listener
) -> None:
    report = imported(packed["chatwoot"], tmp_path)
    operations = pure_operations(report)
    assert len(operations) >= 100
    credential = {"url": listener.url, "accessToken": "t0k"}
    ran = 0
    with runtime_with(tmp_path) as runtime:
        # They are alike; each fourth shows it, at a fourth of five seconds.
        for resource, operation in operations[::4]:
            fields = runtime.describe("chatWoot", resource, operation)["fields"]
            given = {f["name"]: value_for(f) for f in fields if f.get("required")}
            parameters = {"resource": resource, "operation": operation, **given}
            result = runtime.run("chatWoot", parameters, credentials={"chatwootApi": credential}, dialect="n8n")
            ran += result.report.succeeded
    assert ran == len(operations[::4]) == len(listener.requests)
    assert {r["headers"]["api-access-token"] for r in listener.requests} == {"t0k"}


def value_for(field: dict[str, Any]) -> Any:
    """Something a required field takes."""
    if field.get("options"):
        return field["options"][0]["value"]
    return {"number": 1, "boolean": True, "json": "[]"}.get(field["type"], "x")


def test_pure_operations_of_firecrawl_run_and_hooked_ones_are_refused_by_name(
    packed: dict[str, Path], tmp_path: Path, listener: Listener
) -> None:
    report = imported(packed["firecrawl"], tmp_path)
    pure = dict(reversed([(operation, resource) for resource, operation in pure_operations(report)]))
    with runtime_with(tmp_path, listener.url) as runtime:
        credential = {"firecrawlApi": {"apiKey": "k3y", "baseUrl": listener.url}}
        parameters = {"resource": pure["getCrawlStatus"], "operation": "getCrawlStatus", "crawlId": "c-1"}
        runtime.run("firecrawl", parameters, credentials=credential)
        hooked = next(o for o in report["nodes"][0]["operations"] if o["status"] == "hooked")
        with pytest.raises(Exception, match="JavaScript that its package brings") as caught:
            runtime.compile("firecrawl", {"resource": hooked["resource"], "operation": hooked["operation"]})
        assert any(name in str(caught.value) for name in hooked["hooks"])
    (sent,) = listener.requests
    assert (sent["method"], "c-1" in sent["target"]) == ("GET", True)
    assert sent["headers"]["authorization"] == "Bearer k3y"


def comparable(result: ImportResult) -> str:
    """All that was imported, without the words of notices, which are each library's own."""
    for node in result.nodes:
        for prop in node["properties"]:
            if prop["type"] == "notice":
                del prop["displayName"]
    return json.dumps(result.files)


def test_the_stand_in_gives_the_same_for_a_document_with_odd_corners(libraries: Path, tmp_path: Path) -> None:
    overrides = "[{find: {name: 'name'}, replace: {default: 'Tom'}}, {find: {type: 'notice'}, replace: {hint: 'n'}}]"
    code = module(BEFORE.replace("OVERRIDES", overrides), "this.description.properties = properties;")
    source = one_node(tmp_path / "p.tgz", code, **{"lib/openapi.json": json.dumps(DOCUMENT)})
    without, with_library = import_package(source), import_package(source, dependencies=[libraries])
    assert (len(without.report.stand_ins), len(with_library.report.stand_ins)) == (1, 0)
    assert comparable(without) == comparable(with_library)


@pytest.mark.parametrize("name", ["petstore", "chatwoot"])
def test_the_library_and_its_stand_in_give_the_same(packed: dict[str, Path], libraries: Path, name: str) -> None:
    without = import_package(packed[name])
    with_library = import_package(packed[name], dependencies=[libraries])
    assert without.report.stand_ins == ["@devlikeapro/n8n-openapi-node"]
    assert with_library.report.stand_ins == []
    assert with_library.report.missing == []
    assert comparable(without) == comparable(with_library)
