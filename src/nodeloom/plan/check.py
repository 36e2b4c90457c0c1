"""Check every template of a document without running it: that it compiles, and that what it reads is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from nodeloom.descriptor.misspelling import typo_of
from nodeloom.descriptor.models import HOOK, PostReceive
from nodeloom.descriptor.problems import Keys
from nodeloom.descriptor.soundness import names_of
from nodeloom.descriptor.validation import Problem, json_path
from nodeloom.errors import DescriptorError, ExpressionSyntaxError, nearest, preview
from nodeloom.expression import Compiled, Dialect, compile_value
from nodeloom.expression.scope import HOLDERS
from nodeloom.plan.pagination import PAGINATIONS
from nodeloom.plan.postreceive import compile_step

# What stands under these keys is resolved when an operation runs (or a credential is put on or tested); elsewhere a
# string that begins with `=` is only text.
_RESOLVED = frozenset({"routing", "requestDefaults", "requestOperations", "default", "authenticate", "token", "test"})
# What n8n adds to every declarative node.
_ADDED = frozenset({"requestOptions"})
_PARAMETER = "$parameter"
# A field that a credential with a token has beside its type's. credential/oauth/tokendata.py is not loaded for this.
_ADDED_FIELD = "oauthTokenData"


@dataclass(frozen=True, slots=True)
class Readable:
    """What the templates of a document may read, by the `$` name that holds it; a name without an entry may hold all.

    `dialect` says which strings are templates.
    """

    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    dialect: Dialect = "n8n"

    @classmethod
    def of_node(
        cls, names: frozenset[str], dialect: Dialect = "n8n", *, credentials: frozenset[str] | None = None
    ) -> Readable:
        """For a node whose properties at the root are called so; `credentials` are the fields of all its types."""
        fields = {} if credentials is None else {"$credentials": credentials | {_ADDED_FIELD}}
        return cls({_PARAMETER: names | _ADDED, **fields}, dialect)

    @classmethod
    def of_credential(cls, names: frozenset[str]) -> Readable:
        """For a credential type whose fields are called so, those it inherits among them."""
        return cls({"$credentials": names | {_ADDED_FIELD}, "$self": names})


def template_problems(raw: object, readable: Readable | None = None) -> list[Problem]:
    """Every template in a node, resource or credential document that does not compile, or reads what is not there.

    In document order; each problem has the JSON path of the string. What a template must not read is only known with
    `readable`.
    """
    return list(_problems(raw, (), readable or Readable(), resolved=False))


def parameter_problems(parameters: object, readable: Readable, at: Keys = ()) -> list[Problem]:
    """As `template_problems`, for an author's parameters, which are templates at any depth."""
    return list(_problems(parameters, at, readable, resolved=True))


def routing_problems(raw: object, at: Keys = ()) -> Iterator[Problem]:
    """Steps from an answer to items, and paginations, that running would refuse; in document order."""
    if isinstance(raw, list):
        for index, entry in enumerate(raw):
            yield from routing_problems(entry, (*at, index))
    elif isinstance(raw, Mapping):
        for key, value in raw.items():
            place = (*at, str(key))
            if key == "postReceive" and "routing" in at:
                for index, step in enumerate(value if isinstance(value, list) else ()):
                    if isinstance(step, dict) and HOOK not in step and isinstance(step.get("type"), str):
                        known = PostReceive(type=step["type"])
                        yield from _find_refusal(partial(compile_step, known), (*place, index, "type"))
            elif key == "pagination" and at and at[-1] in ("operations", "requestOperations"):
                yield from _pagination_problems(value, place)
            else:
                yield from routing_problems(value, place)


def _find_refusal(compiling: Callable[[], object], at: Keys) -> Iterator[Problem]:
    try:
        compiling()
    except ExpressionSyntaxError:
        # `template_problems` says so at the template itself.
        return
    except DescriptorError as fault:
        yield Problem(json_path(at), fault.message, fault.value, fault.hint)


def _pagination_problems(value: object, at: Keys) -> Iterator[Problem]:
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind in PAGINATIONS or (isinstance(value, Mapping) and HOOK in value):
        return
    close = nearest(kind, PAGINATIONS) if isinstance(kind, str) else None
    hint = f"Did you mean {close!r}?" if close else f"Known types: {', '.join(PAGINATIONS)}."
    yield Problem(json_path((*at, "type")), f"unknown type of a pagination {preview(kind)}.", preview(value), hint)


def _problems(part: object, at: Keys, readable: Readable, *, resolved: bool) -> Iterator[Problem]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            inner = _in_entry(readable, value) if key == "values" and not resolved else readable
            yield from _problems(value, (*at, str(key)), inner, resolved=resolved or key in _RESOLVED)
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from _problems(value, (*at, index), readable, resolved=resolved)
    elif resolved and isinstance(part, str):
        try:
            compiled = compile_value(part, dialect=readable.dialect)
        except ExpressionSyntaxError as fault:
            yield Problem(json_path(at), fault.message, hint=fault.hint)
            return
        yield from _find_absent(compiled, part, at, readable)


def _in_entry(readable: Readable, values: object) -> Readable:
    """What can be read inside an entry of a fixedCollection: its own members too, as `$parent`."""
    return replace(readable, names={**readable.names, "$parent": names_of(values)} if readable.names else {})


def _find_absent(compiled: Compiled, written: str, at: Keys, readable: Readable) -> Iterator[Problem]:
    """Members that a template reads and that are not there."""
    for holder, *keys in compiled.references:
        known = readable.names.get(str(holder))
        if str(holder).startswith("$") and holder not in HOLDERS and (meant := typo_of(str(holder), HOLDERS)):
            message = f"there is no {preview(holder)}, so it is undefined."
            yield Problem(json_path(at), message, preview(written), f"Did you mean {meant!r}?")
        if known is None or not keys or not isinstance(keys[0], str) or keys[0].startswith(("&", "/")):
            continue
        if keys[0] not in known:
            close = nearest(keys[0], known)
            listed = ", ".join(sorted(known - _ADDED)[:12])
            hint = f"Did you mean {close!r}?" if close else f"There are: {listed}." if listed else None
            yield Problem(
                json_path(at), f"{holder} has no {preview(keys[0])!r}, so it is undefined.", preview(written), hint
            )
