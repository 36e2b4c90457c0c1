"""The servers of a document or of an operation: which of them is called, and what its variables hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nodeloom.errors import DescriptorError, preview
from nodeloom.importers.openapi.document import Part, evaluates
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.urlreferences import HOST, VARIABLE, Reference, parse_reference, resolve_path


def choose(servers: Sequence[Part], report: Report) -> tuple[Part | None, Reference]:
    """The server to call: the first that can be, by https where the list has the same one so. The others are told."""
    parsed: list[tuple[Part, Reference]] = []
    for server in servers:
        try:
            parsed.append((server, _reference_of(server)))
        except DescriptorError as fault:
            report.add_fault(fault, "the server is left out.")
    usable = [(server, found) for server, found in parsed if found.fault is None]
    chosen = usable[0] if usable else (None, Reference())
    # Documents often list the http address first; a secret must not go there if https is offered.
    chosen = next((other for other in usable if _is_secure_twin(chosen[1], other[1])), chosen)
    for server, found in parsed:
        # A password in the address is not repeated in a report.
        shown = "" if "@" in str(server.value["url"]) else f" {preview(server.value['url'])}"
        if found.fault is not None:
            report.add(
                server.path, f"The server{shown} cannot be called: {found.fault};", "give another as Server URL."
            )
        elif server is not chosen[0]:
            report.add(server.path, f"The server{shown} is another choice;", "give it as Server URL.")
        elif found.cut:
            report.add(server.path, f"The server's address ends in {preview(found.cut)};", "that is left out.")
    return chosen


def _is_secure_twin(chosen: Reference, other: Reference) -> bool:
    """Whether `other` is the same server, asked by https."""
    return (
        (chosen.origin or "").startswith("http://")
        and (other.origin or "").startswith("https://")
        and _host(chosen) == _host(other)
        and chosen.path.rstrip("/") == other.path.rstrip("/")
    )


def _host(found: Reference) -> str:
    authority = (found.origin or "").partition("://")[2]
    return re.sub(r":[0-9]*$", "", authority).lower()


def _reference_of(server: Part) -> Reference:
    """A server's `url`, parsed. A variable in front may be the scheme, the host, or the address up to the path.

    Raises DescriptorError where the entry, or a variable of it, is broken.
    """
    url = server.text("url")
    if url is None:
        server.require_text("url")  # says what is missing
    elif evaluates(url):
        server.literal_text("url")
    url = (url or "").strip()
    for name in VARIABLE.findall(url):
        _check_variable(server, name)
    leading = VARIABLE.match(url)
    if leading is None or url.startswith("://", leading.end()):
        return parse_reference(url)
    default = _default(server, leading[1])
    if default is None or "://" in default:
        return Reference(leading[0], resolve_path("/", url[leading.end() :]))
    return parse_reference(f"https://{url}") if HOST.fullmatch(default) else parse_reference(url)


def _check_variable(server: Part, name: str) -> None:
    """Raise DescriptorError where the description of a variable is broken, or would be evaluated."""
    described = server.get("variables")
    entry = described.get(name) if described is not None else None
    if entry is None:
        return
    entry.parts("enum")
    default = entry.get("default")
    if default is not None and evaluates(str(default.value)):
        entry.literal_text("default")


def _default(server: Part, name: str) -> str | None:
    """The default of a variable as text; None if it has none."""
    described = server.get("variables")
    entry = described.get(name) if described is not None else None
    default = entry.get("default") if entry is not None else None
    return None if default is None else str(default.value)


def with_defaults(server: Part, found: Reference) -> Reference | None:
    """`found` with each variable of `server` as its default; None if one of them has no default."""
    address = f"{found.origin or ''}{found.path}"
    values = {name: _default(server, name) for name in VARIABLE.findall(address)}
    if None in values.values():
        return None
    filled = parse_reference(VARIABLE.sub(lambda name: str(values[name[1]]), address))
    return filled if filled.fault is None else None
