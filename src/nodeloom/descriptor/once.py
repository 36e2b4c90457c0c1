"""An attribute that is worked out when it is first asked for.

`functools.cached_property` does so under a lock that all instances share (Python 3.11), and a child that is forked
while another thread holds it would wait for ever. Here two threads may do the work twice, which does no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class once(Generic[Value]):  # noqa: N801 - a decorator, as `property` is
    """Decorates the method that works the attribute out."""

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self._make = make
        self.__doc__ = make.__doc__
        self._name = make.__name__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Value | Self:
        if instance is None:
            return self
        # The instance's own attribute goes before this one from now on.
        value: Value = instance.__dict__.setdefault(self._name, self._make(instance))
        return value
