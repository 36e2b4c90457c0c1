"""The command line: `nodeloom …`. A thin face; what commands do is in the rooms behind it.

Nothing is imported before the command that needs it is known, so that `nodeloom --version` costs little more than
Python itself.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing's own takes longer to import than this command line to print its version
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments` (`sys.argv` without the program) and return its exit code.

    0 all well, 1 some item failed, 2 usage or configuration, 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        from nodeloom import __version__

        if sys.stdout is not None:
            sys.stdout.write(f"nodeloom {__version__}\n")
        return 0
    if arguments is not None:
        from nodeloom.cli.app import run_app

        return run_app(given)
    return _run_as_program(given)


def _run_as_program(arguments: Sequence[str]) -> int:
    """`run_app` in a process that is all its own, where the garbage collector can be told what is coming.

    Importing makes many objects that all stay; to look through them time and again, and once more at the end, took a
    third of the time of a short command.
    """
    import gc

    gc.set_threshold(100_000, 20, 50)
    try:
        from nodeloom.cli.app import run_app

        code = run_app(arguments, own_process=True)
    except KeyboardInterrupt:
        # While the command line itself was still being read in.
        return 130
    gc.freeze()
    return code
