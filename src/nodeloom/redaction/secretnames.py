"""Names of fields whose values are secret, in every service: `AuthPassword`, `VMPIN`, `client_secret`.

A credential's own secrets are known by value (`Masker`). Items, parameters and answers carry secrets of others: a
PBX's user has a SIP password and a voicemail PIN. They stay whole in results, and are masked by their names in what
people read and keep besides: errors, logs, reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, final

from nodeloom.redaction.masker import SWITCHES, texts_of
from nodeloom.redaction.secret import MASK, Secret

DEFAULT_SECRET_NAMES: tuple[str, ...] = (
    "*password",
    "*passwd",
    "*passphrase",
    "*pwd",
    "*secret",
    "*secrets",
    "*credentials",
    "*token",
    "*accesstokens",
    "*refreshtokens",
    # The place to go on reading, in an answer that comes in pages, is not a secret.
    "!*pagetoken",
    "!*skiptoken",
    "!*synctoken",
    "!*continuationtoken",
    "*pin",
    "*pinnumber",
    "*pincode",
    "*apikey",
    "*accesskey",
    "*accountkey",
    "*authkey",
    "*encryptionkey",
    "*licensekey",
    "*privatekey",
    "*secretkey",
    "*sharedkey",
    "*signingkey",
    "*codeverifier",
    "*clientassertion",
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "jwt",
    # 3CX: what a SIP account signs in by (`AuthID`, `SIPID`), and the keys of speech services.
    "*authid",
    "sipid",
    "transcribekey*",
)
"""The patterns that hold unless the host adds to them; see `SecretNames`."""

_MOST_REMEMBERED = 4096
# A key alone is a secret in an address (`?key=…`), and anything at all in a document.
_LEADS = frozenset("?&")
# `%3Dtoken=` and `$skiptoken=` are not fields of that name.
_NO_BEGINNINGS = frozenset("%$-")
_IN_ADDRESSES = frozenset({"key", "sig", "signature", "code"})
_SCHEMES = r"(?:(?:Bearer|Basic|Digest|Token|Negotiate)\s+)?"
# Separators are few, so they are what is looked for; the name in front of one is read backwards, from its end.
_SEPARATOR = re.compile(r"[:=]")
_NAME_BACKWARDS = re.compile(r"""\s{0,8}(?P<close>["']\\*)?(?P<name>[\w.-]{0,80}[A-Za-z_])(?P<before>[^\w]?)""")
_FARTHEST = 100
_BLANKS = re.compile(r"\s{0,8}")
_QUOTED = re.compile(r"""(?P<quote>\\*["'])(?P<text>.*?)(?P<end>(?<!\\)(?P=quote)|$)""", re.DOTALL)
_BARE = re.compile(rf"""{_SCHEMES}[^\s"'\\,;&<>{{}}\[\]()]+""", re.IGNORECASE)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w.:-]{0,80})(?:\s[^<>]*)?>(?P<text>[^<]+)")
# If a text was cut for a message, what stands behind the ellipsis is the message's own.
_CUT = re.compile(r"… \(\d+ characters\)$")


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


@final
class SecretNames:
    """Decides by its name whether a field's value is secret, and masks such values in JSON and in text.

    `patterns` are names in which `*` stands for anything; case and punctuation do not count, so that `apikey` is also
    `API-Key` and `api_key`. A pattern that begins with `!` takes names out again; the last one that fits decides.
    """

    __slots__ = ("_known", "_rules")

    def __init__(self, patterns: Iterable[str] = DEFAULT_SECRET_NAMES) -> None:
        self._rules: list[tuple[Callable[[str], object], bool]] = []
        for pattern in patterns:
            plain = "".join(c for c in pattern.casefold() if c.isalnum() or c == "*")
            self._rules.append((re.compile(plain.replace("*", ".*")).fullmatch, not pattern.lstrip().startswith("!")))
        self._rules.reverse()
        self._known: dict[str, bool] = {}

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        known = self._known.get(name)
        if known is None:
            plain = _plain(name)
            known = next((secret for matches, secret in self._rules if matches(plain)), False)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()  # names come out of data, and must not fill the memory
            self._known[name] = known
        return known

    def redacted(self, value: Any) -> Any:
        """A copy of a JSON value with `***` in place of every value under a secret name; no secret name, no copy.

        Switches and null stay: that a PIN is asked for is not a secret.
        """
        return self._redact(value) if any(True for _ in self._found(value)) else value

    def _redact(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                name: MASK if name in self and _tells(inner) else self._redact(inner) for name, inner in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._redact(inner) for inner in value]
        return value

    def texts(self, value: object) -> Iterator[str]:
        """The texts and numbers that stand under a secret name anywhere in a JSON value, as text."""
        for inner in self._found(value):
            yield from texts_of(inner)

    def _found(self, value: object) -> Iterator[object]:
        # What a program hands over may hold itself, and is looked through before anything else is known of it.
        waiting, seen = [value], set[int]()
        while waiting:
            current = waiting.pop()
            if not isinstance(current, (Mapping, list, tuple)) or id(current) in seen:
                continue
            seen.add(id(current))
            if isinstance(current, Mapping):
                for name, inner in current.items():
                    if name in self and _tells(inner):
                        yield inner
                    else:
                        waiting.append(inner)
            else:
                waiting.extend(current)

    def __call__(self, text: str) -> str:
        """`text` with `***` in place of the values that stand behind a secret name.

        Finds them in JSON (also cut off, and as text inside JSON), in query strings and forms, in header lines and in
        XML elements.
        """
        if "=" in text or ":" in text:
            text = self._pairs(text)
        return _ELEMENT.sub(self._element, text) if "</" in text else text

    def _pairs(self, text: str) -> str:
        parts: list[str] = []
        at = 0
        for separator in _SEPARATOR.finditer(text):
            start = separator.start()
            if start < at or not self._is_behind_a_secret_name(text, start, at):
                continue
            blanks = _BLANKS.match(text, start + 1)
            begins = blanks.end() if blanks else start + 1
            end, shown = _masked_value(text, begins)
            parts += (text[at:begins], shown)
            at = end
        return "".join([*parts, text[at:]]) if parts else text

    def _is_behind_a_secret_name(self, text: str, separator: int, since: int) -> bool:
        found = _NAME_BACKWARDS.match(text[max(since, separator - _FARTHEST) : separator][::-1])
        if found is None:
            return False
        name, before = found["name"][::-1], found["before"]
        if before in _LEADS and name.casefold() in _IN_ADDRESSES:
            return True
        # `no token: the service …` is prose; a field in lower case has quotes, an equals sign or another word to it.
        prose = text[separator] == ":" and not found["close"] and name.isalpha() and name.islower()
        return before not in _NO_BEGINNINGS and not prose and name in self

    def _element(self, found: re.Match[str]) -> str:
        if found["name"].rpartition(":")[2] not in self:
            return found[0]
        return found[0][: found.start("text") - found.start()] + MASK


def _tells(value: object) -> bool:
    """Whether a value says anything that could be secret."""
    if isinstance(value, Secret):
        return bool(value)
    return value not in (None, "", [], {}) and not isinstance(value, bool)


def _masked_value(text: str, start: int) -> tuple[int, str]:
    """Where the value that begins at `start` ends, and what is shown in its place."""
    if text[start : start + 1] in ("[", "{"):
        return _end_of_container(text, start), MASK
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        cut = _CUT.search(quoted["text"])
        secret = quoted["text"][: cut.start()] if cut else quoted["text"]
        shown = (MASK if secret else "") + (cut[0] if cut else "")
        return quoted.end(), f"{quoted['quote']}{shown}{quoted['end']}"
    bare = _BARE.match(text, start)
    if bare is None or bare[0].casefold() in SWITCHES:
        return start, ""
    cut = _CUT.search(text, bare.start())
    return (cut.start() if cut and cut.start() < bare.end() else bare.end()), MASK


def _end_of_container(text: str, start: int) -> int:
    """The index behind the JSON object or list that begins at `start`; the length of the text if it was cut off."""
    depth, quoted, at = 0, False, start
    while at < len(text):
        character = text[at]
        if quoted and character == "\\":
            at += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "[{":
            depth += 1
        elif not quoted and character in "]}":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return len(text)
