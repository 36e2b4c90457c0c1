"""The loopback server, in a process of its own: Debian's nginx where it is installed, else our own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measuring.answer import ANSWER
from measuring.cores import pin

PACKAGES = Path(__file__).resolve().parents[1]
STARTING_SECONDS = 10.0
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile {connections};
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 '{answer}'; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers every request with the same 100 bytes of JSON; `kind` is nginx or asyncio."""

    url: str
    kind: str


@contextlib.contextmanager
def loopback(core: int | None = None, *, nginx: bool = True) -> Iterator[Server]:
    """A server on `core`, ended with the block. `nginx=False` takes our own also where nginx is installed."""
    program = shutil.which("nginx") if nginx else None
    with _own(core) if program is None else _nginx(program, core) as server:
        yield server


@contextlib.contextmanager
def _nginx(program: str, core: int | None) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="loopback-") as folder:
        port = _free_port()
        config = Path(folder, "nginx.conf")
        text = NGINX.format(folder=folder, connections=_open_files(), port=port, answer=ANSWER.decode())
        config.write_text(text, encoding="utf-8")
        command = [program, "-p", folder, "-e", "stderr", "-c", str(config)]
        with _ended(subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True)) as process:
            pin(core, process.pid)
            _wait_for(port, process)
            yield Server(f"http://127.0.0.1:{port}", "nginx")


@contextlib.contextmanager
def _own(core: int | None) -> Iterator[Server]:
    command = [sys.executable, "-m", "measuring.asyncio_server"]
    pipe = subprocess.PIPE
    with _ended(subprocess.Popen(command, cwd=PACKAGES, text=True, stdin=pipe, stdout=pipe)) as process:
        pin(core, process.pid)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Server(f"http://127.0.0.1:{port}", "asyncio")


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    with process:
        try:
            yield process
        finally:
            process.terminate()


def _open_files() -> int:
    """How many connections a server may have: n8n opens one for every item at once."""
    import resource

    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(512, min(soft, 65_536) - 64)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nginx did not start (exit code {process.poll()}).")
