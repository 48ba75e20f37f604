"""The devices that a model is put on. Their libraries are loaded only for models that use some: +55 MB a worker."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from preheat.inference.processor import device_libraries
from preheat.inference.worker.backends.loading import ggml_function, load_backend
from preheat.inference.worker.backends.registry import device_handles, device_name
from preheat.inference.worker.backends.vulkan import show_software_devices, vulkan_devices

logger = logging.getLogger(__name__)


class ModelDevices:
    """Devices by llama.cpp's names. One that is not there any more is left out.

    Attributes:
        names: Those that are there, in the same order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        found = _load(names) if names else {}
        self.names: Final = tuple(name for name in names if name in found)
        for name in set(names).difference(found):
            logger.warning("the device %s is not there: the model does without it", name)
        # NULL ends the list. An empty one stands for no device; without a list, llama.cpp would take all.
        self._handles = (ctypes.c_void_p * (len(self.names) + 1))(*(found[name] for name in self.names), None)

    @property
    def native(self) -> int:
        """The value for ``llama_model_params.devices``; valid while this object exists."""
        return ctypes.addressof(self._handles)


class BufferOverride(ctypes.Structure):
    """``llama_model_tensor_buft_override``; a list of them ends with NULL."""

    _fields_ = (("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p))


class ExpertsInRam:
    """Keeps the routed experts of the first layers in RAM, although the layers are on devices.

    Attributes:
        native: The value for ``llama_model_params.tensor_buft_overrides``; valid while this object exists.
    """

    def __init__(self, layers: int) -> None:
        numbers = "|".join(map(str, range(layers)))
        self._pattern: Final = rf"blk\.({numbers})\.ffn_(up|down|gate|gate_up)_(ch)?exps".encode()
        memory = ggml_function("ggml_backend_cpu_buffer_type", ctypes.c_void_p)()
        self._overrides = (BufferOverride * 2)(BufferOverride(self._pattern, memory), BufferOverride(None, None))
        self.native: Final = ctypes.addressof(self._overrides)


def _load(names: Sequence[str]) -> dict[str, int]:
    """Load libraries until all these devices are there; return the devices by name.

    Those that the devices seem to come from are first, because another library may not work here.
    """
    found = _devices()
    for path in sorted(device_libraries(), key=lambda path: not _seems_of(path, names)):
        if found.keys() >= set(names):
            break
        if "vulkan" in path.name:
            show_software_devices(vulkan_devices())
        if not load_backend(path):
            logger.warning("llama.cpp's library %s does not load", path.name)
        found = _devices()
    return found


def _devices() -> dict[str, int]:
    return {device_name(handle): handle for handle in device_handles()}


def _seems_of(path: Path, names: Sequence[str]) -> bool:
    """Return whether a library has devices of these names: ``Vulkan0`` is one of ``libggml-vulkan.so``."""
    return any(name.rstrip("0123456789").lower() in path.name for name in names)
