"""Names people read, made from names machines use.

`start_case` follows lodash's function of that name, the rule by which the nodes our users know are labelled:
`DeleteWeblink` is "Delete Weblink", `Enable2FA` "Enable 2 FA", `LocalIPv4` "Local I Pv 4".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

# Letters of Latin-1 and Latin Extended-A that do not decompose into a basic letter and a mark.
_LETTERS = {
    "Æ": "Ae",
    "æ": "ae",
    "Ð": "D",
    "ð": "d",
    "Ø": "O",
    "ø": "o",
    "Þ": "Th",
    "þ": "th",
    "ß": "ss",
    "Đ": "D",
    "đ": "d",
    "Ħ": "H",
    "ħ": "h",
    "ı": "i",
    "Ĳ": "IJ",
    "ĳ": "ij",
    "ĸ": "k",
    "Ŀ": "L",
    "ŀ": "l",
    "Ł": "L",
    "ł": "l",
    "ŉ": "'n",
    "Ŋ": "N",
    "ŋ": "n",
    "Œ": "Oe",
    "œ": "oe",
    "Ŧ": "T",
    "ŧ": "t",
    "ſ": "s",
}
_LATIN = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f]")
_MARKS = re.compile("[\u0300-\u036f\ufe20-\ufe2f\u20d0-\u20ff]")
_APOSTROPHES = re.compile("['\u2019]")

# Character classes, as they stand between square brackets. Characters that are not part of a word are
# breaks; letters of other scripts, whose case lodash does not know, count as either case.
_LOWER = "a-z\u00df-\u00f6\u00f8-\u00ff"
_UPPER = "A-Z\u00c0-\u00d6\u00d8-\u00de"
_BREAK = "\u00d7\u00f7\x00-\x2f\x3a-\x40\\x5b-\x60\x7b-\u00bf\u2000-\u206f\u1680\u180e\u3000\ufeff"
_ASTRAL = "\ud800-\udfff\U00010000-\U0010ffff"
_OTHER = rf"[^{_ASTRAL}{_BREAK}0-9\u2700-\u27bf{_LOWER}{_UPPER}]"
_LOW = f"(?:[{_LOWER}]|{_OTHER})"
_HIGH = f"(?:[{_UPPER}]|{_OTHER})"
_ENDS = rf"(?=[{_BREAK}]|\Z|"
# An emoji: a flag of two letters or one picture, with what varies it, joined to others by zero-width joiners.
_VARIED = "[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?"
_PICTURE = rf"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[\u2700-\u27bf{_ASTRAL}]){_VARIED}"
_WORD = re.compile(
    "|".join(
        (
            f"[{_UPPER}]?[{_LOWER}]+{_ENDS}[{_UPPER}])",
            f"{_HIGH}+{_ENDS}[{_UPPER}]{_LOW})",
            f"[{_UPPER}]?{_LOW}+",
            f"[{_UPPER}]+",
            r"[0-9]*(?:1ST|2ND|3RD|(?![123])[0-9]TH)(?=\b|[a-z_])",
            r"[0-9]*(?:1st|2nd|3rd|(?![123])[0-9]th)(?=\b|[A-Z_])",
            "[0-9]+",
            rf"{_PICTURE}(?:\u200d[\s\S]{_VARIED})*",
        )
    ),
    # `\b` of JavaScript knows ASCII only.
    re.ASCII,
)
# A text without any of these is split at each character that is not a letter or a digit.
_MIXED = re.compile("[a-z][A-Z]|[A-Z]{2}[a-z]|[0-9][a-zA-Z]|[a-zA-Z][0-9]|[^a-zA-Z0-9 ]")


def plain_letters(text: str) -> str:
    """`text` with Latin letters in their basic form, and without combining marks: `Größe` is `Grosse`."""

    def basic(match: re.Match[str]) -> str:
        letter = match[0]
        return _LETTERS.get(letter) or unicodedata.normalize("NFD", letter)[0]

    return _MARKS.sub("", _LATIN.sub(basic, text))


def words(text: str) -> list[str]:
    """The words of a name, in their own case: `MCURequestStatus` is MCU, Request, Status."""
    found = plain_letters(text)
    found = _APOSTROPHES.sub("", found)
    if not _MIXED.search(found):
        return found.split()
    return [match[0] for match in _WORD.finditer(found)]


def start_case(text: str) -> str:
    """`text` as words with a capital each. Empty when it holds no word."""
    return " ".join(_capital(word) for word in words(text))


def _capital(word: str) -> str:
    # What a joiner ties to a picture is one letter with it.
    # lodash's upperFirst takes the first symbol, and a joined emoji is one symbol.
    return word.upper() if "\u200d" in word else word[:1].upper() + word[1:]


def slug(text: str) -> str:
    """`text` as a file's name: lower-case ASCII words joined with dashes, `unnamed` if no letter is left."""
    kept = re.sub(r"[^a-z0-9]+", "-", plain_letters(text).lower()).strip("-")
    return kept or "unnamed"


def camel(text: str) -> str:
    """`text` as an identifier in camel case: `GitHub v3 REST API` is `gitHubV3RestApi`."""
    found = [re.sub(r"[^A-Za-z0-9]", "", word) for word in words(text)]
    kept = [word for word in found if word]
    name = (
        "".join([kept[0][0].lower() + kept[0][1:], *(w[0].upper() + w[1:].lower() for w in kept[1:])]) if kept else ""
    )
    return name if name and name[0].isalpha() else f"api{name}"


def make_unique(name: str, taken: Container[str], numbers: dict[str, int], joint: str = " ") -> str:
    """`name`, or with `joint` and the first number from 2 on that makes it a name of its own.

    `numbers` remembers which number a name was given last: ten thousand equal names would take fifty million tries.
    """
    found, number = name, numbers.get(name, 1)
    while found in taken:
        number += 1
        found = f"{name}{joint}{number}"
    numbers[name] = number
    return found
