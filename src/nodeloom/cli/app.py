"""The group of all commands, loaded one by one, and what becomes of errors."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from nodeloom import __version__, openfiles
from nodeloom.cli.terminal import discard, is_reader_gone, say
from nodeloom.errors import ConfigurationError, ExpressionSyntaxError, JavaScriptDisabledError, NodeloomError, nearest

PROGRAM = "nodeloom"
DEBUG = "NODELOOM_DEBUG"

FAILED = 1
USAGE = 2
INTERRUPTED = 130

# Command → the module of this package that holds it under the same name, and its line in `nodeloom --help`.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Run an operation for every item."),
    "plan": ("plan", "Show the exact requests a run would send, without sending them."),
    "report": ("report", "Tell what became of every item of a run, by its journal."),
    "nodes": ("nodelisting", "List the nodes."),
    "search": ("search", "Find operations by words."),
    "describe": ("describe", "Show what a node, a resource or an operation offers and takes."),
    "choices": ("choices", "Ask the service which values a property can have."),
    "validate": ("validate", "Check node descriptors, credential types and other documents."),
    "credentials": ("credentials", "See credential types, and add, list, test, remove and encrypt credentials."),
    "plugins": ("pluginlisting", "List the plugins, failed ones among them."),
    "import": ("import_", "Make descriptors from n8n packages and OpenAPI documents."),
    "sandbox": ("sandbox", "Serve a 3CX to try things on, on this machine."),
    "demo": ("demo", "Delete links of a sandbox, good and bad, and see what is reported."),
    "completion": ("completion", "Print the script that completes commands and names in a shell."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"nodeloom.cli.commands.{COMMANDS[cmd_name][0]}")
        # Python does not let a function be called `import`.
        command = getattr(module, "import_" if cmd_name == "import" else cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"nodeloom.cli.commands.{COMMANDS[cmd_name][0]}.{cmd_name} is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command in `args`; a usage error with the nearest name when there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], COMMANDS)
            ctx.fail(f"There is no command {args[0]!r}." + (f" Did you mean {close!r}?" if close else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands with the help in COMMANDS, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_module, short) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def app() -> None:
    """Run declarative workflow nodes: one request and one result for every item.

    Items come as JSON, NDJSON or CSV from a file or standard input. Results go to standard output as NDJSON,
    everything else to standard error.

    \b
    Example:
      nodeloom demo
      nodeloom describe threecx "Website Links"
      nodeloom run threecx "Website Links" "Delete Weblink" --set 'Link=<<$json.Link>>' --items links.csv

    Exit codes: 0 all well, 1 some item failed, 2 usage or configuration, 130 interrupted.
    """


def in_own_process() -> bool:
    """Whether the command has a process of its own, and is not called by a host in the host's."""
    return bool(click.get_current_context().find_root().obj)


def run_app(arguments: Sequence[str], *, own_process: bool = False) -> int:
    """Run the command in `arguments`; what it raises becomes a message on standard error and an exit code.

    `own_process` says that nothing else happens in this process, so that the command may end it.
    """
    debug = os.environ.get(DEBUG, "") not in ("", "0")
    try:
        code = app.main(list(arguments), prog_name=PROGRAM, standalone_mode=False, obj=own_process)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.ClickException as fault:
        _show_usage(fault)
        return fault.exit_code
    except click.Abort as fault:
        if isinstance(fault.__context__, (KeyboardInterrupt, EOFError)):
            return _end_interrupted()
        say("Nothing was done.")
        return FAILED
    except KeyboardInterrupt:
        return _end_interrupted()
    except NodeloomError as fault:
        from nodeloom.redaction import forget_locals

        forget_locals(fault)
        if debug:
            raise
        show_error(fault)
        return exit_code(fault)
    except OSError as fault:
        if openfiles.used_up(fault):
            show_error(openfiles.cannot_begin())
            return USAGE
        if not is_reader_gone(fault):
            raise
        discard(sys.stdout)
        return FAILED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return code if isinstance(code, int) else 0


def exit_code(fault: NodeloomError) -> int:
    """The exit code that `fault` ends the program with."""
    return USAGE if isinstance(fault, (ConfigurationError, ExpressionSyntaxError, JavaScriptDisabledError)) else FAILED


def show_error(fault: NodeloomError) -> None:
    """Write an error to standard error. Its further lines are indented, so that it cannot pass for two errors."""
    say(re.sub(r"\n(?! )", "\n    ", f"error: {fault}"))


def _show_usage(fault: click.ClickException) -> None:
    if isinstance(fault, click.exceptions.NoArgsIsHelpError):
        say(fault.format_message())
        return
    context = getattr(fault, "ctx", None)
    if context is not None:
        say(context.get_usage())
        say(f"Try '{context.command_path} --help' for help.\n")
    say(f"error: {fault.format_message()}")


def _end_interrupted() -> int:
    say("interrupted")
    return INTERRUPTED
