"""``preheat stats``: what preloading brought."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, ask, history_days, print_json, print_table, print_text
from preheat.cli.tables import Column
from preheat.units import format_duration, format_memory, format_percent, natural_key

_EVERYTHING: Final = "all"
_FOUND: Final = (("hit", "hot"), ("late_hit", "late"), ("miss", "cold"))
_ALL_MODELS: Final = "All models"
_INDENT: Final = 10

_COUNTS: Final = (
    Column("Requests", worth=5, right=True),
    Column("Hits", worth=4, right=True),
    Column("Late", worth=2, right=True),
    Column("Misses", worth=3, right=True),
    Column("Hit rate", right=True),
    Column("Saved", worth=6, right=True),
)
_PERIODS: Final = (
    Column("Over"),
    *_COUNTS,
    Column("Preloads", worth=1, right=True),
    Column("Wasted", worth=1, right=True),
)
_REQUESTS: Final = (Column("Model", name=True), *_COUNTS)
_LOADS: Final = (
    Column("Model", name=True),
    Column("Loads", worth=6, right=True),
    Column("Preloads", worth=2, right=True),
    Column("Wasted", worth=3, right=True),
    Column("Evicted", worth=1, right=True),
    Column("Failed", worth=4, right=True),
    Column("Load time", right=True),
    Column("p95", worth=5, right=True),
)
_LATENCIES: Final = (
    Column("Model", name=True),
    Column("Found", worth=9),
    Column("Requests", worth=1, right=True),
    Column("Wait", worth=4, right=True),
    Column("Wait p95", worth=2, right=True),
    Column("TTFT", worth=8, right=True),
    Column("TTFT p95", worth=3, right=True),
)
_RECOMPUTED: Final = (
    Column("Requests", right=True),
    Column("Tokens", worth=1, right=True),
    Column("Prompts computed again, such as", sentence=True),
)


def stats(
    since: Annotated[
        str, typer.Option("--since", metavar="SPAN", help="Period, such as 12h or 7d; all for everything.")
    ] = "7d",
    as_json: AsJson = False,
) -> None:
    """Show requests, hits, waits, loads and the time saved."""
    from preheat.control import GetStats

    figures = ask(GetStats(since_text(since)), history_days=history_days())
    if as_json:
        print_json(figures)
        return
    for line in _summary(figures, since):
        print_text(line, indent=_INDENT)
    typer.echo()
    if not figures["models"]:
        typer.echo("Figures appear after the first request.")
        return
    used = _used_models(figures)
    print_table(_PERIODS, _period_rows(figures))
    typer.echo()
    print_table(_REQUESTS, [(name, *_found(model["span"])) for name, model in used])
    typer.echo()
    print_table(_LOADS, [_load_row(name, model) for name, model in used])
    typer.echo()
    print_table(_LATENCIES, _latency_rows(used))
    if figures["recomputed"]:
        typer.echo()
        kinds = [(f"{kind['requests']:,}", f"{kind['tokens']:,}", kind["why"]) for kind in figures["recomputed"]]
        print_table(_RECOMPUTED, kinds)


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


def _period_rows(figures: JsonObject) -> list[list[str]]:
    """Return what all models together came to over the usual spans."""
    total = figures["total"]
    return [
        [words, *_found(counts), str(counts["preloads"]), str(counts["wasted"])]
        for words, counts in (
            ("1 hour", total["last_hour"]),
            ("24 hours", total["last_day"]),
            ("7 days", total["last_week"]),
            ("Steady state", figures["steady"]),
        )
        if counts is not None
    ]


def _found(counts: JsonObject) -> list[str]:
    """Return the cells from Requests to Saved."""
    return [
        *(str(counts[key]) for key in ("requests", "hits", "late_hits", "misses")),
        _share(counts),
        format_duration(counts["time_saved_s"]) if counts["time_saved_s"] else "",
    ]


def _load_row(name: str, model: JsonObject) -> list[str]:
    span, load = model["span"], model["load"]
    counts = (str(span[key]) for key in ("loads", "preloads", "wasted", "evictions", "failures"))
    return [name, *counts, _duration(load["median_s"]), _duration(load["p95_s"])]


def _latency_rows(used: list[tuple[str, JsonObject]]) -> list[list[str]]:
    rows = []
    for name, model in used:
        for key, found in _FOUND:
            wait, ttft = model["latency"][key]["wait"], model["latency"][key]["ttft"]
            if wait["samples"]:
                times = (wait["median_s"], wait["p95_s"], ttft["median_s"], ttft["p95_s"])
                rows.append([name, found, str(wait["samples"]), *map(_duration, times)])
                name = ""
    return rows


def _used_models(figures: JsonObject) -> list[tuple[str, JsonObject]]:
    """Return the models with the most requests first, then all together."""
    models = sorted(figures["models"].items(), key=lambda item: (-item[1]["span"]["requests"], natural_key(item[0])))
    return [*((name, model) for name, model in models if _tells(model["span"])), (_ALL_MODELS, figures["total"])]


def _tells(counts: JsonObject) -> bool:
    return any(counts[key] for key in ("requests", "loads", "failures"))


def _share(counts: JsonObject) -> str:
    rate = counts["preload_hit_rate"]
    return "" if rate is None else format_percent(rate)


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else format_duration(seconds)
