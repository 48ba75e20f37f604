"""Memory by pool: the main memory, and the memory of each device. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, TypeAlias

DeviceBytes: TypeAlias = Mapping[str, int]
"""Bytes by the name of a device. What is not in it is 0."""

NO_DEVICE_BYTES: Final[DeviceBytes] = MappingProxyType({})


class Holder(Protocol):
    """What holds memory: a model."""

    @property
    def resident_bytes(self) -> int:
        """Bytes in main memory."""

    @property
    def device_bytes(self) -> DeviceBytes:
        """Bytes in the memory of devices."""


def device_sums(held: Iterable[DeviceBytes]) -> DeviceBytes:
    """Return what several models hold of each device together."""
    sums: dict[str, int] = {}
    for device_bytes in held:
        for device, size in device_bytes.items():
            sums[device] = sums.get(device, 0) + size
    return sums


class DevicePool(NamedTuple):
    """The memory of a device: its limit, and how much more of it is needed."""

    device: str
    needed_bytes: int
    limit_bytes: int


class Shortage:
    """The bytes that are missing in each pool, while models are chosen that leave.

    Args:
        holders: All models that hold or reserve memory.
        needed_bytes: Main memory that is needed in addition.
        limit_bytes: The limit of main memory.
        pools: The same for devices.
    """

    __slots__ = ("_devices", "_main_bytes")

    def __init__(
        self, holders: Iterable[Holder], needed_bytes: int, limit_bytes: int, pools: Sequence[DevicePool] = ()
    ) -> None:
        self._main_bytes = needed_bytes - limit_bytes
        self._devices = {pool.device: pool.needed_bytes - pool.limit_bytes for pool in pools}
        for holder in holders:
            self._add(holder, 1)

    @property
    def exists(self) -> bool:
        """Whether a pool has too little."""
        return self._main_bytes > 0 or (bool(self._devices) and max(self._devices.values()) > 0)

    @property
    def worst(self) -> tuple[int, str | None]:
        """The bytes that are missing, and the device where: None for main memory, which is named first. 0 if none."""
        if self._main_bytes > 0:
            return self._main_bytes, None
        return next(((missing, device) for device, missing in self._devices.items() if missing > 0), (0, None))

    def is_eased_by(self, holder: Holder) -> bool:
        """Return whether a model's leaving helps."""
        if self._main_bytes > 0 and holder.resident_bytes > 0:
            return True
        return any(missing > 0 and holder.device_bytes.get(device) for device, missing in self._devices.items())

    def take(self, holder: Holder) -> None:
        """Count on a model's leaving."""
        self._add(holder, -1)

    def give_back(self, holder: Holder) -> bool:
        """Let a model stay after all, if there is enough without its memory; return whether it stays."""
        self._add(holder, 1)
        if self.exists:
            self._add(holder, -1)
            return False
        return True

    def _add(self, holder: Holder, sign: int) -> None:
        self._main_bytes += sign * holder.resident_bytes
        for device in self._devices:
            self._devices[device] += sign * holder.device_bytes.get(device, 0)
