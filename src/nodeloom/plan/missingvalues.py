"""A required value that is not there: what to tell the author about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isnan

from nodeloom.errors import MissingValueError, nearest
from nodeloom.expression import UNDEFINED, Compiled, Scope

# A message shows a few keys; a program that reads the error may want more. An item may have thousands.
_KEYS_SHOWN = 20
_KEYS_KEPT = 50


def is_missing(value: object) -> bool:
    """Whether a required value counts as missing: undefined, null, or empty text."""
    return value is UNDEFINED or value is None or (isinstance(value, str) and not value.strip())


def came_to_nothing(value: object) -> bool:
    """Whether what an expression gives is nothing: missing, NaN, a list or object of nothing."""
    if isinstance(value, float):
        # JavaScript's arithmetic with what is missing gives NaN.
        return isnan(value)
    return is_missing(value) or (isinstance(value, (list, dict)) and not value)


#: How JavaScript spells a value that came to nothing and becomes text: `"web-" + $json.Link` is `web-undefined`.
_SPELLED = re.compile(r"undefined|null|NaN")


def spells_nothing(text: object, read_by: Compiled, scope: Scope, *, may_be_null: bool = False) -> bool:
    """Whether an expression's text holds the word for a value that came to nothing: one that it reads is undefined.

    A word that stands in its code, or in another value that it reads, means itself; so does null if it `may_be_null`.
    What is made with a name that nothing has is made of nothing, though it spells no such word: `$json.n | upper` is 0.
    """
    if read_by.strange and unknown_names(read_by, scope):
        return True
    if type(text) is not str or not read_by.needs_javascript:
        return False
    words = set(_SPELLED.findall(text)) - ({"null"} if may_be_null else set())
    # `$json.a ?? "null"` means the word.
    words = {word for word in words if word not in str(read_by.source)}
    if not words:
        return False
    values = [read_path(path, scope) for path in read_by.references]
    if not any(value != "" and came_to_nothing(value) for value in values):
        return False
    for value in values:
        words -= _words_within(value)
    return bool(words)


def _words_within(value: object) -> set[str]:
    """The words for nothing that a text holds, or the texts and nulls of a list or object (JSON, so it ends)."""
    found: set[str] = set()
    waiting = [value] if value is not None else []
    while waiting:
        current = waiting.pop()
        if current is None:
            found.add("null")
        elif isinstance(current, str):
            found.update(_SPELLED.findall(current))
        elif isinstance(current, Mapping):
            waiting += [*current, *current.values()]
        elif isinstance(current, list):
            waiting += current
    return found


def unknown_names(read_by: Compiled, scope: Scope) -> list[str]:
    """The names in an expression's code that nothing has here, so that they are undefined; sorted."""
    return sorted(read_by.strange.difference(scope.environment.functions, scope.names))


def read_path(path: tuple[str | int, ...], scope: Scope) -> object:
    """The value at `path`, as far as it leads, since its last key may be a method's name.

    Empty text, which does not count as nothing, if the path begins at a name that is not looked into here.
    """
    value: object
    if path[0] == "$json":
        value, keys = scope.json, path[1:]
    elif path[:3] == ("$input", "item", "json"):
        value, keys = scope.json, path[3:]
    elif path[0] == "$parameter" and len(path) > 1:
        value, keys = scope.parameter(str(path[1])), path[2:]
    elif path[0] in ("$value", "$parent", "$index"):
        value, keys = scope.names.get(str(path[0]), UNDEFINED), path[1:]
    else:
        return ""
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key, UNDEFINED)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key] if key < len(value) else UNDEFINED
        else:
            break
    return value


def read_nothing_else(read_by: Compiled, scope: Scope) -> bool:
    """Whether an expression reads parameters that their author set, and nothing of all that it reads is there."""
    written = [
        scope.parameters.get(str(path[1])) for path in read_by.references if path[0] == "$parameter" and len(path) > 1
    ]
    if not any(held is not None and not held.static for held in written):
        return False
    # Reading a parameter resolves its template, which costs more than a look at the item.
    others_first = sorted(read_by.references, key=lambda path: path[0] == "$parameter")
    return all(came_to_nothing(read_path(path, scope)) for path in others_first)


def missing_value(label: str, written: Compiled | None, scope: Scope) -> MissingValueError:
    """The error for a required value that resolved to nothing: the expression, the item's keys, the nearest key."""
    if written is None or written.static:
        return MissingValueError(f"{label} is missing.", property=label, hint=f"Set {label!r}; it cannot be empty.")
    return _missing(f"{label} is missing.", label, str(written.source), written, scope)


def missing_part(label: str, source: object, code: str, part: Compiled, scope: Scope) -> MissingValueError:
    """The error for a block that came to nothing inside text.

    Args:
        label: what a person calls the text.
        source: the whole template.
        code: the block's.
        part: the block, compiled.
        scope: the item's.
    """
    return _missing(f"A part of {label} is missing: {{{{{code}}}}}.", label, str(source), part, scope)


def missing_text(label: str, written: Compiled, scope: Scope) -> MissingValueError:
    """The error for an expression whose text spells what came to nothing."""
    unknown = unknown_names(written, scope)
    message = (
        f"{label} is made with {unknown[0]}, which is undefined."
        if unknown
        else f"A part of {label} is missing: its text would hold the word for what is undefined."
    )
    return _missing(message, label, str(written.source), written, scope)


def missing_address(source: str, code: str, part: Compiled, scope: Scope) -> MissingValueError:
    """The error for a block of an address that came to nothing.

    Where the block only passes a parameter on, what its author wrote is shown.
    """
    for path in part.references:
        written = scope.parameters.get(str(path[1])) if path[0] == "$parameter" and len(path) > 1 else None
        if written is not None and not written.static:
            label = written.property or str(path[1])
            message = f"{label} is missing, a value of the address."
            return _missing(message, label, str(written.source), written, scope)
    error = _missing(f"A value of the address is missing: {{{{{code}}}}}.", "url", source, part, scope)
    error.property = None
    return error


def missing_body(values: Sequence[tuple[str, Compiled]], scope: Scope) -> MissingValueError:
    """The error for fields of a body, with their labels, of which none came to anything."""
    labels = list(dict.fromkeys(label for label, _value in values))
    label, value = values[0]
    message = f"{', '.join(labels)} came to nothing, so the request would have an empty body."
    return _missing(message, label, str(value.source), value, scope)


def _missing(message: str, label: str, source: str, read_by: Compiled, scope: Scope) -> MissingValueError:
    """The error with what can be said of the item: its keys, and the key that was most likely meant.

    Args:
        message: what is missing.
        label: the property, as a person calls it.
        source: the expression to show.
        read_by: the compiled expression, whose paths lead nowhere.
        scope: the item's.
    """
    data = scope.json if isinstance(scope.json, Mapping) else {}
    # Of several paths the first that leads nowhere is the one to mend; a later one may be its replacement.
    paths = [path for path in read_by.references if path[0] == "$json" and len(path) > 1]
    empty = [path for path in paths if is_missing(read_path(path, scope))]
    read = next((path[1:] for path in empty or paths), ())
    hint, close = _strangers(read_by, data, scope) or _advice(data, read)
    return MissingValueError(
        message,
        property=label,
        expression=source,
        hint=hint,
        keys=[str(key) for key in data][:_KEYS_KEPT],
        nearest=close,
    )


def _strangers(read_by: Compiled, data: Mapping[str, object], scope: Scope) -> tuple[str, str | None] | None:
    """What to do about names in an expression that nothing has, since they are why it came to nothing, or None.

    The second is the item's key that such a name was to read, if it is one.
    """
    strange = unknown_names(read_by, scope)
    if not strange:
        return None
    # Imported here, since most runs have no such error.
    from nodeloom.expression.knownnames import meant_name

    functions = scope.environment.functions
    name = strange[0]
    if name in data:
        return f"Nothing is called {name} in expressions; the item's key is $json{_member(name)}.", name
    meant = meant_name(name, functions)
    if meant is None and not name.startswith("$") and (close := nearest(name, [str(key) for key in data])):
        return f"Nothing is called {name} in expressions. Did you mean $json{_member(close)}?", close
    return f"Nothing is called {name} in expressions. " + (
        _keys_of(data, "$json") if meant is None else f"Did you mean {meant}?"
    ), None


def _advice(data: Mapping[str, object], read: tuple[str | int, ...]) -> tuple[str, str | None]:
    """What to do about a member path that found nothing in `data`, and the key that was meant, if one is near."""
    found: object = data
    at = "$json"
    for key in read:
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and isinstance(key, int) and key < len(found):
            found = found[key]
        else:
            return _explain_absence(found, at, str(key))
        at += _member(key)
    if not read or not came_to_nothing(found):
        return _keys_of(data, "$json"), None
    return f"{_keys_of(data, '$json')} Its {at.removeprefix('$json').removeprefix('.')} is empty.", None


def _explain_absence(holder: object, at: str, wanted: str) -> tuple[str, str | None]:
    if not isinstance(holder, Mapping):
        what = "a list" if isinstance(holder, list) else "not an object"
        return f"{at} is {what}, so it has no {wanted!r}.", None
    close = nearest(wanted, [str(key) for key in holder])
    hint = _keys_of(holder, at)
    return (hint if close is None else f"{hint} Did you mean {at}{_member(close)}?"), close


def _keys_of(holder: Mapping[str, object], at: str) -> str:
    what = "The item" if at == "$json" else at
    if not holder:
        return f"{what} has no keys."
    keys = [str(key) for key in holder]
    return f"{what} has the keys: {', '.join(keys[:_KEYS_SHOWN])}{', …' if len(keys) > _KEYS_SHOWN else ''}."


def _member(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if key.isidentifier() else f"[{key!r}]"
