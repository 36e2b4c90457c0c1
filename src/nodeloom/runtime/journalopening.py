"""The journal of a run that is about to begin: what the run is, for the journal to know it again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodeloom.journal.identity import Identity
from nodeloom.journal.journal import Journal
from nodeloom.messages import Request

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession
    from nodeloom.expression import Scope
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.run.runoptions import RunOptions

# Parts of a node that say nothing about the operation that is run: where the other resources are, and how to find them.
_ELSEWHERE = ("resources", "search")


def open_journal(
    path: str | os.PathLike[str],
    plan: OperationPlan,
    scope: Scope,
    session: CredentialSession | None,
    options: RunOptions,
    total: int | None,
) -> Journal:
    """The journal at `path` for a run by that plan; `scope` is that of an item without content.

    `total` is how many items there are, where that is known. Raises JournalError.
    """
    described = {name: value for name, value in plan.descriptor.to_dict().items() if name not in _ELSEWHERE}
    method = plan.method(scope)
    identity = Identity.of(
        node=plan.node.name,
        version=plan.descriptor.type_version,
        descriptor=json.dumps(described, sort_keys=True),
        resource=plan.resource,
        operation=str(plan.operation.value) if plan.operation is not None else None,
        dialect=options.dialect,
        url_values=plan.url_values,
        credential=f"{session.type.name} ({session.name})" if session is not None else None,
        parameters=plan.values,
        nodes=options.nodes,
        mask=(lambda value: value) if session is None else session.masker.mask_json,
        hidden=frozenset(_passwords(described)),
    )
    return Journal(
        Path(path),
        identity,
        title=plan.title,
        repeatable=method is not None and Request(method, "").idempotent,
        total=total,
        masker=None if session is None else lambda: session.masker,
    )


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
