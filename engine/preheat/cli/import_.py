"""``preheat import`` and ``move-models``: add files to the models folder, and move the folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preheat.cli.output import AsJson, ask, print_json, waiting
from preheat.errors import InvalidRequestError
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.control import ImportMode


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A GGUF file; of a split set, any part.")],
    copy: Annotated[bool, typer.Option("--copy", help="Always copy it.")] = False,
    move: Annotated[bool, typer.Option("--move", help="Remove the original.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Leave it in place and link to it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a model file to Preheat's folder; on the same disk that takes no space."""
    from preheat.control import ImportFile

    if copy + move + link > 1:
        raise InvalidRequestError(msg("cli_import_modes"))
    how: ImportMode = "copy" if copy else "move" if move else "link" if link else "auto"
    with waiting(f"Importing {file.name}"):
        target = Path(ask(ImportFile(str(file.absolute()), how))["path"])
    if as_json:
        print_json({"path": str(target)})
    else:
        typer.echo(f"{target.name} is in {target.parent}.")


def move_models(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new models folder.")], as_json: AsJson = False
) -> None:
    """Move Preheat's models folder, for example to a larger disk."""
    from preheat.control import MoveModelsFolder

    path = os.path.realpath(folder.expanduser().absolute())
    with waiting("Moving the models"):
        left = ask(MoveModelsFolder(path))["left"]
    if as_json:
        print_json({"path": path, "left": left})
        return
    typer.echo(f"The models are in {path}.")
    if left:
        typer.echo(f"  {len(left)} old files could not be removed, such as {left[0]}.", err=True)
