"""``preheat serve``: the engine and its port, without windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from preheat.errors import SettingsError
from preheat.messages import msg

ModelsDirs: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--models-dir", metavar="DIR", help="A folder with models."),
]
HostOption: TypeAlias = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]
PortOption: TypeAlias = Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes any free one.")]
NoPreload: TypeAlias = Annotated[bool, typer.Option("--no-preload", help="Load models only when they are requested.")]
SetOptions: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any setting; see preheat config get.")
]


def serve(
    models_dirs: ModelsDirs = None,
    host: HostOption = None,
    port: PortOption = None,
    no_preload: NoPreload = False,
    overrides: SetOptions = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also print the log.")] = False,
) -> None:
    """Start Preheat without windows, until Ctrl-C."""
    from preheat.cli.serving import run
    from preheat.log import setup_logging
    from preheat.settings import SettingsStore

    store = SettingsStore(parse_options(models_dirs, host, port, no_preload, overrides))
    setup_logging(store.load().log_level, to_file=True, console=verbose)
    if store.problem is not None:
        typer.echo(f"{store.problem.title}. The last good settings apply.", err=True)
    run(store)


def parse_options(
    models_dirs: list[Path] | None, host: str | None, port: int | None, no_preload: bool, overrides: list[str] | None
) -> dict[str, str]:
    """Return the settings that the options give, as text by name.

    Raises:
        SettingsError: A ``--set`` option has no value, or a folder does not exist.
    """
    from preheat.cli.config import parse_overrides

    chosen = parse_overrides(overrides or ())
    for path in models_dirs or ():
        if not path.is_dir():
            raise SettingsError(msg("cli_no_folder", path=str(path)), param="models_dirs")
    if models_dirs:
        # As JSON, because the name of a folder may contain commas.
        chosen["models_dirs"] = json.dumps([str(path.absolute()) for path in models_dirs])
    if host is not None:
        chosen["host"] = host
    if port is not None:
        chosen["port"] = str(port)
    if no_preload:
        chosen["preload"] = "false"
    return chosen
