"""What an author's values are put into: a key, path or header, where text must be whole, or a clause of a query.

Found by what the descriptor's own templates read, before the values are compiled.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from nodeloom.descriptor.models import PropertyDescriptor, RequestRouting, Routing
from nodeloom.expression.splitting import Dialect, is_template
from nodeloom.expression.template import TemplateCompiler
from nodeloom.plan.clause import clause, is_odata
from nodeloom.plan.preconditions import is_condition
from nodeloom.plan.whole import whole

if TYPE_CHECKING:
    from nodeloom.expression.syntax import Node

#: `whole`: text that may not lack a part. Anything else is the name of the query option that the value is a clause of.
Use = Literal["whole"] | str
#: A value that templates read: `("$value",)` for the property's own, `("$parameter", "Link")`, `("$parent", "name")`.
Name = tuple[str, ...]

# What a lone block may pass on unchanged: one side of these, or the text that these methods give.
_LOGICAL = frozenset({"||", "&&", "??"})
_TRIMMING = frozenset({"trim", "toString"})


def compiler_for(use: Use | None) -> TemplateCompiler | None:
    """How the templates of a value of this use are compiled; None for the usual way."""
    if use is None:
        return None
    return whole() if use == "whole" else clause(use)


def uses_in(
    routings: Iterable[Routing | None],
    defaults: RequestRouting | None = None,
    known: Mapping[Name, str] | None = None,
) -> dict[Name, Use]:
    """The uses of what these routings, and a node's `requestDefaults`, read and send.

    `known` are texts that are the same for every item: an author may give a name (`={{ $parent.name }}`).
    """
    found: dict[Name, Use] = {}
    pairs = (pair for routing in routings for pair in _routing_uses(routing, known or {}))
    for name, use in (*_request_uses(defaults), *pairs):
        # A clause is held to more than whole text is.
        if name not in found or found[name] == "whole":
            found[name] = use
    return found


def routings_in(prop: PropertyDescriptor) -> Iterator[Routing | None]:
    """The routings of a property, its choices, and everything nested in it."""
    yield prop.routing
    for option in prop.choices():
        yield option.routing
    for child in (*prop.children(), *(value for group in prop.groups() for value in group.values)):
        yield from routings_in(child)


def known_texts(root: str, values: Mapping[str, object], dialect: Dialect) -> dict[Name, str]:
    """The texts among an author's `values` that are not templates, by what templates call them below `root`."""
    return {
        (root, name): value
        for name, value in values.items()
        if isinstance(value, str) and not is_template(value, dialect)
    }


def _routing_uses(routing: Routing | None, known: Mapping[Name, str]) -> Iterator[tuple[Name, Use]]:
    if routing is None:
        return
    yield from _request_uses(routing.request)
    send = routing.send
    if send is None:
        return
    under: str | None = send.property
    if isinstance(under, str) and is_template(under, "n8n"):
        passed = list(_names_passed_on(under))
        under = known.get(passed[0]) if len(passed) == 1 else None
    written = "={{ $value }}" if send.value in (None, "") else send.value
    if send.type in ("path", "header", "cookie") or is_condition(under, header=False):
        yield from ((name, "whole") for name in names_read(written))
    elif send.type == "query" and is_odata(under):
        yield from ((name, str(under)) for name in _names_passed_on(written))


def _request_uses(request: RequestRouting | None) -> Iterator[tuple[Name, Use]]:
    if request is None:
        return
    for part in (request.url, request.base_url, request.headers):
        yield from ((name, "whole") for name in names_read(part))
    for part in (request.qs, request.body):
        for key, written in part.items() if isinstance(part, Mapping) else ():
            if is_condition(key, header=False):
                yield from ((name, "whole") for name in names_read(written))
            elif part is request.qs and is_odata(key):
                yield from ((name, str(key)) for name in _names_passed_on(written))
    if isinstance(request.qs, str) and is_template(request.qs, "n8n"):
        yield from _clauses_in(request.qs)


def names_read(written: object) -> Iterator[Name]:
    """Every value that the templates in `written` read."""
    if isinstance(written, Mapping):
        written = list(written.values())
    if isinstance(written, list):
        for entry in written:
            yield from names_read(entry)
    elif isinstance(written, str) and is_template(written, "n8n"):
        yield from _read_by(written)


def _names_passed_on(written: object) -> Iterator[Name]:
    """The values that a lone block may give as they are: `={{ $value }}`, `={{ $parameter.filter || undefined }}`."""
    if isinstance(written, str) and is_template(written, "n8n"):
        yield from _passed_on_by(written)


@functools.lru_cache(maxsize=1024)
def _read_by(template: str) -> tuple[Name, ...]:
    from nodeloom.expression.analysis import facts_of

    paths = (path for tree in _trees(template)[0] for path in facts_of(tree).paths)
    return tuple(dict.fromkeys(name for path in paths if (name := _name_of(path)) is not None))


@functools.lru_cache(maxsize=1024)
def _passed_on_by(template: str) -> tuple[Name, ...]:
    trees, alone = _trees(template)
    return tuple(_results(trees[0])) if alone and trees else ()


@functools.lru_cache(maxsize=1024)
def _clauses_in(template: str) -> tuple[tuple[Name, Use], ...]:
    """The values that a query written as an expression has under OData's names: `={{ ({ $filter: $value }) }}`."""
    from nodeloom.expression.syntax import walk

    members = (node for tree in _trees(template)[0] for node in walk(tree) if node.kind == "Property")
    return tuple((name, node.text) for node in members if is_odata(node.text) for name in _results(node.children[1]))


def _trees(template: str) -> tuple[list[Node], bool]:
    """The syntax trees of a template's blocks, and whether it is one block with no text around it."""
    from nodeloom.expression.splitting import Code, split
    from nodeloom.expression.syntax import CodeError, parse_expression

    pieces = split(template, "n8n")
    try:
        trees = [parse_expression(piece.code) for piece in pieces if isinstance(piece, Code)]
    except CodeError:
        # Compiling the template raises the error that shows the broken place.
        return [], False
    return trees, len(pieces) == 1


def _results(node: Node) -> Iterator[Name]:
    """The values that an expression may come to unchanged."""
    from nodeloom.expression.analysis import member_path

    match node.kind:
        case "Paren":
            yield from _results(node.children[0])
        case "Conditional":
            yield from _results(node.children[1])
            yield from _results(node.children[2])
        case "Binary" if node.text in _LOGICAL:
            for child in node.children:
                yield from _results(child)
        case "Call" if node.children[0].kind == "Member" and node.children[0].text in _TRIMMING:
            yield from _results(node.children[0].children[0])
        case "Member" | "Identifier":
            path = member_path(node)
            name = None if path is None else _name_of(path)
            if name is not None:
                yield name


def _name_of(path: tuple[str | int, ...]) -> Name | None:
    root = str(path[0])
    if root == "$value":
        return (root,)
    return (root, str(path[1])) if root in ("$parameter", "$parent") and len(path) > 1 else None
