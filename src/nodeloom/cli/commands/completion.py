"""`nodeloom completion`."""

from __future__ import annotations

import click

from nodeloom.cli.app import PROGRAM

_VARIABLE = "_NODELOOM_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the script that completes commands, options, and the names of nodes, operations and properties.

    \b
    Example:
      source <(nodeloom completion bash)
      source <(nodeloom completion zsh)
      nodeloom completion fish | source
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}.")
    script = kind(ctx.find_root().command, {}, PROGRAM, _VARIABLE)
    # Not source(), which starts a bash to ask for its version.
    text = script.source_template % script.source_vars()
    if shell == "bash":
        # click puts names into the line as they are; one with a space in it would become two words.
        text = text.replace("COMPREPLY+=($value)", 'printf -v value %q "$value"; COMPREPLY+=("$value")')
    click.echo(text)
    return 0
