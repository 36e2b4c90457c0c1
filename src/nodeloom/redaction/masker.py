"""Taking secrets out of text and JSON, in every form they travel in."""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn, final
from urllib.parse import quote, quote_plus, unquote

from nodeloom.redaction.secret import MASK, MaskedTexts, Secret, refuse_pickling

_SHORT = 4
_LEAST_TELLING = 3
SWITCHES = frozenset({"true", "false", "null", "none", "undefined"})
# An escape of a letter or digit, or of an escape, or one that not every encoder writes, or not in this case.
_FURTHER_ENCODED = re.compile(
    r"%(?:25|3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])|\\[ux/\\]|&#|&\w{2,6};", re.IGNORECASE
)
# The same in JSON, in which a backslash of a text is two.
_FURTHER_IN_JSON = re.compile(
    r"%(?:25|3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])|\\\\(?:[ux/]|\\\\)|&#|&\w{2,6};", re.IGNORECASE
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_PERCENT = re.compile(r"%[0-9A-F]{2}")
# An escape of JSON ends with a letter or digit, and may stand right in front of a word.
_ENDING_ESCAPE = re.compile(r"(?:\\[bfnrt]|\\u[0-9a-f]{4})\Z")
_LONGEST_ESCAPE = 6
_NAMED_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
# Other text than Latin-1, and so no UTF-8 that was read as that.
_WIDE = re.compile("[^\x00-\xff]")
_MOST_LAYERS = 5
_URL_SAFE = str.maketrans("+/", "-_")
# What encodeURIComponent and encodeURI leave as it is (ECMA-262, 19.2.6), besides letters, digits and `-_.~`.
_COMPONENT = "!'()*"
_ADDRESS = f"{_COMPONENT};,/?:@&=+$#"
# Where `errors.preview` cuts a text, wherever it comes to.
_CUT = "…"


def texts_of(value: object) -> Iterator[str]:
    """Every text and number in a JSON value, as text, those in a Secret too; booleans and null say nothing secret.

    A whole number that is a float comes as JavaScript writes it as well: `7` for `7.0`.
    """
    if isinstance(value, str):
        yield value
        return
    # A value may hold itself, or be nested to any depth, until it is known to be JSON.
    waiting, seen = [value], set[int]()
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, Secret):
            waiting.append(current.reveal())
        elif isinstance(current, (Mapping, list, tuple)):
            if id(current) not in seen:
                seen.add(id(current))
                inner = list(current.values()) if isinstance(current, Mapping) else list(current)
                waiting += reversed(inner)
        elif isinstance(current, (int, float)) and not isinstance(current, bool):
            yield str(current)
            if isinstance(current, float) and current.is_integer():
                yield str(int(current))


def _decode(text: str) -> Iterator[str]:
    """`text` with one layer after the other taken off: percent-encoding, JSON's escapes, HTML's."""
    for _ in range(_MOST_LAYERS):
        before = text
        if "%" in text:
            text = unquote(text)
            yield text
            yield text.replace("+", " ")
        if "&" in text:
            from html import unescape

            text = unescape(text)
            yield text
        if "\\" in text:
            text = _whole_characters(_ESCAPE.sub(_unescape, text))
            yield text
            if not text.isascii():
                # Bytes as Python and C write them: `\xc3\xa4`.
                yield _WIDE.sub("?", text).encode("latin-1").decode("utf-8", "replace")
        if text == before:
            return


def _unescape(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _NAMED_ESCAPES.get(found[3], found[3])


def _whole_characters(text: str) -> str:
    """`text` with each surrogate pair, which JSON's escapes write beyond U+FFFF, as the one character it stands for."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") if not text.isascii() else text


def _percent_lower(text: str) -> str:
    return _PERCENT.sub(lambda escape: escape[0].lower(), text)


def telling(texts: Iterable[str]) -> MaskedTexts:
    """Those of `texts` that tell anything: a switch, or one or two characters, stand in any other text too."""
    return MaskedTexts(t for t in texts if len(t) >= _LEAST_TELLING and t.casefold() not in SWITCHES)


def _percent_encoded(raw: bytes) -> Iterator[str]:
    for safe in ("", "/", _COMPONENT, _ADDRESS):
        escaped = quote(raw, safe=safe)
        yield escaped
        yield _percent_lower(escaped)
    # As a form has it.
    for escaped in (quote_plus(raw), quote_plus(raw, safe="*")):
        yield escaped
        yield _percent_lower(escaped)


def spelled_in_json(text: str) -> tuple[str, str]:
    """`text` as encoders write it between the quotes of JSON: in ASCII, and with all letters as they are."""
    return json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]


def _forms(secret: str) -> Iterator[str]:
    """`secret` as it may stand in a URL, a form, a JSON document, and each of these in hex and base64."""
    raw = secret.encode("utf-8", "surrogatepass")
    # What some encode in Latin-1, and what UTF-8 looks like to those who read it as that.
    narrow = b"" if secret.isascii() or _WIDE.search(secret) else secret.encode("latin-1")
    texts = {secret, raw.decode("latin-1"), *spelled_in_json(secret)}
    texts.add(repr(secret)[1:-1])
    for known in filter(None, (raw, narrow)):
        texts.update(_percent_encoded(known))
    yield from _as_bytes(narrow)
    for text in texts:
        yield text
        # Once and twice more, as an address in the query of another (`?return=%2Fapi%3Fkey%3D…`).
        once_more = quote(text.encode("utf-8", "surrogatepass"), safe="")
        yield once_more
        yield _percent_lower(once_more)
        yield quote(once_more, safe="")
        yield from _as_bytes(text.encode("utf-8", "surrogatepass"))


def _as_bytes(raw: bytes) -> Iterator[str]:
    yield raw.hex()
    yield raw.hex().upper()
    encoded = base64.b64encode(raw).decode("ascii")
    for variant in (encoded, encoded.rstrip("="), *_inside_base64(raw)):
        for alphabet in (variant, variant.translate(_URL_SAFE)):
            # Four characters of base64 hold three bytes: too little to tell a secret from any other text.
            if len(alphabet) > _SHORT:
                yield alphabet
                yield quote(alphabet, safe="")


def _innermost(forms: Iterable[str]) -> list[str]:
    """The forms that do not contain another form: a text that holds any form holds one of these."""
    innermost: list[str] = []
    for form in sorted(forms, key=len):
        if not any(inner in form for inner in innermost):
            innermost.append(form)
    return innermost


def _inside_base64(raw: bytes) -> Iterator[str]:
    """What of `raw` stays the same in the base64 of a longer text, at each of the three places it may begin at there.

    The characters at its ends hold bits of what stands around it as well.
    """
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode("ascii").rstrip("=")
        ends_inside = (before + len(raw)) % 3 != 0
        yield encoded[(0, 2, 3)[before] : -1 if ends_inside else None]


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


# Secrets are looked for as plain texts and never made a pattern of: `re` keeps the patterns it compiles, and shows them
# in the words of its own errors, such as the KeyError of its cache.


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _words(text: str, word: str) -> Iterator[int]:
    """Where `word` stands in `text` as a whole word."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if (at == 0 or not _is_of_word(text[at - 1])) and (end == len(text) or not _is_of_word(text[end])):
            yield at
        at = text.find(word, at + 1)


def _is_word_in_json(document: str, word: str) -> bool:
    """Whether `word` stands in a JSON document as a whole word of one of its texts."""
    at = document.find(word)
    while at >= 0:
        end = at + len(word)
        # What comes behind is looked at first: it is one character.
        if (end == len(document) or not _is_of_word(document[end])) and (
            at == 0
            or not _is_of_word(document[at - 1])
            or _ENDING_ESCAPE.search(document[max(0, at - _LONGEST_ESCAPE) : at]) is not None
        ):
            return True
        at = document.find(word, at + 1)
    return False


def _without_word(text: str, word: str) -> str:
    """`text` with the mask in place of `word` wherever it is a whole word."""
    parts: list[str] = []
    since = 0
    for at in _words(text, word):
        if at >= since:
            parts += (text[since:at], MASK)
            since = at + len(word)
    return "".join([*parts, text[since:]]) if parts else text


def _any_in(texts: tuple[str, ...], text: str) -> bool:
    # A loop, because a generator costs more than what it looks for.
    for sought in texts:  # noqa: SIM110
        if sought in text:
            return True
    return False


def _overlap(text: str, secret: str) -> int:
    """How many characters at the end of `text` are the beginning of `secret`; 0 when too few to tell anything."""
    longest = min(len(text), len(secret) - 1)
    return next((n for n in range(longest, _SHORT - 1, -1) if text.endswith(secret[:n])), 0)


@final
class Masker:
    """Replaces secrets by `***`: as written, percent-encoded (also twice), JSON-escaped, in hex, and in base64.

    That of a longer text among them, such as a whole form: of the base64 of a secret it is known what stays the same
    there. A text in which a secret shows only after further decoding (encoded three times, or letter by letter) is
    replaced whole.

    A secret of fewer than four characters is replaced only where it stands as a whole word or value, since it
    would otherwise tear holes into unrelated text. Empty secrets are ignored.
    """

    __slots__ = (
        "_forms",
        "_json_lengths",
        "_json_short",
        "_json_texts",
        "_lengths",
        "_secrets",
        "_short",
        "_texts",
    )

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = MaskedTexts(s for s in secrets if s)
        long: set[str] = set()
        short: set[str] = set()
        shortest: set[str] = set()
        for secret in self._secrets:
            if len(secret) < _SHORT:
                short.add(secret)
                # With an escape in it, it can be told from any other text.
                escaped = _percent_encoded(secret.encode("utf-8", "surrogatepass"))
                forms = {form for form in escaped if len(form) >= _SHORT and form != secret}
            else:
                forms = {form for form in _forms(secret) if len(form) >= _SHORT}
            long |= forms
            shortest.update(_innermost(forms))
        # What is looked for before all else. Shortest first: what is longer than a text cannot stand in it.
        self._texts = tuple(sorted(shortest, key=len))
        self._lengths = tuple(map(len, self._texts))
        # Longest first: a secret that contains another must not leave its remainder behind.
        self._forms = tuple(sorted(long, key=lambda s: (-len(s), s)))
        self._short = tuple(sorted(short, key=lambda s: (-len(s), s)))
        # What is cut may end with the beginning of a secret, so the ellipsis counts as a sign of one.
        in_json = {_in_json(text) for text in (*self._texts, _CUT)} if shortest or short else ()
        self._json_texts = tuple(sorted(in_json, key=len))
        self._json_lengths = tuple(map(len, self._json_texts))
        self._json_short = tuple(map(_in_json, self._short))

    def __repr__(self) -> str:
        return f"Masker({len(self._secrets)} secrets)"

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)

    def __bool__(self) -> bool:
        """Whether there is anything to mask."""
        return bool(self._secrets)

    def __call__(self, text: str) -> str:
        """`text` with every secret replaced by `***`, and so the beginning of one in front of an ellipsis."""
        if not self._secrets:
            return text
        # Looking for the few shortest texts is far quicker than for all, and most texts hold none.
        if _any_in(self._texts[: bisect_right(self._lengths, len(text))], text):
            for form in self._forms:
                if form in text:
                    text = text.replace(form, MASK)
        for word in self._short:
            if word in text:
                text = _without_word(text, word)
        escaped = "%" in text or "\\" in text or "&" in text
        if escaped and _FURTHER_ENCODED.search(text) is not None and self._is_inside(text):
            return MASK
        return self._without_beginnings(text) if _CUT in text else text

    def _is_inside(self, text: str) -> bool:
        """Whether a secret shows once `text` is decoded further than the forms that are looked for."""
        long = [secret for secret in self._secrets if len(secret) >= _SHORT]
        return any(secret in decoded for decoded in _decode(text) for secret in long)

    def _without_beginnings(self, text: str) -> str:
        *cut, last = text.split(_CUT)
        for index, part in enumerate(cut):
            length = max((_overlap(part, secret) for secret in self._texts), default=0)
            if length:
                cut[index] = part[:-length] + MASK
        return _CUT.join([*cut, last])

    def may_be_in(self, document: str) -> bool:
        """Whether a JSON document in ASCII, as `json.dumps` writes it, may hold a secret; False is certain.

        It costs far less than `mask_json`, and is as quick for many documents joined as for one.
        """
        if _any_in(self._json_texts[: bisect_right(self._json_lengths, len(document))], document):
            return True
        escaped = "%" in document or "\\\\" in document or "&" in document
        if escaped and self._texts and _FURTHER_IN_JSON.search(document) is not None:
            return True
        # A loop, because a generator costs more than what it looks for.
        for word in self._json_short:  # noqa: SIM110
            if word in document and _is_word_in_json(document, word):
                return True
        return False

    def mask_json(self, value: Any) -> Any:
        """A copy of a JSON value without the secrets, in keys and numbers too; without secrets, `value` itself."""
        return self._mask_values(value) if self._secrets else value

    def _mask_values(self, value: Any) -> Any:
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(k) if isinstance(k, str) else k: self._mask_values(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._mask_values(inner) for inner in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and str(value) in self._secrets:
            return MASK
        return value
