"""What is secret, what it is held in, and how it is taken out of what is shown.

`Secret` is what a secret is held in. `Masker` takes known values out of a text, in every form they travel in.
`SecretNames` knows secrets of others by the names of their fields.
"""

from importlib import import_module

TYPE_CHECKING = False  # typing's own takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from nodeloom.redaction.masker import Masker, telling, texts_of
    from nodeloom.redaction.secret import (
        MASK,
        MaskedTexts,
        MaskedValues,
        Secret,
        clean_interruption,
        forget_locals,
        interrupted_clean,
        leave_running_frames,
        let_go,
        masked,
        refuse_pickling,
        reveal,
    )
    from nodeloom.redaction.secretnames import DEFAULT_SECRET_NAMES, SecretNames

__all__ = [
    "DEFAULT_SECRET_NAMES",
    "MASK",
    "MaskedTexts",
    "MaskedValues",
    "Masker",
    "Secret",
    "SecretNames",
    "clean_interruption",
    "forget_locals",
    "interrupted_clean",
    "leave_running_frames",
    "let_go",
    "masked",
    "refuse_pickling",
    "reveal",
    "telling",
    "texts_of",
]

# Loaded when first asked for: a command that does not run a node does not need most of it.
_HOMES = {
    "DEFAULT_SECRET_NAMES": "secretnames",
    "Masker": "masker",
    "SecretNames": "secretnames",
    "telling": "masker",
    "texts_of": "masker",
}


def __getattr__(name: str) -> "Any":
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'secret')}"), name)
    globals()[name] = value
    return value
