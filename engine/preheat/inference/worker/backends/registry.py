"""The devices that llama.cpp knows in this process."""

from __future__ import annotations

import ctypes
from collections.abc import Collection
from typing import Final, NamedTuple

from preheat.inference.worker.backends.loading import ggml_function

CPU: Final = 0  # enum ggml_backend_dev_type

_void, _text, _size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t


class _Properties(ctypes.Structure):
    """Begins like ``struct ggml_backend_dev_props``; its end, the capabilities, may grow."""

    _fields_ = (
        ("name", _text),
        ("description", _text),
        ("memory_free", _size),
        ("memory_total", _size),
        ("type", ctypes.c_int),
        ("device_id", _text),
        ("capabilities", ctypes.c_bool * 64),
    )


class RegisteredDevice(NamedTuple):
    """A device; sizes are in bytes."""

    handle: int  # ``ggml_backend_dev_t``
    name: str
    description: str
    backend: str  # in lower case, such as ``vulkan``
    kind: int  # enum ggml_backend_dev_type
    total_bytes: int
    free_bytes: int
    device_id: str


def device_handles() -> list[int]:
    """Return the handles of all devices, those of the processor too."""
    count = ggml_function("ggml_backend_dev_count", _size)()
    get = ggml_function("ggml_backend_dev_get", _void, _size)
    return [get(at) for at in range(count)]


def device_name(handle: int) -> str:
    """Return llama.cpp's name of a device."""
    return _string(ggml_function("ggml_backend_dev_name", _text, _void)(handle))


def free_memory(names: Collection[str]) -> dict[str, int]:
    """Return what drivers say is free of these devices, in bytes."""
    described = [describe(handle) for handle in device_handles() if device_name(handle) in names]
    return {device.name: device.free_bytes for device in described}


def describe(handle: int) -> RegisteredDevice:
    """Return the facts of a device. Asks its driver."""
    found = _Properties()
    ggml_function("ggml_backend_dev_get_props", None, _void, ctypes.POINTER(_Properties))(handle, found)
    registry = ggml_function("ggml_backend_dev_backend_reg", _void, _void)(handle)
    backend = _string(ggml_function("ggml_backend_reg_name", _text, _void)(registry)).lower()
    return RegisteredDevice(
        handle,
        _string(found.name),
        _string(found.description).strip(),
        backend,
        found.type,
        found.memory_total,
        found.memory_free,
        _string(found.device_id),
    )


def _string(text: bytes | None) -> str:
    return (text or b"").decode(errors="replace")
