"""Which models are in memory? States, loads, leases, evictions."""

from __future__ import annotations

from preheat.residency.decisions import Action, Cause, DecisionRecord, EvictionReason
from preheat.residency.eviction import ResidentModel
from preheat.residency.memory_watch import MemoryWatch
from preheat.residency.pool import Pool
from preheat.residency.resident import Resident
from preheat.residency.resume import is_worth_a_look
from preheat.residency.sizes import SizeTable
from preheat.residency.states import State
from preheat.residency.system_memory import read_memory

__all__ = [
    "Action",
    "Cause",
    "DecisionRecord",
    "EvictionReason",
    "MemoryWatch",
    "Pool",
    "Resident",
    "ResidentModel",
    "SizeTable",
    "State",
    "is_worth_a_look",
    "read_memory",
]
