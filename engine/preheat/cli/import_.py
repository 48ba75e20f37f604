"""``preheat import`` and ``move-models``: add files to the models folder, and move the folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preheat.cli.output import AsJson, console, print_json
from preheat.errors import InvalidRequestError, NotRunningError
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.files import OnBytes


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A GGUF file; of a split set, any part.")],
    copy: Annotated[bool, typer.Option("--copy", help="Always copy it.")] = False,
    move: Annotated[bool, typer.Option("--move", help="Remove the original.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Leave it in place and link to it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a model file to Preheat's folder; on the same disk that takes no space."""
    if copy + move + link > 1:
        raise InvalidRequestError(msg("cli_import_modes"))
    how = "copy" if copy else "move" if move else "link" if link else "auto"
    # A running application notices the file.
    from preheat.models import How, import_file, set_bytes
    from preheat.settings import load_settings

    with _progress(f"Importing {file.name}", set_bytes(file)) as on_bytes:
        target = import_file(file, load_settings().own_models_dir, How(how), on_bytes)
    if as_json:
        print_json({"path": str(target)})
    else:
        typer.echo(f"{target.name} is in {target.parent}.")


def move_models(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new models folder.")], as_json: AsJson = False
) -> None:
    """Move Preheat's models folder, for example to a larger disk."""
    from preheat.control import MoveModelsFolder, find_running

    path = Path(os.path.realpath(folder.expanduser().absolute()))
    try:
        with find_running() as running:
            left = list(running.call(MoveModelsFolder(str(path))).left)
    except NotRunningError:
        left = _move_here(path)
    if as_json:
        print_json({"path": str(path), "left": left})
        return
    typer.echo(f"The models are in {path}.")
    if left:
        typer.echo(f"  {len(left)} old files could not be removed, such as {left[0]}.", err=True)


def _move_here(path: Path) -> list[str]:
    from preheat.models import folder_bytes, move_folder, write_setting
    from preheat.settings import load_settings

    old = load_settings().own_models_dir
    with _progress("Moving the models", folder_bytes(old)) as on_bytes:
        left = move_folder(old, path, write_setting, on_bytes)
    return [str(each) for each in left]


@contextmanager
def _progress(words: str, total_bytes: int) -> Iterator[OnBytes]:
    """Show a progress bar on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=total_bytes)
        yield lambda n_bytes: progress.advance(task, n_bytes)
