"""``preheat load`` and ``unload``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import typer

from preheat.cli.output import AsJson, ModelName, ask_running, console, print_json, state_words
from preheat.errors import EngineError
from preheat.units import format_duration, format_memory

if TYPE_CHECKING:
    from concurrent.futures import Future

    from rich.progress import Progress, TaskID

    from preheat.control import HttpClient, LoadModel, ModelSnapshot

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
