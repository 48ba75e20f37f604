"""``preheat load`` and ``unload``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, console, print_json, state_words
from preheat.errors import EngineError
from preheat.units import format_duration, format_memory

if TYPE_CHECKING:
    from concurrent.futures import Future

    from rich.progress import Progress, TaskID

    from preheat.control.client import HttpClient

_WATCH_INTERVAL_S: Final = 0.1

Name = Annotated[str, typer.Argument(metavar="MODEL", help="Its id, or a unique beginning of it.")]


def load(model: Name, as_json: AsJson = False) -> None:
    """Load a model now, making room for it if need be."""
    from preheat.control.client import find_running

    with find_running() as running:
        now = _watched(running, model, running.load) if sys.stderr.isatty() else running.load(model)
    if as_json:
        print_json(now)
    else:
        took = f", loaded in {format_duration(now['load_s'])}" if now["load_s"] is not None else ""
        typer.echo(f"{now['id']}: {state_words(now)}{took}, {format_memory(now['resident_bytes'])} of memory.")


def unload(model: Name, as_json: AsJson = False) -> None:
    """Unload a model after the answers that it is giving, or stop its load."""
    from preheat.control.client import find_running

    with find_running() as running:
        now = running.unload(model)
    if as_json:
        print_json(now)
    else:
        typer.echo(f"{now['id']}: {state_words(now)}.")


def _watched(running: HttpClient, model: str, command: Callable[[str], JsonObject]) -> JsonObject:
    """Run the command and show the load's progress meanwhile."""
    from concurrent.futures import Future

    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    answer: Future[JsonObject] = Future()
    # A daemon: Ctrl-C ends the waiting, not the load.
    threading.Thread(target=_settle, args=(answer, lambda: command(model)), daemon=True).start()
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


def _settle(answer: Future[JsonObject], command: Callable[[], JsonObject]) -> None:
    try:
        answer.set_result(command())
    except EngineError as error:
        answer.set_exception(error)


def _show_progress(running: HttpClient, model: str, progress: Progress, task: TaskID) -> None:
    wanted = model.strip().lower()
    loading = [each for each in running.status()["models"] if each["progress"] is not None]
    found = next((each for each in loading if each["id"].startswith(wanted)), None)
    if found is not None:
        progress.update(task, description=f"Loading {found['id']}", completed=found["progress"])
