"""The power supply of the computer."""

from __future__ import annotations

import psutil


def on_battery() -> bool:
    """Return whether the power supply is known to be unplugged. Reads small files; any thread."""
    sensors = getattr(psutil, "sensors_battery", None)  # missing on some systems
    try:
        battery = sensors() if sensors is not None else None
    except (OSError, ValueError, RuntimeError, NotImplementedError):
        return False  # a broken driver must not block preloading
    return battery is not None and battery.power_plugged is False
