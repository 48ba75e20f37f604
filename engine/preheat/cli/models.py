"""``preheat list``, ``show``, ``load``, ``unload`` and ``rm``: the models on disk."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import (
    AsJson,
    JsonObject,
    ModelName,
    ask,
    ask_running,
    console,
    fit_cell,
    print_json,
    print_table,
    print_text,
    prompt_words,
    state_cell,
    state_words,
    terminal_width,
)
from preheat.cli.status import print_no_models
from preheat.cli.tables import Cell, Column
from preheat.errors import EngineError, InvalidRequestError
from preheat.messages import msg
from preheat.units import format_bytes, format_count, format_done, format_duration, format_memory, natural_key

if TYPE_CHECKING:
    from concurrent.futures import Future

    from rich.progress import Progress, TaskID

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
_COLUMNS: Final = (
    Column("Model", name=True),
    Column("Kind", worth=4),
    Column("Params", worth=3, right=True),
    Column("Quantization", worth=2),
    Column("Size", worth=5, right=True),
    Column("Memory", worth=8, right=True),
    Column("Fit", worth=7),
    Column("Context", worth=1, right=True),
    Column("Source", worth=1),
    Column("State", worth=9),
)
_LEFT_OUT: Final = (
    Column("Not offered", name=True),
    Column("Why", sentence=True),
    Column("Size", worth=2, right=True),
    Column("Source", worth=1),
)
_INDENT: Final = 16


def list_(
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Include files that are not offered, with the reason.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the models on disk, also those of other programs."""
    from preheat.control import ListModels

    found = ask(ListModels())
    if as_json:
        print_json([*found["models"], *(found["left_out"] if everything else [])])
        return
    if found["models"]:
        print_table(_COLUMNS, _rows(found["models"]))
    else:
        print_no_models()
    for model in found["models"]:
        if model["warning"]:
            print_text(f"{model['id']}: {model['warning']}.", style="yellow")
    _print_broken(found["broken_files"])
    for problem in found["unreachable"]:
        print_text(f"{problem}: its models are not listed.", style="yellow")
    if everything and found["left_out"]:
        typer.echo()
        rows = [(*(file[key] for key in ("id", "reason")), *_size_and_source(file)) for file in found["left_out"]]
        print_table(_LEFT_OUT, rows)


def _print_broken(files: Sequence[JsonObject]) -> None:
    if not files:
        return
    print_text("1 file can't be used:" if len(files) == 1 else f"{len(files)} files can't be used:", style="yellow")
    for file in files:
        message = file["reason_message"]
        words = [file["reason"], message["hint"] if message else ""]
        if file["pull_name"]:
            words.append(f"preheat pull {file['pull_name']}")
        print_text(f"  {'. '.join(filter(None, words))}.", indent=4)


def kind_words(model: JsonObject) -> str:
    """Return a model's abilities."""
    abilities = [ability for ability in model["abilities"] if ability != "completion"]
    return ", ".join(abilities) or "text"


def context_words(tokens: int) -> str:
    """Return a context length: ``8k``."""
    return f"{tokens // 1024}k" if tokens >= 1024 else str(tokens or "")


def _rows(models: Sequence[JsonObject]) -> list[list[Cell]]:
    width = terminal_width(console())
    words = "quantization_words" if width is None or width >= _WIDE else "quantization"
    return [
        [
            model["id"],
            kind_words(model),
            format_count(model["parameters"]) if model["parameters"] else "",
            model[words],
            format_bytes(model["file_bytes"]),
            format_memory(model["expected_bytes"]),
            fit_cell(model),
            context_words(model["context_length"] or model["trained_context"]),
            SOURCE_WORDS[model["source"]],
            state_cell(model),
        ]
        for model in sorted(models, key=lambda model: natural_key(model["id"]))
    ]


def _size_and_source(file: JsonObject) -> tuple[str, str]:
    return format_bytes(file["file_bytes"]), SOURCE_WORDS[file["source"]]


def show(model: ModelName, as_json: AsJson = False) -> None:
    """Show everything known about a model."""
    from preheat.control import GetModel

    known = ask(GetModel(model))
    if as_json:
        print_json(known)
        return
    print_text(known["id"], style="bold")
    for name, value in _lines(known):
        if value:
            print_text(f"  {name:<{_INDENT - 2}}{value}", indent=_INDENT)


def _lines(known: JsonObject) -> Iterator[tuple[str, str]]:
    yield "Name", known["name"]
    yield "Also called", ", ".join(known["aliases"])
    yield "Kind", kind_words(known) + (" (no chat template)" if known["abilities"] == ["completion"] else "")
    yield "Architecture", known["architecture"]
    yield "Parameters", format_count(known["parameters"]) if known["parameters"] else ""
    yield "Quantization", _quantization(known)
    yield "Trained for", f"{known['trained_context']:,} tokens of context" if known["trained_context"] else ""
    yield "Context", _context(known)
    yield "Layers", known["placement"] or ""
    yield "Licence", known["licence"] or "not stated in the file"
    yield "Memory", f"{format_memory(known['expected_bytes'])}, {known['fit_text']}"
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


def _context(known: JsonObject) -> str:
    if not known["context_length"]:
        return ""
    cost = f" ({format_memory(known['context_bytes'])})" if known["context_bytes"] else ""
    reason = f"; {known['context_reason']}" if known["context_reason"] else ""
    return f"{known['context_length']:,} tokens{cost}{reason}"


def _quantization(known: JsonObject) -> str:
    if not known["quantization"]:
        return ""
    return f"{known['quantization']}: {known['quantization_words']} ({known['bits_per_weight']:g} bits per weight)"


_WATCH_INTERVAL_S: Final = 0.1


def load(model: ModelName, as_json: AsJson = False) -> None:
    """Load a model; others leave if it needs their memory."""
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
    """Unload a model after its requests, or stop its load."""
    from preheat.control import UnloadModel

    now = ask_running(UnloadModel(model))
    if as_json:
        print_json(now)
    else:
        typer.echo(f"{now['id']}: {state_words(now)}.")


def _watched(running: HttpClient, command: LoadModel) -> ModelSnapshot:
    """Load a model and show the progress."""
    from concurrent.futures import Future

    from rich.progress import BarColumn, Progress, TextColumn

    model = command.model
    answer: Future[ModelSnapshot] = Future()
    # A daemon: Ctrl-C ends the waiting, not the load.
    threading.Thread(target=_settle, args=(answer, lambda: running.call(command)), daemon=True).start()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"))
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"Loading {model}", total=1.0, done="")
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
        done = found.progress or 0.0
        progress.update(task, description=f"Loading {found.model_id}", completed=done, done=format_done(done))


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
