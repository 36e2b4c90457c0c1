"""Compiles 3CX's OpenAPI file into `service.json`, which the sandbox answers from.

    python -m nodeloom.testing.threecx.generate FILE [--output FILE]

FILE is YAML (which needs PyYAML) or JSON. The same file gives the same bytes. Only names, types and bounds are taken
over. What the file says in a way that is not known here ends in a DescriptorError with the place, never in a guess.

The data, read by `servicecatalogue`:

* `types`: structure → field → type; under the empty name the type it inherits from.
* `enums` and `flags`: enumeration → members; of `flags` a value may have several.
* `sets` and `singletons`: name → `type` (null if the file never shows an entity), `key`, `alternate`, `verbs`,
  `navigation` (fields with a path of their own) and `operations`; `imports`: operations that are not bound.
* an operation: `action` or `function`: its parameters; `on`: "entity" if it is bound to one; `options`: "list" or
  "page" if it takes query options; `gives`: the type it answers, "file" or "file of TYPE" for a download.

A type is a primitive (`String` for Edm.String) or a qualified name; `[T]` is a collection, `T?` nullable, `>T` a
navigation field and `T<=20` a text of at most 20 characters.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from nodeloom.errors import ConfigurationError, DescriptorError, NodeloomError
from nodeloom.testing.threecx.declaredtypes import Schemas
from nodeloom.values import Json, JsonObject

OUTPUT = Path(__file__).with_name("service.json")
_METHODS = {"get": "get", "post": "create", "patch": "update", "delete": "delete"}
_PAGE = {"$top", "$skip", "$search", "$filter", "$count"}
_OPTIONS = {
    frozenset[str](): "",
    frozenset({"$select", "$expand"}): "entity",
    frozenset(_PAGE): "page",
    frozenset({*_PAGE, "$orderby", "$select", "$expand"}): "list",
}
_EXPECTED_OPTIONS = {"list": "list", "get": "entity", "create": "", "update": "", "delete": "", "follow": "list"}
_ENTRY = ("type", "key", "alternate", "verbs", "navigation", "operations")
_YAML_1_1 = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
_SEGMENT = re.compile(r"([\w.]+)(?:\((.*)\))?")
_NAMED = re.compile(r"(\w+)=\{(\w+)\}")
# The file declares JSON for these too (DESIGN.md and the facts on 3CX say why that is not what comes).
_DOWNLOAD = re.compile(r"Pbx\.(?:Download|Export)")
_Any_RESULT = "Pbx.IActionResult"


def compile_service(document: Mapping[str, Json]) -> JsonObject:
    """The data of `service.json` for an OpenAPI document of 3CX. Raises DescriptorError."""
    return _Compiler(document).run()


def render(service: Mapping[str, Json]) -> str:
    """`service` as JSON: two levels spread out, the rest a line each, so that a new revision can be compared."""
    parts = []
    for section, entries in service.items():
        if not isinstance(entries, dict):
            parts.append(f"{json.dumps(section)}: {json.dumps(entries)}")
            continue
        lines = ",\n".join(f" {json.dumps(n)}:{json.dumps(v, separators=(',', ':'))}" for n, v in entries.items())
        parts.append(f"{json.dumps(section)}: {{\n{lines}\n}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


class _Compiler:
    def __init__(self, document: Mapping[str, Json]) -> None:
        self._document = document
        self._schemas = Schemas(document)
        self._sets: dict[str, JsonObject] = {}
        self._imports: dict[str, JsonObject] = {}

    def run(self) -> JsonObject:
        count = 0
        for path, item in self._document["paths"].items():
            for method, operation in item.items():
                if method in ("description", "summary"):
                    continue
                if method not in _METHODS:
                    raise DescriptorError("A path has what is not known.", path=f"paths.{path}", value=method)
                self._read(path, method, operation)
                count += 1
        singletons = {n for n, s in self._sets.items() if s.pop("singleton", False)}
        entries = {n: {k: s[k] for k in _ENTRY if k in s} for n, s in sorted(self._sets.items())}
        return {
            "operations": count,
            "sets": {n: s for n, s in entries.items() if n not in singletons},
            "singletons": {n: s for n, s in entries.items() if n in singletons},
            "imports": dict(sorted(self._imports.items())),
            **self._schemas.describe(),
        }

    def _read(self, path: str, method: str, operation: Mapping[str, Json]) -> None:
        where = f"paths.{path}.{method}"
        first, *rest = path.strip("/").split("/")
        name, key = self._segment(first, where)
        # Unbound operations are "imports" in OData's metadata: ActionImport, FunctionImport.
        if str(operation.get("x-ms-docs-operation-type", "")).endswith("Import"):
            self._imports[name] = self._operation(first, method, operation, where)
            return
        entry = self._sets.setdefault(name, {"type": None})
        if key is not None and not self._key(entry, operation, key, where):
            self._verb(entry, "get", method, operation, where)
            return
        if not rest:
            self._entity_verb(entry, method, operation, where, keyed=key is not None)
        elif _SEGMENT.fullmatch(rest[0]) and "." in rest[0].partition("(")[0] and len(rest) == 1:
            bound = self._operation(rest[0], method, operation, where)
            entry.setdefault("operations", {})[self._segment(rest[0], where)[0]] = (
                {"on": "entity", **bound} if key is not None else bound
            )
        else:
            self._check_options("follow", operation, where)
            entry.setdefault("navigation", []).append(rest[0])

    def _segment(self, text: str, where: str) -> tuple[str, str | None]:
        """Name and what is between the parentheses, None without any."""
        match = _SEGMENT.fullmatch(text)
        if match is None:
            raise DescriptorError("A path segment is of a shape that is not known.", path=where, value=text)
        return match[1], match[2]

    def _key(self, entry: JsonObject, operation: Mapping[str, Json], key: str, where: str) -> bool:
        """Note the key of the set; False if it is an alternate one."""
        parameters = self._parameters(operation, "path")
        named = dict(_NAMED.findall(key))
        names = [named.get(n, n) for n in (named or [key.strip("{}")])]
        if any("x-ms-docs-key-type" in parameters[n] for n in names if n in parameters):
            if entry.setdefault("key", names) != names:
                raise DescriptorError("A set has two keys.", path=where, value=key)
            return True
        if len(names) != 1 or not named:
            raise DescriptorError("A key is of a shape that is not known.", path=where, value=key)
        entry.setdefault("alternate", []).extend(names)
        return False

    def _entity_verb(
        self, entry: JsonObject, method: str, operation: Mapping[str, Json], where: str, *, keyed: bool
    ) -> None:
        """Note what a method does with a set, a singleton or (`keyed`) one entity.

        Args:
            entry: of the set, in the data.
            method: in small letters.
            operation: as the file describes it.
            where: its place in the file, for errors.
            keyed: whether its path ends in a key.
        """
        verb = _METHODS[method]
        if verb == "get" and not keyed:
            # The file does not say what is a singleton: a GET without a key that gives one entity is.
            spec = self._gives(operation, where)
            if spec.startswith("["):
                verb = "list"
            else:
                entry["singleton"] = True
        self._verb(entry, verb, method, operation, where)
        entry.setdefault("verbs", []).append(verb)

    def _verb(self, entry: JsonObject, verb: str, method: str, operation: Mapping[str, Json], where: str) -> None:
        """Check that a verb is declared as the sandbox does it, and note the entity's type.

        Args:
            entry: of the set, in the data.
            verb: as the sandbox calls it.
            method: in small letters.
            operation: as the file describes it.
            where: its place in the file, for errors.
        """
        self._check_options(verb, operation, where)
        statuses = {"get": "200", "post": "201", "patch": "204", "delete": "204"}
        if statuses[method] not in operation["responses"]:
            raise DescriptorError(f"The answer is not {statuses[method]}.", path=f"{where}.responses")
        found = [] if method in ("patch", "delete") else [self._gives(operation, where).strip("[]")]
        if "requestBody" in operation:
            body = self._schemas.resolve(operation["requestBody"])
            found.append(self._schemas.type_of(body["content"]["application/json"]["schema"], where))
        for spec in found:
            if entry["type"] not in (None, spec):
                raise DescriptorError("A set holds entities of two types.", path=where, value=spec)
            entry["type"] = spec

    def _operation(self, segment: str, method: str, operation: Mapping[str, Json], where: str) -> JsonObject:
        name, arguments = self._segment(segment, where)
        entry: JsonObject = {}
        if method == "get":
            parameters = self._parameters(operation, "path")
            entry["function"] = {
                n: self._schemas.type_of(parameters[p]["schema"], f"{where}.parameters.{p}")
                for n, p in _NAMED.findall(arguments or "")
            }
        else:
            entry["action"] = self._body(operation, where)
        options = self._options(operation, where)
        if options:
            entry["options"] = options
        gives = self._gives(operation, where)
        if method == "get" and (_DOWNLOAD.match(name) or gives == _Any_RESULT):
            gives = f"file of {gives.strip('[]')}" if gives.startswith("[") else "file"
        if gives:
            entry["gives"] = gives
        return entry

    def _body(self, operation: Mapping[str, Json], where: str) -> dict[str, str]:
        if "requestBody" not in operation:
            return {}
        schema = self._schemas.resolve(operation["requestBody"])["content"]["application/json"]["schema"]
        if set(schema) - {"title", "type", "properties"}:
            raise DescriptorError("An action's body is of a shape that is not known.", path=where, value=schema)
        return {n: self._schemas.type_of(s, f"{where}.requestBody.{n}") for n, s in schema["properties"].items()}

    def _gives(self, operation: Mapping[str, Json], where: str) -> str:
        """The type an operation answers, or an empty text if it answers 204."""
        success = next(r for status, r in operation["responses"].items() if status.startswith("2"))
        content = self._schemas.resolve(success).get("content")
        if content is None:
            return ""
        return self._schemas.answer(content["application/json"]["schema"], f"{where}.responses")

    def _options(self, operation: Mapping[str, Json], where: str) -> str:
        names = frozenset(self._parameters(operation, "query"))
        if names not in _OPTIONS:
            raise DescriptorError("These query options are not known together.", path=where, value=sorted(names))
        return _OPTIONS[names]

    def _check_options(self, verb: str, operation: Mapping[str, Json], where: str) -> None:
        if self._options(operation, where) != _EXPECTED_OPTIONS[verb]:
            raise DescriptorError(f"The query options are not those of '{verb}'.", path=where)

    def _parameters(self, operation: Mapping[str, Json], place: str) -> JsonObject:
        resolved: Iterator[Json] = (self._schemas.resolve(p) for p in operation.get("parameters", ()))
        return {p["name"]: p for p in resolved if p["in"] == place}


def load(path: Path) -> Mapping[str, Json]:
    """The document in a file. Raises ConfigurationError if it cannot be read, DescriptorError if not an object."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    if path.suffix == ".json":
        document = json.loads(text)
    else:
        try:
            yaml = importlib.import_module("yaml")
        except ModuleNotFoundError:
            raise ConfigurationError("Reading YAML needs PyYAML.", hint="pip install pyyaml, or give JSON.") from None
        document = yaml.load(text, Loader=_yaml_loader(yaml))
    if not isinstance(document, dict):
        raise DescriptorError("This is not an OpenAPI document.", value=str(path))
    return document


def _yaml_loader(yaml: ModuleType) -> object:
    """A safe loader that reads scalars as YAML 1.2 does: `Off` is a text, as is a date."""
    loader: Any = type("Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
    loader.yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in resolvers if tag not in _YAML_1_1]
        for first, resolvers in loader.yaml_implicit_resolvers.items()
    }
    loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), list("tf"))
    return loader


def main(arguments: list[str] | None = None) -> int:
    """The command line: 0 when the data is written, 2 when the file cannot be compiled."""
    parser = argparse.ArgumentParser(prog="python -m nodeloom.testing.threecx.generate", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args(arguments)
    try:
        service = compile_service(load(given.file))
    except NodeloomError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    given.output.write_text(render(service), encoding="utf-8", newline="\n")
    sys.stderr.write(f"{service['operations']} operations written to {given.output}.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
