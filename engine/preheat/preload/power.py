"""Does the computer run on its battery?"""

from __future__ import annotations

import psutil


def on_battery() -> bool:
    """Return whether the power supply is known to be unplugged. Reads small files; any thread."""
    sensors = getattr(psutil, "sensors_battery", None)  # not every system has it
    try:
        battery = sensors() if sensors is not None else None
    except (OSError, ValueError, RuntimeError, NotImplementedError):
        return False  # a driver that says nothing sensible is no reason to hold preloads back
    return battery is not None and battery.power_plugged is False
