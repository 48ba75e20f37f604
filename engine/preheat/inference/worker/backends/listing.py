"""Lists the devices of llama.cpp's libraries: a path each, run by ``preheat.inference.processor.device_listing``.

A library or driver that does not work may end this process; the output says which one it was.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from preheat.inference.processor.device_listing import DEVICE, ENDED, FAILED, LINKED, TIME_LIMIT_S, TRYING, ListedDevice
from preheat.inference.worker.backends.loading import load_backend
from preheat.inference.worker.backends.registry import CPU, describe, device_handles
from preheat.inference.worker.backends.vulkan import VISIBLE, VulkanDevice, show_software_devices, vulkan_devices

_VULKAN: Final = "vulkan"


class _Report:
    """Writes lines to the standard output of the start. What drivers print goes to standard error."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def __call__(self, **content: Any) -> None:
        print(json.dumps(content), file=self._file, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Report on the libraries and their devices; return 0."""
    faulthandler.dump_traceback_later(2 * TIME_LIMIT_S, exit=True)  # the process that waits for this may have ended
    report = _Report()
    known: set[int] = set()
    shown = os.environ.get(VISIBLE)
    report(**{TRYING: LINKED})
    _list_new(report, known, ())
    for path in arguments:
        report(**{TRYING: path})
        drivers: Sequence[VulkanDevice] = ()
        if _VULKAN in Path(path).name:
            found = vulkan_devices()
            if not found:
                report(**{FAILED: "vulkan_no_loader" if found is None else "vulkan_no_device"})
                continue
            show_software_devices(found)
            drivers = found
        try:
            ctypes.CDLL(path)
        except OSError as error:
            report(**{FAILED: "device_library_refused", "reason": str(error).removeprefix(f"{path}: ")})
            continue
        loaded = load_backend(Path(path))
        if loaded and _list_new(report, known, drivers):
            continue
        if drivers and shown is not None:
            report(**{FAILED: "vulkan_hidden", "reason": shown})
        else:
            report(**{FAILED: "device_library_without_device" if loaded else "device_library_foreign"})
    report(**{ENDED: True})
    return 0


def _list_new(report: _Report, known: set[int], drivers: Sequence[VulkanDevice]) -> int:
    """Report the devices that are not known yet; return their number."""
    number = 0
    for handle in device_handles():
        if handle in known:
            continue
        known.add(handle)
        device = describe(handle)
        if device.kind == CPU:
            continue
        driver = next((each for each in drivers if each.name == device.description), VulkanDevice("", "", False))
        listed = ListedDevice(
            device.name,
            device.description,
            device.backend,
            device.kind,
            device.total_bytes,
            device.free_bytes,
            device.device_id,
            driver.driver,
            driver.software,
        )
        report(**{DEVICE: listed})
        number += 1
    return number


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
