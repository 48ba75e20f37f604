"""``preheat completion``: completion of commands, options and model names in bash, zsh and fish."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from preheat.cli.completion.tree import Command


class Shell(StrEnum):
    """A shell that can complete Preheat's commands."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell.", show_default=False)]) -> None:
    """Print a shell's script that completes commands and names."""
    from preheat.cli.completion.tree import read_tree
    from preheat.cli.main import app

    typer.echo(render(shell, read_tree(typer.main.get_command(app))), nl=False)


def render(shell: Shell, tree: Command) -> str:
    """Return the completion script of a shell."""
    from preheat.cli.completion import bash, fish, zsh

    return {Shell.BASH: bash.script, Shell.ZSH: zsh.script, Shell.FISH: fish.script}[shell](tree)
