"""A request while it is being put together for one item."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from nodeloom.descriptor.keypaths import parse_path
from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED, Scope
from nodeloom.messages import Said
from nodeloom.plan.marks import NO_MARKS, Marks
from nodeloom.plan.merge import at_path, copy_json, merge
from nodeloom.plan.pagination import Pagination
from nodeloom.plan.postreceive import PostReceiveStep

# What a service may repeat in its error: these parts are looked for, and masked if they are secret.
_SAYING = ("headers", "qs", "body", "auth")


@dataclass(slots=True)
class Receiving:
    """The `postReceive` steps that one property brought, with its value."""

    steps: list[PostReceiveStep]
    value: object
    names: dict[str, object]
    reads_names: bool = True

    @property
    def needs_object(self) -> bool:
        """Whether a step can only read a JSON object or list."""
        return any(step.kind == "odata" for step in self.steps)

    @property
    def may_be_file(self) -> bool:
        """Whether a step says that the answer may be a file, also against its content type."""
        return any(step.kind == "odata" and "files" in step.properties for step in self.steps)


@dataclass(slots=True, repr=False)
class Draft:
    """What the steps of a plan have contributed so far.

    Args:
        scope: the item's.
        options: n8n's request object (method, url, baseURL, headers, qs, body, …).
        path: encoded path values by placeholder.
        values: the resolved values by property name, for messages and for `echo`.
        receiving: the steps from an answer to items.
        pagination: how pages are fetched, if they are.
        echo: the properties whose values an empty success repeats.
        paginate: whether pages are asked for; None if no property said so yet.
        max_results: the limit as it was resolved.
        annotations: which of OData's annotations the items keep; True for all.
        answer: what a success answers, if the descriptor states it.
        marks: the parts that are the credential's.
        untold: values that are sent and not told, as their properties' names say; None if the plan has none.
    """

    scope: Scope
    options: dict[str, object] = field(default_factory=lambda: {"qs": {}, "body": {}, "headers": {}})
    path: dict[str, str] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)
    receiving: list[Receiving] = field(default_factory=list)
    pagination: Pagination | None = None
    echo: list[str] = field(default_factory=list)
    paginate: object = None
    max_results: object = None
    annotations: bool | list[str] = False
    answer: str | None = None
    marks: Marks = NO_MARKS
    untold: list[object] | None = None

    def __repr__(self) -> str:
        # Values, and what was made of the credential's, are in all of it.
        return f"<Draft of {', '.join(self.options)}>"

    @property
    def said(self) -> Said:
        """What the request is to say, by name; and what of it is not told."""
        return collect_said(self.options, self)

    def header_fields(self) -> dict[str, object]:
        """The header fields so far, to be changed. Raises InvalidValueError if they are not an object."""
        fields = self.options.get("headers")
        if isinstance(fields, dict):
            return fields
        if fields is not UNDEFINED and fields is not None:
            # A step that adds a field cannot add it to a text that an expression gave for all of them.
            raise InvalidValueError(
                "headers is not an object.", property="headers", value=fields, hint='Write it like {"name": "value"}.'
            )
        made: dict[str, object] = {}
        self.options["headers"] = made
        return made

    def keep_untold(self, value: object) -> None:
        """Remember a value that is sent and is not told."""
        if self.untold is None:
            self.untold = []
        self.untold.append(value)

    def put(self, where: str, name: str, value: object, *, dotted: bool) -> None:
        """Merge `value` into `qs` or `body` under `name`, a dotted path when `dotted`."""
        # Nearly all names are plain ones, and reading a path takes longer than all the rest here.
        plain = not dotted or ("." not in name and "[" not in name)
        target = self.options.get(where)
        if isinstance(target, list):
            # A list takes what stands at one of its indices, and nothing else (lodash).
            merge(self.options, {where: {name: value} if plain else at_path(parse_path(name), copy_json(value))})
            return
        if not isinstance(target, dict):
            target = self.options[where] = {}
        # The same as merging, for a value that has no inside.
        if plain and not isinstance(value, (dict, list)):
            if value is not UNDEFINED:
                target[name] = value
            else:
                target.setdefault(name, UNDEFINED)
            return
        merge(target, {name: copy_json(value)} if plain else at_path(parse_path(name), copy_json(value)))

    def copy(self, scope: Scope, touched: Collection[str]) -> Draft:
        """The same draft for another item. Only the `touched` members of `options` may be changed in the copy."""
        # What no item changes is shared by all drafts; copying it for each item would only cost time.
        options = dict(self.options)
        for key in touched:
            if key in options:
                options[key] = copy_json(options[key])
        return Draft(
            scope,
            options,
            dict(self.path),
            dict(self.values),
            list(self.receiving),
            self.pagination,
            self.echo,
            self.paginate,
            self.max_results,
            self.annotations,
            self.answer,
            self.marks,
            None if self.untold is None else list(self.untold),
        )


def collect_said(options: Mapping[str, object], draft: Draft | None) -> Said:
    """What `options` say, with the item and the values behind them."""
    parts = [options.get(key) for key in _SAYING]
    if draft is None:
        return Said(parts, ())
    # OData puts a text in quotes, and doubles those in it.
    path = {name: unquote(value).strip("'").replace("''", "'") for name, value in draft.path.items()}
    return Said([draft.scope.cell.item, draft.values, path, *parts], draft.untold or ())
