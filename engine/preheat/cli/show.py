"""``preheat show``: everything known about one model."""

from __future__ import annotations

from collections.abc import Iterator

from preheat.cli.list import SOURCE_WORDS, kind_words
from preheat.cli.output import AsJson, JsonObject, ModelName, ask, console, print_json, state_words
from preheat.units import format_bytes, format_count, format_memory


def show(model: ModelName, as_json: AsJson = False) -> None:
    """Show everything known about a model."""
    from preheat.control import GetModel

    known = ask(GetModel(model))
    if as_json:
        print_json(known)
        return
    out = console()
    out.print(known["id"], style="bold", markup=False)
    for name, value in _lines(known):
        if value:
            out.print(f"  {name:<14}{value}", markup=False, soft_wrap=True)


def _lines(known: JsonObject) -> Iterator[tuple[str, str]]:
    yield "Name", known["name"]
    yield "Also called", ", ".join(known["aliases"])
    yield "Kind", kind_words(known) + (" (no chat template)" if known["abilities"] == ["completion"] else "")
    yield "Architecture", known["architecture"]
    yield "Parameters", format_count(known["parameters"]) if known["parameters"] else ""
    yield "Quantization", _quantization(known)
    yield "Trained for", f"{known['trained_context']:,} tokens of context" if known["trained_context"] else ""
    yield "Licence", known["licence"] or "not stated in the file"
    fits = "fits the memory limit" if known["fits"] else "more than the memory limit"
    yield "Memory", f"{format_memory(known['expected_bytes'])}, {fits}"
    yield "Size", format_bytes(known["file_bytes"])
    yield "Source", SOURCE_WORDS[known["source"]] + ("" if known["source"] == "preheat" else ", read in place")
    for number, path in enumerate(known["files"]):
        yield "Files" if number == 0 else "", path
    yield "Image encoder", known["mmproj"] or ""
    yield "State", state_words(known) + ("; its file was removed" if known["file_missing"] else "")
    yield "Why", known["why"] or ""


def _quantization(known: JsonObject) -> str:
    if not known["quantization"]:
        return ""
    return f"{known['quantization']}: {known['quantization_words']} ({known['bits_per_weight']:g} bits per weight)"
