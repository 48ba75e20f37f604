"""Shared by all commands: requests to the engine, tables, JSON and errors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from preheat.errors import EngineError, SettingsError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from preheat.control import Command

EXIT_FAILURE: Final = 1
EXIT_WRONG_SETTINGS: Final = 2

JsonObject = dict[str, Any]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="The model's id, or a unique prefix of it.")]

_STYLES: Final = {"hot": "yellow", "loading": "yellow", "warming": "yellow", "failed": "red", "cold": "dim"}
_PIPE_WIDTH: Final = 10_000
_MIN_NAME: Final = 24


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
    """Return the console to print to. In a pipe, lines have no limit: nothing is cut off."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False)


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
    typer.echo(f"{error.title}.", err=True)
    if error.hint:
        typer.echo(f"  {error.hint.rstrip('.')}{'' if error.hint.endswith('?') else '.'}", err=True)
    return EXIT_WRONG_SETTINGS if isinstance(error, SettingsError) else EXIT_FAILURE


def state_words(model: JsonObject) -> str:
    """Return a model's state: ``hot``, ``standby``, ``loading 63 %``."""
    words = "loading" if model["state"] == "warming" else model["state"]
    if model["state"] == "cold" and model.get("standby"):
        words = "standby"
    progress = model.get("progress")
    return words if progress is None else f"{words} {round(progress * 100)} %"


def prompt_words(prompt: JsonObject) -> str:
    """Return a kept prompt and where it is: ``prompt of notes, 12,400 tokens, ready``."""
    owner = f"prompt of {prompt['client']}" if prompt["client"] else "a prompt"
    place = {"slot": "ready", "memory": "kept in memory", "disk": "kept on disk"}[prompt["tier"]]
    return f"{owner}, {prompt['tokens']:,} tokens, {place}"


def state_style(model: JsonObject) -> str:
    """Return rich's style for a model's state."""
    return _STYLES.get(model["state"], "")


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table; the columns in ``right`` are right-aligned."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, header_style="bold")
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return made


def short_name(model_id: str, target: Console, others: int) -> str:
    """Return a model's name, shortened in the middle so that ``others`` more characters fit into the line."""
    room = max(target.width - others, _MIN_NAME)
    if len(model_id) <= room:
        return model_id
    head = room // 2
    return f"{model_id[:head]}…{model_id[-(room - head - 1) :]}"


def silence() -> None:
    """Discard further output, since its reader has closed the pipe."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
