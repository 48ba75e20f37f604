"""The ``preheat`` command.

Commands import what they need when they run: ``preheat version`` does not wait for pydantic, nor ``preheat ps`` for
the engine.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from preheat._version import __version__
from preheat.bugs import failure_of, lacks_memory
from preheat.cli.cache import cache_app
from preheat.cli.completion import completion
from preheat.cli.day import day
from preheat.cli.decisions import log, make_room, pause, plan, resume, why
from preheat.cli.devices import devices
from preheat.cli.doctor import doctor
from preheat.cli.downloads import downloads, import_, move_models, pull
from preheat.cli.examples import add_examples
from preheat.cli.favourites import favourite, favourites, unfavourite
from preheat.cli.hub import catalogue, hub_app, search
from preheat.cli.keys import keys_app
from preheat.cli.models import list_, load, rm, show, unload
from preheat.cli.output import EXIT_FAILURE, AsJson, print_json, show_error, silence
from preheat.cli.quit import quit_
from preheat.cli.replay import replay
from preheat.cli.requests import requests
from preheat.cli.run import embed, run
from preheat.cli.serve import open_, serve, tray
from preheat.cli.service import service_app
from preheat.cli.stats import stats
from preheat.cli.status import ps, status
from preheat.cli.top import top
from preheat.cli.update import update
from preheat.errors import EngineError, file_error, reason_of
from preheat.installation import processor_problem
from preheat.messages import msg

_CONFIG: Final = "config"
_ON_ANY_PROCESSOR: Final = {"version", "doctor", "completion"}
"""Commands that run where numpy and Qt do not."""

_WRITING: Final = {errno.EBADF, errno.EFBIG, errno.EIO, errno.ENOSPC}
"""Failures of writing, mostly to standard output."""


class _Group(TyperGroup):
    """Prints expected errors with an exit code, and imports ``config`` when it is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for commands in _PANELS.values() for name in commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name == _CONFIG:
            from preheat.cli.config import config_app  # it imports the settings, and with them pydantic: 0.1 s

            found: Any = typer.main.get_command(config_app)
            found.rich_help_panel = "Settings"
        else:
            found = super().get_command(ctx, cmd_name)
        if found is not None:
            add_examples(found, cmd_name)
        return found

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()  # here, so that a closed pipe is handled below
        except EngineError as error:
            raise typer.Exit(show_error(error)) from error
        except BrokenPipeError as error:
            silence()
            raise typer.Exit(EXIT_FAILURE) from error
        except (MemoryError, OSError, RuntimeError, ImportError) as error:
            if lacks_memory(error):
                raise typer.Exit(show_error(failure_of("starting", error))) from error
            if isinstance(error, OSError) and error.errno in _WRITING and not error.filename:
                silence()
                raise typer.Exit(show_error(EngineError(msg("cli_write_failed", reason=reason_of(error))))) from error
            if not isinstance(error, OSError) or not error.filename:
                raise
            path = Path(os.fsdecode(error.filename))
            raise typer.Exit(show_error(file_error("file_unusable", error, path))) from error
        return result


app = typer.Typer(
    name="preheat",
    cls=_Group,
    help="Keeps local models ready before they are requested.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"preheat {__version__}")
        raise typer.Exit


@app.callback()
def _preheat(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    # Warnings of libraries must not mix with the output.
    logging.getLogger().addHandler(logging.NullHandler())


def version(as_json: AsJson = False) -> None:
    """Print Preheat's version."""
    if as_json:
        print_json({"version": __version__})
    else:
        typer.echo(f"preheat {__version__}")


_PANELS: Final[Mapping[str, Mapping[str, Callable[..., None] | typer.Typer | None]]] = {
    "Run": {
        "serve": serve,
        "tray": tray,
        "open": open_,
        "quit": quit_,
        "service": service_app,
        "run": run,
        "embed": embed,
    },
    "Models": {
        "list": list_,
        "show": show,
        "search": search,
        "catalogue": catalogue,
        "hub": hub_app,
        "pull": pull,
        "downloads": downloads,
        "import": import_,
        "rm": rm,
        "move-models": move_models,
    },
    "Memory": {
        "top": top,
        "status": status,
        "ps": ps,
        "load": load,
        "unload": unload,
        "favourite": favourite,
        "unfavourite": unfavourite,
        "favourites": favourites,
        "pause": pause,
        "resume": resume,
        "make-room": make_room,
        "cache": cache_app,
    },
    "Insight": {
        "why": why,
        "plan": plan,
        "log": log,
        "requests": requests,
        "day": day,
        "stats": stats,
        "devices": devices,
        "replay": replay,
        "doctor": doctor,
    },
    "Settings": {_CONFIG: None, "keys": keys_app, "completion": completion, "update": update, "version": version},
}
"""All commands by their panel in the help, in its order. ``config`` is imported when it is used."""

for _panel, _commands in _PANELS.items():
    for _name, _command in _commands.items():
        if isinstance(_command, typer.Typer):
            app.add_typer(_command, name=_name, rich_help_panel=_panel)
        elif _command is not None:
            app.command(_name, rich_help_panel=_panel)(_command)
app.command("stop", hidden=True)(quit_)


def _open_closed_streams() -> None:
    """Discard what goes to closed streams: the next file to be opened would take their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - stays open


def main() -> None:
    """Run the ``preheat`` command."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # names of files may have any bytes
            stream.reconfigure(errors="backslashreplace")
    command = sys.argv[1] if len(sys.argv) > 1 else "-h"
    if not command.startswith("-") and command not in _ON_ANY_PROCESSOR and (problem := processor_problem()):
        sys.exit(show_error(EngineError(problem)))
    app()
