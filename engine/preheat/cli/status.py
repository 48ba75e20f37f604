"""``preheat status`` and ``ps``: the models in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import typer

from preheat.cli.output import (
    AsJson,
    JsonObject,
    ask_running,
    print_json,
    print_table,
    print_text,
    state_cell,
)
from preheat.cli.tables import Cell, Column
from preheat.units import format_ago, format_bytes, format_duration, format_memory, format_percent, natural_key

_NOT_IN_MEMORY: Final = ("cold", "failed")
_INDENT: Final = 10
_COLUMNS: Final = (
    Column("Model", name=True),
    Column("State"),
    Column("Memory", worth=4, right=True),
    Column("Form", worth=1),
    Column("Loaded in", worth=2, right=True),
    Column("Last used", worth=3),
)


def status(as_json: AsJson = False) -> None:
    """Show the running application: memory, hit rate, models."""
    from preheat.control import GetStatus, encode, find_running

    with find_running() as running:
        now = encode(running.call(GetStatus()))
    if as_json:
        print_json(now)
        return
    uptime = format_duration(now["uptime_s"])
    print_text(
        f"Preheat {now['version']} on {running.url}, up {uptime}, pid {running.pid}", style="bold", indent=_INDENT
    )
    figures = (
        ("Memory", memory_line(now["memory"])),
        *((device["device"], device_memory_line(device)) for device in now["memory"]["devices"]),
        ("Hit rate", hit_rate_line(now["preload"])),
        ("Prompts", prompts_line(now)),
        ("Preload", preloading_line(now["preload"])),
    )
    indent = max(_INDENT, *(len(name) + 2 for name, _ in figures))
    for name, words in figures:
        if words:
            print_text(f"{name:<{indent}}{words}", indent=indent)
    if now["warning"]:
        print_text(f"{now['warning']}.", style="yellow")
    _print_models(now["models"])


def ps(as_json: AsJson = False) -> None:
    """Show the models that are in memory or loading."""
    from preheat.control import GetStatus

    models = [model for model in ask_running(GetStatus())["models"] if model["state"] not in _NOT_IN_MEMORY]
    if as_json:
        print_json(models)
    elif models:
        print_table(_COLUMNS, _rows(models))
    else:
        typer.echo("No model is loaded.")


def _print_models(models: Sequence[JsonObject]) -> None:
    if not models:
        print_no_models()
        return
    typer.echo()
    print_table(_COLUMNS, _rows(models))
    for model in models:
        if model["file_missing"]:
            print_text(f"{model['id']}: its file was removed; it stays usable until it is unloaded.")
        if model["error"]:
            print_text(f"{model['id']} failed to load: {model['error']}.", style="red")


def print_no_models() -> None:
    """Print how to get models."""
    from preheat.settings import load_settings

    typer.echo("There are no models yet.")
    typer.echo("  Get one: preheat pull qwen3:4b (preheat catalogue suggests others)")
    typer.echo(f"  Or put GGUF files into {load_settings().own_models_dir}")


def memory_line(memory: JsonObject) -> str:
    """Return how much memory is used, allowed and free."""
    used, limit = format_memory(memory["used_bytes"]), format_memory(memory["limit_bytes"])
    free = format_memory(memory["available_bytes"])
    short = f"; {memory['pressure']}" if memory["pressure"] else ""
    return f"{used} of {limit} used by models; {free} free on this machine{short}"


def device_memory_line(device: JsonObject) -> str:
    """Return how much of a device's memory is taken, and allowed."""
    taken, limit = format_memory(device["taken_bytes"]), format_memory(device["limit_bytes"])
    return f"{taken} of {limit} taken by models"


def hit_rate_line(preload: JsonObject) -> str:
    """Return how many requests found their model hot."""
    if preload["preload_hit_rate"] is None:
        return "appears after the first request"
    requests = preload["hits"] + preload["late_hits"] + preload["misses"]
    share = format_percent(preload["preload_hit_rate"])
    return f"{share} ({preload['hits']} of {requests}); {format_duration(preload['time_saved_s'])} of waiting saved"


def prompts_line(now: JsonObject) -> str:
    """Return how much of prompts was reused, and how much is kept; empty for nothing."""
    rate, kept = now["prefix_cache_hit_rate"], now["prefixes"]
    parts = [] if rate is None else [f"{format_percent(min(rate, 1.0))} of their tokens reused"]
    if kept["problem"]:
        parts.append(kept["problem"])
    for size, place in (("memory_bytes", "in memory"), ("disk_bytes", "on disk")):
        if kept[size]:
            parts.append(f"{format_bytes(kept[size])} kept {place}")
    return "; ".join(parts)


def preloading_line(preload: JsonObject) -> str:
    """Return why preloading waits; empty if it does not."""
    if preload["paused"]:
        until = preload["paused_until"]
        left = "until `preheat resume`" if until is None else f"for {format_duration(until - time.time())} more"
        return f"paused {left}"
    return preload["hold"] or ""


def _rows(models: Sequence[JsonObject]) -> list[list[Cell]]:
    now = time.time()
    return [
        [
            model["id"],
            state_cell(model),
            format_memory(model["resident_bytes"]) if model["resident_bytes"] else "",
            model["form"] or "",
            format_duration(model["load_s"]) if model["load_s"] is not None else "",
            last_used(model, now),
        ]
        for model in sorted(models, key=lambda model: natural_key(model["id"]))
    ]


def last_used(model: JsonObject, now: float) -> str:
    """Return when a model was last used: ``now (2)`` for two requests in progress; empty for never."""
    if model["active_requests"]:
        return f"now ({model['active_requests']})"
    return "" if model["last_used_at"] is None else format_ago(now - model["last_used_at"])
