"""``preheat list``, ``show``, ``load``, ``unload`` and ``rm``: the models on disk."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import (
    AsJson,
    JsonObject,
    ModelName,
    ask,
    ask_running,
    console,
    print_json,
    prompt_words,
    short_name,
    state_words,
    table,
)
from preheat.cli.status import print_no_models
from preheat.errors import EngineError, InvalidRequestError
from preheat.messages import msg
from preheat.units import format_bytes, format_count, format_duration, format_memory

if TYPE_CHECKING:
    from concurrent.futures import Future

    from rich.console import Console
    from rich.progress import Progress, TaskID
    from rich.table import Table

    from preheat.control import HttpClient, LoadModel, ModelSnapshot

SOURCE_WORDS: Final = {
    "preheat": "Preheat",
    "folder": "own folder",
    "huggingface": "Hugging Face",
    "lmstudio": "LM Studio",
    "ollama": "Ollama",
    "llamacpp": "llama.cpp",
    "jan": "Jan",
    "bundled": "included",
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
    for model in found["models"]:
        if model["warning"]:
            out.print(f"{model['id']}: {model['warning']}.", style="yellow", markup=False)
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
    in_place = "" if known["source"] in ("preheat", "bundled") else ", read in place"
    yield "Source", SOURCE_WORDS[known["source"]] + in_place
    for number, path in enumerate(known["files"]):
        yield "Files" if number == 0 else "", path
    yield "Image encoder", known["mmproj"] or ""
    yield "State", state_words(known) + ("; its file was removed" if known["file_missing"] else "")
    yield "Warning", known["warning"] or ""
    yield "Why", known["why"] or ""
    for number, prompt in enumerate(known["prompts"]):
        yield "Prompts" if number == 0 else "", prompt_words(prompt)


def _quantization(known: JsonObject) -> str:
    if not known["quantization"]:
        return ""
    return f"{known['quantization']}: {known['quantization_words']} ({known['bits_per_weight']:g} bits per weight)"


_WATCH_INTERVAL_S: Final = 0.1


def load(model: ModelName, as_json: AsJson = False) -> None:
    """Load a model, and evict others if it needs their memory."""
    from preheat.control import LoadModel, encode, find_running

    command = LoadModel(model)
    with find_running() as running:
        loaded = _watched(running, command) if sys.stderr.isatty() else running.call(command)
    now = encode(loaded)
    if as_json:
        print_json(now)
    else:
        took = f", loaded in {format_duration(now['load_s'])}" if now["load_s"] is not None else ""
        typer.echo(f"{now['id']}: {state_words(now)}{took}, {format_memory(now['resident_bytes'])} of memory.")


def unload(model: ModelName, as_json: AsJson = False) -> None:
    """Unload a model after its requests in progress, or stop its load."""
    from preheat.control import UnloadModel

    now = ask_running(UnloadModel(model))
    if as_json:
        print_json(now)
    else:
        typer.echo(f"{now['id']}: {state_words(now)}.")


def _watched(running: HttpClient, command: LoadModel) -> ModelSnapshot:
    """Load a model and show the progress."""
    from concurrent.futures import Future

    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    model = command.model
    answer: Future[ModelSnapshot] = Future()
    # A daemon: Ctrl-C ends the waiting, not the load.
    threading.Thread(target=_settle, args=(answer, lambda: running.call(command)), daemon=True).start()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"Loading {model}", total=1.0)
        while not answer.done():
            _show_progress(running, model, progress, task)
            try:
                answer.exception(_WATCH_INTERVAL_S)
            except TimeoutError:
                continue
    return answer.result()


def _settle(answer: Future[ModelSnapshot], command: Callable[[], ModelSnapshot]) -> None:
    try:
        answer.set_result(command())
    except EngineError as error:
        answer.set_exception(error)


def _show_progress(running: HttpClient, model: str, progress: Progress, task: TaskID) -> None:
    wanted = model.strip().lower()
    from preheat.control import GetStatus

    loading = [each for each in running.call(GetStatus()).snapshot.models if each.progress is not None]
    found = next((each for each in loading if each.model_id.startswith(wanted)), None)
    if found is not None:
        progress.update(task, description=f"Loading {found.model_id}", completed=found.progress or 0.0)


def rm(
    model: ModelName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a model that Preheat downloaded or imported."""
    from preheat.control import GetModel, RemoveModel, open_client

    with open_client() as client:
        found = client.call(GetModel(model))
        _confirm(found.model_id, found.file_bytes, yes)
        done = client.call(RemoveModel(found.model_id))
    if as_json:
        print_json({"id": done.model_id, "freed_bytes": done.freed_bytes})
    else:
        typer.echo(f"{done.model_id} was deleted; {format_bytes(done.freed_bytes)} are free again.")


def _confirm(model_id: str, file_bytes: int, yes: bool) -> None:
    """Ask for confirmation.

    Raises:
        InvalidRequestError: Input is not a terminal.
        typer.Abort: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequestError(msg("cli_not_confirmed", model=model_id))
    typer.confirm(f"Delete {model_id} ({format_bytes(file_bytes)})?", abort=True)
