"""Devices next to the processor that models can be put on, such as graphics cards: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from preheat.messages import Message, msg


class DeviceKind(StrEnum):
    """What a device is."""

    DISCRETE = "discrete"
    """A GPU with memory of its own."""

    INTEGRATED = "integrated"
    """A GPU that shares the processor's memory."""

    ACCELERATOR = "accelerator"
    """Helps the processor with some operations; no layers can be put on it."""

    SOFTWARE = "software"
    """A driver that computes on the processor, such as Mesa's llvmpipe."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device as llama.cpp and its driver describe it."""

    name: str  # llama.cpp's name, such as ``Vulkan0``; may name another device after a change of hardware
    description: str  # the maker's name, such as ``NVIDIA GeForce RTX 4070 Laptop GPU``
    kind: DeviceKind
    backend: str  # of llama.cpp, such as ``vulkan``
    total_bytes: int  # memory; of an integrated GPU, what it may use of the system's
    free_bytes: int  # free memory when the devices were listed
    driver: str = ""  # name and version; empty if unknown
    device_id: str = ""  # its place in the machine, such as ``0000:01:00.0``; empty if unknown
    library: str = ""  # changes with llama.cpp's libraries

    @property
    def key(self) -> str:
        """What measurements of this device are kept under: it changes with its driver and with llama.cpp."""
        return "|".join((self.backend, self.device_id or self.name, self.description, self.driver, self.library))


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a model computes, in tokens per second; 0 is not measured."""

    prefill: float  # 0 where decode is hopeless
    decode: float  # one token at a time; 0 for a model that makes embeddings


@dataclass(frozen=True, slots=True)
class DeviceSpeed:
    """Speed of models of one shape on a device, measured against the processor."""

    shape: str  # architecture, layers, width and quantization, such as ``llama 30x1536 Q4_K_M``
    device: Speed
    processor: Speed
    gain: float  # how many times as fast as on the processor a usual request is
    in_use: bool  # whether the device is worth it for these models; the setting ``devices`` may still name others


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """A device, and whether models are put on it."""

    device: Device = field(metadata={"flat": True})
    in_use: bool
    reason: Message  # why, or why not
    speeds: tuple[DeviceSpeed, ...] = ()  # what was measured, for each shape of model


@dataclass(frozen=True, slots=True)
class DeviceProblem:
    """Something that keeps a device from being found or used."""

    problem: Message


@dataclass(frozen=True, slots=True)
class DeviceList:
    """All devices for readers, and what models use."""

    devices: tuple[DeviceUse, ...] = ()  # those in use first, in the order in which models fill them
    problems: tuple[DeviceProblem, ...] = ()
    outcome: Message = field(default=msg("devices_no_backend"))  # which device models use, or why none


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What was found in this installation and on this machine."""

    devices: tuple[Device, ...] = ()  # in llama.cpp's order
    problems: tuple[Message, ...] = ()  # libraries that do not work here, and why
    backends: tuple[str, ...] = ()  # those of this build besides the processor's, such as ``vulkan``
