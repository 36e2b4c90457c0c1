"""Evaluates a package's JavaScript in QuickJS, in a process of its own, and gets text back.

The process (`child.py`) has no environment and limits of its own, so even native code that a package keeps busy ends
with its time. If a package turns out to need another one, it is evaluated again with it,
until every package that can be found is there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from nodeloom.descriptor.documentfiles import MAX_DEPTH
from nodeloom.errors import DescriptorError, preview
from nodeloom.importers.packages import Package
from nodeloom.importers.process import talk
from nodeloom.jsonreading import JSONReader, JSONRules
from nodeloom.values import Json

#: Values a description may have; the largest known has a hundredth of it.
MAX_VALUES = 1_000_000
# Each round finds at least one package more, so this bounds how deep packages depend on each other.
_MAX_ROUNDS = 60
_MAX_MOUNTS = 200
_MAX_TEXT = 128 * 1024 * 1024
# Seconds for the process to start and to read its job, which are not the package's.
_START = 10.0

_PARTS = {
    "placeholders": "placeholders",
    "dump": "dump",
    "node": "node",
    "workflow": "workflow",
}

Unit = tuple[str, str, str]
Find = Callable[[str, Package], Package | None]


@dataclass(frozen=True, slots=True)
class Missing:
    """A package that was required and not found: who required it, and what was done with its stand-in at load time."""

    name: str
    wanted_by: Package
    why: str
    uses: tuple[str, ...] = ()


@dataclass(slots=True)
class Evaluation:
    """What the units gave, in their order, and what was missing.

    `used` are the dependencies that were found, `stand_ins` those of which Nodeloom has its own version.
    """

    described: list[Json] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    used: list[Package] = field(default_factory=list)
    stand_ins: list[str] = field(default_factory=list)


def evaluate(package: Package, units: Sequence[Unit], find: Find, *, seconds: float, memory: int) -> Evaluation:
    """Describe the units of a package.

    Args:
        package: whose code is evaluated.
        units: kind, module's path and class name of each.
        find: gives the package of a name that another package wants, or None.
        seconds: how long all of it may take.
        memory: how many bytes it may take.

    Raises DescriptorError, with the module the code was in, if it goes over one of the limits.
    """
    world = _World(package)
    deadline = time.monotonic() + seconds
    for _ in range(_MAX_ROUNDS):
        job = world.job(units, max(0.1, deadline - time.monotonic()), memory)
        evaluation, wanted, missing = _run(package, job, deadline, seconds)
        if not world.add(wanted, find):
            evaluation.missing = world.list_missing(missing)
            evaluation.used = world.dependencies
            return evaluation
    raise DescriptorError(f"{package.name} depends on too many packages, one behind the other.")


class _World:
    """The packages as the sandbox sees them: each under a path of its own."""

    def __init__(self, package: Package) -> None:
        self._mounts: dict[str, Package] = {"/package": package}
        self._links: dict[tuple[str, str], str | None] = {}
        self._size = _text_size(package)

    @property
    def dependencies(self) -> list[Package]:
        """The packages that were found for others."""
        return list(self._mounts.values())[1:]

    def job(self, units: Iterable[Unit], seconds: float, memory: int) -> str:
        """The child's standard input."""
        files = [
            (f"{mount}/{name}", text)
            for mount, package in self._mounts.items()
            for name, text in package.files.texts.items()
        ]
        links = [(mount, name, target) for (mount, name), target in self._links.items()]
        given = {"files": files, "mounts": list(self._mounts), "links": links, "most": MAX_VALUES}
        return json.dumps(
            {
                "boot": boot_source(),
                "input": json.dumps(given, ensure_ascii=False),
                "units": [(kind, f"/package/{path}", name) for kind, path, name in units],
                "seconds": seconds,
                "memory": memory,
            }
        )

    def add(self, wanted: Iterable[tuple[str, str]], find: Find) -> bool:
        """Settle what (mount, name) pairs stand for. Whether any of them was found."""
        any_found = False
        for mount, name in wanted:
            # The child is not trusted: it could name packages that were not mounted, or ask without end.
            if mount not in self._mounts or (mount, name) in self._links or len(self._links) > 10 * _MAX_MOUNTS:
                continue
            package = find(name, self._mounts[mount])
            self._links[mount, name] = None if package is None else self._mount(package)
            any_found = any_found or package is not None
        return any_found

    def _mount(self, package: Package) -> str:
        for mount, known in self._mounts.items():
            if known is package:
                return mount
        mount = f"/node_modules/{package.name}"
        if mount in self._mounts:
            # Two versions of one package may both be wanted, as npm nests them.
            mount = f"/node_modules/.{len(self._mounts)}/{package.name}"
        self._size += _text_size(package)
        if self._size > _MAX_TEXT or len(self._mounts) >= _MAX_MOUNTS:
            raise DescriptorError(
                f"The packages that are needed are too many or too large; {package.name} is one too much.",
                hint=f"{_MAX_MOUNTS} packages and {_MAX_TEXT:,} characters of code are allowed.",
            )
        self._mounts[mount] = package
        return mount

    def list_missing(self, raw: Iterable[tuple[str, str, str, tuple[str, ...]]]) -> list[Missing]:
        """What the child found missing, with the packages that asked."""
        known = self._mounts
        return [Missing(name, known[mount], why, uses) for mount, name, why, uses in raw if mount in known]


def _text_size(package: Package) -> int:
    return sum(len(text) for text in package.files.texts.values())


@cache
def boot_source() -> str:
    """The sandbox's own JavaScript, as one expression."""

    def part(name: str) -> str:
        return resources.files("nodeloom.importers").joinpath("js", f"{name}.js").read_text("utf-8").strip()

    parts = ",\n".join(f"{key}: {part(name)}" for key, name in _PARTS.items())
    replacements = f"{{'@devlikeapro/n8n-openapi-node': {part('openapi')}}}"
    return f"({part('loader')})({{{parts},\nreplacements: {replacements}}})"


def _run(
    package: Package, job: str, deadline: float, seconds: float
) -> tuple[Evaluation, list[tuple[str, str]], list[tuple[str, str, str, tuple[str, ...]]]]:
    lines, ended = talk(job, max(0.1, deadline - time.monotonic()) + _START)
    evaluation = Evaluation()
    at = ""
    for line in lines:
        if "at" in line:
            at = str(line["at"]).removeprefix("/package/")
        elif "described" in line:
            evaluation.described.append(_parse_given(line["described"], package, at))
        elif "state" in line:
            state = _parse_given(line["state"], package, at)
            evaluation.stand_ins = _names(state, "replaced")
            return evaluation, _list_wanted(state), _list_missing(state)
        elif "failed" in line:
            ended = str(line["failed"])
            if ended == "error":
                ended = f"was ended by an error: {preview(str(line.get('message')).partition(chr(10))[0])}"
    raise _limit_error(package, at, ended, seconds)


_FROM_SANDBOX = JSONReader(JSONRules(depth=MAX_DEPTH))


def _parse_given(text: Json, package: Package, at: str) -> Json:
    """What the sandbox gave, which is the package's word: any JSON, or none."""
    try:
        return _FROM_SANDBOX.read(text)
    except (TypeError, ValueError):
        raise _interferes(package, text, at) from None


def _interferes(package: Package, text: Json, at: str) -> DescriptorError:
    return DescriptorError(f"{package.name} interferes with being described.", path=preview(at), value=text)


def _names(state: Json, key: str) -> list[str]:
    entries = state.get(key) if isinstance(state, dict) else None
    return [str(e) for e in entries] if isinstance(entries, list) else []


def _list_wanted(state: Json) -> list[tuple[str, str]]:
    entries = state.get("wanted") if isinstance(state, dict) else None
    return [(str(e.get("mount")), str(e.get("name"))) for e in entries or () if isinstance(e, dict)]


def _list_missing(state: Json) -> list[tuple[str, str, str, tuple[str, ...]]]:
    if not isinstance(state, dict):
        return []
    uses = {str(u.get("name")): tuple(map(str, u.get("how", ()))) for u in state.get("uses", ()) if isinstance(u, dict)}
    return [
        (str(e.get("mount")), str(e.get("name")), str(e.get("why")), uses.get(str(e.get("name")), ()))
        for e in state.get("missing", ())
        if isinstance(e, dict)
    ]


def _limit_error(package: Package, at: str, ended: str, seconds: float) -> DescriptorError:
    what = {
        "time": f"takes longer than the {seconds:g} s an import may take",
        "memory": "wants more memory than an import may have",
    }.get(ended, f"cannot be described; the sandbox {preview(ended)}")
    return DescriptorError(
        f"{package.name} cannot be imported: its code {what}.",
        path=preview(at) if at else None,
        hint="Look into the module: descriptions are plain data, and loading them takes a moment.",
    )
