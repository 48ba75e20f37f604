"""The devices that a model is put on. Their libraries are loaded only for models that use some: +55 MB a worker."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from preheat.inference.processor import device_libraries
from preheat.inference.worker.backends.loading import load_backend
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
