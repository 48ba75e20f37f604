"""``preheat list``: the models on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, ask, console, print_json, short_name, state_words, table
from preheat.cli.status import print_no_models
from preheat.units import format_bytes, format_count, format_memory

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SOURCE_WORDS: Final = {
    "preheat": "Preheat",
    "folder": "own folder",
    "huggingface": "Hugging Face",
    "lmstudio": "LM Studio",
    "ollama": "Ollama",
    "llamacpp": "llama.cpp",
    "jan": "Jan",
}
"""Names of the places where models are found."""

_WIDE: Final = 150  # characters; the quantization is explained
_NARROW: Final = 120  # the last columns are left out below this
_OTHER_COLUMNS: Final = 92
_COLUMNS: Final = ("Model", "Kind", "Params", "Quantization", "Size", "Memory", "Fits", "Context", "Source", "State")
_NARROW_COLUMNS: Final = 7


def list_(
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Include files that are not offered, with the reason.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the models on disk, including those of other programs."""
    from preheat.control import ListModels

    found = ask(ListModels())
    if as_json:
        print_json([*found["models"], *(found["left_out"] if everything else [])])
        return
    out = console()
    if found["models"]:
        out.print(_models_table(out, found["models"]))
    else:
        print_no_models()
    for problem in found["unreachable"]:
        out.print(f"{problem}: its models are not listed.", style="yellow", markup=False)
    if everything and found["left_out"]:
        out.print()
        out.print(_left_out_table(out, found["left_out"]))


def kind_words(model: JsonObject) -> str:
    """Return a model's abilities."""
    abilities = [ability for ability in model["abilities"] if ability != "completion"]
    return ", ".join(abilities) or "text"


def context_words(tokens: int) -> str:
    """Return a context length: ``8k``."""
    return f"{tokens // 1024}k" if tokens >= 1024 else str(tokens or "")


def _models_table(out: Console, models: list[JsonObject]) -> Table:
    from rich.markup import escape

    shown = len(_COLUMNS) if out.width >= _NARROW else _NARROW_COLUMNS
    rows = table(*_COLUMNS[:shown], right=("Params", "Size", "Memory", "Context"))
    for model in models:
        cells = (
            escape(short_name(model["id"], out, others=_OTHER_COLUMNS if shown == len(_COLUMNS) else 60)),
            kind_words(model),
            format_count(model["parameters"]) if model["parameters"] else "",
            model["quantization_words"] if out.width >= _WIDE else model["quantization"],
            format_bytes(model["file_bytes"]),
            format_memory(model["expected_bytes"]),
            "yes" if model["fits"] else "[red]no[/red]",
            context_words(model["trained_context"]),
            SOURCE_WORDS[model["source"]],
            state_words(model),
        )
        rows.add_row(*cells[:shown])
    return rows


def _left_out_table(out: Console, files: list[JsonObject]) -> Table:
    from rich.markup import escape

    rows = table("Not offered", "Why", "Size", "Source", right=("Size",))
    rows.columns[1].no_wrap = False
    for file in files:
        name = escape(short_name(file["id"], out, others=_OTHER_COLUMNS))
        rows.add_row(name, escape(file["reason"]), format_bytes(file["file_bytes"]), SOURCE_WORDS[file["source"]])
    return rows
