"""Imported nodes run: over a real socket, each request is what its document says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.importers.openapi import write
from tests.importers.openapi.shop import document, imported, json_body

Json = dict[str, Any]


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked; `/file` with a picture."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith("/v1/file"):
            content, kind = b"\x89PNG", "image/png"
        else:
            seen = {
                "method": self.command,
                "path": self.path,
                "key": self.headers.get("X-Key"),
                "cookie": self.headers.get("Cookie"),
                "trace": self.headers.get("X-Trace"),
                "type": (self.headers.get("Content-Type") or "").partition(";")[0],
                "body": body.decode("utf-8", "replace"),
            }
            content, kind = json.dumps(seen).encode(), "application/json"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


QUERY = [
    {"name": "ids", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
    {"name": "flat", "in": "query", "explode": False, "schema": {"type": "array", "items": {"type": "string"}}},
    {"name": "deep", "in": "query", "style": "deepObject", "explode": True, "schema": {"type": "object"}},
    {"name": "f", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
    {"name": "X-Trace", "in": "header", "schema": {"type": "array", "items": {"type": "string"}}},
    {"name": "theme", "in": "cookie", "schema": {"type": "string"}},
]
FORM = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
}
PHOTO = {
    "type": "object",
    "required": ["photo"],
    "properties": {"photo": {"type": "string", "format": "binary"}, "note": {"type": "string"}},
}
PATHS = {
    "/things/{id}": {
        "get": {"operationId": "getThing", "parameters": QUERY},
        "patch": {"operationId": "changeThing", **json_body({"type": "object", "properties": {"a": {}, "b": {}}})},
    },
    "/things": {
        "post": {
            "operationId": "sendForm",
            "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": FORM}}},
        },
        "put": {
            "operationId": "sendPhoto",
            "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": PHOTO}}},
        },
    },
    "/file": {"get": {"operationId": "getFile", "tags": ["things"]}},
}


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    made = imported(
        document(
            PATHS,
            security=[{"key": []}],
            components={"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
        )
    )
    write(made, tmp_path)
    with Runtime() as runtime:
        runtime.add_node(tmp_path)
        for file in (tmp_path / "credentials").glob("*.json"):
            runtime.add_credential_type(file)
        yield runtime


def seen(runtime: Runtime, server: str, operation: str, item: Any = None, **parameters: Any) -> Json:
    result = runtime.run(
        "shop",
        {"resource": "Things", "operation": operation, **parameters},
        items=[item or {}],
        credentials={"shopApi": {"serverUrl": f"{server}/v1", "key": "secret"}},
    )
    return dict(result.items[0])


def test_parameters_stand_where_and_as_the_document_says(runtime: Runtime, server: str) -> None:
    options = {"Ids": [1, 2], "Flat": ["a,b", "c"], "Deep": {"x": {"y": 1}}, "F": '{"k": 1}', "Theme": "dark"}
    got = seen(runtime, server, "Get Thing", Id="a/b", Options=options, **{"X Trace": ["p", "q"]})["json"]
    assert got["path"] == ("/v1/things/a%2Fb?ids=1&ids=2&flat=a%2Cb,c&deep%5Bx%5D%5By%5D=1&f=%7B%22k%22%3A1%7D")
    assert (got["key"], got["cookie"], got["trace"]) == ("secret", "theme=dark", "p,q")


def test_json_bodies_hold_what_is_set(runtime: Runtime, server: str) -> None:
    got = seen(runtime, server, "Change Thing", {"n": 5}, Id="1", A="={{ $json.n }}")["json"]
    assert (got["method"], got["type"], json.loads(got["body"])) == ("PATCH", "application/json", {"a": 5})


def test_forms_repeat_lists(runtime: Runtime, server: str) -> None:
    got = seen(runtime, server, "Send Form", Name="Ann & Bob", Tags=["x", "y"])["json"]
    assert got["type"] == "application/x-www-form-urlencoded"
    assert got["body"] == "name=Ann+%26+Bob&tags=x&tags=y"


def test_files_are_sent_as_parts(runtime: Runtime, server: str) -> None:
    item = {"json": {}, "binary": {"data": {"data": "aGk=", "mimeType": "text/plain", "fileName": "hi.txt"}}}
    got = seen(runtime, server, "Send Photo", item, Photo="data", Note="n")["json"]
    assert got["type"] == "multipart/form-data"
    assert 'name="photo"; filename="hi.txt"\r\nContent-Type: text/plain\r\n\r\nhi' in got["body"]
    assert 'name="note"\r\n\r\nn' in got["body"]


def test_a_binary_answer_is_binary_data(runtime: Runtime, server: str) -> None:
    assert seen(runtime, server, "Get File")["binary"]["data"]["mimeType"] == "image/png"
