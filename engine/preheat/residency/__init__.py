"""Which models are in memory? States, loads, leases, evictions."""

from __future__ import annotations

from preheat.residency.decisions import Action, DecisionRecord, Why
from preheat.residency.eviction import Tenant
from preheat.residency.memory_watch import MemoryWatch
from preheat.residency.pool import Pool
from preheat.residency.resident import Cause, Resident
from preheat.residency.resume import is_worth_a_look
from preheat.residency.sizes import SizeBook
from preheat.residency.states import State
from preheat.residency.system_memory import read_memory

__all__ = [
    "Action",
    "Cause",
    "DecisionRecord",
    "MemoryWatch",
    "Pool",
    "Resident",
    "SizeBook",
    "State",
    "Tenant",
    "Why",
    "is_worth_a_look",
    "read_memory",
]
