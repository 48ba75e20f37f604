"""``preheat top``: live on a terminal, a snapshot in a pipe."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import JsonObject, console, terminal_width

if TYPE_CHECKING:
    from rich.console import Console

    from preheat.cli.top.view import Look
    from preheat.control import HttpClient

_PIPE_WIDTH: Final = 100
_ANY_HEIGHT: Final = 10_000


def top(
    once: Annotated[bool, typer.Option("--once", help="Print the picture once, as in a pipe.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON at each change.")] = False,
) -> None:
    """Show memory, models and requests live. Press q to quit.

    In a pipe, it prints the picture once.
    """
    from preheat.control import find_running

    out = console()
    with find_running() as running:
        if as_json:
            _print_changes(running, once)
        elif once or terminal_width(out) is None or out.is_dumb_terminal:
            _print_picture(out, running)
        else:
            from preheat.cli.top.screen import watch

            watch(out, running, look_of(out))


def look_of(out: Console) -> Look:
    """Return what a terminal can show."""
    from preheat.cli.top.band import Colours
    from preheat.cli.top.view import Look

    colours = Colours.MANY if out.color_system in ("truecolor", "256") else Colours.ANSI
    return Look(out.options.ascii_only, Colours.NONE if out.no_color or out.color_system is None else colours)


def _print_changes(running: HttpClient, once: bool) -> None:
    for status in running.events():
        print(json.dumps(status), flush=True)
        if once:
            return


def _print_picture(out: Console, running: HttpClient) -> None:
    from preheat.cli.top.view import Picture
    from preheat.control import SignBook

    status: JsonObject = running.status()
    width = terminal_width(out) or _PIPE_WIDTH
    for line in Picture(look_of(out), SignBook()).lines(status, running.url, time.time(), width, _ANY_HEIGHT):
        out.print(line, soft_wrap=True)
