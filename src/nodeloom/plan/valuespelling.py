"""What an author writes for a property, as the descriptor spells it: names in collections, true and false, choices.

Python and the command line are held to the same rules. What is an expression, or a `{"$literal": …}`, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nodeloom.descriptor.catalogue import PropertyNames
from nodeloom.descriptor.conditions import same
from nodeloom.descriptor.models import GroupDescriptor, OptionDescriptor, PropertyDescriptor
from nodeloom.descriptor.shapes import is_closed
from nodeloom.descriptor.visibility import controlling_names, keep_rooted
from nodeloom.errors import ParameterError, UnknownNameError, preview
from nodeloom.expression import Dialect
from nodeloom.expression.splitting import is_template
from nodeloom.jsonreading import ANY_JSON
from nodeloom.values import literal_of

_TRUTH = {"true": True, "false": False}


def respell(prop: PropertyDescriptor, value: object, *, strict: bool = True) -> object:
    """`value` with the members of collections under their properties' names; names match without case.

    A boolean may be the text `true` or `false`, and a collection the text of a JSON object. Raises UnknownNameError,
    with the nearest, for a member the collection does not have, and ParameterError for one that is given twice, for a
    boolean that is something else, and for a collection that is not an object. Without `strict` all that stays so.
    """
    if _is_open(value):
        return value
    if prop.type == "boolean":
        return _truth(prop, value) if strict else value
    if prop.type in ("collection", "fixedCollection"):
        return _collection(prop, value, strict)
    return value


def check_choice(
    shown: Sequence[PropertyDescriptor],
    written: object,
    offered: Sequence[OptionDescriptor],
    beside: Sequence[PropertyDescriptor],
    dialect: Dialect,
) -> None:
    """Raise UnknownNameError, with the nearest, when `written` is not one of the choices that are `offered` here.

    Nothing is said if a service
    may have further choices, and a default is always taken. A value that decides nothing and is sent the
    way n8n sends it is for the service to judge, as in n8n.

    Args:
        shown: the visible properties of one name.
        written: what the author wrote for it.
        offered: their choices that are visible here.
        beside: all properties that stand with them.
        dialect: that of the author's templates.
    """
    if not all(prop.type in ("options", "multiOptions") and is_closed(prop) for prop in shown):
        return
    # A form gives defaults back, also those that are not choices.
    defaults = [prop.initial for prop in shown if prop.has_default]
    for value in _entries(written):
        if value is None or (isinstance(value, str) and is_template(value, dialect)):
            continue
        known = (*defaults, *(option.value for option in offered))
        if not any(same(choice, value) for choice in known) and _decides(shown, beside):
            raise _no_choice(shown[0].label, value, offered)


def _decides(shown: Sequence[PropertyDescriptor], beside: Sequence[PropertyDescriptor]) -> bool:
    """Whether the choice settles what is visible or what is called. Of other choices, `constraints.py` has the say."""
    if any(option.routing for prop in shown for option in prop.choices()):
        return True
    return shown[0].name in set(_controlling(beside, nested=False))


def _controlling(properties: Iterable[PropertyDescriptor], *, nested: bool) -> Iterator[str]:
    """The names that decide about these properties and what is in them; inside only what begins at the root."""
    for prop in properties:
        for options in (prop.display_options, *(choice.display_options for choice in prop.choices())):
            yield from controlling_names(keep_rooted(options) if nested else options)
        yield from _controlling((*prop.children(), *(p for g in prop.groups() for p in g.values)), nested=True)


def _entries(written: object) -> Iterator[object]:
    literal = literal_of(written)
    value = written if literal is None else literal.value
    if isinstance(value, (list, tuple)):
        for entry in value:
            yield from _entries(entry)
    elif literal is None or not (isinstance(value, str) and is_template(value, "author")):
        yield value


def _no_choice(label: str, value: object, offered: Sequence[OptionDescriptor]) -> UnknownNameError:
    by_label = next((o for o in offered if str(o.name).casefold() == str(value).casefold()), None)
    return UnknownNameError(
        "value",
        _shown(value),
        [_shown(option.value) for option in offered],
        within=label,
        property=label,
        advice="" if by_label is None else f"Did you mean {_shown(by_label.value)!r}?",
    )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else preview(value)


def _is_open(value: object) -> bool:
    """Whether the value is settled for an item only, or is not to be looked into."""
    if value is None or literal_of(value) is not None:
        return True
    return isinstance(value, str) and is_template(value, "author")


def _truth(prop: PropertyDescriptor, value: object) -> object:
    if prop.multiple and isinstance(value, (list, tuple)):
        return [entry if _is_open(entry) else _truth(prop, entry) for entry in value]
    if isinstance(value, bool):
        return value
    known = _TRUTH.get(value.strip().lower()) if isinstance(value, str) else None
    if known is None:
        raise ParameterError(
            f"{prop.label} is true or false.",
            property=prop.label,
            value=value,
            hint="Give true, false or an expression.",
        )
    return known


def _collection(prop: PropertyDescriptor, value: object, strict: bool) -> object:
    # On the command line a collection is written as JSON.
    if strict and isinstance(value, str) and value.strip()[:1] in ("{", "["):
        value = _read(prop, value)
    if prop.type == "collection" and prop.multiple and isinstance(value, (list, tuple)):
        return [entry if _is_open(entry) else _members(prop.label, prop.children(), entry, strict) for entry in value]
    if prop.type == "collection":
        return _members(prop.label, prop.children(), value, strict)
    if not isinstance(value, Mapping):
        return _refuse(prop.label, value, [group.name for group in prop.groups()]) if strict else value
    found: dict[str, object] = {}
    for key, held in value.items():
        group = _group(prop, key, strict)
        found[key if group is None else group.name] = held if group is None else _rows(prop, group, held, strict)
    return found


def _read(prop: PropertyDescriptor, text: str) -> object:
    try:
        return ANY_JSON.read(text)
    except ValueError:
        raise ParameterError(
            f"The text given for {prop.label} is not JSON.", property=prop.label, value=text, hint="Give an object."
        ) from None


def _members(label: str, properties: list[PropertyDescriptor], value: object, strict: bool) -> object:
    names = PropertyNames(properties)
    if not isinstance(value, Mapping):
        return _refuse(label, value, names.labels()) if strict else value
    found: dict[str, object] = {}
    for key, held in value.items():
        name = names.find(key)
        if name is None:
            if strict:
                raise UnknownNameError("member", key, names.labels(), within=label, property=label)
            found[key] = held
            continue
        if name in found:
            raise ParameterError(f"{name} is given twice.", property=label, hint="Leave one of them out.")
        definitions = [p for p in properties if p.name == name]
        found[name] = respell(definitions[0], held, strict=strict and len(definitions) == 1)
        if strict:
            offered = [option for prop in definitions for option in prop.choices()]
            check_choice(definitions, found[name], offered, properties, "author")
    return found


def _refuse(label: str, value: object, members: Sequence[str]) -> object:
    shown = ", ".join(members[:12]) + (", …" if len(members) > 12 else "")
    raise ParameterError(
        f"{label} takes an object, not {preview(value)}.",
        property=label,
        value=value,
        hint=f'Write it as {{"{members[0]}": …}}; it has: {shown}.' if members else "It has no members.",
    )


def _group(prop: PropertyDescriptor, key: str, strict: bool) -> GroupDescriptor | None:
    groups = {group.name: group for group in prop.groups()}
    found = groups.get(key) or {name.casefold(): group for name, group in groups.items()}.get(str(key).casefold())
    if found is None and strict:
        raise UnknownNameError("member", str(key), groups, within=prop.label, property=prop.label)
    return found


def _rows(prop: PropertyDescriptor, group: GroupDescriptor, rows: object, strict: bool) -> object:
    """The entries of a group: one object, or a list of them where the property takes several."""
    label = group.display_name or group.name
    if _is_open(rows):
        return rows
    if isinstance(rows, (list, tuple)) and (prop.multiple or not strict):
        return [row if _is_open(row) else _members(label, group.values, row, strict) for row in rows]
    return _members(label, group.values, rows, strict)
