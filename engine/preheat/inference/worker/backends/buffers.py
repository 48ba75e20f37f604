"""The memory of devices as llama.cpp accounts it: it has no function for that, but writes each buffer to its log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_BUFFER: Final = re.compile(r"(\S+) +(model|KV|RS|compute|output) buffer size = +([\d.]+) MiB")
_MIB: Final = 1 << 20


class BufferSizes:
    """Adds up the buffers of one process. Any thread."""

    def __init__(self) -> None:
        self._kept: dict[str, float] = {}
        # A context may measure its buffer for computing more than once.
        self._computing: dict[tuple[int, str], float] = {}
        self._context = 0

    def begin_context(self) -> None:
        """The next buffers belong to another context."""
        self._context += 1

    def read(self, line: str) -> None:
        """Take note of a buffer, if a line of the log is about one."""
        if (match := _BUFFER.search(line)) is None:
            return
        device, kind, size = match[1], match[2], float(match[3])
        if kind == "compute":
            self._computing[self._context, device] = size
        else:
            self._kept[device] = self._kept.get(device, 0.0) + size

    def of(self, devices: Sequence[str]) -> tuple[tuple[str, int], ...]:
        """Return the bytes of each of these devices."""
        sums = dict.fromkeys(devices, 0.0)
        for device, size in (*self._kept.items(), *((device, size) for (_, device), size in self._computing.items())):
            if device in sums:
                sums[device] += size
        return tuple((device, round(size * _MIB)) for device, size in sums.items())
