"""Shared by all commands: requests to the engine, tables, JSON and errors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from preheat.errors import EngineError, SettingsError
from preheat.units import format_done

if TYPE_CHECKING:
    from rich.console import Console

    from preheat.cli.tables import Cell, Column
    from preheat.control import Command

EXIT_FAILURE: Final = 1
EXIT_WRONG_SETTINGS: Final = 2

JsonObject = dict[str, Any]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="The model's id, or a unique prefix of it.")]
Count = Annotated[int, typer.Option("--count", "-n", min=1, max=10_000, help="Number of entries.")]
OnlySince = Annotated[str | None, typer.Option("--since", metavar="SPAN", help="Only the last span, such as 2h or 7d.")]
OnlyModel = Annotated[str | None, typer.Option("--model", "-m", help="Only this model.")]

_AMBER: Final = "#b0700f"
"""Has a contrast of 4 : 1 to black and to white: a terminal does not say which it has."""

_STYLES: Final = {"hot": _AMBER, "loading": _AMBER, "warming": _AMBER, "failed": "red", "cold": "dim"}
_PIPE_WIDTH: Final = 10_000


def ask(command: Command[Any], **settings: str) -> Any:
    """Run a command in the running application, or else in an engine of this process; return its result as JSON.

    Args:
        settings: For an engine of this process.
    """
    from preheat.control import encode, open_client

    with open_client(**settings) as client:
        return encode(client.call(command))


def ask_running(command: Command[Any]) -> Any:
    """Run a command in the running application and return its result as JSON.

    Raises:
        NotRunningError: No application runs.
    """
    from preheat.control import encode, find_running

    with find_running() as running:
        return encode(running.call(command))


def history_days() -> str:
    """Return the user's setting: an engine that reads the figures must not shorten them."""
    from preheat.settings import load_settings

    return str(load_settings().history_days)


def console(*, stderr: bool = False) -> Console:
    """Return the console to print to. In a pipe, lines have no limit: nothing is cut off.

    It follows the variables ``NO_COLOR``, ``FORCE_COLOR``, ``CLICOLOR`` and ``CLICOLOR_FORCE``.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    forced = os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0")
    return Console(
        stderr=stderr,
        width=None if stream.isatty() else _PIPE_WIDTH,
        highlight=False,
        force_terminal=True if forced else None,
        no_color=True if os.environ.get("CLICOLOR") == "0" and not forced else None,
    )


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    """Print a table that fits the terminal; in a pipe, a complete one."""
    from preheat.cli.tables import lines

    out = console()
    for line in lines(columns, rows, terminal_width(out), ascii_only=out.options.ascii_only):
        out.print(line, soft_wrap=True)


def print_text(text: str, *, style: str = "", indent: int = 0, stderr: bool = False) -> None:
    """Print a sentence.

    Args:
        indent: Of its further lines on a narrow terminal, in characters.
    """
    if not (sys.stderr if stderr else sys.stdout).isatty() and not style:
        typer.echo(text, err=stderr)
        return
    from rich.text import Text

    from preheat.cli.tables import wrapped

    out = console(stderr=stderr)
    width = terminal_width(out)
    for line in [text] if width is None else wrapped(text, width, indent):
        out.print(Text(line, style=style), soft_wrap=True)


def terminal_width(out: Console) -> int | None:
    """Return the width of the terminal in characters; None for a pipe."""
    return out.width if out.file.isatty() else None


@contextmanager
def waiting(words: str) -> Iterator[Callable[[str], None]]:
    """Show what is waited for on a terminal; yield a function that shows other words, or nothing for an empty text."""
    if not sys.stderr.isatty():
        yield lambda _words: None
        return
    with console(stderr=True).status(words) as shown:

        def show(words: str) -> None:
            if words:
                shown.update(words[:1].upper() + words[1:])
            else:
                shown.stop()

        yield show


def print_json(content: object) -> None:
    """Print JSON, in ASCII."""
    typer.echo(json.dumps(content, indent=2))


def show_error(error: EngineError) -> int:
    """Print an error and its hint on standard error; return the exit code."""
    print_text(f"{error.title}.", stderr=True)
    if error.hint:
        print_text(f"  {error.hint.rstrip('.')}{'' if error.hint.endswith('?') else '.'}", indent=2, stderr=True)
    return EXIT_WRONG_SETTINGS if isinstance(error, SettingsError) else EXIT_FAILURE


def state_words(model: JsonObject) -> str:
    """Return a model's state: ``hot``, ``standby``, ``loading 63 %``."""
    words = "loading" if model["state"] == "warming" else model["state"]
    if model["state"] == "cold" and model.get("standby"):
        words = "standby"
    progress = model.get("progress")
    return words if progress is None else f"{words} {format_done(progress)}"


def prompt_words(prompt: JsonObject) -> str:
    """Return a kept prompt and where it is: ``prompt of notes, 12,400 tokens, ready``."""
    owner = f"prompt of {prompt['client']}" if prompt["client"] else "a prompt"
    place = {"slot": "ready", "memory": "kept in memory", "disk": "kept on disk"}[prompt["tier"]]
    return f"{owner}, {prompt['tokens']:,} tokens, {place}"


def state_cell(model: JsonObject) -> Cell:
    """Return a model's state with its style."""
    return state_words(model), _STYLES.get(model["state"], "")


_FIT_CELLS: Final[Mapping[str, Cell]] = {
    "now": "fits now",
    "if_others_leave": ("fits if others leave", "yellow"),
    "too_big": ("too big", "red"),
}


def fit_cell(model: JsonObject) -> Cell:
    """Return whether a model fits, with its style."""
    return _FIT_CELLS[model["fit"]]


def silence() -> None:
    """Discard further output, since its reader has closed the pipe."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
