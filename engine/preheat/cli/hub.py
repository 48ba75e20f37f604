"""``preheat search`` and ``catalogue``: models to download, and the files that suit this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from preheat.cli.output import AsJson, JsonObject, ask, console, print_json, short_name, table
from preheat.units import format_ago, format_bytes, format_memory

if TYPE_CHECKING:
    from rich.console import Console

    from preheat.control import Sort

Task = Literal["chat", "code", "small", "vision", "embedding", "rerank"]
SortName = Literal["downloads", "likes", "updated", "trending"]

_SORTS: Final[dict[SortName, Sort]] = {
    "downloads": "downloads",
    "likes": "likes",
    "updated": "last_modified",
    "trending": "trending_score",
}
_MAX_RESULTS: Final = 100

TaskOption = Annotated[Task | None, typer.Option("--task", "-t", help="Only for this task.")]


def search(
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY", help="Words of a name, or OWNER/NAME to list its files.")
    ],
    task: TaskOption = None,
    sort: Annotated[SortName, typer.Option("--sort", help="Order of the results.")] = "downloads",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=_MAX_RESULTS, help="Maximum results.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Search the hub for models."""
    from preheat.control import GetRepo, SearchHub

    words = " ".join(query)
    if "/" in words:
        offer = ask(GetRepo(words))
        print_json(offer) if as_json else _print_offer(console(), offer)
        return
    models = ask(SearchHub(words, task, limit, _SORTS[sort]))["models"]
    if as_json:
        print_json(models)
    elif models:
        _print_found(console(), models)
    else:
        typer.echo("Nothing was found.")
        typer.echo("  Try fewer words, or see: preheat catalogue")


def _print_found(out: Console, models: list[JsonObject]) -> None:
    from rich.markup import escape

    rows = table("Repository", "For", "Licence", "Downloads", "Likes", "Changed", "", right=("Downloads", "Likes"))
    now = time.time()
    for model in models:
        rows.add_row(
            escape(short_name(model["repo"], out, others=74)),
            model["task"],
            escape(model["licence"][:20]),
            f"{model['downloads']:,}",
            f"{model['likes']:,}",
            "" if model["updated_at"] is None else format_ago(now - model["updated_at"]),
            "here" if model["here"] else "[yellow]asks for consent[/yellow]" if model["gated"] else "",
        )
    out.print(rows)
    out.print("List the files of a repository: preheat search OWNER/NAME", style="dim")


def _print_offer(out: Console, offer: JsonObject) -> None:
    from rich.markup import escape

    facts = [offer["licence"] or "no licence named"]
    if offer["parameters"]:
        facts.append(f"{offer['parameters'] / 1e9:.1f} billion parameters")
    if offer["trained_context"]:
        facts.append(f"trained for {offer['trained_context']:,} tokens")
    out.print(f"[bold]{escape(offer['repo'])}[/bold]  {escape(', '.join(facts))}")
    if offer["gated"]:
        out.print("Its owner requires consent: accept the terms on its page, then sign in with hf auth login.")
    if not offer["variants"]:
        out.print("It has no GGUF files that Preheat can run.")
        return
    rows = table("Quantization", "Download", "Memory", "", "Fetch with", right=("Download", "Memory"))
    for variant in offer["variants"]:
        rows.add_row(
            escape(variant["quantization"] or "?"),
            format_bytes(variant["total_bytes"]),
            format_memory(variant["memory_bytes"]),
            fit_words(variant["fits"], best=variant["recommended"], best_words="recommended"),
            escape(f"preheat pull {variant['name']}"),
        )
    out.print(rows)
    if offer["why"]:
        out.print(f"{offer['why']}.", markup=False)
    else:
        out.print(f"None fits the memory limit of {format_memory(offer['limit_bytes'])}.")


def fit_words(fits: bool, *, best: bool, best_words: str = "best for you") -> str:
    """Return, in rich's markup, whether something fits this machine."""
    if best:
        return f"[green]{best_words}[/green]"
    return "fits" if fits else "[dim]too large[/dim]"


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
