"""Models in memory: states, decisions, evictions, and the executor that performs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.residency.contexts import ContextChoice, ContextLengths
    from preheat.residency.deciding import decide
    from preheat.residency.decisions import EXCHANGE, Action, Cause, DecisionRecord, EvictionReason, Outcome
    from preheat.residency.estimates import estimate
    from preheat.residency.eviction import (
        EvictionPlan,
        EvictionPolicy,
        ResidentModel,
        is_small,
        kept_small_bytes,
        most_small_bytes,
        plan_beside_small,
        plan_eviction,
        plan_room,
        unused_small_bytes,
    )
    from preheat.residency.executor import ResidencyExecutor
    from preheat.residency.forms import Form, FormSize
    from preheat.residency.gains import LEAST_GAIN, GainTable, is_repackable
    from preheat.residency.memory.pressure import MemoryReading
    from preheat.residency.memory.system import read_memory
    from preheat.residency.memory.watch import MemoryWatch
    from preheat.residency.phases import Hot, Now, State
    from preheat.residency.placements import PlacementQuestion
    from preheat.residency.pools import NO_DEVICE_BYTES, DeviceBytes, DevicePool, Shortage, device_sums
    from preheat.residency.processes.handles import HotModel
    from preheat.residency.processes.load_options import load_options
    from preheat.residency.resume import is_worth_a_look
    from preheat.residency.sizes import SizeTable
    from preheat.residency.slots import parallel_requests
    from preheat.residency.standby import Standby, lower_own_priority, touch
    from preheat.residency.states import Limits, Residency, ResidencyState
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.residency.contexts": "ContextChoice ContextLengths",
            "preheat.residency.deciding": "decide",
            "preheat.residency.decisions": "EXCHANGE Action Cause DecisionRecord EvictionReason Outcome",
            "preheat.residency.eviction": "EvictionPlan EvictionPolicy ResidentModel is_small plan_beside_small"
            " plan_eviction plan_room kept_small_bytes most_small_bytes unused_small_bytes",
            "preheat.residency.estimates": "estimate",
            "preheat.residency.executor": "ResidencyExecutor",
            "preheat.residency.forms": "Form FormSize",
            "preheat.residency.gains": "LEAST_GAIN GainTable is_repackable",
            "preheat.residency.memory.watch": "MemoryWatch",
            "preheat.residency.processes.handles": "HotModel",
            "preheat.residency.processes.load_options": "load_options",
            "preheat.residency.resume": "is_worth_a_look",
            "preheat.residency.sizes": "SizeTable",
            "preheat.residency.slots": "parallel_requests",
            "preheat.residency.standby": "Standby lower_own_priority touch",
            "preheat.residency.phases": "Hot Now State",
            "preheat.residency.placements": "PlacementQuestion",
            "preheat.residency.pools": "NO_DEVICE_BYTES DeviceBytes DevicePool Shortage device_sums",
            "preheat.residency.states": "Limits Residency ResidencyState",
            "preheat.residency.memory.pressure": "MemoryReading",
            "preheat.residency.memory.system": "read_memory",
        },
    )
