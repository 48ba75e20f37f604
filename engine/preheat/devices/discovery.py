"""Finds the devices of this machine that llama.cpp's libraries can use.

The libraries and the drivers that they load run in a process that is thrown away afterwards: neither the engine nor a
worker without a device pays for them, and one that crashes harms nothing. The result is kept in the cache folder until
the libraries, the drivers or the hardware change.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from preheat.devices.device import Device, DeviceKind, DeviceReport
from preheat.errors import ModelLoadError
from preheat.files import read_json, write_atomic
from preheat.inference.processor import (
    TIME_LIMIT_S,
    ListedDevice,
    device_libraries,
    is_damaged,
    library_fingerprint,
    linked_backends,
    list_in_process,
    recorded_sums,
)
from preheat.messages import Message, message_from_json, message_json, msg
from preheat.paths import cache_dir

logger = logging.getLogger(__name__)

_MEMORY_VERSION: Final = 1
_MOST_REMEMBERED: Final = 4

_KINDS: Final = {1: DeviceKind.DISCRETE, 2: DeviceKind.INTEGRATED, 3: DeviceKind.ACCELERATOR}
"""Kinds by ``enum ggml_backend_dev_type``."""

_BACKEND: Final = re.compile(r"(?:lib)?ggml-([\w]+).*")

_VARIABLES: Final = re.compile(r"VK_|GGML_|CUDA_|HIP_|ROCR_|DRI_PRIME$|MESA_VK_|__NV_PRIME|LD_LIBRARY_PATH$")
"""Environment variables that decide which devices and drivers there are."""

_NVIDIA: Final = Path("/proc/driver/nvidia/version")
_NVIDIA_VERSION: Final = re.compile(r"Module\D*\s(\d[\d.]+)")
_CARDS: Final = Path("/sys/class/drm")
_NODES: Final = Path("/dev/dri")
_WINDOWS_DRIVERS: Final = Path(r"C:\Windows\System32\DriverStore\FileRepository")
_LOADERS: Final = ("/usr/lib", "/usr/lib64", "/usr/local/lib", f"/usr/lib/{platform.machine()}-linux-gnu")


def find_devices(
    stop: threading.Event | None = None, *, remember: bool = True, limit_s: float = TIME_LIMIT_S
) -> DeviceReport:
    """Return the devices of this machine; starts no process if they are remembered or no library could use any. Blocks.

    Args:
        stop: Once it is set, this returns at once what is known by then, and leaves no process behind.
        remember: Write the result to the cache folder.
        limit_s: Time for a library and its driver to answer.

    Raises:
        ModelLoadError: llama.cpp is missing.
    """
    libraries, linked = device_libraries(), linked_backends()
    if not libraries and not linked:
        return DeviceReport()
    key = _key()
    if (known := _recall(key)) is not None:
        return known
    report, lasting = _list(libraries, linked, limit_s, stop)
    for problem in report.problems:
        logger.warning("%s", problem)
    if lasting and remember:
        _remember(key, report)
    return report


def find_devices_afresh(stop: threading.Event | None = None) -> DeviceReport:
    """Return the devices as they are now, and remember nothing: one is missing that ought to be there. Blocks.

    Raises:
        ModelLoadError: llama.cpp is missing.
    """
    _write_memory({name: entry for name, entry in _read_memory().items() if name != _key()})
    return find_devices(stop, remember=False)


def remembered_devices() -> DeviceReport | None:
    """Return the devices as they were found before; None if that has to be repeated. Takes about 1 ms."""
    try:
        if not device_libraries() and not linked_backends():
            return DeviceReport()
    except ModelLoadError:
        return DeviceReport()
    return _recall(_key())


def _list(
    libraries: Sequence[Path], linked: Sequence[str], limit_s: float, stop: threading.Event | None
) -> tuple[DeviceReport, bool]:
    """Return what a process lists, and whether that may be remembered."""
    sums = recorded_sums()
    damaged = [path for path in libraries if is_damaged(path, sums)]
    listing = list_in_process([path for path in libraries if path not in damaged], limit_s, stop)
    names = (*linked, *(match[1].lower() for path in libraries if (match := _BACKEND.fullmatch(path.name))))
    library = hashlib.sha256(library_fingerprint().encode(errors="surrogateescape")).hexdigest()[:16]
    report = DeviceReport(
        devices=tuple(_device(listed, library) for listed in listing.devices if listed.kind in _KINDS),
        problems=(*(msg("device_library_damaged", file=path.name) for path in damaged), *listing.problems),
        backends=tuple(dict.fromkeys(names)),
    )
    return report, listing.lasting


def _device(listed: ListedDevice, library: str) -> Device:
    return Device(
        name=listed.name,
        description=listed.description,
        kind=DeviceKind.SOFTWARE if listed.software else _KINDS[listed.kind],
        backend=listed.backend,
        total_bytes=listed.total_bytes,
        free_bytes=listed.free_bytes,
        driver=listed.driver or (_nvidia_driver() if listed.backend == "cuda" else ""),
        device_id=listed.device_id,
        library=library,
    )


def _nvidia_driver() -> str:
    with suppress(OSError):
        if match := _NVIDIA_VERSION.search(_NVIDIA.read_text(encoding="utf-8")):
            return f"NVIDIA {match[1]}"
    return ""


# Memory


def _key() -> str:
    """Return a text that changes with llama.cpp's files, the drivers and the hardware. Takes about 1 ms."""
    parts = (str(_MEMORY_VERSION), library_fingerprint(), *_variables(), *_drivers())
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()[:16]


def _variables() -> Iterator[str]:
    yield from (f"{name}={value}" for name, value in sorted(os.environ.items()) if _VARIABLES.match(name))


def _drivers() -> Iterator[str]:
    """Yield what changes when a driver or a device is added, removed or replaced."""
    yield f"{platform.release()} {platform.version()}"
    for folder in _driver_folders():
        yield from map(_state, (folder, *_inside(folder, "*.json")))
    for folder in map(Path, _LOADERS):
        yield from map(_state, _inside(folder, "libvulkan.so*"))
    for path in (path for name in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES") for path in _paths_in(name)):
        yield _state(path)
    with suppress(OSError):
        yield _NVIDIA.read_text(encoding="utf-8")
    for card in _inside(_CARDS, "card[0-9]*/device/[vd]e[nv]*"):  # vendor and device
        with suppress(OSError):
            yield f"{card} {card.read_text(encoding='utf-8')}"
    for node in _inside(_NODES, "renderD*"):
        yield f"{node} {os.access(node, os.R_OK | os.W_OK)}"
    if sys.platform == "win32":
        yield _state(_WINDOWS_DRIVERS)


def _driver_folders() -> list[Path]:
    """Return the folders in which Vulkan's loader looks for drivers."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises where there is none
    roots = [Path("/etc"), Path("/usr/local/etc"), Path("/usr/share"), Path("/usr/local/share"), home / ".local/share"]
    roots += [path for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS") for path in _paths_in(name)]
    return [root / "vulkan" / "icd.d" for root in dict.fromkeys(roots)]


def _paths_in(variable: str) -> list[Path]:
    return [Path(path) for path in os.environ.get(variable, "").split(os.pathsep) if path]


def _inside(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _state(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path} is missing"
    return f"{path} {status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _memory_file() -> Path:
    return cache_dir() / "devices.json"


def _recall(key: str) -> DeviceReport | None:
    try:
        known = _read_memory()[key]
        return DeviceReport(
            tuple(map(_known_device, known["devices"])),
            tuple(map(_known_problem, known["problems"])),
            tuple(map(str, known["backends"])),
        )
    except (TypeError, KeyError, ValueError, AttributeError):  # nothing is known, or the file was edited
        return None


def _known_device(entry: Mapping[str, Any]) -> Device:
    """Return a device from the file.

    Raises:
        TypeError, KeyError, ValueError: The file was edited.
    """
    sizes = ("total_bytes", "free_bytes")
    if not all(isinstance(value, int if name in sizes else str) for name, value in entry.items()):
        raise TypeError("no device")
    return Device(**{**entry, "kind": DeviceKind(entry["kind"])})


def _known_problem(entry: Mapping[str, Any]) -> Message:
    """Return a problem from the file, which may have been edited; see ``_known_device``."""
    problem = message_from_json(entry)
    str(problem)  # raises where a parameter is of another kind
    return problem


def _remember(key: str, report: DeviceReport) -> None:
    memory = dict(_read_memory())
    memory.pop(key, None)
    entry = {
        "devices": [asdict(device) for device in report.devices],
        "problems": [message_json(problem) for problem in report.problems],
        "backends": list(report.backends),
    }
    _write_memory(dict([*memory.items(), (key, entry)][-_MOST_REMEMBERED:]))


def _write_memory(memory: Mapping[str, Any]) -> None:
    try:
        write_atomic(_memory_file(), json.dumps(memory, indent=1), durable=False)
    except OSError as error:
        logger.warning("the list of devices is not kept: %s", error)


def _read_memory() -> Mapping[str, Any]:
    try:
        memory = read_json(_memory_file())
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}
