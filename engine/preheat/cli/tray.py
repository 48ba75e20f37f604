"""``preheat tray``: the windows, and the engine with them."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from preheat.errors import EngineError

_WINDOWS: Final = ("PySide6", "preheat_gui")


def tray(
    login: Annotated[bool, typer.Option("--login", help="Open no window: what start at login runs.")] = False,
) -> None:
    """Start Preheat with its icon in the panel; a second start shows the first one's dashboard."""
    try:
        from preheat_gui.app.start import main
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _WINDOWS:
            raise
        raise EngineError(
            "Preheat's windows are not installed", hint="Install them: pip install 'preheat[gui]'"
        ) from error
    except ImportError as error:
        # PySide6 is there, and a library of the system that it needs is not.
        raise EngineError(
            f"Preheat's windows cannot start: {error}", hint="The README names the system's libraries that Qt needs"
        ) from error
    raise typer.Exit(main(["--login"] if login else []))
