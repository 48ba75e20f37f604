"""The processor, and the variant of llama.cpp's code for it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from preheat.doctor.report import Finding, good

_CPUINFO: Final = Path("/proc/cpuinfo")


def check_processor() -> Iterator[Finding]:
    """Report the processor and how its features are used."""
    import psutil

    cores, threads = psutil.cpu_count(logical=False), psutil.cpu_count()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads
    details = [f"{cores or '?'} cores, {threads} threads, {usable} of them for this program"]
    yield good("doctor_processor", name=_name(), details=details)


def _name() -> str:
    with suppress(OSError, UnicodeDecodeError):
        for line in _CPUINFO.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Hardware", "cpu model"):
                return value.strip()
    return platform.processor() or platform.machine()
