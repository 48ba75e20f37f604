"""``preheat log``, ``why`` and ``plan``: what was done, and why."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, console, print_json, short_name, state_words, table
from preheat.errors import EngineError, NotRunningError
from preheat.units import format_duration, format_memory

_MAX_SHOWN: Final = 10_000
_STANDBY_SHOWN: Final = 5

Name = Annotated[str, typer.Argument(metavar="MODEL", help="Its id, or a unique beginning of it.")]


def log(
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=_MAX_SHOWN, help="The last so many.")] = 20,
    since: Annotated[str | None, typer.Option("--since", metavar="SPAN", help="Not older than: 2h, 7d.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="What was done about this one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was loaded and unloaded, when and why; the newest last. Works whether Preheat runs or not."""
    decisions = read_decisions(count, since, model)
    if as_json:
        print_json(decisions)
        return
    if not decisions:
        typer.echo("Nothing was loaded or unloaded.")
        return
    from rich.markup import escape

    out = console()
    rows = table("When", "What", "Model", "Memory", "Took", "Why", right=("Memory", "Took"))
    rows.columns[-1].no_wrap = False
    for decision in reversed(decisions):
        wasted = ", unused" if decision["wasted"] else ""
        rows.add_row(
            _when(decision["at"]),
            f"{decision['action']}{wasted}",
            escape(short_name(decision["model"], out, others=70)),
            format_memory(decision["bytes"]) if decision["bytes"] else "",
            format_duration(decision["seconds"]) if decision["seconds"] is not None else "",
            escape(decision["why"]),
        )
    out.print(rows)


def why(model: Name, as_json: AsJson = False) -> None:
    """Say why a model is in memory, or is not."""
    from preheat.control.client import find_running, quoted

    with find_running() as running:
        answer = running.control("GET", f"models/{quoted(model)}/why")
    if as_json:
        print_json(answer)
    else:
        state = "" if answer["state"] is None else f" ({state_words(answer)})"
        typer.echo(f"{answer['id']}{state}: {answer['why']}.")


def plan(as_json: AsJson = False) -> None:
    """Say which models should be in memory, what would be loaded next, and what it waits for."""
    from preheat.cli.status import preloading_line
    from preheat.control.client import find_running

    with find_running() as running:
        now = running.control("GET", "plan")
    if as_json:
        print_json(now)
        return
    waits = preloading_line(now)
    if waits:
        typer.echo(f"Nothing is preloaded now: {waits}.")
    if not now["decisions"] and not now["unloaded"]:
        typer.echo("No model is to be kept in memory: there are no favourites, and none was used often enough.")
    for place, decision in enumerate(now["decisions"], 1):
        typer.echo(f"{place}. {decision['model']}: {decision['why']}")
    for model in now["unloaded"]:
        typer.echo(f"Not {model}: it was unloaded as asked, and comes back when it is used.")
    if now["standby"]:
        names = [entry["model"] + (" (read)" if entry["cached"] else "") for entry in now["standby"]]
        more = f" and {len(names) - _STANDBY_SHOWN} more" if len(names) > _STANDBY_SHOWN else ""
        typer.echo(f"Files to read ahead: {', '.join(names[:_STANDBY_SHOWN])}{more}")


def read_decisions(count: int, since: str | None, model: str | None) -> list[JsonObject]:
    """Return the newest decisions, the newest first: the running application's, or those that it left behind.

    Raises:
        InvalidRequestError: ``since`` is no span.
    """
    from preheat.cli.stats import begin_of
    from preheat.control.client import find_running

    begin = None if since is None else begin_of(since)
    try:
        with find_running() as running:
            answer = running.control("GET", "log", limit=count, since=begin, model=model)
            return list(answer["decisions"])
    except NotRunningError:
        pass
    from preheat.control.codec import encode
    from preheat.usage import UsageLog

    name = None if model is None else _model_id(model)
    return [encode(decision) for decision in UsageLog().decisions(count, begin, name)]


def _model_id(name: str) -> str:
    """Return the id of a model on disk; one that has been removed may still be in the log."""
    from preheat.cli.favourites import models_on_disk
    from preheat.models import resolve

    try:
        return resolve(name, models_on_disk()).model_id
    except EngineError:
        return name.strip().lower()


def _when(at: float) -> str:
    """Return a time of today, or day and time of before."""
    then, today = time.localtime(at), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%Y-%m-%d %H:%M", then)
