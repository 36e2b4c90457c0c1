"""Hooks: JavaScript functions of a package in a descriptor, which Nodeloom does not run."""

from __future__ import annotations

from collections.abc import Mapping

from nodeloom.descriptor.models import HOOK, Routing
from nodeloom.errors import ParameterError


def refuse_hooks(routing: Routing) -> None:
    """Raise ParameterError when the routing carries JavaScript, which n8n's dumps mark as `{"__function__": name}`."""
    # Refused before the run: without its hook the request would be another one than its author meant.
    found = list(routing.send.pre_send or () if routing.send else ())
    found += [step for step in (routing.output.post_receive or [] if routing.output else []) if not _is_step(step)]
    _refuse([*found, *_pagination_hooks(routing.operations)])


def refuse_operations_hooks(operations: Mapping[str, object] | None) -> None:
    """Raise ParameterError when the document's `requestOperations` carry JavaScript."""
    _refuse(_pagination_hooks(operations))


def _pagination_hooks(operations: Mapping[str, object] | None) -> list[object]:
    pagination = (operations or {}).get("pagination")
    return [pagination] if isinstance(pagination, Mapping) and HOOK in pagination else []


def _refuse(found: list[object]) -> None:
    """Raise ParameterError that names the hooks, when there are any."""
    if found:
        names = [str(h.get(HOOK, "unnamed") if isinstance(h, Mapping) else h) for h in found]
        raise ParameterError(
            f"The operation needs JavaScript that its package brings ({', '.join(names)}); Nodeloom does not run it.",
            hint="Choose an operation of the node that needs none.",
            hooks=names,
        )


def _is_step(step: object) -> bool:
    return isinstance(getattr(step, "type", None), str)
