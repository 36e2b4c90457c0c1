"""The values that go through Nodeloom: JSON, items, and those of expressions that Python does not have."""

from __future__ import annotations

import datetime
from typing import Any, Final, TypeAlias, final

#: A JSON value. What it is is checked when it is there: a type with all of JSON in it had to be narrowed at each step.
Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Json]
#: An item in n8n's form: `{"json": {…}}`, with `binary` if it has files.
Item: TypeAlias = dict[str, Json]


@final
class Undefined:
    """JavaScript's `undefined`: what a missing key, an unknown name or a failed access resolves to.

    There is one instance, `UNDEFINED`. It is falsy, equal to nothing else, and survives copying and pickling
    as itself.
    """

    __slots__ = ()
    _instance: Undefined | None = None

    def __new__(cls) -> Undefined:
        """The one instance."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"

    def __reduce__(self) -> str:
        return "UNDEFINED"

    def __copy__(self) -> Undefined:
        return self

    def __deepcopy__(self, memo: object) -> Undefined:
        return self


UNDEFINED: Final = Undefined()


class ZonedDateTime(datetime.datetime):
    """A luxon DateTime: a date that is seen in a zone, which a JavaScript `Date` is not.

    JavaScript is given it back as a DateTime, and its text keeps the offset.
    """

    __slots__ = ()

    @classmethod
    def of(cls, moment: datetime.datetime) -> ZonedDateTime:
        """`moment`, which has a zone, as a DateTime."""
        day, time = moment.date(), moment.timetz()
        # Which of an hour that comes twice it is gets lost when a class of one's own combines them.
        return cls.combine(day, time).replace(fold=moment.fold)


@final
class Literal:
    """Text that is not a template, although it may look like one: `Literal("{{ not a template }}")`.

    In JSON it is written `{"$literal": "…"}`. `value` may be any JSON value; nothing inside it is resolved.
    """

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Literal({self.value!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and self.value == other.value

    def __hash__(self) -> int:
        return hash((Literal, repr(self.value)))


def literal_of(value: object) -> Literal | None:
    """The `Literal` that `value` is or, as `{"$literal": …}`, stands for; None if it is neither."""
    if isinstance(value, Literal):
        return value
    if isinstance(value, dict) and len(value) == 1 and "$literal" in value:
        return Literal(value["$literal"])
    return None
