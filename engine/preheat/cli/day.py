"""``preheat day``: the last 24 hours, a lane a model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, ask, console, history_days, print_json, print_text
from preheat.units import format_duration, format_percent

if TYPE_CHECKING:
    from rich.text import Text

    from preheat.cli.top.view import Look
    from preheat.control import Sign

_PIPE_WIDTH: Final = 100
_LEAST_TIMELINE: Final = 12  # characters
_HOUR_S: Final = 3600
_TICKS_H: Final = (1, 2, 3, 6, 12, 24, 48)
_TICK_WIDTH: Final = 9
_MOST_NEXT: Final = 3
_AHEAD_H: Final = 12
_LEAST_WITH_AHEAD: Final = 48  # characters of a timeline with room for the plan
_LEAST_AHEAD: Final = 8
_NOW: Final = "now"


def day(
    hours: Annotated[int, typer.Option("--hours", min=1, max=168, help="Length of the timeline.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Show when models were in memory, and who had to wait.

    A filled dot is a request that found its model ready, a hollow one had to wait. Right of now is the plan if nothing
    is requested.
    """
    from preheat.control import GetDay

    found = ask(GetDay(hours, _AHEAD_H), history_days=history_days())
    if as_json:
        print_json(found)
        return
    if not found["lanes"]:
        typer.echo(f"Nothing was in memory in the last {hours} h.")
        return
    from preheat.cli.output import terminal_width
    from preheat.cli.top import look_of
    from preheat.control import SignBook

    out = console()
    look = look_of(out)
    signs = SignBook().signs(lane["model"] for lane in _lanes(found))
    for line in day_lines(found, signs, terminal_width(out) or _PIPE_WIDTH, look):
        out.print(line, soft_wrap=True)
    typer.echo()
    print_text(_summary(found["lanes"], look))
    for words in _next(found["plan"]):
        print_text(words, indent=6)


def day_lines(found: JsonObject, signs: Mapping[str, Sign], width: int, look: Look) -> list[Text]:
    """Return the timeline: the hours, then a lane for each model. Pure, apart from the local time zone.

    Args:
        signs: Colours by model.
        width: In characters.
    """
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    from preheat.cli.tables import elided

    lanes = _lanes(found)
    longest = max(cell_len(lane["model"]) for lane in lanes)
    names = max(min(longest, width * 2 // 5, width - _LEAST_TIMELINE - 2), 1)
    ahead = _ahead_width(found, max(width - names - 2, 1))
    room = max(width - names - 2, 1) - ahead
    hours = _hours_line(found["begin"], found["now"], room)
    if ahead:
        hours += " " + _ticks(found["now"], found["until"], ahead - 1)
    drawn = [Text(" " * (names + 2) + hours, style="dim")]
    for lane in lanes:
        line = Text(set_cell_size(elided(lane["model"], names, ascii_only=look.ascii_only), names) + "  ")
        line.append_text(_lane(lane, found["begin"], found["now"], room, signs[lane["model"]], look))
        if ahead:
            line.append_text(_plan(lane["model"], found, ahead, look))
        drawn.append(line)
    return drawn


def _lanes(found: JsonObject) -> list[JsonObject]:
    """Return the lanes, with those of models that are only planned."""
    known = {lane["model"] for lane in found["lanes"]}
    planned = dict.fromkeys(stay["model"] for stay in found.get("plan", ()) if stay["model"] not in known)
    return [*found["lanes"], *({"model": name, "stays": [], "requests": []} for name in planned)]


def _ahead_width(found: JsonObject, room: int) -> int:
    """Return the width of the plan; 0 without one, and where there is no room."""
    if not found.get("plan") or room < _LEAST_WITH_AHEAD:
        return 0
    width = round(room * (found["until"] - found["now"]) / (found["until"] - found["begin"]))
    return width if width >= _LEAST_AHEAD else 0


def _plan(model: str, found: JsonObject, width: int, look: Look) -> Text:
    """Return what is planned for a model, behind the line of now."""
    from rich.text import Text

    border, planned, nothing = ("|", "-", ".") if look.ascii_only else ("│", "░", "·")
    now, room = found["now"], width - 1
    span = max(found["until"] - now, 1.0) / room
    cells = [nothing] * room
    for stay in found["plan"]:
        if stay["model"] != model:
            continue
        first, last = (int((at - now) / span) for at in (stay["begins_at"], stay["ends_at"]))
        cells[first:last] = planned * (min(last, room) - first)
        clock = _clock(stay["begins_at"])
        if stay["loads"] and first + len(clock) <= min(last, room):
            cells[first : first + len(clock)] = clock
    return Text(border + "".join(cells), style="dim")


def _lane(lane: JsonObject, begin: float, end: float, room: int, sign: Sign, look: Look) -> Text:
    from rich.text import Text

    from preheat.cli.top.band import Colours, hue_style

    span = max(end - begin, 1.0) / room
    stays: set[int] = set()
    for stay in lane["stays"]:
        first, last = (int((at - begin) / span) for at in (stay["begins_at"], stay["ends_at"]))
        stays.update(range(max(first, 0), min(last, room - 1) + 1))
    waits: dict[int, bool] = {}
    for request in lane["requests"]:
        place = min(max(int((request["at"] - begin) / span), 0), room - 1)
        waits[place] = waits.get(place, False) or not request["ready"]
    ready, waited, nothing = _marks(look)
    line = Text()
    for place in range(room):
        sign_of_request = "" if place not in waits else waited if waits[place] else ready
        if place in stays and look.colours is not Colours.NONE:
            line.append(sign_of_request or " ", style=hue_style(sign.hue, look.colours))
        elif place in stays:
            line.append(sign_of_request or "=")
        else:
            line.append(sign_of_request or nothing, style="" if sign_of_request else "dim")
    return line


def _marks(look: Look) -> tuple[str, str, str]:
    """Return the signs of requests that found their model ready and that waited, and of an empty place."""
    return ("*", "o", ".") if look.ascii_only else ("●", "○", "·")


def _hours_line(begin: float, end: float, room: int) -> str:
    """Return the local times above the lanes; the end is now."""
    if room <= len(_NOW):
        return " " * room
    return _ticks(begin, end, room - len(_NOW), (end - begin) * len(_NOW) / room) + _NOW


def _ticks(begin: float, end: float, room: int, left_out_s: float = 0.0) -> str:
    """Return the local times of a span of time, without its last seconds."""
    span = max(end - begin - left_out_s, 1.0) / room
    most = max(room // _TICK_WIDTH, 1)
    step = next((hours for hours in _TICKS_H if (end - begin) / _HOUR_S / hours <= most), _TICKS_H[-1])
    line = [" "] * room
    local = time.localtime(begin)
    at = begin - local.tm_hour * _HOUR_S - local.tm_min * 60 - local.tm_sec  # midnight
    while at < end:
        place, words = round((at - begin) / span), _clock(at)
        if at >= begin and place + len(words) < room:
            line[place : place + len(words)] = words
        at += step * _HOUR_S
    return "".join(line)


def _summary(lanes: Sequence[JsonObject], look: Look) -> str:
    """Return how many requests found their model ready, and what the dots mean."""
    requests = [request for lane in lanes for request in lane["requests"]]
    if not requests:
        return "There were no requests."
    waited = [request for request in requests if not request["ready"]]
    ready, hollow, _ = _marks(look)
    share = format_percent(1 - len(waited) / len(requests))
    words = f"{len(requests) - len(waited):,} of {len(requests):,} requests ({ready}) found their model ready ({share})"
    if waited:
        words += (
            f"; the others ({hollow}) waited {format_duration(sum(request['wait_s'] for request in waited))} in all"
        )
    return f"{words}."


def _next(plan: Sequence[JsonObject]) -> list[str]:
    """Return what is going to be loaded if nothing is requested; nothing without a running application."""
    loads = [stay for stay in plan if stay["loads"]]
    return [f"Next  {_clock(stay['begins_at'])}  {stay['model']}: {_reason(stay)}" for stay in loads[:_MOST_NEXT]]


def _reason(stay: JsonObject) -> str:
    if stay["usual_at"] is None:
        return str(stay["why"])
    return f"{stay['why']}; usually used from {_clock(stay['usual_at'])}"


def _clock(at: float) -> str:
    return time.strftime("%H:%M", time.localtime(at))
