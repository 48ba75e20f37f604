"""``preheat catalogue``: models that are worth having, and which of them suit this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from preheat.cli.output import AsJson, JsonObject, console, print_json, short_name, table
from preheat.cli.search import TaskOption, checked_task, fit_words, read_machine
from preheat.units import format_bytes, format_memory

if TYPE_CHECKING:
    from rich.console import Console

_HEADINGS: Final = {
    "chat": "Conversation",
    "code": "Code",
    "small": "Small and quick",
    "vision": "Pictures",
    "embedding": "Search by meaning (embeddings)",
    "rerank": "Ordering of search results",
}


def catalogue(task: TaskOption = "", as_json: AsJson = False) -> None:
    """List models that are worth having; the best ones for this machine's memory are marked."""
    from preheat.control import encode
    from preheat.models.catalogue import Task, suggestions

    wanted = checked_task(task)
    machine = read_machine()
    found = [encode(model) for model in suggestions(machine, Task(wanted) if wanted else None)]
    if as_json:
        print_json(found)
        return
    out = console()
    for kind, heading in _HEADINGS.items():
        models = [model for model in found if model["task"] == kind]
        if models:
            out.print(f"[bold]{heading}[/bold]")
            _print_models(out, models)
    out.print(f"Models may use {format_memory(machine.limit_bytes)}. Fetch one: preheat pull NAME", style="dim")


def _print_models(out: Console, models: list[JsonObject]) -> None:
    rows = table("Name", "Quantization", "Download", "Memory", "", "Good for", right=("Download", "Memory"))
    rows.columns[-1].no_wrap = False
    for model in models:
        mark = "[cyan]here[/cyan]" if model["here"] else fit_words(model["fits"], best=model["best"])
        rows.add_row(
            short_name(model["name"], out, others=90),
            model["quantization"],
            format_bytes(model["download_bytes"]),
            format_memory(model["memory_bytes"]),
            mark,
            model["sentence"],
        )
    out.print(rows)
