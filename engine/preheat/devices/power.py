"""Whether models stay off devices because the machine runs on battery. Pure.

A model in a GPU's memory keeps the GPU awake. Moving a model costs a load, so a cable that is pulled for a moment moves
none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

STEADY_S: Final = 60.0
"""Time for which the power supply must be the same until models follow, in seconds."""


@dataclass(frozen=True, slots=True)
class PowerState:
    """What models follow, and since when the power supply says otherwise."""

    on_battery: bool = False
    other_since: float | None = None  # monotonic time

    def after(self, on_battery: bool, now: float) -> PowerState:
        """Return the state after a look at the power supply at a monotonic time."""
        if on_battery == self.on_battery:
            return PowerState(self.on_battery)
        since = now if self.other_since is None else self.other_since
        return PowerState(on_battery) if now - since >= STEADY_S else PowerState(self.on_battery, since)
