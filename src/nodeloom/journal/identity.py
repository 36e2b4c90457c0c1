"""What a journal belongs to: one node in one version, one operation, one set of parameters."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodeloom.errors import JournalError, preview
from nodeloom.expression import Literal
from nodeloom.redaction import MASK
from nodeloom.values import Json

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession
    from nodeloom.expression import Dialect
    from nodeloom.plan.operation import OperationPlan

_NOT_SET = "(not set)"
# Parts of a node that say nothing about the operation that is run: where the other resources are, and how to find them.
_ELSEWHERE = ("resources", "search")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two runs differ, as text."""

    name: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.name}: {self.before} → {self.now}"


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two runs the same but for their items. All of it is JSON, and no secret is in it, nor its hash.

    `parameters` gives for each name the digest of its value and the value as a person reads it, both without secrets.
    """

    node: str
    version: str
    descriptor: str
    resource: str | None
    operation: str | None
    dialect: str
    url_values: str
    credential: str | None
    parameters: Mapping[str, Mapping[str, str]]
    nodes: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(
        cls,
        *,
        node: str,
        version: float,
        descriptor: str,
        resource: str | None,
        operation: str | None,
        dialect: str,
        url_values: str,
        credential: str | None,
        parameters: Mapping[str, Json],
        nodes: Mapping[str, Json] | None = None,
        mask: Callable[[Json], Json] = lambda value: value,
        hidden: Collection[str] = (),
    ) -> Identity:
        """The identity of a run.

        `descriptor` is the node's document as text; `mask` takes the credential's secrets out of a JSON value, and of
        the parameters named in `hidden` no value is looked at.
        """
        return cls(
            node,
            f"{version:g}",
            _digest(descriptor),
            resource,
            operation,
            dialect,
            url_values,
            credential,
            {name: _shown(mask(_plain(value, frozenset(hidden), name))) for name, value in parameters.items()},
            {name: _shown(mask(_plain(value, frozenset(), ""))) for name, value in (nodes or {}).items()},
        )

    @classmethod
    def of_run(
        cls,
        plan: OperationPlan,
        session: CredentialSession | None,
        *,
        dialect: Dialect,
        nodes: Mapping[str, Json] | None,
    ) -> Identity:
        """The identity of a run by that plan."""
        described = {name: value for name, value in plan.descriptor.to_dict().items() if name not in _ELSEWHERE}
        return cls.of(
            node=plan.node.name,
            version=plan.descriptor.type_version,
            descriptor=json.dumps(described, sort_keys=True),
            resource=plan.resource,
            operation=str(plan.operation.value) if plan.operation is not None else None,
            dialect=dialect,
            url_values=plan.url_values,
            credential=f"{session.type.name} ({session.name})" if session is not None else None,
            parameters=plan.values,
            nodes=nodes,
            mask=(lambda value: value) if session is None else session.masker.mask_json,
            hidden=frozenset(_passwords(described)),
        )

    def to_dict(self) -> dict[str, Json]:
        """The identity as JSON."""
        return {
            "node": self.node,
            "version": self.version,
            "descriptor": self.descriptor,
            "resource": self.resource,
            "operation": self.operation,
            "dialect": self.dialect,
            "urlValues": self.url_values,
            "credential": self.credential,
            "parameters": {name: dict(value) for name, value in self.parameters.items()},
            "nodes": {name: dict(value) for name, value in self.nodes.items()},
        }

    def differences(self, before: Mapping[str, Json]) -> list[Difference]:
        """In what this run differs from the one whose `to_dict()` is `before`."""
        now = self.to_dict()
        found = [
            Difference(words, _text(before.get(name)), _text(now[name]))
            for name, words in (
                ("node", "node"),
                ("version", "version of the node"),
                ("resource", "resource"),
                ("operation", "operation"),
                ("dialect", "dialect of the expressions"),
                ("urlValues", "url_values"),
                ("credential", "credential"),
            )
            if before.get(name) != now[name]
        ]
        if not found and before.get("descriptor") != now["descriptor"]:
            found.append(Difference(f"descriptor of {self.node}", "what it was", "changed since"))
        for kind, words in (("parameters", "parameter"), ("nodes", "items of the node")):
            found += _values_differ(words, before.get(kind) or {}, now[kind])
        return found

    def check(self, before: Mapping[str, Json], path: Path) -> None:
        """Raise JournalError, with every difference spelled out, when `before` is the identity of another run."""
        found = self.differences(before)
        if found:
            lines = "".join(f"\n    {difference}" for difference in found)
            raise JournalError(
                f"The journal {path} was made by another run:{lines}",
                hint="Run with what it was made with, or name another file for the journal.",
                differences=[{"name": d.name, "before": d.before, "now": d.now} for d in found],
            )


def _values_differ(words: str, before: Mapping[str, Json], now: Mapping[str, Json]) -> list[Difference]:
    found = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if old is not None and new is not None and old["digest"] == new["digest"]:
            continue
        first = _NOT_SET if old is None else old["shown"]
        second = _NOT_SET if new is None else new["shown"]
        if first == second:
            second = "another value that begins alike"
        found.append(Difference(f"{words} {name}", first, second))
    return found


def _text(value: Json) -> str:
    return "none" if value is None else str(value)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _shown(value: Json) -> dict[str, str]:
    return {"digest": _digest(json.dumps(value, sort_keys=True)), "shown": preview(value)}


def _plain(value: Json, hidden: frozenset[str], name: str) -> Json:
    """`value` as JSON, with `***` for what stands under a hidden name."""
    if name in hidden:
        return MASK
    if isinstance(value, Literal):
        return {"$literal": value.value}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, hidden, str(key)) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, hidden, "") for inner in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _passwords(part: Any) -> Iterator[str]:
    """The names of the properties, at any depth, whose values are hidden while they are typed (n8n)."""
    if isinstance(part, Mapping):
        options = part.get("typeOptions")
        if isinstance(options, Mapping) and options.get("password") and isinstance(part.get("name"), str):
            yield part["name"]
        for value in part.values():
            yield from _passwords(value)
    elif isinstance(part, list):
        for value in part:
            yield from _passwords(value)
