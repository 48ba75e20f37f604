"""The processor's features as Windows reports them."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

_FEATURES: Final = {"pni": 13, "ssse3": 36, "sse4_1": 37, "sse4_2": 38, "avx": 39, "avx2": 40, "avx512f": 41}
"""``PF_*_INSTRUCTIONS_AVAILABLE`` of <winnt.h>."""

_SINCE_BUILD: Final = 19041  # Windows 10 2004; older ones know none of them but SSE3


def features_present(kernel: Any = None, build: int | None = None) -> frozenset[str] | None:
    """Return the features, named as in Linux's ``/proc/cpuinfo``; None on a Windows that does not know them.

    Args:
        kernel: kernel32.
        build: The number of Windows's build.
    """
    if sys.platform == "win32":
        kernel = kernel or ctypes.windll.kernel32
        build = build or sys.getwindowsversion().build
    if build is None or build < _SINCE_BUILD:
        return None
    found = {name for name, number in _FEATURES.items() if kernel.IsProcessorFeaturePresent(number)}
    # 64-bit Windows does not start without these two; each processor with SSE4.2 has POPCNT.
    return frozenset({*found, "cx16", "lahf_lm", *(["popcnt"] if "sse4_2" in found else [])})
