"""What Vulkan's loader says about the devices of this machine, which llama.cpp does not pass on."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any, Final, NamedTuple

VISIBLE: Final = "GGML_VK_VISIBLE_DEVICES"
"""llama.cpp's variable with the numbers of the devices that it uses; without it, it leaves out processors."""

_LOADERS: Final = {"win32": ("vulkan-1.dll",), "darwin": ("libvulkan.1.dylib", "libMoltenVK.dylib")}
_INSTANCE_CREATE_INFO: Final = 1
_PROPERTIES_2: Final = 1000059001
_DRIVER_PROPERTIES: Final = 1000196000  # VkStructureType
_VERSION_1_2: Final = 1 << 22 | 2 << 12
_CPU: Final = 4  # enum VkPhysicalDeviceType

_u32, _void = ctypes.c_uint32, ctypes.c_void_p


class VulkanDevice(NamedTuple):
    """A device of the loader's list."""

    name: str
    driver: str  # name and version
    software: bool  # the processor imitates it


class _ApplicationInfo(ctypes.Structure):
    _fields_ = (
        ("type", _u32),
        ("next", _void),
        ("application", ctypes.c_char_p),
        ("application_version", _u32),
        ("engine", ctypes.c_char_p),
        ("engine_version", _u32),
        ("api_version", _u32),
    )


class _InstanceCreateInfo(ctypes.Structure):
    _fields_ = (
        ("type", _u32),
        ("next", _void),
        ("flags", _u32),
        ("application", ctypes.POINTER(_ApplicationInfo)),
        ("layer_count", _u32),
        ("layers", _void),
        ("extension_count", _u32),
        ("extensions", _void),
    )


class _DriverProperties(ctypes.Structure):
    _fields_ = (
        ("type", _u32),
        ("next", _void),
        ("driver", ctypes.c_int),
        ("name", ctypes.c_char * 256),
        ("info", ctypes.c_char * 256),
        ("conformance", ctypes.c_uint8 * 4),
    )


class _Properties(ctypes.Structure):
    """Begins like ``VkPhysicalDeviceProperties2``; the limits that follow are not read."""

    _fields_ = (
        ("type", _u32),
        ("next", _void),
        ("api_version", _u32),
        ("driver_version", _u32),
        ("vendor", _u32),
        ("device", _u32),
        ("kind", ctypes.c_int),
        ("name", ctypes.c_char * 256),
        ("limits", ctypes.c_uint64 * 256),
    )


def vulkan_devices() -> list[VulkanDevice] | None:
    """Return the devices of Vulkan's drivers, in the loader's order; None if there is no loader.

    Loads the drivers into this process, as llama.cpp's library does.
    """
    loader = _loader()
    if loader is None:
        return None
    application = _ApplicationInfo(api_version=_VERSION_1_2)
    create = _InstanceCreateInfo(type=_INSTANCE_CREATE_INFO, application=ctypes.pointer(application))
    instance = _void()
    if loader.vkCreateInstance(ctypes.byref(create), None, ctypes.byref(instance)):
        return []  # no driver
    try:
        count = _u32()
        loader.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), None)
        handles = (_void * count.value)()
        loader.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), handles)
        return [_device(loader, handle) for handle in handles[: count.value] if handle]
    finally:
        loader.vkDestroyInstance(instance, None)


def show_software_devices(devices: list[VulkanDevice] | None) -> None:
    """Let llama.cpp see devices that the processor imitates if there are no others, unless the user's variable decides.

    To be called before its Vulkan library is loaded.
    """
    if devices and VISIBLE not in os.environ and all(device.software for device in devices):
        os.environ[VISIBLE] = ",".join(map(str, range(len(devices))))


def _loader() -> Any:
    for name in _LOADERS.get(sys.platform, ("libvulkan.so.1",)):
        try:
            return ctypes.CDLL(name)  # not find_library, which starts compilers
        except OSError:
            continue
    return None


def _device(loader: Any, handle: int) -> VulkanDevice:
    driver = _DriverProperties(type=_DRIVER_PROPERTIES)
    found = _Properties(type=_PROPERTIES_2, next=ctypes.addressof(driver))
    loader.vkGetPhysicalDeviceProperties2(_void(handle), ctypes.byref(found))
    words = (driver.name.decode(errors="replace"), driver.info.decode(errors="replace"))
    return VulkanDevice(found.name.decode(errors="replace"), " ".join(filter(None, words)), found.kind == _CPU)
