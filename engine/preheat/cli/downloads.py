"""``preheat pull``, ``downloads``, ``import`` and ``move-models``: files that come into the models folder."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from preheat.cli.output import AsJson, JsonObject, ask, console, print_json, print_table, print_text, waiting
from preheat.cli.tables import Column
from preheat.errors import EngineError, InvalidRequestError, UnusablePathError, file_remedy, reason_of
from preheat.messages import msg
from preheat.units import format_bytes, format_duration

if TYPE_CHECKING:
    from preheat.control import ControlClient, ImportMode


_LOOK_S: Final = 0.1
_LINE_S: Final = 1.0
_OVER: Final = ("done", "failed", "paused")
_EXIT_INTERRUPTED: Final = 130

DOWNLOAD_WORDS: Final = {
    "queued": "Waiting",
    "running": "Downloading",
    "checking": "Checking",
    "waiting_for_space": "Waiting for disk space",
    "paused": "Paused",
    "done": "Ready",
    "failed": "Failed",
}
"""Download states as shown to people."""

_COLUMNS: Final = (Column("Id"), Column("Model", name=True), Column("State"), Column("Progress", sentence=True))


def pull(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="qwen3:4b, OWNER/REPO, OWNER/REPO:Q4_K_M, OWNER/REPO/FILE.gguf")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON per second.")] = False,
) -> None:
    """Download a model from the hub.

    Ctrl-C pauses it; the same command resumes it.
    """
    from preheat.control import PauseDownload, PullModel, open_client

    with open_client(downloads_at_once="1") as client:
        download_id = client.call(PullModel(name)).download_id
        try:
            last = _watch(client, download_id, as_json)
        except KeyboardInterrupt:
            client.call(PauseDownload(download_id))
            if not as_json:
                _say_paused(name, _look(client, download_id))
            raise typer.Exit(_EXIT_INTERRUPTED) from None
    if as_json:
        print(json.dumps(last), flush=True)
    if last["state"] == "failed":
        raise EngineError(last["error"], hint=last["hint"] or f"Resume it: preheat pull {name}")
    if as_json:
        return
    if last["state"] == "paused":
        _say_paused(name, last)
        return
    typer.echo(f"{last['name']} is ready ({format_bytes(last['total_bytes'])}).")
    if last["notice"]:
        typer.echo(f"  {last['notice']}.")


def progress_line(now: JsonObject) -> str:
    """Return a download's progress as text: ``1.2 GB of 2.5 GB, 48 MB/s, 27 s left``."""
    line = f"{format_bytes(now['done_bytes'])} of {format_bytes(now['total_bytes'])}"
    if now["bytes_per_s"]:
        line += f", {format_bytes(round(now['bytes_per_s']))}/s"
    if now["left_s"]:
        line += f", {format_duration(max(now['left_s'], 1))} left"
    return line


def _look(client: ControlClient, download_id: str) -> JsonObject:
    from preheat.control import ListDownloads, encode

    downloads: list[JsonObject] = encode(client.call(ListDownloads()))["downloads"]
    gone = {"state": "failed", "error": "The download was cancelled", "hint": None}
    return next((each for each in downloads if each["id"] == download_id), gone)


def _watch(client: ControlClient, download_id: str, as_json: bool) -> JsonObject:
    """Show the progress until the download ends or is paused; return its last state."""
    with _shown(as_json) as show:
        while True:
            now = _look(client, download_id)
            if now["state"] in _OVER:
                return now
            show(now)
            time.sleep(_LOOK_S)


@contextmanager
def _shown(as_json: bool) -> Iterator[Callable[[JsonObject], None]]:
    """Yield a function that shows the state: a bar on a terminal, lines elsewhere."""
    if as_json or not sys.stderr.isatty():
        yield _Lines(as_json).show
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.fields[words]}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("", words="", speed="", total=None)

        def show(now: JsonObject) -> None:
            words = DOWNLOAD_WORDS[now["state"]] if now["notice"] is None else f"{now['notice']}."
            speed = f"{format_bytes(round(now['bytes_per_s']))}/s" if now["bytes_per_s"] else ""
            progress.update(
                task, completed=now["done_bytes"], total=now["total_bytes"] or None, words=words, speed=speed
            )

        yield show


class _Lines:
    """Prints JSON once a second for scripts, or each new state on standard error."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._printed_at = -_LINE_S
        self._said = ""

    def show(self, now: JsonObject) -> None:
        if self._as_json:
            if time.monotonic() - self._printed_at >= _LINE_S:
                self._printed_at = time.monotonic()
                print(json.dumps(now), flush=True)
            return
        words = f"{now['notice']}." if now["notice"] else f"{DOWNLOAD_WORDS[now['state']]} {now['name']}."
        if words != self._said:
            self._said = words
            typer.echo(words, err=True)


def _say_paused(name: str, now: JsonObject) -> None:
    typer.echo(f"Paused at {progress_line(now)}.", err=True)
    typer.echo(f"  Resume it: preheat pull {name}", err=True)


Action = Literal["pause", "resume", "cancel", "forget"]


def downloads(
    action: Annotated[Action | None, typer.Argument(help="What to do with a download.", show_default=False)] = None,
    download_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The download's id.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the downloads; pause, resume, cancel or forget one."""
    from preheat import control

    if action is not None and download_id is None:
        raise InvalidRequestError(msg("cli_no_download_named", action=action))
    commands: dict[Action, Callable[[str], control.Command[Any]]] = {
        "pause": control.PauseDownload,
        "resume": control.ResumeDownload,
        "cancel": control.CancelDownload,
        "forget": control.ForgetDownload,
    }
    with control.open_client() as client:
        if action is not None and download_id is not None:
            client.call(commands[action](download_id))
        now = control.encode(client.call(control.ListDownloads()))["downloads"]
    if as_json:
        print_json(now)
    elif not now:
        typer.echo("There are no downloads.")
    else:
        _print(now)


def _print(now: list[JsonObject]) -> None:
    rows = [(each["id"], each["name"], DOWNLOAD_WORDS[each["state"]], progress_line(each)) for each in now]
    print_table(_COLUMNS, rows)
    for each in now:
        if words := each["error"] or each["notice"]:
            hint = f" {each['hint']}." if each["hint"] else ""
            print_text(f"{each['name']}: {words}.{hint}", style="red" if each["error"] else "")


def _path(text: str) -> Path:
    """Return an argument as a path; an empty one, such as an unset variable's, would mean the current folder."""
    if not text.strip():
        raise typer.BadParameter("the path is empty")
    return Path(text).expanduser().absolute()


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", parser=_path, help="A GGUF file; of a split set, any part.")],
    copy: Annotated[bool, typer.Option("--copy", help="Always copy it.")] = False,
    move: Annotated[bool, typer.Option("--move", help="Remove the original.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Leave it in place and link to it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a model file to Preheat's folder.

    On the same disk that takes no space.
    """
    from preheat.control import ImportFile

    if copy + move + link > 1:
        raise InvalidRequestError(msg("cli_import_modes"))
    how: ImportMode = "copy" if copy else "move" if move else "link" if link else "auto"
    _check_source(file)
    with waiting(f"Importing {file.name}"):
        target = Path(ask(ImportFile(str(file), how))["path"])
    if as_json:
        print_json({"path": str(target)})
    else:
        typer.echo(f"{target.name} is in {target.parent}.")


def _check_source(file: Path) -> None:
    """Raise an error that says what is wrong with a file. The engine says the same of all files that it cannot use."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UnusablePathError(msg("gguf_not_regular", file=file.name, path=str(file)))
        with file.open("rb"):
            pass
    except (OSError, ValueError) as error:
        raise UnusablePathError(
            msg("file_unusable", path=str(file), reason=reason_of(error), remedy=file_remedy(error, file))
        ) from error


def move_models(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=_path, help="A new or empty folder, or one that Preheat made.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be moved.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Move Preheat's own models to another folder or disk."""
    from preheat.control import MoveModels, encode, open_client

    path = os.path.normpath(folder)
    with open_client() as client:
        plan = encode(client.call(MoveModels(path, dry_run=True)))
        if not as_json:
            _print_move(plan)
        if not dry_run:
            if not yes and not as_json and sys.stdin.isatty():
                typer.confirm("Move them?", abort=True)
            with waiting("Moving the models"):
                plan = encode(client.call(MoveModels(path)))
    if as_json:
        print_json(plan)
    elif not dry_run:
        typer.echo(f"The models are in {plan['path']}.")
        if plan["left"]:
            typer.echo(f"  {len(plan['left'])} old files could not be removed, such as {plan['left'][0]}.", err=True)


def _print_move(plan: JsonObject) -> None:
    """Print what a move does."""
    files = plan["files"]
    size = format_bytes(plan["total_bytes"])
    count = f"{len(files)} {'file' if len(files) == 1 else 'files'}"
    way = "copied, checked and removed" if plan["copied"] else "moved"
    typer.echo(f"{count} ({size}) in {plan['old_path']} will be {way}. The new folder is {plan['path']}.")
    for file in files:
        typer.echo(f"  {file['path']}")
    if plan["others"]:
        other = "other file stays" if plan["others"] == 1 else "other files stay"
        typer.echo(f"{plan['others']} {other} in {plan['old_path']}, such as {plan['named_others'][0]}.")
