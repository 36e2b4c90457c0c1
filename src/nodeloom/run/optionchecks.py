"""Which values an option takes: one check for each kind of value.

A check is called with the option's name as the caller wrote it (`concurrency` in Python, `--concurrency` on the command
line) and the value. It raises ConfigurationError with that name, the value, what to write, and the nearest value that
fits, if there is one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from nodeloom.errors import ConfigurationError, nearest
from nodeloom.run.stop import Stop


def assignment(name: str, value: object) -> str:
    """How the caller writes that an option has a value: `concurrency=8` or `--concurrency 8`."""
    return f"{name} {value}" if _is_flag(name) else f"{name}={_shown(name, value)}"


def _is_flag(name: str) -> bool:
    return name.startswith("-")


def _shown(name: str, value: object) -> str:
    """A value as it is written in the caller's language: quoted in Python, bare in a shell."""
    return f'"{value}"' if isinstance(value, str) and not _is_flag(name) else str(value)


def refuse(name: str, wanted: str, value: object, hint: str) -> NoReturn:
    """Raise the error of a value that the option does not take: `NAME must be WANTED.`"""
    raise ConfigurationError(f"{name} must be {wanted}.", property=name, value=value, hint=hint)


class Check:
    """Takes any value. The other checks derive from this one."""

    def read(self, text: str) -> object:
        """The value that a text on the command line means; a text that means none is given back for `__call__`."""
        return text

    def __call__(self, name: str, value: object) -> None:
        """Raise ConfigurationError for a value that the option `name` does not take."""


@dataclass(frozen=True, slots=True, eq=False)
class Number(Check):
    """A number from `least` on, or above `above`; `example` is one that fits."""

    least: float | None = None
    above: float | None = None
    whole: bool = False
    example: float = 1

    def read(self, text: str) -> object:
        """The number."""
        try:
            return int(text) if self.whole else float(text)
        except ValueError:
            return text

    def __call__(self, name: str, value: object) -> None:
        """Refuse what is not such a number."""
        # True and False are whole numbers for Python, and a mistake here.
        is_number = isinstance(value, int if self.whole else (int, float)) and not isinstance(value, bool)
        if not is_number or not self._is_inside(value):
            refuse(name, self._wanted(), value, self._hint(name, value))

    def _is_inside(self, value: object) -> bool:
        if not isinstance(value, (int, float)):
            return False
        try:
            if math.isnan(value):
                return False
        except OverflowError:
            # It is too large for a double, and code further down calculates with floats.
            return False
        return (self.least is None or value >= self.least) and (self.above is None or value > self.above)

    def _wanted(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        if self.least is not None:
            return f"{kind} from {self.least:g}"
        return kind if self.above is None else f"{kind} above {self.above:g}"

    def _hint(self, name: str, value: object) -> str:
        found = self._nearest(value)
        if found is None:
            return f"Write {assignment(name, self.example)}, for example."
        return f"Did you mean {assignment(name, found)}?"

    def _nearest(self, value: object) -> float | None:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return None
        try:
            number = float(value)
            number = round(number) if self.whole else number
        except (ValueError, OverflowError):
            return None
        if not math.isfinite(number):
            return None
        if not self._is_inside(number):
            if self.least is None:
                return None
            number = self.least
        # 2, not 2.0: as somebody would write it.
        return int(number) if number == int(number) else number


@dataclass(frozen=True, slots=True, eq=False)
class Choice(Check):
    """One of several texts."""

    choices: Sequence[str]

    def __call__(self, name: str, value: object) -> None:
        """Refuse what is not one of them."""
        if isinstance(value, str) and value in self.choices:
            return
        written = [_shown(name, choice) for choice in self.choices]
        close = nearest(value, self.choices) if isinstance(value, str) else None
        hint = f"Did you mean {assignment(name, close)}?" if close else f"Write {assignment(name, self.choices[0])}."
        refuse(name, f"{', '.join(written[:-1])} or {written[-1]}", value, hint)


class OnOff(Check):
    """True or False."""

    def __call__(self, name: str, value: object) -> None:
        """Refuse what is neither."""
        if not isinstance(value, bool):
            meant = {"0": False, "false": False, "no": False, "off": False}.get(str(value).casefold(), True)
            refuse(name, "True or False", value, f"Did you mean {assignment(name, meant)}?")


class FilePath(Check):
    """The path of a file."""

    def __call__(self, name: str, value: object) -> None:
        """Refuse what is not a path, and the empty one: an unset variable of a shell is not a file."""
        example = assignment(name, f"{name.lstrip('-').replace('_', '-')}.file")
        if not isinstance(value, (str, os.PathLike)):
            refuse(name, "the path of a file", value, f"Write {example}, for example.")
        path = os.fspath(value)
        if not path:
            raise ConfigurationError(f"{name} is empty.", property=name, hint=f"Name a file: {example}.")
        if "\0" in os.fsdecode(path):
            refuse(name, "the path of a file", value, f"Write {example}, for example.")


class JavaScript(Check):
    """True, False or `"process"`."""

    def __call__(self, name: str, value: object) -> None:
        """Refuse anything else."""
        if not isinstance(value, bool) and value != "process":
            refuse(name, 'True, False or "process"', value, f"Did you mean {assignment(name, 'process')}?")


class TimeZone(Check):
    """The IANA name of a time zone."""

    def __call__(self, name: str, value: object) -> None:
        """Refuse a name that the system's and Python's zones do not have."""
        from zoneinfo import ZoneInfo, available_timezones

        try:
            ZoneInfo(value)  # type: ignore[arg-type]  # what is not a text raises TypeError
        except (KeyError, ValueError, OSError, TypeError):
            close = nearest(value, available_timezones()) if isinstance(value, str) else None
            example = assignment(name, close or "Europe/Berlin")
            hint = f"Did you mean {example}?" if close else f"Write {example}, for example."
            refuse(name, "the IANA name of a time zone", value, hint)


class Pace(Check):
    """A rate such as `"20/s"`."""

    def __call__(self, name: str, value: object) -> None:
        """Refuse what is not a rate."""
        from nodeloom.transport.politeness.rate import read_rate

        read_rate(value, name=name)


class Span(Check):
    """A time such as `"90s"`."""

    def __call__(self, name: str, value: object) -> None:
        """Refuse what is not a time above zero."""
        from nodeloom.transport.politeness.rate import read_seconds

        read_seconds(value, name)


class Share(Check):
    """A share such as `"20%"`."""

    def __call__(self, name: str, value: object) -> None:
        """Refuse what is not a share from 0."""
        from nodeloom.transport.politeness.budget import read_share

        read_share(value, name)


class Stopping(Check):
    """A `Stop`."""

    def __call__(self, name: str, value: object) -> None:
        """Refuse any other object, such as a `threading.Event`: it would never be looked at."""
        if not isinstance(value, Stop):
            refuse(name, "a nodeloom.Stop", type(value).__name__, f"Write {name}=nodeloom.Stop().")


class Observers(Check):
    """An `Observer`, or several."""

    def __call__(self, name: str, value: object) -> None:
        """Refuse other objects, and observers with a method that would never be called."""
        from nodeloom.run.events import Observer, check_observer

        for observer in value if isinstance(value, Sequence) else (value,):
            if not isinstance(observer, Observer):
                hint = "Derive its class from nodeloom.Observer."
                refuse(name, "a nodeloom.Observer, or several in a list", type(observer).__name__, hint)
            check_observer(observer)
