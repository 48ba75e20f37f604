"""Graphics cards of this machine, and the backends of llama.cpp that could use them."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from preheat.doctor.report import Finding, good, to_do

_CARDS: Final = Path("/sys/class/drm")
_VENDORS: Final = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}
_BACKEND: Final = re.compile(r"(?:lib)?ggml-(\w+).*")


def check_devices() -> Iterator[Finding]:
    """Report which devices models can use."""
    cards, backends = _cards(), _backends()
    details = [f"graphics card: {card}" for card in cards]
    if not backends:
        yield good("doctor_processor_only", details=details)
        return
    yield good("doctor_backends", names=backends, details=details)
    if "vulkan" in backends and not _has_vulkan_loader():
        yield to_do("doctor_no_vulkan_loader")


def _cards() -> list[str]:
    found = []
    with suppress(OSError):
        for card in sorted(_CARDS.glob("card[0-9]*")):
            with suppress(OSError):
                vendor = (card / "device" / "vendor").read_text().strip()
                found.append(f"{_VENDORS.get(vendor, vendor)} ({card.name})")
    return found


def _backends() -> list[str]:
    """Return the names of the loadable backends next to llama.cpp's library, without loading any."""
    from preheat.inference.processor import device_libraries

    return sorted({match[1].lower() for path in device_libraries() if (match := _BACKEND.fullmatch(path.name))})


def _has_vulkan_loader() -> bool:
    name = "vulkan-1.dll" if sys.platform == "win32" else "libvulkan.so.1"
    try:
        ctypes.CDLL(name)  # not find_library, which starts compilers
    except OSError:
        return False
    return True
