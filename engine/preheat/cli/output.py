"""What the commands print, and how: tables for people, JSON for scripts, errors in a line or two."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from preheat.errors import EngineError, SettingsError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

EXIT_FAILURE: Final = 1
EXIT_WRONG_SETTINGS: Final = 2

JsonObject = dict[str, Any]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]

STATE_WORDS: Final[Mapping[str, str]] = {
    "cold": "Not loaded",
    "queued": "Waiting to load",
    "loading": "Loading",
    "warming": "Loading",
    "hot": "Ready",
    "unloading": "Unloading",
    "failed": "Failed",
}
"""What people read for the states that the port tells."""

_STYLES: Final = {"hot": "yellow", "loading": "yellow", "warming": "yellow", "failed": "red", "cold": "dim"}
_PIPE_WIDTH: Final = 10_000
_MIN_NAME: Final = 24


def console(*, stderr: bool = False) -> Console:
    """Return where to print. Where nobody reads along, lines are as long as they get: nothing is cut off."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False)


def print_json(content: object) -> None:
    """Print for a script; UTF-8 whatever the terminal."""
    typer.echo(json.dumps(content, indent=2))


def show_error(error: EngineError) -> int:
    """Print what went wrong and what to do, on standard error; return the exit code."""
    typer.echo(f"{error.title}.", err=True)
    if error.hint:
        typer.echo(f"  {error.hint.rstrip('.')}{'' if error.hint.endswith('?') else '.'}", err=True)
    return EXIT_WRONG_SETTINGS if isinstance(error, SettingsError) else EXIT_FAILURE


def state_words(model: JsonObject) -> str:
    """Return a model's state for people: ``Ready``, ``Loading 63 %``."""
    words = STATE_WORDS.get(model["state"], model["state"])
    if model["state"] == "cold" and model.get("standby"):
        words = "Standby"
    progress = model.get("progress")
    return words if progress is None else f"{words} {round(progress * 100)} %"


def state_style(model: JsonObject) -> str:
    """Return rich's style for a model's state."""
    return _STYLES.get(model["state"], "")


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table; the columns named in ``right`` hold numbers."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, header_style="bold")
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return made


def short_name(model_id: str, target: Console, others: int) -> str:
    """Return a model's name so that ``others`` columns of characters fit beside it.

    The middle goes first: the quantization stands at the end.
    """
    room = max(target.width - others, _MIN_NAME)
    if len(model_id) <= room:
        return model_id
    head = room // 2
    return f"{model_id[:head]}…{model_id[-(room - head - 1) :]}"


def silence() -> None:
    """Send what is still printed nowhere: who read it has gone."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
