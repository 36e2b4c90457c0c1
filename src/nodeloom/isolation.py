"""Starts a Python program that evaluates the JavaScript of others: no environment, no packages, nothing to open.

The program limits itself with `confine` (confinement.py) as soon as it has read what it needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from nodeloom import javascript
from nodeloom.errors import ConfigurationError


def start_isolated(program: Path, what: str, *, folder: str | None = None) -> subprocess.Popen[bytes]:
    """Run `program`, a file of this package, with pipes to all its streams; it imports the standard library only.

    Its arguments are the folder QuickJS's extension is in, and the file that `confine` is in.

    Args:
        program: the file.
        what: what needs it, as a sentence begins, for errors.
        folder: its working folder; by default the folder for temporary files.

    Raises:
        JavaScriptDisabledError: QuickJS is not installed.
        ConfigurationError: this process does not know its own Python program.
    """
    javascript.require(what)
    import _quickjs  # type: ignore[import-not-found]  # the extension has no stubs

    if not sys.executable:
        raise ConfigurationError(
            f"{what} needs a Python program to run; this process does not know its own.",
            hint="Set sys.executable to the path of a Python interpreter.",
        )
    confinement = Path(__file__).with_name("confinement.py")
    command = [sys.executable, "-I", "-S", str(program), str(Path(_quickjs.__file__).parent), str(confinement)]
    # Windows cannot start a program without SYSTEMROOT.
    environment = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - our own program, by its full path
        command,
        bufsize=0,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        cwd=folder or tempfile.gettempdir(),
        env=environment,
    )
