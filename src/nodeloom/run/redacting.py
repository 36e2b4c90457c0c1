"""Taking secrets out of what is told of a run: the credential's own, and those of others that items carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nodeloom.errors import NodeloomError
from nodeloom.redaction import MASK, Masker, SecretNames, forget_locals

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession

# Shorter values stand in any text by chance.
_LEAST_CHARACTERS = 3
_TEMPLATE_MARKS = ("{{", "<<")


class Redactor:
    """Masks errors and log lines of one run.

    `names` are the fields whose values are secret wherever they stand; `parameters` are the run's.
    """

    def __init__(self, names: SecretNames, session: CredentialSession | None, parameters: Mapping[str, Any]) -> None:
        self._names = names
        self._session = session
        self._given = frozenset(self._values(parameters))

    def text(self, text: str) -> str:
        """A text without the credential's secrets, and without values that stand behind a secret name."""
        return self._names(text if self._session is None else self._session.masker(text))

    def error(self, error: NodeloomError, item: Any = None) -> None:
        """Mask everything an error shows: its own words, its causes, and the variables of the frames behind it.

        `item` is what the work was done on: its secrets go as well, wherever the service repeats them.
        """
        sent = error.__dict__.pop("sent", None)
        values = self._given.union(self._values(item), self._values(sent))
        mask = self.text
        if values:
            known = Masker(values)

            def mask(text: str) -> str:
                return self.text(known(text))

        if error.property is not None and error.property in self._names and error.value is not None:
            error.value = MASK
        error.details = self._names.redacted(error.details)
        error.mask(mask)
        _silence_causes(error, mask)
        forget_locals(error)

    def _values(self, value: Any) -> Iterator[str]:
        for text in self._names.texts(value):
            if len(text) >= _LEAST_CHARACTERS and not _is_template(text):
                yield text


def _is_template(text: str) -> bool:
    return text.startswith("=") or any(mark in text for mark in _TEMPLATE_MARKS)


def _silence_causes(error: BaseException, mask: Callable[[str], str]) -> None:
    """Cut off every cause and context that holds a secret: a traceback that is printed shows the words of each.

    What cannot be told is cut off too: nobody knows what it holds.
    """
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        seen.add(id(current))
        for link in ("__cause__", "__context__"):
            following = getattr(current, link)
            if following is None or id(following) in seen:
                continue
            text = _shown(following)
            if text is None or mask(text) != text:
                setattr(current, link, None)
            else:
                waiting.append(following)


def _shown(fault: BaseException) -> str | None:
    """All that is shown of an exception: its words, and its attributes; None where they cannot be told."""
    try:
        # An error of a parser holds the whole document besides.
        return f"{fault!s} {fault!r} {vars(fault)!r}"
    except Exception:  # noqa: BLE001 - a `__str__` or `__repr__` of a plugin or a transport
        return None
