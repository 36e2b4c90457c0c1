"""Names and data as JavaScript's source has them: ASCII, and nothing in them that could be anything else."""

from __future__ import annotations

import json
import math
import re

from nodeloom.expression.syntax.tokenreader import RESERVED

_ESCAPED = re.compile(r"[^A-Za-z0-9_$]|_(?=u)")
_PLAIN_KEY = re.compile("[A-Za-z_$][A-Za-z0-9_$]*")
# Behind these QuickJS takes a slash for the beginning of a regular expression when it looks whether `=>` follows a
# parenthesis, though they are names of members.
_BEFORE_A_REGEX = RESERVED | {"of", "yield"}
# What begins something else within a template literal.
_TEMPLATE_MARKS = str.maketrans({"`": "\\u0060", "$": "\\u0024"})


def mangle(name: str) -> str:
    """The name that an author's `name` gets: another one for each, and none of JavaScript's or of the printer's own.

    It begins with `_`. A character that is not ASCII becomes `_u…_` with its number in hexadecimal, and so does a `_`
    that would look like the beginning of that.
    """
    return "_" + _ESCAPED.sub(lambda found: f"_u{ord(found[0]):x}_", name)


def text_literal(text: str) -> str:
    """`text` as a string."""
    return json.dumps(text)


def template_text(text: str) -> str:
    """`text` as it stands in a template literal."""
    return json.dumps(text)[1:-1].translate(_TEMPLATE_MARKS)


def number_literal(number: int | float) -> str:
    """A number that is not negative, by its value."""
    if isinstance(number, float) and math.isinf(number):
        return "(1/0)"
    return repr(number)


def access(key: str) -> str:
    """The access to the property `key`: `.key` or `["key"]`."""
    return f".{key}" if is_plain(key) else f"[{text_literal(key)}]"


def is_plain(key: str) -> bool:
    """Whether `key` can be written behind a dot."""
    return _PLAIN_KEY.fullmatch(key) is not None and key not in _BEFORE_A_REGEX
