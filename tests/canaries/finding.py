"""Secrets that can be found again in whatever form they were written."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Canary:
    """A secret. `core` is the part that is looked for: it has letters and digits only, and stands nowhere else.

    `text` has what needs escaping around it, so that every encoder in the way has something to encode.
    """

    name: str
    text: str
    core: str


def canary(name: str, around: str = '{}/+="\\ü&?') -> Canary:
    """A canary whose core is made of its name; `around` is what stands before and behind it."""
    core = f"cnry{name}4711"
    before, _, behind = around.partition("{}")
    return Canary(name, f"{before}{core}{behind}", core)


@functools.cache
def forms(core: str) -> list[tuple[str, str]]:
    """(name of the form, text) in which a secret with this core would stand in an output.

    The core is looked for in lower case. It is the same as it is, in an address once or twice encoded, in JSON and in a
    header; percent-encoded letter by letter, in hex and in base64 (at each of three places) it is not.
    """
    return list(_forms(core))


def _forms(core: str) -> Iterator[tuple[str, str]]:
    raw = core.encode()
    yield "as it is", core
    yield "reversed", core[::-1]
    yield "letter by letter", "".join(f"%{byte:02x}" for byte in raw)
    yield "letter by letter, twice", quote("".join(f"%{byte:02x}" for byte in raw), safe="").lower()
    yield "hex", raw.hex()
    yield "JSON's escapes", "".join(f"\\u{byte:04x}" for byte in raw)
    yield "HTML's escapes", "".join(f"&#{byte};" for byte in raw)


@functools.cache
def base64_forms(core: str) -> list[tuple[str, str]]:
    """What of the core stays the same in base64, wherever it begins; in either alphabet, as it has letters only."""
    raw = core.encode()
    found = []
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        start = (0, 2, 3)[before]
        end = len(encoded) - (1 if (before + len(raw)) % 3 else 0)
        found.append((f"base64, {before} before", encoded[start:end]))
    return found


def found(output: str, canaries: Iterable[Canary]) -> list[str]:
    """Which canary stands in `output`, and how; empty when none does."""
    lower = output.lower()
    spotted = []
    for bird in canaries:
        spotted += [f"{bird.name} {how}" for how, text in forms(bird.core) if text in lower]
        spotted += [f"{bird.name} {how}" for how, text in base64_forms(bird.core) if text in output]
    return spotted
