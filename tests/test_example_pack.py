"""The example pack is a distribution of its own: installed beside Nodeloom, its node is there and runs."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.errors import BadRequestError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
PACK = ROOT / "examples" / "nodeloom-httpbin"

PROGRAM = """
import json, sys
from nodeloom import Runtime
with Runtime() as runtime:
    result = runtime.run(
        "httpbin",
        {"operation": "Echo", "Message": "={{ slug($json.title) }}", "Tags": ["a", "={{ $json.title }}"]},
        [{"title": "Summer Sale"}, {"title": "Old_Promo!"}],
        credentials={"httpbinApi": {"serverUrl": sys.argv[1], "token": "canary"}},
    )
    plugins = [plugin.to_dict() for plugin in runtime.plugins]
    print(json.dumps({"items": result.items, "plugins": plugins, "nodes": sorted(runtime.nodes)}))
"""


class Httpbin(BaseHTTPRequestHandler):
    """Two endpoints of httpbin."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        described = {"json": json.loads(body), "headers": dict(self.headers), "method": "POST", "url": self.path}
        self._answer(200 if self.headers["Authorization"] == "Bearer canary" else 401, described)

    def do_GET(self) -> None:
        self._answer(int(self.path.rpartition("/")[2]), {})

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def httpbin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Httpbin) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def command(*arguments: str | Path) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_USER"))}
    done = subprocess.run(
        [str(a) for a in arguments], capture_output=True, text=True, check=False, env=environment, cwd=Path(sys.prefix)
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with Nodeloom and the pack built from this checkout; what they depend on is borrowed."""
    home = tmp_path_factory.mktemp("environment")
    command(sys.executable, "-m", "venv", home)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    here = sysconfig.get_paths()["purelib"]
    there = Path(command(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())
    # After the environment's own folder on the path, so what is installed here hides what is borrowed.
    (there / "borrowed.pth").write_text(here + "\n", encoding="utf-8")
    # Where the build backend is at hand it is borrowed too; else pip fetches it for the build.
    options = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    sources = []
    for source in (ROOT, PACK):
        # A copy, since another build of the same folder may be under way.
        copy = home / "sources" / source.name
        ignored = shutil.ignore_patterns(".*", "__pycache__", "tests", "benchmarks", "examples", "*venv*", "dist")
        sources.append(shutil.copytree(source, copy, ignore=ignored))
    command(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", *options, *sources)
    return scripts


@pytest.mark.timeout(300)
def test_the_pack_is_found_in_a_fresh_environment_and_its_node_runs(installed: Path, httpbin: str) -> None:
    told = json.loads(command(installed / "python", "-c", PROGRAM, httpbin))
    assert told["items"] == [
        {"json": {"message": "summer-sale", "tags": ["a", "Summer Sale"]}, "pairedItem": {"item": 0}},
        {"json": {"message": "old-promo", "tags": ["a", "Old_Promo!"]}, "pairedItem": {"item": 1}},
    ]
    assert {"httpbin", "threecx"} <= set(told["nodes"])
    (pack,) = [plugin for plugin in told["plugins"] if plugin["name"] == "httpbin"]
    assert pack["distribution"] == "nodeloom-httpbin"
    assert pack["version"] == "0.1.0"
    assert pack["error"] is None
    assert pack["hooks"] == [
        "nodeloom_credential_types",
        "nodeloom_expression_functions",
        "nodeloom_nodes",
        "nodeloom_transform_result",
    ]


@pytest.mark.timeout(300)
def test_the_command_line_lists_the_pack(installed: Path) -> None:
    nodeloom = installed / "nodeloom"
    assert "nodeloom-httpbin" in command(nodeloom, "plugins")
    listed = json.loads(command(nodeloom, "plugins", "--json"))
    assert "httpbin" in json.dumps(listed)
    assert "httpbin" in command(nodeloom, "nodes", "--json")


def load_pack() -> Any:
    spec = importlib.util.spec_from_file_location("nodeloom_httpbin", PACK / "src" / "nodeloom_httpbin" / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_pack_may_be_given_to_a_runtime_without_being_installed(httpbin: str) -> None:
    with Runtime(plugins=[load_pack()], discover_plugins=False) as runtime:
        given = {"httpbinApi": {"serverUrl": httpbin, "token": "canary"}}
        result = runtime.run(
            "httpbin", {"operation": "status", "Code": "={{ $json.n }}"}, [{"n": 200}], credentials=given
        )
        assert result.report.succeeded
        with pytest.raises(BadRequestError) as caught:
            runtime.run("httpbin", {"operation": "status", "Code": 418}, credentials=given)
    assert "teapot" in caught.value.message
    assert "418" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "expected"), [("Summer Sale", "summer-sale"), ("  Ünï__code! ", "ünï-code"), (3, "3"), ("", "")]
)
def test_slug(text: object, expected: str) -> None:
    assert load_pack().slug(text) == expected
