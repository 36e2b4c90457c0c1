"""What is secret, what it is held in, and how it is taken out of what is shown.

`Secret` is what a secret is held in. `Masker` takes known values out of a text, in every form they travel in.
`SecretNames` knows secrets of others by the names of their fields.
"""

from nodeloom.redaction.masker import Masker, texts_of
from nodeloom.redaction.names import DEFAULT_SECRET_NAMES, SecretNames
from nodeloom.redaction.secret import (
    MASK,
    MaskedTexts,
    MaskedValues,
    Secret,
    forget_locals,
    masked,
    refuse_pickling,
    reveal,
)

__all__ = [
    "DEFAULT_SECRET_NAMES",
    "MASK",
    "MaskedTexts",
    "MaskedValues",
    "Masker",
    "Secret",
    "SecretNames",
    "forget_locals",
    "masked",
    "refuse_pickling",
    "reveal",
    "texts_of",
]
