"""``preheat pause`` and ``resume``."""

from __future__ import annotations

from typing import Annotated

import typer

from preheat.cli.output import AsJson, print_json


def pause(
    span: Annotated[
        str | None, typer.Argument(metavar="[SPAN]", help="30m, 2h; until you resume, without it.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Preload nothing for a while. What is asked for is loaded as always."""
    from preheat.control.client import find_running
    from preheat.timespan import parse_span
    from preheat.units import format_duration

    seconds = None if span is None else parse_span(span)
    with find_running() as running:
        now = running.control("POST", "pause", seconds=seconds)
    if as_json:
        print_json(now)
    elif seconds is None:
        typer.echo("Preloading is paused until you say: preheat resume")
    else:
        typer.echo(f"Preloading is paused for {format_duration(seconds)}.")


def resume(as_json: AsJson = False) -> None:
    """Preload again."""
    from preheat.control.client import find_running

    with find_running() as running:
        now = running.control("POST", "resume")
    if as_json:
        print_json(now)
    else:
        typer.echo("Preloading goes on.")
