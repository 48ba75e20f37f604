"""Finds programs that fill the screen or ask for the machine's full speed, such as games, where the system tells."""

from __future__ import annotations

import sys
from collections.abc import Callable

from preheat_gui.platform.full_screen.program import Program, is_running

__all__ = ["FindProgram", "Program", "find_program", "is_running"]

FindProgram = Callable[[], Program | None]


def find_program(platform: str = sys.platform) -> FindProgram:
    """Return a function that finds the program in front; GUI thread, and takes about a millisecond.

    On macOS, and on Linux without an X display and GameMode, it finds none.
    """
    if platform == "win32":
        from preheat_gui.platform.full_screen.windows import Windows

        return Windows().find
    if platform != "linux":
        return lambda: None
    from preheat_gui.platform.full_screen.gamemode import GameMode
    from preheat_gui.platform.full_screen.x11 import X11

    x11, gamemode = X11(), GameMode()
    return lambda: x11.find() or gamemode.find()
