"""Which devices models are put on, and why: the setting ``devices`` applied to what was found. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from preheat.devices.device import Device, DeviceKind, DeviceList, DeviceProblem, DeviceReport, DeviceUse
from preheat.messages import Message, msg

PROCESSOR: Final = "cpu"
"""The word of the setting ``devices`` for the processor alone."""

_FASTEST: Final = ("cuda", "rocm", "hip", "metal", "sycl", "vulkan")
"""Backends in the order in which one is chosen for a device that several can use."""


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """What is done with each device."""

    uses: tuple[DeviceUse, ...] = ()  # those in use first, in the order in which models fill them
    problems: tuple[Message, ...] = ()  # names in the setting that fit no device

    @property
    def names(self) -> tuple[str, ...]:
        """llama.cpp's names of the devices in use; empty if the processor computes alone."""
        return tuple(self.total_bytes)

    @property
    def total_bytes(self) -> Mapping[str, int]:
        """The memory of the devices in use, by llama.cpp's names, in the order in which models fill them."""
        return {use.device.name: use.device.total_bytes for use in self.uses if use.in_use}

    @property
    def keys(self) -> Mapping[str, str]:
        """What measurements of the devices in use are kept under, by llama.cpp's names."""
        return {use.device.name: use.device.key for use in self.uses if use.in_use}

    @property
    def in_main_memory(self) -> frozenset[str]:
        """The names of those of them whose memory is part of the machine's."""
        kinds = (DeviceKind.INTEGRATED, DeviceKind.SOFTWARE)
        return frozenset(use.device.name for use in self.uses if use.in_use and use.device.kind in kinds)


def choose_devices(wanted: Sequence[str] | None, report: DeviceReport) -> DeviceChoice:
    """Return which devices are used.

    Args:
        wanted: The setting: names in order of preference, ``cpu`` for none; None lets Preheat choose. A name is
            llama.cpp's, a device id, or a part of the description, in any case.
        report: What there is.
    """
    if wanted is None:
        return DeviceChoice(_in_use_first(_automatic(report.devices)))
    names = [name for name in wanted if name.lower() != PROCESSOR]
    chosen: dict[str, DeviceUse] = {}
    problems = []
    for name in names:
        matches = _matching(name, report.devices)
        for device in matches:
            chosen.setdefault(device.name, _chosen(device, name, [use.device for use in chosen.values()]))
        if not matches:
            known = [PROCESSOR, *(device.name for device in report.devices)]
            problems.append(msg("device_unknown", name=name, names=known))
    code = "device_not_named" if names else "device_setting_cpu"
    others = [DeviceUse(device, False, msg(code)) for device in report.devices if device.name not in chosen]
    return DeviceChoice(_in_use_first([*chosen.values(), *others]), tuple(problems))


def device_list(choice: DeviceChoice, report: DeviceReport) -> DeviceList:
    """Return what readers are shown."""
    problems = tuple(DeviceProblem(problem) for problem in (*choice.problems, *report.problems))
    return DeviceList(choice.uses, problems, outcome(choice, report))


def outcome(choice: DeviceChoice, report: DeviceReport) -> Message:
    """Return in one sentence which device models use, or why none."""
    if choice.names:
        return msg("devices_used", names=[use.device.description for use in choice.uses if use.in_use])
    if not report.backends:
        return msg("devices_no_backend")
    left_off = (msg("device_left_off", device=use.device.description, reason=use.reason) for use in choice.uses)
    by_setting = next((use.reason for use in choice.uses if use.reason.code == "device_setting_cpu"), None)
    reasons = [each for each in (*choice.problems, by_setting, *left_off, *report.problems) if each is not None]
    return msg("devices_unused", reason=reasons[0] if reasons else msg("devices_none_found"))


def _automatic(devices: Iterable[Device]) -> list[DeviceUse]:
    """Return what is done with devices that the user does not choose."""
    usable: list[Device] = []
    uses: list[DeviceUse] = []
    for device in sorted(devices, key=_speed):
        if (reason := _never_by_itself(device) or _same_as(device, usable)) is not None:
            uses.append(DeviceUse(device, False, reason))
        else:
            usable.append(device)
    discrete = next((device for device in usable if device.kind is DeviceKind.DISCRETE), None)
    for device in usable:
        if discrete is None:
            uses.append(DeviceUse(device, True, msg("device_integrated_used")))
        elif device.kind is DeviceKind.DISCRETE:
            uses.append(DeviceUse(device, True, msg("device_discrete_used")))
        else:
            uses.append(DeviceUse(device, False, msg("device_after_discrete", other=discrete.description)))
    order = [device.name for device in devices]
    return sorted(uses, key=lambda use: order.index(use.device.name))


def _chosen(device: Device, name: str, before: Sequence[Device]) -> DeviceUse:
    """Return what is done with a device that the user names."""
    if device.kind is DeviceKind.ACCELERATOR:
        return DeviceUse(device, False, msg("device_accelerator"))
    if (reason := _same_as(device, before)) is not None:
        return DeviceUse(device, False, reason)
    return DeviceUse(device, True, msg("device_named", name=name))


def _matching(name: str, devices: Sequence[Device]) -> list[Device]:
    """Return the devices of a name; only if it is no name or id of one, those whose description contains it."""
    wanted = name.strip().lower()
    exact = [device for device in devices if wanted in (device.name.lower(), device.device_id.lower())]
    return sorted(exact or (device for device in devices if wanted in device.description.lower()), key=_speed)


def _never_by_itself(device: Device) -> Message | None:
    match device.kind:
        case DeviceKind.SOFTWARE:
            return msg("device_software")
        case DeviceKind.ACCELERATOR:
            return msg("device_accelerator")
    return None


def _same_as(device: Device, others: Iterable[Device]) -> Message | None:
    """Return that a device is used through another library already, if it is."""
    return next(
        (
            msg("device_is_also", name=other.name)
            for other in others
            if device.device_id and device.device_id == other.device_id and device.backend != other.backend
        ),
        None,
    )


def _speed(device: Device) -> int:
    return _FASTEST.index(device.backend) if device.backend in _FASTEST else len(_FASTEST)


def _in_use_first(uses: Iterable[DeviceUse]) -> tuple[DeviceUse, ...]:
    return tuple(sorted(uses, key=lambda use: not use.in_use))
