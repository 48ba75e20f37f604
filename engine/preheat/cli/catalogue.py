"""``preheat catalogue``: suggested models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from preheat.cli.output import AsJson, JsonObject, ask, console, print_json, short_name, table
from preheat.cli.search import TaskOption, fit_words
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


def catalogue(task: TaskOption = None, as_json: AsJson = False) -> None:
    """List suggested models; the best ones for this machine are marked."""
    from preheat.control import GetCatalogue

    answer = ask(GetCatalogue(task))
    found = answer["models"]
    if as_json:
        print_json(found)
        return
    out = console()
    for kind, heading in _HEADINGS.items():
        models = [model for model in found if model["task"] == kind]
        if models:
            out.print(f"[bold]{heading}[/bold]")
            _print_models(out, models)
    out.print(f"Memory limit: {format_memory(answer['limit_bytes'])}. Download a model: preheat pull NAME", style="dim")


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
