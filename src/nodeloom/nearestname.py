"""The name that a misspelt one was most likely meant to be."""

from __future__ import annotations

from collections.abc import Iterable

# A longer name is not a slip of the keyboard.
_LONGEST_NAME = 200
# difflib's own default: of five letters two may be wrong.
_LEAST_LIKENESS = 0.6
# A shorter text is a part of too many names.
_LEAST_PART = 3


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is most likely a typo of, or None; case and punctuation do not count."""

    def plain(text: str) -> str:
        return "".join(c for c in text.casefold() if c.isalnum()) or text.casefold()

    by_plain: dict[str, str] = {}
    for candidate in known:
        by_plain.setdefault(plain(candidate), candidate)
    wanted = plain(name)
    if wanted in by_plain:
        return by_plain[wanted]
    if len(wanted) > _LONGEST_NAME:
        # A comparison takes the product of both lengths, and names in imported documents may be whole pages.
        return None
    import difflib  # here, because most commands do not meet a typo

    by_plain = {name: candidate for name, candidate in by_plain.items() if len(name) <= _LONGEST_NAME}
    close = difflib.get_close_matches(wanted, by_plain, n=1, cutoff=_LEAST_LIKENESS)
    if close:
        return by_plain[close[0]]
    partial = [k for k in by_plain if len(wanted) >= _LEAST_PART and (wanted in k or k in wanted)]
    return by_plain[min(partial, key=lambda k: abs(len(k) - len(wanted)))] if partial else None
