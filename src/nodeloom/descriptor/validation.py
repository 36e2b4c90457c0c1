"""Whole-document validation, with messages a descriptor's author can act on.

A node or credential type is checked by its model (the published schemas are made from the same models); the other
documents by their JSON Schema in `schemas/`. Loading does not come through here: validating 3,000 properties for
every start would cost more than running them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nodeloom.datafolder import data_root
from nodeloom.descriptor.conditions import CONDITIONS, is_condition
from nodeloom.descriptor.documentfiles import MAX_DEPTH, read_json
from nodeloom.descriptor.misspelling import misspelt_keys
from nodeloom.descriptor.patterns import search
from nodeloom.descriptor.problems import Keys, Problem, json_path, misspelt, problem_of_schema, problems_of
from nodeloom.errors import DescriptorError, nearest, preview
from nodeloom.jsonbounds import deeper_than
from nodeloom.values import Json

if TYPE_CHECKING:
    from nodeloom.descriptor.models import Document

__all__ = ["KINDS", "Problem", "json_path", "kind_of", "load_schema", "problems_of", "validate_document"]

_CREDENTIAL_KEYS = {"authenticate", "token", "extends", "test", "requireOneOf", "genericAuth", "documentationUrl"}
_NODE_KEYS = {"inputs", "outputs", "requestDefaults", "group", "version", "defaults", "credentials", "resources"}
# What an importer's overrides have and no other document does.
_OVERRIDES_KEYS = {"operations", "names", "entities", "descriptions"}
KINDS = ("node", "credential", "resource", "node-instance", "items", "run-report", "search-index", "overrides")


def kind_of(raw: Json) -> str:
    """Which kind of document `raw` is: one of KINDS. Raises DescriptorError if it is another one."""
    if isinstance(raw, list):
        return "items"
    if isinstance(raw, Mapping):
        keys = set(raw)
        if "counts" in keys and "nodeloom" in keys:
            return "run-report"
        if "parameters" in keys or ("nodes" in keys and "connections" in keys):
            return "node-instance"
        if "resource" in keys and "properties" in keys and "name" not in keys:
            return "resource"
        if keys == {"index"}:
            return "search-index"
        if keys & _OVERRIDES_KEYS and not keys & {"properties", "inputs", "outputs"}:
            return "overrides"
        if keys & _CREDENTIAL_KEYS and not keys & _NODE_KEYS:
            return "credential"
        if keys & {*_NODE_KEYS, "properties"}:
            return "node"
        # A node with a typo in its most telling key is told of the typo.
        if nearest("properties", [k for k in keys if isinstance(k, str)]):
            return "node"
        if "json" in keys:
            return "items"
    raise DescriptorError(
        "The document is neither a node, a credential type, a node instance, items nor a run report.",
        path="$",
        value=raw,
        hint="A node has name, displayName and properties. Say which it should be with --kind.",
    )


def validate_document(raw: Json, kind: str) -> list[Problem]:
    """Every problem of `raw` as a document of `kind`, in document order; empty when it is right."""
    model = _models().get(kind)
    if model is None:
        return _schema_problems(raw, kind)
    from pydantic import ValidationError

    if deeper_than(raw, MAX_DEPTH):
        return [Problem("$", "it is nested too deeply.", hint=f"Use at most {MAX_DEPTH} levels of nesting.")]
    try:
        model.model_validate(raw)
    except ValidationError as fault:
        found = problems_of(fault, raw)
    else:
        found = []
    named = {p.path for p in found}
    more = [misspelt(*typo) for typo in misspelt_keys(model, raw)] + list(_broken_conditions(raw, ()))
    return found + [p for p in more if p.path not in named]


def _broken_conditions(part: Json, at: Keys) -> Iterator[Problem]:
    """Conditions of `displayOptions` that would fail when the form is settled."""
    if isinstance(part, list):
        for index, entry in enumerate(part):
            yield from _broken_conditions(entry, (*at, index))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from _broken_conditions(value, (*at, str(key)))
        if is_condition(part) and isinstance(part["_cnd"], Mapping) and "displayOptions" in at:
            yield from _broken_condition(part["_cnd"], (*at, "_cnd"))


def _broken_condition(rule: Mapping[str, Json], at: Keys) -> Iterator[Problem]:
    kind, wanted = next(iter(rule.items()), ("", None))
    if kind not in CONDITIONS:
        close = nearest(str(kind), CONDITIONS)
        hint = f"Did you mean {close!r}?" if close else f"Known: {', '.join(CONDITIONS)}."
        yield Problem(json_path((*at, kind) if kind else at), f"unknown condition {kind!r}.", preview(wanted), hint)
    elif kind == "between" and not (isinstance(wanted, Mapping) and {"from", "to"} <= wanted.keys()):
        hint = 'Write {"from": 1, "to": 5}.'
        yield Problem(json_path((*at, kind)), "'from' and 'to' are wanted.", preview(wanted), hint)
    elif kind == "regex" and isinstance(wanted, str):
        try:
            search(wanted, "")
        except DescriptorError as fault:
            yield Problem(json_path((*at, kind)), fault.message, fault.value, fault.hint)


@functools.cache
def _models() -> dict[str, type[Document]]:
    from nodeloom.descriptor import models

    return {
        "node": models.NodeDescriptor,
        "credential": models.CredentialType,
        "resource": models.ResourceDocument,
    }


@functools.cache
def load_schema(kind: str) -> Json:
    """The published JSON Schema (2020-12) of a kind of document."""
    return read_json(data_root() / "schemas" / f"{kind}.schema.json")


def _schema_problems(raw: Json, kind: str) -> list[Problem]:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    if kind == "items" and isinstance(raw, Mapping):
        raw = [raw]
    # With an empty registry: a schema must not make the validator fetch anything.
    validator = Draft202012Validator(load_schema(kind), registry=Registry())
    found = sorted(validator.iter_errors(raw), key=lambda e: [str(k) for k in e.absolute_path])
    return [problem_of_schema(error) for error in found]
