"""Secrets out of messages, also those that a message shows the beginning of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession

_CUT = "…"
# Fewer characters of a secret's beginning tell nothing, and would match too much.
_TELLING = 4


def masker_of(session: CredentialSession | None) -> Callable[[str], str]:
    """Takes a session's secrets out of a text; without a session, the text as it is."""
    if session is None:
        return str

    def mask(text: str) -> str:
        masked = session.masker(text)
        return _without_cut(masked, session.secrets) if _CUT in masked else masked

    return mask


def _without_cut(text: str, secrets: Iterable[str]) -> str:
    """`text` without beginnings of secrets in front of an ellipsis: `errors.preview` cuts wherever it comes to."""
    known = list(secrets)
    parts = text.split(_CUT)
    for number, part in enumerate(parts[:-1]):
        found = max((_overlap(part, secret) for secret in known), default=0)
        if found:
            parts[number] = f"{part[:-found]}***"
    return _CUT.join(parts)


def _overlap(text: str, secret: str) -> int:
    """How many characters at the end of `text` are the beginning of `secret`; 0 when it is too few to tell."""
    most = min(len(text), len(secret) - 1)
    return next((length for length in range(most, _TELLING - 1, -1) if text.endswith(secret[:length])), 0)
