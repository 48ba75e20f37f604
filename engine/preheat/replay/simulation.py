"""Preheat, or another way to manage memory, on a simulated machine.

All decisions come from the engine's own code: the residency core, ``plan_eviction`` and ``PreloadPlanner``. Only time,
memory, disk and the idle loop around the planner are simulated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from preheat.preload import (
    REPLAN_S,
    DeviceNeeds,
    FormAction,
    FormFacts,
    PolicySettings,
    PreloadPlanner,
    facts_of,
    plan_forms,
)
from preheat.replay.executor import Figures, SimulatedExecutor
from preheat.replay.machine import Machine
from preheat.replay.trace import Kind, ModelSize, TraceEvent
from preheat.residency import LEAST_GAIN, DevicePool, EvictionPlan, Hot, Now, Residency, ResidentModel, plan_eviction
from preheat.settings import Settings
from preheat.usage import DAY_S, HALF_LIFE_S, UsageTracker

_LONGEST_IDLE_S: Final = 31 * DAY_S
"""Time without any event in which plans are made. Without a limit, a request of 1970, which clocks show after they lost
the time, takes minutes of planning."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to decide what is in memory."""

    name: str
    preload: bool = False  # load favourites and learned models when idle
    # load the model a waking client usually uses next, and put its models first on standby
    wake_ups: bool = False
    standby: bool = False  # read the files of the next best models into the page cache when idle
    repack: bool = False  # exchange the weights of idle models for repacked ones where there is room
    keep_alive_s: float | None = None  # idle time after which a model is unloaded; None leaves that to the limit
    max_models: int | None = None  # maximum number of hot models; None leaves that to the limit
    policy: PolicySettings = field(default_factory=PolicySettings)
    half_life_s: float = HALF_LIFE_S
    planner: type[PreloadPlanner] = PreloadPlanner  # what decides; others are for comparison


@dataclass(frozen=True, slots=True)
class _Reading:
    """Files being read ahead: bytes to read of each, best first."""

    began_at: float
    missing: dict[str, int]


class Simulation:
    """One machine with one strategy. Call its methods in the order of their times."""

    def __init__(
        self,
        machine: Machine,
        strategy: Strategy,
        sizes: Mapping[str, ModelSize],
        favourites: Sequence[str] = (),
        timezone: tzinfo | None = UTC,
    ) -> None:
        self._machine = machine
        self._strategy = strategy
        self._sizes = sizes
        self._resident_bytes = {model_id: size.resident_bytes for model_id, size in sizes.items()}
        on_devices = {model_id: size.device_bytes for model_id, size in sizes.items() if size.device_bytes}
        self._devices = DeviceNeeds(machine.device_limits, on_devices)
        settings = Settings(wake_with_clients=strategy.wake_ups, popularity_half_life=strategy.half_life_s / DAY_S)
        self._planner = strategy.planner(UsageTracker(settings, timezone=timezone), strategy.policy)
        if strategy.preload:
            self._planner.favourites = tuple(favourites)
        self._executor = SimulatedExecutor(
            machine, sizes, self._plan_eviction, strategy.keep_alive_s, self._planner.decided
        )
        self._reading: _Reading | None = None
        self._replan_at = 0.0
        self._on = False
        self._asleep = False

    @property
    def figures(self) -> Figures:
        """What was counted so far."""
        return self._executor.figures

    @property
    def hot_bytes(self) -> int:
        """Memory of all models that are hot or loading, in bytes."""
        return self._executor.state.taken_bytes

    @property
    def in_memory(self) -> frozenset[str]:
        """Ids of all models that are hot or loading."""
        return frozenset(self._executor.state.staying)

    def play(self, event: TraceEvent) -> None:
        """Let an event happen."""
        at, kind, model_id, client = event
        match kind:
            case Kind.REQUEST:
                self.request(model_id, client, at)
            case Kind.WAKE:
                self.wake(client, at, model_id)
            case Kind.ADDED:
                self.add(model_id, at)
            case Kind.CHOSEN:
                self.choose(model_id, at)
            case Kind.BOOT:
                self.boot(at)
            case Kind.OFF:
                self.switch_off(at)
            case Kind.SLEEP:
                self.sleep(at)
            case _:  # RESUME
                self.resume(at)

    def boot(self, at: float) -> None:
        """Switch the machine on. A trace need not begin with it."""
        if self._on:
            self.switch_off(at)
        self._on, self._asleep = True, False
        self._executor.now = at
        self._executor.reset()
        self._executor.set_favourites(frozenset(self._planner.favourites))

    def switch_off(self, at: float) -> None:
        """Lose everything in memory."""
        self._awaken(at)
        self.advance(at)
        if self._on:
            self._on = False
            self._stop_reading()
            self._executor.switch_off()
            self._executor.reset()
            self._planner.memory_lost()

    def sleep(self, at: float) -> None:
        """Suspend the machine: nothing happens until it resumes, but everything stays in memory."""
        self.advance(at)
        self._stop_reading()
        self._asleep = True

    def resume(self, at: float) -> None:
        """End the sleep."""
        if not self._on:
            self.boot(at)
        self._awaken(at)

    def _awaken(self, at: float) -> None:
        if self._asleep:
            self._asleep = False
            self._executor.now = at
            self._executor.changed = True

    def wake(self, client: str, at: float, model_id: str = "") -> None:
        """A client lists models, opens a session, or asks for a model's details."""
        self._awaken(at)
        self.advance(at)
        if self._strategy.preload:
            self._planner.client_woke(client, model_id, at)
            self._executor.changed = True

    def add(self, model_id: str, at: float) -> None:
        """A model was downloaded or imported, which leaves its file in the page cache."""
        self._awaken(at)
        self.advance(at)
        self._stop_reading()
        executor = self._executor
        executor.cache.put(model_id, self._sizes[model_id].file_bytes)
        executor.cache.trim(self._machine.cache_room(self.hot_bytes))
        if self._strategy.preload:
            self._planner.model_added(model_id, at)
            executor.changed = True

    def choose(self, model_id: str, at: float) -> None:
        """The user chooses a model."""
        self._awaken(at)
        self.advance(at)
        if self._strategy.preload:
            self._planner.model_chosen(model_id, at)
            self._executor.changed = True

    def request(self, model_id: str, client: str, at: float) -> None:
        """A request arrives."""
        self.resume(at)
        self.advance(at)
        self._stop_reading()
        if self._strategy.preload:
            self._planner.request_arrived(model_id, client, at)
        self._executor.request(model_id)

    def advance(self, until: float) -> None:
        """Let time pass: run events up to ``until``, and use idle time before it."""
        if not self._on or self._asleep:
            return
        executor = self._executor
        planned_until = executor.now + _LONGEST_IDLE_S
        while True:
            due, idle_at = executor.next_at, self._idle_at()
            if idle_at > planned_until:
                idle_at = math.inf
            if due <= min(until, idle_at):
                executor.run_next()
            elif idle_at < until:
                executor.now = idle_at
                self._use_idle_time()
            else:
                break
        executor.now = until

    def finish(self) -> None:
        """Let waiting requests get their models."""
        self._asleep = False
        while self._executor.waiting:
            self.advance(self._executor.next_at)

    def _idle_at(self) -> float:
        """Return when the preloader makes its next plan, as far as is known now."""
        executor = self._executor
        if not self._strategy.preload or executor.preloading or executor.state.active_requests:
            return math.inf
        plan_at = executor.now if executor.changed else self._replan_at
        return max(plan_at, executor.ended_at + self._machine.idle_s)

    def _use_idle_time(self) -> None:
        """Start the next preload; with none to do, read ahead."""
        executor = self._executor
        executor.changed = False
        self._replan_at = executor.now + REPLAN_S
        self._stop_reading()
        basis = self._planner.basis(self._resident_bytes, self._machine.limit_bytes, executor.now, self._devices)
        plan = self._planner.plan(executor.state.residents(), basis, executor.now)
        if preload := next(iter(plan.preloads), None):
            self._planner.preload_started(preload, executor.now)
            executor.preload(preload.model_id, preload.displaces)
            return
        if self._strategy.repack:
            self._change_form()
        if self._strategy.standby:
            self._start_reading(plan.standby)

    def _change_form(self) -> None:
        """Let the next hot model have repacked weights."""
        executor = self._executor
        facts = [
            self._form_of(record, record.phase)
            for record in executor.state.models.values()
            if isinstance(record.phase, Hot) and self._sizes[record.model_id].repacked_bytes
        ]
        targets = plan_forms(facts, self._machine.limit_bytes - executor.state.taken_bytes)
        pauses = [target.again_s for target in targets if target.again_s is not None]
        self._replan_at = min([self._replan_at, *(executor.now + pause_s for pause_s in pauses)])
        change = next((target for target in targets if target.action is FormAction.CHANGE), None)
        if change is not None and not any(each.changing for each in facts):
            executor.exchange(change.model_id)

    def _form_of(self, record: Residency, hot: Hot) -> FormFacts:
        model_id, now = record.model_id, Now(self._executor.now, self._executor.now)
        return facts_of(
            record,
            hot,
            now,
            setting="auto",
            repackable=True,
            gain=LEAST_GAIN,
            chance=self._planner.chance(model_id, now.unix),
            used_enough=self._planner.used_enough(model_id, now.unix),
            keeps_prompts=True,
            added_bytes=self._executor.form_size(model_id).added_bytes,
        )

    def _plan_eviction(
        self,
        residents: Sequence[ResidentModel],
        needed_bytes: int,
        limit_bytes: int,
        pools: Sequence[DevicePool] = (),
        *,
        for_request: bool,
    ) -> EvictionPlan:
        if self._strategy.preload:
            now = self._executor.now
            return self._planner.plan_eviction(
                residents,
                needed_bytes,
                limit_bytes,
                pools,
                now=now,
                for_request=for_request,
                sizes=self._resident_bytes,
            )
        plan = plan_eviction(residents, needed_bytes, limit_bytes, pools, for_request=for_request)
        most = self._strategy.max_models
        if most is not None and len(residents) - len(plan.victims) >= most:
            # The same order, with a limit counted in models.
            counted = [model._replace(resident_bytes=1) for model in residents]
            victims, missing, _ = plan_eviction(counted, 1, most, for_request=for_request)
            plan = EvictionPlan(victims, max(plan.missing_bytes, missing))
        return plan

    def _start_reading(self, model_ids: Sequence[str]) -> None:
        executor = self._executor
        room = self._machine.cache_room(self.hot_bytes)
        missing: dict[str, int] = {}
        for model_id in model_ids:
            if room <= 0:
                break
            share = min(self._sizes[model_id].file_bytes, room)
            missing[model_id] = max(0, share - executor.cache.held(model_id))
            room -= share
        if any(missing.values()):
            self._reading = _Reading(executor.now, missing)
        else:
            executor.cache.touch(reversed(missing))

    def _stop_reading(self) -> None:
        """Put what was read by now into the page cache."""
        if self._reading is None:
            return
        reading, self._reading = self._reading, None
        executor, cache = self._executor, self._executor.cache
        in_time = int((executor.now - reading.began_at) * self._machine.disk_bytes_per_s)
        for model_id, missing in reading.missing.items():
            read = min(missing, in_time)
            if read:
                cache.put(model_id, cache.held(model_id) + read)
                executor.figures.bytes_read += read
                in_time -= read
        cache.touch(reversed(reading.missing))  # the best is kept longest
        cache.trim(self._machine.cache_room(self.hot_bytes))
