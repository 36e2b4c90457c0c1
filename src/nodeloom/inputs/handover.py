"""What a program hands over besides items, Python's values in it as JSON: parameters, other nodes' items, variables.

All raise ConfigurationError, which names the argument and the place in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from nodeloom.errors import ConfigurationError, ParameterError
from nodeloom.values import Json
from nodeloom.valuewords import kind_of

_NODES_HINT = 'Write nodes={"Webhook": [{"id": 5}]}, for example.'


def as_parameters(given: object) -> Mapping[str, Json]:
    """An author's parameters, as an object.

    Raises ParameterError for anything else, and for a value in it that JSON does not have.
    """
    from nodeloom.inputs.plainvalues import plain_parameters

    parameters = _convert(plain_parameters, given, "parameters", ParameterError)
    if not isinstance(parameters, Mapping):
        raise ParameterError(
            f"The parameters are an object, not {kind_of(given)}.",
            property="parameters",
            hint='Write them as {"resource": "Website Links", "operation": "Delete Weblink"}.',
        )
    return parameters


def as_nodes(given: object) -> Mapping[str, Sequence[object]]:
    """The items of other nodes by name; a table stands for its rows."""
    from nodeloom.inputs.frames import rows_of
    from nodeloom.inputs.plainvalues import plain

    if not isinstance(given, Mapping):
        raise ConfigurationError(
            "nodes must be the items of other nodes, by the name of the node.",
            property="nodes",
            value=type(given).__name__,
            hint=_NODES_HINT,
        )
    found: dict[str, Sequence[object]] = {}
    for name, items in given.items():
        rows = rows_of(items)
        # A text and an object are iterable too, and would become their letters and keys.
        if not isinstance(name, str) or isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
            wanted = "a list of items" if isinstance(name, str) else "by the name of a node"
            got = items if isinstance(name, str) else name
            raise ConfigurationError(
                f"nodes[{name!r}] must be {wanted}, not {kind_of(got)}.", property="nodes", hint=_NODES_HINT
            )
        whole = list(rows) if rows is items else [{"json": row} for row in rows]
        found[name] = _convert(plain, whole, f"nodes[{name!r}]")
    return found


def as_variables(given: object) -> Json:
    """What `$vars` shows."""
    from nodeloom.inputs.plainvalues import plain

    return _convert(plain, given, "vars")


def _convert(
    convert: Callable[[object], Json], given: object, what: str, kind: type[ConfigurationError] = ConfigurationError
) -> Json:
    from nodeloom.inputs.plainvalues import NoJsonError

    try:
        return convert(given)
    except NoJsonError as fault:
        place = f"{fault.place} in {what}" if fault.keys else what
        where = fault.place if what == "parameters" else f"{what}.{fault.place}".replace(".[", "[")
        raise kind(f"{place} {fault.reason}.", property=where if fault.keys else what, hint=fault.hint) from None
    except RecursionError:
        raise kind(f"{what} is nested too deeply.", property=what, hint="Use fewer levels of nesting.") from None
