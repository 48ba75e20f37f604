"""Windows says whether this is a bad moment for notifications: a full-screen program is one."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Final

from preheat_gui.platform.full_screen.program import Program

_FULL_SCREEN: Final = (2, 3)
"""QUNS_BUSY, a program that fills the screen, and QUNS_RUNNING_D3D_FULL_SCREEN, a game."""


class Windows:
    """Asks SHQueryUserNotificationState.

    Args:
        query: Returns the state; None if the system does not answer.
    """

    def __init__(self, query: Callable[[], int | None] | None = None) -> None:
        self._query = query or _system_query

    def find(self) -> Program | None:
        """Return the program that fills the screen; its name is not known."""
        return Program("") if self._query() in _FULL_SCREEN else None


def _system_query() -> int | None:
    if sys.platform != "win32":
        return None
    state = ctypes.c_int()
    failed = ctypes.windll.shell32.SHQueryUserNotificationState(ctypes.byref(state))
    return None if failed else state.value
