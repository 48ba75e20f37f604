"""Graphics cards of this machine, and whether models use them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from preheat.doctor.context import settings_in_force
from preheat.doctor.report import Finding, Level
from preheat.errors import EngineError
from preheat.messages import render

CARDS: Final = Path("/sys/class/drm")
_VENDORS: Final = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}
_MAY_BE_MISSING: Final = frozenset({"vulkan_no_loader", "vulkan_no_device", "device_library_without_device"})
"""What is nothing to do about on a machine without a graphics card."""
_LIMIT_S: Final = 3.0
"""Time for a driver to answer: a check that takes longer than all may, would not say what it waits for."""


def check_devices() -> Iterator[Finding]:
    """Report which devices models use, or why none; lists the devices if that was not done before."""
    from preheat.devices import SpeedTable, choose_devices, device_list, find_devices, speeds_file

    cards = _cards()
    try:
        report = find_devices(remember=False, limit_s=_LIMIT_S)
    except EngineError as error:
        yield Finding(Level.BROKEN, error.message)
        return
    wanted, speeds = settings_in_force().devices, SpeedTable(speeds_file())
    speeds.open()
    found = device_list(speeds.decide(choose_devices(wanted, report), automatic=wanted is None), report)
    details = [f"graphics card: {card}" for card in cards]
    for use in found.devices:
        device = use.device
        facts = ", ".join(filter(None, (device.kind.value, device.driver)))
        details.append(f"{device.name}: {device.description} ({facts}): {render(use.reason).text}")
    yield Finding(Level.GOOD, found.outcome, tuple(details))
    for each in found.problems:
        if cards or each.problem.code not in _MAY_BE_MISSING:
            yield Finding(Level.TO_DO, each.problem)


def _cards() -> list[str]:
    found = []
    with suppress(OSError):
        for card in sorted(CARDS.glob("card[0-9]*")):
            with suppress(OSError):
                vendor = (card / "device" / "vendor").read_text().strip()
                found.append(f"{_VENDORS.get(vendor, vendor)} ({card.name})")
    return found
