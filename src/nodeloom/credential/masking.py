"""Taking secrets out of text and JSON, in every form they travel in."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn, final
from urllib.parse import quote, quote_plus

MASK = "***"
_SHORT = 4
# Where `errors.preview` cuts a text, wherever it comes to.
_CUT = "…"


class MaskedValues(dict[str, Any]):
    """Field values whose `repr` and `str` show the names of the fields only.

    It is a dict, so that JSON encoders and the expression scope take it as one.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: {MASK}" for name in self) + "}"

    __str__ = __repr__


def texts_of(value: object) -> Iterator[str]:
    """Every text and number in a JSON value, as text; booleans and null say nothing secret."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_of(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts_of(inner)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)


def _percent_lower(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda escape: escape[0].lower(), text)


def _forms(secret: str) -> Iterator[str]:
    """`secret` as it may stand in a URL, a form, a JSON document, or base64."""
    yield secret
    raw = secret.encode("utf-8", "surrogatepass")
    for escaped in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        for variant in (escaped, _percent_lower(escaped)):
            yield variant
            # Once more, as an address in the query of another (`?return=%2Fapi%3Fkey%3D…`).
            yield quote(variant, safe="")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    encoded = base64.b64encode(raw).decode("ascii")
    for variant in (encoded, encoded.rstrip("="), base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")):
        # Four characters of base64 hold three bytes: too little to tell a secret from any other text.
        if len(variant) > _SHORT:
            yield variant
            yield quote(variant, safe="")


def _overlap(text: str, secret: str) -> int:
    """How many characters at the end of `text` are the beginning of `secret`; 0 when too few to tell anything."""
    longest = min(len(text), len(secret) - 1)
    return next((n for n in range(longest, _SHORT - 1, -1) if text.endswith(secret[:n])), 0)


@final
class Masker:
    """Replaces secrets by `***`: as written, percent-encoded (also twice), JSON-escaped and in base64.

    A secret of fewer than four characters is replaced only where it stands as a whole word or value, since it
    would otherwise tear holes into unrelated text. Empty secrets are ignored.
    """

    __slots__ = ("_json_texts", "_pattern", "_secrets", "_texts")

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(s for s in secrets if s)
        long: set[str] = set()
        short: set[str] = set()
        for secret in self._secrets:
            if len(secret) < _SHORT:
                short.add(secret)
            else:
                long.update(form for form in _forms(secret) if len(form) >= _SHORT)
        self._texts = (*long, *short)
        # What is cut may end with the beginning of a secret, so the ellipsis counts as a sign of one.
        self._json_texts = tuple({json.dumps(text)[1:-1] for text in (*self._texts, _CUT)}) if self._texts else ()
        # Longest first: a secret that contains another must not leave its remainder behind.
        parts = [re.escape(text) for text in sorted(long, key=lambda s: (-len(s), s))]
        parts += [rf"(?<!\w){re.escape(text)}(?!\w)" for text in sorted(short, key=lambda s: (-len(s), s))]
        self._pattern = re.compile("|".join(parts)) if parts else None

    def __repr__(self) -> str:
        return f"Masker({len(self._secrets)} secrets)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Masker holds secrets and is not pickled")

    def __bool__(self) -> bool:
        """Whether there is anything to mask."""
        return self._pattern is not None

    def __call__(self, text: str) -> str:
        """`text` with every secret replaced by `***`, and so the beginning of one in front of an ellipsis."""
        if self._pattern is None:
            return text
        # Looking for plain texts is far quicker than the pattern, and most texts hold none.
        for secret in self._texts:
            if secret in text:
                text = self._pattern.sub(MASK, text)
                break
        return self._without_beginnings(text) if _CUT in text else text

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
        return any(text in document for text in self._json_texts)

    def mask_json(self, value: Any) -> Any:
        """A copy of a JSON value without the secrets, in keys and numbers too; without secrets, `value` itself."""
        return value if self._pattern is None else self._masked(value)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(k) if isinstance(k, str) else k: self._masked(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._masked(inner) for inner in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and str(value) in self._secrets:
            return MASK
        return value
