"""A planned request as a curl command for a POSIX shell."""

from __future__ import annotations

import shlex
from itertools import groupby
from typing import TYPE_CHECKING

from nodeloom.printable import escaped, escaped_lines

if TYPE_CHECKING:
    from nodeloom.runtime.planning import PlannedRequest


def curl_command(planned: PlannedRequest) -> str:
    """The command on one line (a body may break it); for an item that could not be sent, a shell comment."""
    if planned.error is not None:
        told = " ".join(str(planned.error).split())
        return f"# item {planned.item}: {escaped(told)}"
    return " ".join(map(_quoted, curl_arguments(planned)))


def _quoted(argument: str) -> str:
    """The argument as a word; what is not safe to show is left to `printf`, octet by octet."""
    if escaped_lines(argument) == argument:
        return shlex.quote(argument)
    runs = groupby(argument, lambda character: escaped_lines(character) == character)
    return "".join(shlex.quote("".join(run)) if safe else _print_ansi("".join(run)) for safe, run in runs)


def _print_ansi(text: str) -> str:
    octets = "".join(f"\\{octet:03o}" for octet in text.encode("utf-8", "surrogatepass"))
    return f"\"$(printf '{octets}')\""


def curl_arguments(planned: PlannedRequest) -> list[str]:
    """The words of the command.

    `--globoff` and `--path-as-is` keep curl from changing the address; `--data-raw` from reading a body that begins
    with `@` as the name of a file.
    """
    arguments = ["curl", "--globoff", "--path-as-is"]
    if planned.method == "HEAD":
        arguments.append("--head")
    elif planned.method != "GET" or planned.body is not None:
        arguments += ["--request", planned.method]
    headers = dict(planned.headers or {})
    for name, value in headers.items():
        # `Name;` is how curl is told to send a header without a value.
        arguments += ["--header", f"{name}: {value}" if value.strip() else f"{name};"]
    if planned.body is not None:
        if not any(name.lower() == "content-type" for name in headers):
            # Without this, curl adds the content type of a form.
            arguments += ["--header", "Content-Type:"]
        arguments += ["--data-raw", planned.body]
    return [*arguments, "--url", planned.url]
