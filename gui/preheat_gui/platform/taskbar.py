"""The identity of the application on Windows, by which the taskbar groups windows and shows notifications.

The installer gives the Start menu entry the same one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

APP_ID: Final = "Preheat.Preheat"


def identify_application(set_app_id: Callable[[str], object] | None = None) -> None:
    """Tell Windows which application this process is; before its first window. Nothing elsewhere.

    Args:
        set_app_id: The system's function; by default the one of this system, if it has one.
    """
    call = set_app_id or _system_function()
    if call is not None:
        call(APP_ID)


if sys.platform == "win32":
    import ctypes

    def _system_function() -> Callable[[str], object] | None:
        return ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID

else:

    def _system_function() -> Callable[[str], object] | None:
        return None
