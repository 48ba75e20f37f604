"""Which models are in memory? States, loads, leases, evictions."""

from __future__ import annotations

from preheat.residency.pool import Pool
from preheat.residency.resident import Cause, Resident
from preheat.residency.states import State

__all__ = ["Cause", "Pool", "Resident", "State"]
