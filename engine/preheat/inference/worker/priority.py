"""A worker's place behind everything that a person looks at."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes

    _BELOW_NORMAL = 0x4000

    def yield_to_interfaces() -> None:
        """Let other programs have the processors first. Where nobody else wants them, nothing is lost."""
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL)

else:
    import contextlib
    import os

    _NICER = 5

    def yield_to_interfaces() -> None:
        """Let other programs have the processors first. Where nobody else wants them, nothing is lost."""
        with contextlib.suppress(OSError):  # it is as nice as can be
            os.nice(_NICER)
