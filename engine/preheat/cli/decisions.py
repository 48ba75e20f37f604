"""``preheat log``, ``why``, ``plan``, ``pause`` and ``resume``: decisions and their reasons."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer

from preheat.cli.output import (
    AsJson,
    ModelName,
    ask,
    ask_running,
    console,
    history_days,
    print_json,
    prompt_words,
    short_name,
    state_words,
    table,
)
from preheat.cli.stats import since_text
from preheat.units import format_duration, format_memory

_MAX_SHOWN: Final = 10_000
_STANDBY_SHOWN: Final = 5


def log(
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=_MAX_SHOWN, help="Number of entries.")] = 20,
    since: Annotated[str | None, typer.Option("--since", metavar="SPAN", help="Only the last 2h, 7d, ...")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Only this model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was loaded and unloaded, when and why; the newest last."""
    from preheat.control import ListDecisions

    command = ListDecisions(count, None if since is None else since_text(since), model)
    decisions = ask(command, history_days=history_days())["decisions"]
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
            when(decision["at"]),
            f"{decision['action']}{wasted}",
            escape(short_name(decision["model"], out, others=70)),
            format_memory(decision["bytes"]) if decision["bytes"] else "",
            format_duration(decision["seconds"]) if decision["seconds"] is not None else "",
            escape(decision["why"]),
        )
    out.print(rows)


def why(model: ModelName, as_json: AsJson = False) -> None:
    """Explain why a model is in memory or not."""
    from preheat.control import ExplainModel

    answer = ask_running(ExplainModel(model))
    if as_json:
        print_json(answer)
    else:
        state = "" if answer["state"] is None else f" ({state_words(answer)})"
        typer.echo(f"{answer['id']}{state}: {answer['why']}.")
        if answer["warning"]:
            typer.echo(f"{answer['warning']}.")
        for prompt in answer["prompts"]:
            typer.echo(f"  {prompt_words(prompt)}")


def plan(as_json: AsJson = False) -> None:
    """Show which models should be in memory, what is loaded next, and what blocks it."""
    from preheat.cli.status import preloading_line
    from preheat.control import GetPlan

    now = ask_running(GetPlan())
    if as_json:
        print_json(now)
        return
    waits = preloading_line(now)
    if waits:
        typer.echo(f"Preloading waits: {waits}.")
    if not now["decisions"] and not now["unloaded"]:
        typer.echo("There is nothing to preload: there are no favourites, and no model is used often enough.")
    for place, decision in enumerate(now["decisions"], 1):
        typer.echo(f"{place}. {decision['model']}: {decision['why']}")
        for prompt in decision["prompts"]:
            typer.echo(f"   {prompt_words(prompt)}")
    for model in now["unloaded"]:
        typer.echo(f"{model}: unloaded by the user; it returns when it is used")
    for form in now["forms"]:
        more = f" (takes {format_memory(form['extra_bytes'])} more)" if form["wanted"] != form["form"] else ""
        typer.echo(f"{form['model']}: {form['why']}{more}")
    if now["standby"]:
        names = [entry["model"] + (" (read)" if entry["cached"] else "") for entry in now["standby"]]
        more = f" and {len(names) - _STANDBY_SHOWN} more" if len(names) > _STANDBY_SHOWN else ""
        typer.echo(f"Files to read ahead: {', '.join(names[:_STANDBY_SHOWN])}{more}")


def when(at: float) -> str:
    """Return a time, with its date if that is not today."""
    then, today = time.localtime(at), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%Y-%m-%d %H:%M", then)


def pause(
    span: Annotated[
        str | None,
        typer.Argument(metavar="SPAN", help="Such as 30m; default: no limit.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Pause preloading. Requested models are still loaded."""
    from preheat.control import PausePreloading, parse_span
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
