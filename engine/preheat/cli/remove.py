"""``preheat rm``: delete a model of Preheat's own folder."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from preheat.cli.output import AsJson, ModelName, print_json
from preheat.errors import InvalidRequestError
from preheat.messages import msg
from preheat.units import format_bytes


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
