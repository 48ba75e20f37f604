"""``preheat status`` and ``ps``: the models in memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from preheat.cli.output import (
    AsJson,
    JsonObject,
    ask_running,
    console,
    print_json,
    short_name,
    state_style,
    state_words,
    table,
)
from preheat.units import format_ago, format_bytes, format_duration, format_memory, format_percent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_NOT_IN_MEMORY = ("cold", "failed")


def status(as_json: AsJson = False) -> None:
    """Show the running application: memory, hit rate, models."""
    from preheat.control import GetStatus, encode, find_running

    with find_running() as running:
        now = encode(running.call(GetStatus()))
    if as_json:
        print_json(now)
        return
    out = console()
    uptime = format_duration(now["uptime_s"])
    out.print(f"[bold]Preheat {now['version']}[/bold] on {running.url}, up {uptime}, pid {running.pid}")
    out.print(f"Memory    {_memory_line(now['memory'])}")
    out.print(f"Hit rate  {_hit_rate_line(now['preload'])}")
    prompts = _prompts_line(now)
    if prompts:
        out.print(f"Prompts   {prompts}", markup=False)
    preloading = preloading_line(now["preload"])
    if preloading:
        out.print(f"Preload   {preloading}", markup=False)
    if now["warning"]:
        out.print(f"{now['warning']}.", style="yellow", markup=False)
    _print_models(out, now["models"])


def ps(as_json: AsJson = False) -> None:
    """Show the models that are in memory or loading."""
    from preheat.control import GetStatus

    models = [model for model in ask_running(GetStatus())["models"] if model["state"] not in _NOT_IN_MEMORY]
    if as_json:
        print_json(models)
    elif models:
        out = console()
        out.print(_in_memory_table(out, models))
    else:
        typer.echo("No model is loaded.")


def _print_models(out: Console, models: list[JsonObject]) -> None:
    if not models:
        print_no_models()
        return
    out.print()
    out.print(_in_memory_table(out, models))
    for model in models:
        if model["file_missing"]:
            out.print(f"{model['id']}: its file was removed; it stays usable until it is unloaded.", markup=False)
        if model["error"]:
            out.print(f"{model['id']} failed to load: {model['error']}.", style="red", markup=False)


def print_no_models() -> None:
    """Print how to get models."""
    from preheat.settings import load_settings

    typer.echo("There are no models yet.")
    typer.echo("  Get one: preheat pull qwen3:4b (preheat catalogue suggests others)")
    typer.echo(f"  Or put GGUF files into {load_settings().own_models_dir}")


def _memory_line(memory: JsonObject) -> str:
    used, limit = format_memory(memory["used_bytes"]), format_memory(memory["limit_bytes"])
    free = format_memory(memory["available_bytes"])
    short = f"; {memory['pressure']}" if memory["pressure"] else ""
    return f"{used} of {limit} used by models; {free} free on this machine{short}"


def _hit_rate_line(preload: JsonObject) -> str:
    if preload["preload_hit_rate"] is None:
        return "appears after the first request"
    requests = preload["hits"] + preload["late_hits"] + preload["misses"]
    share = format_percent(preload["preload_hit_rate"])
    return f"{share} ({preload['hits']} of {requests}); {format_duration(preload['time_saved_s'])} of waiting saved"


def _prompts_line(now: JsonObject) -> str:
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


def _in_memory_table(out: Console, models: list[JsonObject]) -> Table:
    from rich.markup import escape

    rows = table("Model", "State", "Memory", "Form", "Loaded in", "Last used", right=("Memory", "Loaded in"))
    now = time.time()
    for model in models:
        rows.add_row(
            escape(short_name(model["id"], out, others=66)),
            _state(model),
            format_memory(model["resident_bytes"]) if model["resident_bytes"] else "",
            model["form"] or "",
            format_duration(model["load_s"]) if model["load_s"] is not None else "",
            _last_used(model, now),
        )
    return rows


def _state(model: JsonObject) -> str:
    style = state_style(model)
    return f"[{style}]{state_words(model)}[/{style}]" if style else state_words(model)


def _last_used(model: JsonObject, now: float) -> str:
    if model["active_requests"]:
        return f"now ({model['active_requests']})"
    return "" if model["last_used_at"] is None else format_ago(now - model["last_used_at"])
