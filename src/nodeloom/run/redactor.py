"""Taking secrets out of what is told of a run: the credential's own, and those of others that items carry.

All that leaves a run as text goes through a `Redactor`: errors, logs, what observers are told, planned requests. It
knows the credential's secrets, the names of fields that are secret, and of the item at hand and its request the values
that stand in such fields, wherever they were put: into a path, a query, a header or a body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from nodeloom.errors import NodeloomError
from nodeloom.jsonreading import ANY_JSON
from nodeloom.messages import Request, Said
from nodeloom.redaction import MASK, Masker, SecretNames, forget_locals, leave_running_frames, telling, texts_of
from nodeloom.redaction.masker import spelled_in_json

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession

Mask = Callable[[str], str]

_TEMPLATE_MARKS = ("{{", "<<")
_HEAD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


class Redactor:
    """Makes texts about one run fit to be told.

    `names` are the fields whose values are secret wherever they stand; `parameters` are the run's, as written.
    """

    def __init__(self, names: SecretNames, session: CredentialSession | None, parameters: Mapping[str, Any]) -> None:
        self._names = names
        self._session = session
        self._given = frozenset(text for text in names.texts(parameters) if not _is_template(text))

    def text(self, text: str) -> str:
        """A text without the credential's secrets, and without values that stand behind a secret name."""
        return self._names(text if self._session is None else self._session.masker(text))

    def about(self, text: str, request: Request) -> str:
        """A text about a request, its address for example; also without what the request says in secret."""
        values = self._spelled(self._values(None, (), request))
        decoded = unquote(text)
        # To make a masker takes longer than all else, and most texts hold none of the values.
        found = [value for value in values if any(form in text or form in decoded for form in _spellings(value))]
        if found:
            head = _HEAD.match(text)
            start = head.end() if head is not None else 0
            # The path and all behind it: a digit or two may well be part of a host.
            text = Masker(telling(found))(text[:start]) + Masker(found)(text[start:])
        return self.text(text)

    def knowing(self, item: Any, said: Iterable[Said] = (), request: Request | None = None) -> Mask:
        """`text`, for texts about an item: its secrets go as well, wherever the service repeats them.

        `said` is what its requests say, or were to say, and `request` the last one that was sent.
        """
        values = self._spelled(self._values(item, said, request))
        known = Masker(telling(values))
        if not known:
            return self.text
        session, names = self._session, self._names

        def mask(text: str) -> str:
            # The credential's first: what an item says may be a part of it.
            return names(known(text if session is None else session.masker(text)))

        return mask

    def headers(self, request: Request) -> dict[str, str]:
        """The headers of a request as they may be told."""
        told = {
            name: MASK if name.lower() in request.credential_headers else self.about(value, request)
            for name, value in request.headers.items()
        }
        redacted: dict[str, str] = self._names.redacted(told)
        return redacted

    def error(
        self, error: NodeloomError, item: Any = None, said: Iterable[Said] = (), request: Request | None = None
    ) -> None:
        """Mask everything an error shows: its own words, its causes, and the variables of the frames behind it.

        `item` is what the work was done on, `said` and `request` as in `knowing`.
        """
        mask = self.knowing(item, said, request)
        self.words(error, mask)
        _silence_causes(error, mask)
        forget_locals(error)
        # The one that works on the item holds it.
        leave_running_frames(error)

    def words(self, error: NodeloomError, mask: Mask | None = None) -> None:
        """Mask an error's own words."""
        if error.property is not None and error.property in self._names and error.value is not None:
            error.value = MASK
        error.details = self._names.redacted(error.details)
        error.mask(mask or self.knowing(None))

    def _values(self, item: Any, said: Iterable[Said], request: Request | None) -> set[str]:
        """The values that are not told: by the names of their fields, and what was made of the credential's secrets."""
        values = set(self._given)
        values.update(self._names.texts(item))
        if request is not None:
            values |= request.credential_texts
            said = said if request.content is None else (*said, request.content.said)
        for each in said:
            for named in each.named:
                values.update(self._names.texts(_unpacked(named)))
            values.update(texts_of(list(each.untold)))
        return values

    @staticmethod
    def _spelled(values: Iterable[str]) -> set[str]:
        """The values, and how they stand in quotes, where OData and SQL double the quotes in them."""
        return {spelled for value in values if value for spelled in (value, value.replace("'", "''"))}


def _spellings(value: str) -> tuple[str, ...]:
    """A text as it is, and as it stands within JSON."""
    return (value,) if value.isascii() and value.isalnum() else (value, *spelled_in_json(value))


def _unpacked(value: object) -> object:
    """JSON that a body holds as text."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return ANY_JSON.read(value)
        except ValueError:
            return value
    return value


def _is_template(text: str) -> bool:
    return text.startswith("=") or any(mark in text for mark in _TEMPLATE_MARKS)


def _silence_causes(error: BaseException, mask: Mask) -> None:
    """Cut off every cause and context that holds a secret: a traceback that is printed shows the words of each.

    What cannot be read is cut off too: what it holds is not known.
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
    """All that is shown of an exception: its words, and its attributes; or None if they cannot be read."""
    try:
        # An error of a parser holds the whole document besides.
        return f"{fault!s} {fault!r} {vars(fault)!r}"
    except Exception:  # noqa: BLE001 - a `__str__` or `__repr__` of a plugin or a transport
        return None
