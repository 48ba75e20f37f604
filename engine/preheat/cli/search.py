"""``preheat search``: what the hub has, and which file of it suits this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, console, print_json, short_name, table
from preheat.errors import InvalidRequestError, NotRunningError
from preheat.units import format_ago, format_bytes, format_memory

if TYPE_CHECKING:
    from rich.console import Console

    from preheat.models.catalogue import Machine
    from preheat.models.hub import Sort

_SORTS: Final[dict[str, Sort]] = {
    "downloads": "downloads",
    "likes": "likes",
    "updated": "last_modified",
    "trending": "trending_score",
}
_MAX_RESULTS: Final = 100

TaskOption = Annotated[
    str,
    typer.Option("--task", "-t", metavar="TASK", help="Only for chat, code, small, vision, embedding or rerank."),
]


def search(
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY", help="Words of a name; or OWNER/NAME for what that one offers.")
    ],
    task: TaskOption = "",
    sort: Annotated[str, typer.Option("--sort", help="By downloads, likes, updated or trending.")] = "downloads",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=_MAX_RESULTS, help="So many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Search the hub for models, whether Preheat runs or not."""
    from preheat.control import encode
    from preheat.models import catalogue
    from preheat.models.hub import Hub

    words = " ".join(query)
    if sort not in _SORTS:
        raise InvalidRequestError(f"--sort: must be one of {', '.join(_SORTS)}", param="--sort")
    wanted = checked_task(task)
    if "/" in words:
        offer = encode(catalogue.repo_offer(Hub(), read_machine(), words))
        print_json(offer) if as_json else _print_offer(console(), offer)
        return
    found = catalogue.search(Hub(), read_machine(), words, limit=limit, sort=_SORTS[sort], task=wanted)
    models = [encode(model) for model in found]
    if as_json:
        print_json(models)
    elif models:
        _print_found(console(), models)
    else:
        typer.echo("Nothing was found.")
        typer.echo("  Try fewer words, or see: preheat catalogue")


def checked_task(task: str) -> str:
    """Return a task that there is, or empty for all.

    Raises:
        InvalidRequestError: There is no such task.
    """
    from preheat.models.catalogue import Task

    if task and task not in set(Task):
        raise InvalidRequestError(f"--task: must be one of {', '.join(Task)}", param="--task")
    return task


def read_machine() -> Machine:
    """Return what suggestions depend on: the running application's memory limit, or that of the settings.

    Raises:
        SettingsError: The settings cannot be read.
    """
    from preheat.cli.favourites import models_on_disk
    from preheat.control.client import find_running
    from preheat.models.catalogue import Machine
    from preheat.settings import load_settings

    settings = load_settings()
    try:
        with find_running() as running:
            limit_bytes = int(running.status()["memory"]["limit_bytes"])
    except NotRunningError:
        import psutil

        limit_bytes = settings.memory_limit.resolve(psutil.virtual_memory().total)
    return Machine(limit_bytes, settings, models_on_disk())


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
    out.print("What one offers: preheat search OWNER/NAME", style="dim")


def _print_offer(out: Console, offer: JsonObject) -> None:
    from rich.markup import escape

    facts = [offer["licence"] or "no licence named"]
    if offer["parameters"]:
        facts.append(f"{offer['parameters'] / 1e9:.1f} billion parameters")
    if offer["trained_context"]:
        facts.append(f"trained for {offer['trained_context']:,} tokens")
    out.print(f"[bold]{escape(offer['repo'])}[/bold]  {escape(', '.join(facts))}")
    if offer["gated"]:
        out.print("Its owner asks for your consent: accept the terms on its page, then sign in with hf auth login.")
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
        out.print(f"None fits the {format_memory(offer['limit_bytes'])} that models may use.")


def fit_words(fits: bool, *, best: bool, best_words: str = "best for you") -> str:
    """Return, in rich's markup, whether something fits this machine."""
    if best:
        return f"[green]{best_words}[/green]"
    return "fits" if fits else "[dim]too large[/dim]"
