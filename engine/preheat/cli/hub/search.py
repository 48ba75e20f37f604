"""``preheat search`` and ``catalogue``: models to download, and the files that suit this machine."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from preheat.cli.output import (
    EXIT_FAILURE,
    AsJson,
    JsonObject,
    ask,
    console,
    fit_cell,
    print_json,
    print_table,
    print_text,
    show_error,
)
from preheat.cli.tables import Cell, Column
from preheat.errors import EngineError
from preheat.units import format_ago, format_bytes, format_memory

if TYPE_CHECKING:
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
_NO_CONNECTION: Final = {"hub_offline", "hub_unreachable"}
_FOUND: Final = (
    Column("Repository", name=True),
    Column("For", worth=3),
    Column("Also", worth=2),
    Column("Licence", worth=1),
    Column("Size", worth=6, right=True),
    Column("Downloads", worth=5, right=True),
    Column("Likes", worth=1, right=True),
    Column("Changed", worth=4),
    Column("", worth=7),
)
_VARIANTS: Final = (
    Column("Quantization"),
    Column("Download", worth=3, right=True),
    Column("Memory", worth=2, right=True),
    Column("", worth=4),
    Column("Fetch with", sentence=True),
)
_SUGGESTED: Final = (
    Column("Name"),
    Column("Quantization", worth=1),
    Column("Download", worth=3, right=True),
    Column("Memory", worth=2, right=True),
    Column("", worth=4),
    Column("Good for", sentence=True),
)

TaskOption = Annotated[Task | None, typer.Option("--task", "-t", help="Only for this task.")]


def search(
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY", help="Words of a name, or OWNER/NAME to list its files.")
    ],
    task: TaskOption = None,
    sort: Annotated[SortName, typer.Option("--sort", help="Order of the results.")] = "downloads",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=_MAX_RESULTS, help="Maximum results.")] = 20,
    card: Annotated[bool, typer.Option("--card", help="Show the model card of OWNER/NAME.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search Hugging Face for models."""
    from preheat.control import GetRepo, SearchHub

    words = " ".join(query)
    if card:
        _show_card(words, as_json)
        return
    if "/" in words:
        offer = ask(GetRepo(words))
        print_json(offer) if as_json else _print_offer(offer)
        return
    try:
        models = ask(SearchHub(words, task, limit, _SORTS[sort]))["models"]
    except EngineError as error:
        if as_json or error.code not in _NO_CONNECTION:
            raise
        show_error(error)
        _print_known(words, task)
        raise typer.Exit(EXIT_FAILURE) from error
    if as_json:
        print_json(models)
    elif models:
        _print_found(models)
    else:
        typer.echo("Nothing was found.")
        typer.echo("  Try fewer words, or see: preheat catalogue")


def _print_known(words: str, task: Task | None) -> None:
    """Print the suggestions that match a search, which need no network."""
    from preheat.control import GetCatalogue

    if known := ask(GetCatalogue(task, words))["models"]:
        typer.echo("\nSuggested by Preheat:")
        print_table(_SUGGESTED, [_suggested_row(model) for model in known])


def _show_card(name: str, as_json: bool) -> None:
    from preheat.control import GetCard

    card = ask(GetCard(name))
    if as_json:
        print_json(card)
    elif not card["markdown"]:
        typer.echo("This repository has no model card.")
    elif not sys.stdout.isatty():
        typer.echo(card["markdown"])
    else:
        from rich.markdown import Markdown

        console().print(Markdown(card["markdown"], hyperlinks=False))


def _print_found(models: list[JsonObject]) -> None:
    now = time.time()
    rows: list[list[Cell]] = [
        [
            model["repo"],
            model["task"],
            ", ".join(ability for ability in model["abilities"] if ability != model["task"]),
            model["licence"][:20],
            f"~{format_bytes(model['download_bytes'])}" if model["download_bytes"] else "",
            f"{model['downloads']:,}",
            f"{model['likes']:,}",
            "" if model["updated_at"] is None else format_ago(now - model["updated_at"]),
            _found_badge(model),
        ]
        for model in models
    ]
    print_table(_FOUND, rows)
    print_text("List the files of a repository: preheat search OWNER/NAME", style="dim")


def _found_badge(model: JsonObject) -> Cell:
    if model["here"]:
        return "here", "cyan"
    if model["gated"]:
        return "asks for consent", "yellow"
    return "" if model["fits"] is None else fit_cell(model)


def _print_offer(offer: JsonObject) -> None:
    facts = [offer["licence"] or "no licence named"]
    if offer["parameters"]:
        facts.append(f"{offer['parameters'] / 1e9:.1f} billion parameters")
    if offer["trained_context"]:
        facts.append(f"trained for {offer['trained_context']:,} tokens")
    print_text(f"{offer['repo']}  {', '.join(facts)}", style="bold", indent=2)
    if offer["from_catalogue"]:
        print_text("Hugging Face cannot be reached. These are the sizes that Preheat's catalogue knows.")
    if offer["gated"] and not offer["access"]:
        print_text("Its owner requires consent: accept the terms on its page, then sign in with preheat hub login.")
    if not offer["variants"]:
        print_text("It has no GGUF files that Preheat can run.")
        return
    rows: list[list[Cell]] = [
        [
            variant["quantization"] or "?",
            format_bytes(variant["total_bytes"]),
            format_memory(variant["memory_bytes"]),
            ("recommended", "green") if variant["recommended"] else fit_cell(variant),
            f"preheat pull {variant['name']}",
        ]
        for variant in offer["variants"]
    ]
    print_table(_VARIANTS, rows)
    if offer["why"]:
        print_text(f"{offer['why']}.")
    else:
        print_text(f"None fits the memory limit of {format_memory(offer['limit_bytes'])}.")


def _suggested_cell(model: JsonObject) -> Cell:
    if model["here"]:
        return "here", "cyan"
    return ("best for you", "green") if model["best"] else fit_cell(model)


_HEADINGS: Final = {
    "chat": "Conversation",
    "code": "Code",
    "small": "Small and quick",
    "vision": "Pictures",
    "embedding": "Search by meaning (embeddings)",
    "rerank": "Ordering of search results",
}


def catalogue(task: TaskOption = None, as_json: AsJson = False) -> None:
    """List suggested models, and mark the best for this machine."""
    from preheat.control import GetCatalogue

    answer = ask(GetCatalogue(task))
    found = answer["models"]
    if as_json:
        print_json(found)
        return
    for kind, heading in _HEADINGS.items():
        models = [model for model in found if model["task"] == kind]
        if models:
            print_text(heading, style="bold")
            print_table(_SUGGESTED, [_suggested_row(model) for model in models])
            typer.echo()
    limit = format_memory(answer["limit_bytes"])
    print_text(f"Memory limit: {limit}. Download a model: preheat pull NAME", style="dim")


def _suggested_row(model: JsonObject) -> list[Cell]:
    return [
        model["name"],
        model["quantization"],
        format_bytes(model["download_bytes"]),
        format_memory(model["memory_bytes"]),
        _suggested_cell(model),
        model["sentence"],
    ]
