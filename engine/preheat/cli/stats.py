"""``preheat stats``: what preloading brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, ask, console, history_days, print_json, short_name, table
from preheat.units import format_duration, format_memory, format_percent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_EVERYTHING: Final = "all"
_FOUND: Final = (("hit", "hot"), ("late_hit", "late"), ("miss", "cold"))
_ALL_MODELS: Final = "All models"


def stats(
    since: Annotated[
        str, typer.Option("--since", metavar="SPAN", help="Period, such as 12h or 7d; all for everything.")
    ] = "7d",
    as_json: AsJson = False,
) -> None:
    """Show requests, hits, waits, loads and time saved, whether Preheat runs or not."""
    from preheat.control import GetStats

    figures = ask(GetStats(since_text(since)), history_days=history_days())
    if as_json:
        print_json(figures)
        return
    out = console()
    for line in _summary(figures, since):
        out.print(line, markup=False)
    out.print()
    if not figures["models"]:
        typer.echo("Figures appear after the first request.")
        return
    for drawn in (_periods_table(figures), _requests_table(out, figures), _loads_table(out, figures)):
        out.print(drawn)
        out.print()
    out.print(_latency_table(out, figures))
    if figures["recomputed"]:
        out.print()
        out.print(_recomputed_table(figures))


def since_text(since: str) -> str | None:
    """Return a checked span; None for ``all``.

    Raises:
        InvalidRequestError: It is not a span.
    """
    from preheat.control import parse_span

    if since.strip().lower() == _EVERYTHING:
        return None
    parse_span(since, param="--since")
    return since


def _summary(figures: JsonObject, since: str) -> list[str]:
    span, memory = figures["total"]["span"], figures["memory"]
    lines = []
    if memory is not None:
        used, limit, peak = (format_memory(memory[f"{name}_bytes"]) for name in ("used", "limit", "peak"))
        lines.append(f"Memory    {used} of {limit} used by models, {peak} at most")
    over = "in all" if since == _EVERYTHING else f"in {since}"
    lines.append(f"Saved     {format_duration(span['time_saved_s'])} of waiting {over}")
    lines.append(f"Preloads  {span['preloads']}, {span['wasted']} of them wasted")
    if span["reused_tokens"]:
        lines.append(f"Prompts   {_reused(span)}")
    if span["draft_tokens"]:
        lines.append(f"Drafts    {span['draft_tokens']} tokens, {span['accepted_tokens']} of them right")
    if figures["warning"]:
        lines.append(f"{figures['warning']}.")
    return lines


def _reused(span: JsonObject) -> str:
    """Return how many prompt tokens were reused from where, and what that saved."""
    tiers = (("slot_tokens", "loaded models"), ("memory_tokens", "memory"), ("disk_tokens", "disk"))
    parts = [f"{span[key]:,} from {place}" for key, place in tiers if span[key]]
    saved = f", {format_duration(span['prefill_saved_s'])} saved" if span["prefill_saved_s"] else ""
    return f"{span['reused_tokens']:,} tokens not computed again ({', '.join(parts)}){saved}"


def _recomputed_table(figures: JsonObject) -> Table:
    """Return why prompts were computed again."""
    from rich.markup import escape

    numbers = ("Requests", "Tokens")
    rows = table(*numbers, "Prompts computed again, such as", right=numbers)
    for kind in figures["recomputed"]:
        rows.add_row(f"{kind['requests']:,}", f"{kind['tokens']:,}", escape(kind["why"]))
    return rows


def _periods_table(figures: JsonObject) -> Table:
    """Return what all models together came to over the usual spans."""
    numbers = ("Requests", "Hits", "Late", "Misses", "Hit rate", "Saved", "Preloads", "Wasted")
    rows = table("Over", *numbers, right=numbers)
    for words, counts in (
        ("1 hour", figures["total"]["last_hour"]),
        ("24 hours", figures["total"]["last_day"]),
        ("7 days", figures["total"]["last_week"]),
        ("Steady state", figures["steady"]),
    ):
        if counts is not None:
            rows.add_row(words, *_found(counts), str(counts["preloads"]), str(counts["wasted"]))
    return rows


def _requests_table(out: Console, figures: JsonObject) -> Table:
    numbers = ("Requests", "Hits", "Late", "Misses", "Hit rate", "Saved")
    rows = table("Model", *numbers, right=numbers)
    for name, model in _rows(figures, out, others=56):
        rows.add_row(name, *_found(model["span"]))
    return rows


def _found(counts: JsonObject) -> list[str]:
    """Return the cells from Requests to Saved."""
    return [
        *(str(counts[key]) for key in ("requests", "hits", "late_hits", "misses")),
        _share(counts),
        format_duration(counts["time_saved_s"]) if counts["time_saved_s"] else "",
    ]


def _loads_table(out: Console, figures: JsonObject) -> Table:
    numbers = ("Loads", "Preloads", "Wasted", "Evicted", "Failed", "Load time", "p95")
    rows = table("Model", *numbers, right=numbers)
    for name, model in _rows(figures, out, others=66):
        span, load = model["span"], model["load"]
        counts = (str(span[key]) for key in ("loads", "preloads", "wasted", "evictions", "failures"))
        rows.add_row(name, *counts, _duration(load["median_s"]), _duration(load["p95_s"]))
    return rows


def _latency_table(out: Console, figures: JsonObject) -> Table:
    numbers = ("Requests", "Wait", "Wait p95", "TTFT", "TTFT p95")
    rows = table("Model", "Found", *numbers, right=numbers)
    for name, model in _rows(figures, out, others=56):
        for key, found in _FOUND:
            wait, ttft = model["latency"][key]["wait"], model["latency"][key]["ttft"]
            if wait["samples"]:
                times = (wait["median_s"], wait["p95_s"], ttft["median_s"], ttft["p95_s"])
                rows.add_row(name, found, str(wait["samples"]), *map(_duration, times))
                name = ""
    return rows


def _rows(figures: JsonObject, out: Console, others: int) -> list[tuple[str, JsonObject]]:
    """Return the models with the most requests first, then all together."""
    from rich.markup import escape

    models = sorted(figures["models"].items(), key=lambda item: (-item[1]["span"]["requests"], item[0]))
    used = [(escape(short_name(name, out, others)), model) for name, model in models if _tells(model["span"])]
    return [*used, (_ALL_MODELS, figures["total"])]


def _tells(counts: JsonObject) -> bool:
    return any(counts[key] for key in ("requests", "loads", "failures"))


def _share(counts: JsonObject) -> str:
    rate = counts["preload_hit_rate"]
    return "" if rate is None else format_percent(rate)


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else format_duration(seconds)
