"""``preheat rm``: delete a model of Preheat's own folder."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from preheat.cli.output import AsJson, JsonObject, print_json
from preheat.errors import InvalidRequestError, NotRunningError
from preheat.units import format_bytes


def rm(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Its id, or a unique beginning of it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a model that Preheat downloaded or imported. Files of other programs stay."""
    from preheat.control.client import find_running, quoted

    try:
        with find_running() as running:
            found = running.control("GET", f"models/{quoted(model)}")
            _ask(found["id"], found["file_bytes"], yes)
            done = running.control("DELETE", f"models/{quoted(found['id'])}")
    except NotRunningError:
        done = _remove_here(model, yes)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{done['id']} is deleted; that frees {format_bytes(done['freed_bytes'])}.")


def _remove_here(name: str, yes: bool) -> JsonObject:
    from preheat.models import files_to_remove, look_once, remove_files, resolve
    from preheat.settings import load_settings

    settings = load_settings()
    models = look_once(settings.models_dirs, settings.sources, settings.own_models_dir).models
    found = resolve(name, models)
    files = files_to_remove(found, models, settings.own_models_dir)
    _ask(found.model_id, found.file_bytes, yes)
    return {"id": found.model_id, "freed_bytes": remove_files(files, settings.own_models_dir)}


def _ask(model_id: str, file_bytes: int, yes: bool) -> None:
    """Ask whether to delete it.

    Raises:
        InvalidRequestError: Nobody can be asked.
        typer.Abort: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequestError(f"{model_id} was not deleted: nobody can be asked", hint="Say it with --yes")
    typer.confirm(f"Delete {model_id} ({format_bytes(file_bytes)})?", abort=True)
