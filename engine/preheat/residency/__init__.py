"""Which models are in memory? States, decisions, evictions, and the executor that carries them out."""

from __future__ import annotations

from preheat.residency.decide import decide
from preheat.residency.decisions import Action, Cause, DecisionRecord, EvictionReason, Outcome
from preheat.residency.eviction import EvictionPlan, EvictionPolicy, ResidentModel, plan_eviction
from preheat.residency.executor import Claim, HotModel, ResidencyExecutor
from preheat.residency.memory_watch import MemoryWatch
from preheat.residency.resume import is_worth_a_look
from preheat.residency.sizes import SizeTable
from preheat.residency.states import Residency, ResidencyState, State
from preheat.residency.system_memory import read_memory

__all__ = [
    "Action",
    "Cause",
    "Claim",
    "DecisionRecord",
    "EvictionPlan",
    "EvictionPolicy",
    "EvictionReason",
    "HotModel",
    "MemoryWatch",
    "Outcome",
    "Residency",
    "ResidencyExecutor",
    "ResidencyState",
    "ResidentModel",
    "SizeTable",
    "State",
    "decide",
    "is_worth_a_look",
    "plan_eviction",
    "read_memory",
]
