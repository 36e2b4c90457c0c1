"""`nodeloom sandbox`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from nodeloom.cli.terminal import say, show_json
from nodeloom.values import JsonObject

if TYPE_CHECKING:
    from nodeloom.testing import LoggedRequest, ThreeCXSandbox

_WINDOWS = os.name == "nt"
# Seconds between two looks at the request log.
_LOG_INTERVAL = 0.2


def _number_or_none(text: str) -> int | None:
    """A whole number, or `none`."""
    return None if text.lower() == "none" else int(text)


# Field of SandboxOptions → type of the option, metavar, help.
SANDBOX_OPTIONS: dict[str, tuple[Any, str | None, str]] = {
    "links": (int, "N", "How many links there are to begin with: link-1 … link-N."),
    "link_names": (str, "NAME", "A link of this name besides; may be repeated."),
    "entities": (int, "N", "How many synthetic entities every other set begins with."),
    "port": (int, "PORT", "TCP port on 127.0.0.1; 0 takes a free one."),
    "latency": (float, "SECONDS", "Time before every answer."),
    "jitter": (float, "SECONDS", "At most this much more, evenly distributed."),
    "rate_429": (float, "P", "Probability, 0 to 1, that a call is answered 429."),
    "rate_500": (float, "P", "Probability that a call is answered 500."),
    "rate_drop": (float, "P", "Probability that the connection is closed without an answer."),
    "fault_token": (bool, None, "Let faults hit /connect/token too."),
    "seed": (int, "N", "Decides which calls the faults hit."),
    "retry_after": (_number_or_none, "SECONDS|none", "Retry-After of a 429; none sends no such header."),
    "limit_per_second": (
        _number_or_none,
        "N|none",
        "At most this many calls a second, further ones are answered 429.",
    ),
    "top_cap": (_number_or_none, "N|none", "The highest $top; none: no cap."),
    "expires_in_unit": (click.Choice(["seconds", "minutes"]), None, "Unit of expires_in in the token answer."),
    "token_lifetime": (float, "SECONDS", "How long a token is good."),
    "token_format": (click.Choice(["opaque", "jwt"]), None, "What a token is."),
    "access_token": (str, "TOKEN", "A bearer that is good besides the token issued."),
    "client_id": (str, "ID", "The client the token endpoint knows."),
    "client_secret": (str, "SECRET", "Its secret; one is made up without."),
    "version": (str, "VERSION", "What the header X-3CX-Version says."),
    "log_size": (int, "N", "How many requests the log holds in memory."),
    "max_body": (int, "BYTES", "The largest request body; above it 413."),
}


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, (kind, metavar, told) in reversed(SANDBOX_OPTIONS.items()):
        flag = f"--{name.replace('_', '-')}"
        if kind is bool:
            command = click.option(flag, name, is_flag=True, help=told)(command)
        elif name == "link_names":
            command = click.option("--link", name, multiple=True, metavar=metavar, help=told)(command)
        else:
            command = click.option(flag, name, type=kind, metavar=metavar, help=told)(command)
    return command


@click.command("sandbox")
@click.argument("service", type=click.Choice(["threecx"]), default="threecx")
@_with_options
@click.option("--log", "log_file", type=click.File("wb"), metavar="FILE", help="Write the requests to FILE as NDJSON.")
def sandbox(service: str, log_file: BinaryIO | None, **options: Any) -> int:  # noqa: ARG001 - there is one so far
    """Serve a 3CX on 127.0.0.1 until interrupted, to try things on.

    The first line on standard output is the credential, as JSON: serverUrl, clientId, clientSecret. What an option
    does not say is as in nodeloom.testing.SandboxOptions.

    \b
    Example:
      nodeloom sandbox threecx --links 100
      nodeloom sandbox threecx --port 8090 --links 1000 --rate-429 0.05 --latency 0.02 --log requests.ndjson
    """
    from nodeloom.testing import SandboxOptions, ThreeCXSandbox

    context = click.get_current_context()
    given = {
        name: value
        for name, value in options.items()
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    }
    server = ThreeCXSandbox(SandboxOptions.of(**given))
    # A server ends by being interrupted, so that is not a failure.
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(_serve(server, log_file))
    return 0


async def _serve(server: ThreeCXSandbox, log_file: BinaryIO | None) -> None:
    loop = asyncio.get_running_loop()
    serving = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no signal handlers on the loop; there Ctrl-C raises KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, serving.cancel if serving is not None else loop.stop)
    logging = asyncio.create_task(_write_log(server, log_file)) if log_file is not None else None
    try:
        await server.serve(on_ready=_announce)
    finally:
        if logging is not None and log_file is not None:
            logging.cancel()
            _take_log(server, log_file)


def _announce(server: ThreeCXSandbox) -> None:
    show_json(server.credential)
    # PowerShell's way, and that of every other shell.
    set_it = "$env:NODELOOM_CREDENTIAL_THREECXAPI = " if _WINDOWS else "export NODELOOM_CREDENTIAL_THREECXAPI="
    say(
        f"Serving a 3CX on {server.server_url}; Ctrl-C ends it. Use it with:\n"
        f"  {set_it}'{json.dumps(server.credential)}'"
    )


async def _write_log(server: ThreeCXSandbox, log_file: BinaryIO) -> None:
    while True:
        await asyncio.sleep(_LOG_INTERVAL)
        _take_log(server, log_file)


def _take_log(server: ThreeCXSandbox, log_file: BinaryIO) -> None:
    """Write what was asked since the last time. Nothing is lost: the server appends on this same event loop."""
    entries = server.requests
    if not entries:
        return
    server.clear_requests()
    log_file.write(b"".join(json.dumps(_log_entry(entry), ensure_ascii=False).encode() + b"\n" for entry in entries))
    log_file.flush()


def _log_entry(entry: LoggedRequest) -> JsonObject:
    return {
        "time": entry.time,
        "connection": entry.connection,
        "method": entry.method,
        "target": entry.target,
        "headers": dict(entry.headers),
        "body": entry.body.decode("utf-8", "replace") or None,
        "status": entry.status,
        "fault": entry.fault,
    }
