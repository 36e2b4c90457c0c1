"""How long the import of a document of Microsoft Graph's size takes: `python benchmarks/large_document.py`.

The document is made here, of the pieces that make Graph's large: entities that inherit and hold each other, each behind
many paths. `--operations` says how many; Graph v1.0 has some 10,000.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from nodeloom.importers.openapi.document import values_in
from nodeloom.importers.openapi.importer import import_raw
from nodeloom.importers.openapi.nodewriting import files_of

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/"


def entity(number: int, entities: int) -> Json:
    """An entity with texts, numbers, links to one other and lists of others, which inherits from an earlier one."""

    def other(step: int) -> Json:
        return {"$ref": f"{_SCHEMAS}e{(number * 7 + step * 13 + 1) % entities}"}

    members: Json = {f"text{n}": {"type": "string", "nullable": True, "maxLength": 255} for n in range(12)}
    members |= {f"number{n}": {"type": "number", "format": "int32"} for n in range(4)}
    members |= {f"link{n}": {"anyOf": [other(n), {"type": "object", "nullable": True}]} for n in range(8)}
    members |= {f"list{n}": {"type": "array", "items": other(n + 8)} for n in range(6)}
    base = {"$ref": f"{_SCHEMAS}e{number // 3}"} if number else {"type": "object"}
    return {"allOf": [base, {"type": "object", "properties": members, "required": ["@odata.type"]}]}


def document(operations: int, entities: int = 1_500) -> Json:
    """An OpenAPI document with so many operations."""
    paths: Json = {}
    for number in range(operations // 5):
        what = {"content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}e{number % entities}"}}}}
        answers = {"200": {"description": "ok", **what}}
        shared = {"tags": [f"t{number % 200}.area{number % 7}"], "responses": answers}
        keys = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in ("id", "it")]
        select = {"type": "array", "uniqueItems": True, "items": {"type": "string", "enum": ["id", "name", "text1"]}}
        options = [{"name": f"${name}", "in": "query", "schema": select} for name in ("select", "expand", "orderby")]

        def named(verb: str, number: int = number, shared: Json = shared, **more: Any) -> Json:
            return {**shared, "operationId": f"things.{verb}Thing{number}", **more}

        path = f"/t{number % 200}/{{id}}/things{number}"
        paths[path] = {
            "parameters": keys[:1],
            "get": named("list", parameters=options),
            "post": named("create", requestBody=what),
        }
        paths[f"{path}/{{it}}"] = {
            "parameters": keys,
            "get": named("get", parameters=options),
            "patch": named("update", requestBody=what),
            "delete": named("delete"),
        }
    return {
        "openapi": "3.0.4",
        "info": {"title": "Large"},
        "servers": [{"url": "https://large.example.com/v1.0"}],
        "paths": paths,
        "components": {"schemas": {f"e{number}": entity(number, entities) for number in range(entities)}},
    }


def main() -> None:
    """Import a document and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=10_000)
    raw = document(parser.parse_args().operations)
    print(f"{len(json.dumps(raw)):,} bytes, {values_in(raw):,} values")
    began = time.process_time()
    made = import_raw(raw)
    imported = time.process_time()
    files = files_of(made)
    written = time.process_time()
    print(f"{made.report.operations:,} operations, {made.report.left_out} left out: {imported - began:.1f} s")
    print(f"{len(files)} files, {sum(map(len, files.values())):,} characters: {written - imported:.1f} s")


if __name__ == "__main__":
    main()
