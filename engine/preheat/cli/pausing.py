"""``preheat pause`` and ``resume``."""

from __future__ import annotations

from typing import Annotated

import typer

from preheat.cli.output import AsJson, ask_running, print_json


def pause(
    span: Annotated[
        str | None,
        typer.Argument(metavar="[SPAN]", help="Such as 30m; default: no limit.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Pause preloading. Requested models are still loaded."""
    from preheat.control import PausePreloading
    from preheat.timespan import parse_span
    from preheat.units import format_duration

    seconds = None if span is None else parse_span(span)
    now = ask_running(PausePreloading(seconds))
    if as_json:
        print_json(now)
    elif seconds is None:
        typer.echo("Preloading is paused. Resume it: preheat resume")
    else:
        typer.echo(f"Preloading is paused for {format_duration(seconds)}.")


def resume(as_json: AsJson = False) -> None:
    """Resume preloading."""
    from preheat.control import ResumePreloading

    now = ask_running(ResumePreloading())
    if as_json:
        print_json(now)
    else:
        typer.echo("Preloading is resumed.")
