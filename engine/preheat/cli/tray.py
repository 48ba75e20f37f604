"""``preheat tray``: the windows, and the engine with them."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from preheat.cli.serve import HostOption, ModelsDirs, NoPreload, PortOption, SetOptions, parse_options
from preheat.errors import EngineError
from preheat.messages import msg

_WINDOWS: Final = ("PySide6", "preheat_gui")


def tray(
    login: Annotated[bool, typer.Option("--login", help="Open no window, as at login.")] = False,
    models_dirs: ModelsDirs = None,
    host: HostOption = None,
    port: PortOption = None,
    no_preload: NoPreload = False,
    overrides: SetOptions = None,
) -> None:
    """Start Preheat with its tray icon; a second start shows the dashboard of the first."""
    options = parse_options(models_dirs, host, port, no_preload, overrides)
    try:
        from preheat_gui.app.start import main
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _WINDOWS:
            raise
        raise EngineError(msg("cli_windows_missing")) from error
    except ImportError as error:
        # PySide6 is installed, but a system library it needs is not.
        raise EngineError(msg("cli_windows_fail", reason=str(error))) from error
    arguments = ["--login"] if login else []
    for name, text in options.items():
        arguments += ["--set", f"{name}={text}"]
    raise typer.Exit(main(arguments))
