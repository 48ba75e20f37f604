"""Decisions and their reasons (``preheat log``, ``why``, ``plan``), and what stops them (``pause``, ``make-room``)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Final

import typer

from preheat.cli.output import (
    AsJson,
    Count,
    JsonObject,
    ModelName,
    OnlyModel,
    OnlySince,
    ask,
    ask_running,
    history_days,
    print_json,
    print_table,
    print_text,
    prompt_words,
    state_words,
)
from preheat.cli.stats import since_text
from preheat.cli.tables import Column
from preheat.errors import InvalidRequestError
from preheat.messages import msg
from preheat.units import format_duration, format_memory

_STANDBY_SHOWN: Final = 5
_COLUMNS: Final = (
    Column("When", worth=3),
    Column("What"),
    Column("Model", name=True),
    Column("Memory", worth=2, right=True),
    Column("Took", worth=1, right=True),
    Column("Why", sentence=True),
)


def log(
    count: Count = 20,
    since: OnlySince = None,
    model: OnlyModel = None,
    as_json: AsJson = False,
) -> None:
    """Show what was loaded and unloaded, when and why.

    The newest entry is the last.
    """
    from preheat.control import ListDecisions

    command = ListDecisions(count, None if since is None else since_text(since), model)
    decisions = ask(command, history_days=history_days())["decisions"]
    if as_json:
        print_json(decisions)
        return
    if not decisions:
        typer.echo("Nothing was loaded or unloaded.")
        return
    rows = [
        (
            when(decision["at"]),
            f"{decision['action']}{', unused' if decision['wasted'] else ''}",
            decision["model"],
            format_memory(decision["bytes"]) if decision["bytes"] else "",
            format_duration(decision["seconds"]) if decision["seconds"] is not None else "",
            decision["why"],
        )
        for decision in reversed(decisions)
    ]
    print_table(_COLUMNS, rows)


def why(model: ModelName, as_json: AsJson = False) -> None:
    """Explain why a model is in memory or not."""
    from preheat.control import ExplainModel

    answer = ask_running(ExplainModel(model))
    if as_json:
        print_json(answer)
    else:
        state = "" if answer["state"] is None else f" ({state_words(answer)})"
        print_text(f"{answer['id']}{state}: {answer['why']}.")
        if answer["warning"]:
            print_text(f"{answer['warning']}.")
        if answer["context"]:
            print_text(f"  {answer['context']}.", indent=4)
        for prompt in answer["prompts"]:
            print_text(f"  {prompt_words(prompt)}", indent=4)


def plan(as_json: AsJson = False) -> None:
    """Show what should be in memory, what is next, what blocks it."""
    from preheat.cli.status import preloading_line
    from preheat.control import GetPlan

    now = ask_running(GetPlan())
    if as_json:
        print_json(now)
        return
    waits = preloading_line(now)
    if waits:
        print_text(f"Preloading waits: {waits}.")
    if not now["decisions"] and not now["unloaded"]:
        print_text("There is nothing to preload: there are no favourites, and no model is likely enough to be needed.")
    for place, decision in enumerate(now["decisions"], 1):
        print_text(f"{place}. {decision['model']}: {decision['why']}", indent=3)
        for prompt in decision["prompts"]:
            print_text(f"   {prompt_words(prompt)}", indent=5)
    for model in now["unloaded"]:
        print_text(f"{model}: unloaded by the user; it returns when it is used", indent=3)
    for form in now["forms"]:
        more = f" (takes {format_memory(form['extra_bytes'])} more)" if form["wanted"] != form["form"] else ""
        print_text(f"{form['model']}: {form['why']}{more}", indent=3)
    if now["standby"]:
        names = [entry["model"] + (" (read)" if entry["cached"] else "") for entry in now["standby"]]
        more = f" and {len(names) - _STANDBY_SHOWN} more" if len(names) > _STANDBY_SHOWN else ""
        print_text(f"Files to read ahead: {', '.join(names[:_STANDBY_SHOWN])}{more}", indent=3)


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


def make_room(
    size: Annotated[
        str | None,
        typer.Argument(
            metavar="SIZE", help="Memory that should be available; default: unload every model.", show_default=False
        ),
    ] = None,
    span: Annotated[
        str | None,
        typer.Option("--for", metavar="SPAN", help="Such as 30m or 1h; default: until --end.", show_default=False),
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="Let models have their memory back now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make room in memory for other programs, and keep it for a time.

    Models that are worth least leave first. Nothing is preloaded meanwhile; at the end, they are loaded again.
    """
    from preheat.control import EndRoom, MakeRoom, check_size, parse_span

    if end:
        if size is not None or span is not None:
            raise InvalidRequestError(msg("room_end_alone"))
        now = ask_running(EndRoom())
        lines = _ended_lines(now)
    else:
        seconds = None if span is None else parse_span(span)
        now = ask_running(MakeRoom(check_size(size, "SIZE"), seconds))
        lines = _made_lines(now, seconds)
    if as_json:
        print_json(now)
        return
    for line in lines:
        print_text(line)


def _made_lines(now: JsonObject, seconds: float | None) -> Iterator[str]:
    limit = now["room"]["limit_bytes"]
    if now["unloaded"]:
        yield f"Unloaded: {', '.join(now['unloaded'])}."
    if now["shrunk"]:
        yield f"Loaded again with less memory: {', '.join(now['shrunk'])}."
    if now["busy"]:
        yield f"Unloaded when their requests end: {', '.join(now['busy'])}."
    if not (now["unloaded"] or now["shrunk"] or now["busy"]):
        yield "Nothing had to be unloaded."
    available, wanted = now["available_bytes"], now["room"]["wanted_bytes"]
    yield f"{format_memory(available)} are available; models take at most {format_memory(limit)}."
    if wanted is not None and available < wanted and not now["busy"]:
        yield f"Other programs use what is missing of {format_memory(wanted)}."
    lasts = "until: preheat make-room --end" if seconds is None else f"for {format_duration(seconds)}"
    yield f"Nothing is preloaded {lasts}."


def _ended_lines(now: JsonObject) -> Iterator[str]:
    if not now["ended"]:
        yield "No room was kept."
        return
    yield "Models have their memory back."
    if now["returning"]:
        yield f"Being loaded again: {', '.join(now['returning'])}."
