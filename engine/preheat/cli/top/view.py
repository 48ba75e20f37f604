"""The picture of ``preheat top`` from a status and the terminal's size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from preheat.cli.output import JsonObject, state_cell
from preheat.cli.status import hit_rate_line, preloading_line, prompts_line
from preheat.cli.tables import Cell, Column, elided, lines, wrapped
from preheat.cli.top.band import Block, Colours, band_lines, hue_style
from preheat.units import (
    format_ago,
    format_bytes,
    format_done,
    format_duration,
    format_memory,
    format_percent,
    natural_key,
)

if TYPE_CHECKING:
    from rich.text import Text

    from preheat.control import Sign, SignBook

_INDENT: Final = 10
_IN_MEMORY: Final = ("hot", "loading", "warming", "unloading")
_LOADING: Final = ("queued", "loading", "warming")
_MINUTE: Final = 60
_LEAST_MODELS: Final = 3
_MOST_REQUESTS: Final = 8
_MOST_NOTES: Final = 3
_FEW: Final = 20  # models; all of them are shown

_REQUESTS: Final = (
    Column("Program", name=True),
    Column("Model", name=True, worth=5),
    Column("Doing", worth=3),
    Column("For", worth=1, right=True),
    Column("Tokens", worth=2, right=True),
    Column("Tokens/s", right=True),
)
_MODELS: Final = (
    Column(""),
    Column("Model", name=True),
    Column("State"),
    Column("Memory", worth=5, right=True),
    Column("Last used", worth=4),
    Column("Loaded in", worth=2, right=True),
    Column("Form", worth=1),
    Column("Why", worth=3),
)


@dataclass(frozen=True, slots=True)
class Look:
    """What the terminal can show."""

    ascii_only: bool
    colours: Colours


class Picture:
    """Draws the picture. What is in memory keeps its colour from one picture to the next.

    Args:
        signs: Colours of the models.
        hint: Stands at the end of the first line.
    """

    def __init__(self, look: Look, signs: SignBook, hint: str = "") -> None:
        self._look = look
        self._signs = signs
        self._hint = hint

    def lines(self, status: JsonObject, url: str, now: float, width: int, height: int) -> list[Text]:
        """Return the lines of the picture; what matters most comes first.

        Args:
            now: Unix time.
            width: In characters.
            height: The most lines.
        """
        self._signs.reserve(status["favourites"], [model["id"] for model in status["models"]])
        signs = self._signs.signs(model["id"] for model in _in_band(status))
        drawn = [
            self._title(status, url, now, width),
            *self._memory(status, signs, width),
            *_figures(status, now, width),
            *self._notes(status, width),
        ]
        if status["requests"]:
            most = min(_MOST_REQUESTS, max(height - len(drawn) - 6 - _LEAST_MODELS, 1))
            drawn += [*_blank(), *self._requests(status["requests"], now, width, most)]
        marks = {name: (f" {sign.mark} ", hue_style(sign.hue, self._look.colours)) for name, sign in signs.items()}
        room = max(height - len(drawn) - 3, _LEAST_MODELS)
        drawn += [*_blank(), *self._models(status, marks, now, width, room)]
        return drawn[:height]

    def waiting(self, width: int) -> list[Text]:
        """Return the picture while the application does not run."""
        from rich.text import Text

        words = "Preheat is not running. This picture returns when it does. Start it: preheat serve; q quits"
        return [Text(line, style="yellow") for line in wrapped(words, width)]

    def _title(self, status: JsonObject, url: str, now: float, width: int) -> Text:
        from rich.text import Text

        up = f"up {_minutes(now - status['started_at'])}"
        parts = [f"Preheat {status['version']}", url, up]
        while len("  ".join(parts)) > width and len(parts) > 1:
            parts.pop()
        title = Text(parts[0], style="bold")
        for part in parts[1:]:
            title.append(f"  {part}", style="not bold dim")
        gap = width - title.cell_len - len(self._hint)
        if self._hint and gap >= 2:
            title.append(" " * gap + self._hint, style="not bold dim")
        return title

    def _memory(self, status: JsonObject, signs: Mapping[str, Sign], width: int) -> list[Text]:
        from rich.text import Text

        memory = status["memory"]
        blocks = [_block(model, status["requests"], signs[model["id"]]) for model in _in_band(status)]
        used, limit = format_memory(memory["used_bytes"]), format_memory(memory["limit_bytes"])
        words = f"{used} of {limit} used by models"
        elsewhere = f"{format_memory(memory['available_bytes'])} free on this machine"
        gap = width - len(words) - len(elsewhere)
        line = Text(words[:width])
        if gap >= 2:
            line.append(" " * gap + elsewhere, style="dim")
        free = max(memory["limit_bytes"] - sum(block.size_bytes for block in blocks), 0)
        band = band_lines(
            blocks,
            memory["limit_bytes"],
            width,
            f"{format_memory(free)} free",
            colours=self._look.colours,
            ascii_only=self._look.ascii_only,
        )
        return [*_blank(), line, *band, *_blank()]

    def _notes(self, status: JsonObject, width: int) -> list[Text]:
        """Return what needs attention."""
        from rich.text import Text

        failed = [model for model in status["models"] if model["error"]]
        notes = [(f"{model['id']} failed to load: {model['error']}.", "red") for model in failed]
        notes += [(f"{text}.", "yellow") for text in (status["memory"]["pressure"], status["warning"]) if text]
        if status["missing_favourites"]:
            notes.append((f"Favourites without a file: {', '.join(status['missing_favourites'])}.", "yellow"))
        notes += [(words, "") for words in map(_download, status["downloads"]) if words]
        found = [Text(line, style=style) for words, style in notes[:_MOST_NOTES] for line in wrapped(words, width, 2)]
        if len(notes) > _MOST_NOTES:
            found.append(Text(f"and {len(notes) - _MOST_NOTES} more: preheat status", style="dim"))
        return found

    def _requests(self, requests: Sequence[JsonObject], now: float, width: int, most: int) -> list[Text]:
        from rich.text import Text

        rows: list[list[Cell]] = [
            [
                request["client"] or "unknown",
                request["model"],
                _doing(request),
                format_duration(max(round(now - request["arrived_at"]), 0)),
                f"{request['completion_tokens']:,}" if request["completion_tokens"] else "",
                "" if request["tokens_per_s"] is None else f"{request['tokens_per_s']:.1f}",
            ]
            for request in requests[:most]
        ]
        found = list(lines(_REQUESTS, rows, width, ascii_only=self._look.ascii_only))
        if len(requests) > most:
            found.append(Text(f"and {len(requests) - most} more", style="dim"))
        return found

    def _models(
        self, status: JsonObject, marks: Mapping[str, tuple[str, str]], now: float, width: int, room: int
    ) -> list[Text]:
        """Return the table of models: those in memory, then the others by how much they matter."""
        from rich.text import Text

        models = status["models"]
        if not models:
            return [Text(line) for line in wrapped("There are no models yet. Get one: preheat pull qwen3:4b", width)]
        chosen = [model for model in models if _matters(model)]
        if len(models) <= min(room, _FEW) or not chosen:
            chosen = models
        chosen = sorted(chosen, key=lambda model: _worth(model, status["favourites"]))
        shown = chosen if len(chosen) == len(models) <= room else chosen[: max(room - 1, 1)]
        star = "*" if self._look.ascii_only else "★"
        stars = any(model["favourite"] for model in shown)
        rows: list[list[Cell]] = [
            [
                marks.get(model["id"], ""),
                f"{star if model['favourite'] else ' '} {model['id']}" if stars else model["id"],
                state_cell(model),
                format_memory(model["resident_bytes"]) if model["resident_bytes"] else "",
                _last_used(model, now),
                format_duration(model["load_s"]) if model["load_s"] is not None else "",
                model["form"] or "",
                model["reason"] or "",
            ]
            for model in shown
        ]
        found = list(lines(_MODELS, rows, width, ascii_only=self._look.ascii_only))
        others = len(models) - len(shown)
        if others:
            standby = sum(bool(model["standby"]) for model in models) - sum(bool(model["standby"]) for model in shown)
            words = f"and {others:,} more" + (f", {standby:,} of them on standby" if standby else "")
            found.append(Text(elided(words, width, ascii_only=self._look.ascii_only), style="dim"))
        return found


def changes_at(status: JsonObject | None, now: float) -> float | None:
    """Return when the picture changes without news, as Unix time: each second with requests, else each minute."""
    if status is None:
        return None
    return now + (1.0 if status["requests"] else _MINUTE - now % _MINUTE)


def _blank() -> list[Text]:
    from rich.text import Text

    return [Text()]


def _figures(status: JsonObject, now: float, width: int) -> list[Text]:
    from rich.text import Text

    figures = (
        ("Hit rate", hit_rate_line(status["preload"])),
        ("Prompts", prompts_line(status)),
        ("Next", _next(status["preload"])),
        ("No room", _without_room(status)),
    )
    return [
        Text(line) for name, words in figures if words for line in wrapped(f"{name:<{_INDENT}}{words}", width, _INDENT)
    ]


def _next(preload: JsonObject) -> str:
    """Return what is preloaded next, and what it waits for."""
    waits = preloading_line(preload)
    if not preload["queue"]:
        # Requests hold preloading for a moment only.
        brief = preload["hold_message"] is not None and preload["hold_message"]["code"] == "preload_requests"
        nothing = "nothing to preload" if preload["enabled"] else "preloading is off"
        return waits if waits and not brief else nothing
    share = preload["round_progress"]
    progress = "" if share is None else f", {format_done(share)}"
    done = f"{preload['round_done'] + 1} of {preload['round_total']}"
    return f"{preload['queue'][0]} ({done}{progress})" + (f"; waits: {waits}" if waits else "")


def _without_room(status: JsonObject) -> str:
    """Return the favourites that do not fit into what is left of the limit."""
    memory = status["memory"]
    left = memory["limit_bytes"] - memory["used_bytes"]
    names = [
        f"{model['id']} needs {format_memory(model['expected_bytes'])}"
        for model in status["models"]
        if model["favourite"] and model["state"] == "cold" and model["expected_bytes"] > left
    ]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}" if names and not status["preload"]["queue"] else ""


def _download(download: JsonObject) -> str:
    if download["state"] not in ("running", "checking", "queued"):
        return ""
    if not download["total_bytes"]:
        return f"Downloading {download['name']}"
    share = format_percent(download["done_bytes"] / download["total_bytes"])
    left = f", {format_duration(max(download['left_s'], 1))} left" if download["left_s"] else ""
    return f"Downloading {download['name']}: {share} of {format_bytes(download['total_bytes'])}{left}"


def _in_band(status: JsonObject) -> list[JsonObject]:
    """Return the models in memory: favourites in the user's order, then the others by name, so that none jumps."""
    found = [model for model in status["models"] if model["state"] in _IN_MEMORY]
    rank = {name: place for place, name in enumerate(status["favourites"])}
    return sorted(found, key=lambda model: (rank.get(model["id"], len(rank)), natural_key(model["id"])))


def _block(model: JsonObject, requests: Sequence[JsonObject], sign: Sign) -> Block:
    speeds = [each["tokens_per_s"] for each in requests if each["model"] == model["id"] and each["tokens_per_s"]]
    loading = model["state"] in _LOADING
    size = max(model["resident_bytes"], model["expected_bytes"] if loading else 0)
    if loading:
        figure = f"loading {format_done(model['progress'] or 0.0)}"
    else:
        figure = f"{sum(speeds):.0f} tokens/s" if speeds else format_memory(size)
    return Block(model["id"], sign.mark, figure, size, (model["progress"] or 0.0) if loading else 1.0, sign.hue)


def _doing(request: JsonObject) -> str:
    if request["waiting"]:
        return "waits for its model"
    return "answer" if request["completion_tokens"] else "prompt"


def _worth(model: JsonObject, favourites: Sequence[str]) -> tuple[object, ...]:
    """Return a key that sorts what matters first."""
    busy = model["state"] in (*_IN_MEMORY, *_LOADING)
    rank = favourites.index(model["id"]) if model["favourite"] and model["id"] in favourites else len(favourites)
    used = model["last_used_at"] is not None
    return not busy, model["error"] is None, rank, not used, not model["standby"], natural_key(model["id"])


def _matters(model: JsonObject) -> bool:
    return bool(model["state"] != "cold" or model["favourite"] or model["standby"] or model["last_used_at"])


def _last_used(model: JsonObject, now: float) -> str:
    if model["active_requests"]:
        return f"now ({model['active_requests']})"
    if model["last_used_at"] is None:
        return ""
    age = now - model["last_used_at"]
    return format_ago(age) if age >= _MINUTE else "< 1 min ago"


def _minutes(seconds: float) -> str:
    return format_duration(seconds) if seconds >= _MINUTE else "< 1 min"
