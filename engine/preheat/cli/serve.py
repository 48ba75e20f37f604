"""``preheat serve``: its options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def serve(
    models_dirs: Annotated[
        list[Path] | None,
        typer.Option("--models-dir", metavar="DIR", exists=True, file_okay=False, help="A folder with models."),
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes any free one.")] = None,
    no_preload: Annotated[bool, typer.Option("--no-preload", help="Load nothing before it is asked for.")] = False,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any setting; see preheat config get.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log too.")] = False,
) -> None:
    """Start Preheat: preload in the background and answer on the port, until Ctrl-C."""
    from preheat.cli.config import parse_overrides
    from preheat.cli.serving import run
    from preheat.log import setup_logging
    from preheat.settings import SettingsStore

    chosen = parse_overrides(overrides or ())
    if models_dirs:
        # Brackets and all: a folder's name may have commas.
        chosen["models_dirs"] = json.dumps([str(path.absolute()) for path in models_dirs])
    if host is not None:
        chosen["host"] = host
    if port is not None:
        chosen["port"] = str(port)
    if no_preload:
        chosen["preload"] = "false"
    store = SettingsStore(chosen)
    setup_logging(store.load().log_level, to_file=True, console=verbose)
    if store.problem is not None:
        typer.echo(f"{store.problem.title}. The last good settings apply.", err=True)
    run(store)
