"""What a program hands over besides items, Python's values in it as JSON: parameters, other nodes' items, variables.

All raise ConfigurationError, which names the argument and the place in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nodeloom.errors import ConfigurationError, ParameterError
from nodeloom.valuewords import kind_of


def as_parameters(given: Any) -> Mapping[str, Any]:
    """An author's parameters, as an object. Raises ParameterError for what is none, or holds what has no JSON form."""
    from nodeloom.inputs.plainvalues import plain_parameters

    parameters = _converted(plain_parameters, given, "parameters", ParameterError)
    if not isinstance(parameters, Mapping):
        raise ParameterError(
            f"The parameters are an object, not {kind_of(given)}.",
            property="parameters",
            hint='Write them as {"resource": "Website Links", "operation": "Delete Weblink"}.',
        )
    return parameters


def as_nodes(given: Mapping[str, Any]) -> Mapping[str, Sequence[Any]]:
    """The items of other nodes by name; a table stands for its rows."""
    from nodeloom.inputs.frames import rows_of
    from nodeloom.inputs.plainvalues import plain

    if not isinstance(given, Mapping):
        raise ConfigurationError("nodes are items by the name of a node.", property="nodes", value=type(given).__name__)
    found: dict[str, Sequence[Any]] = {}
    for name, items in given.items():
        rows = rows_of(items)
        whole = list(rows) if rows is items else [{"json": row} for row in rows]
        found[name] = _converted(plain, whole, f"nodes[{name!r}]")
    return found


def as_variables(given: Any) -> Any:
    """What `$vars` shows."""
    from nodeloom.inputs.plainvalues import plain

    return _converted(plain, given, "vars")


def _converted(
    convert: Callable[[Any], Any], given: Any, what: str, kind: type[ConfigurationError] = ConfigurationError
) -> Any:
    from nodeloom.inputs.plainvalues import NoJsonError

    try:
        return convert(given)
    except NoJsonError as fault:
        place = f"{fault.place} in {what}" if fault.keys else what
        raise kind(f"{place} {fault.reason}.", property=fault.place or what, hint=fault.hint) from None
    except RecursionError:
        raise kind(f"{what} is nested too deeply.", property=what, hint="Use fewer levels of nesting.") from None
