"""What preloading depends on in a running engine: memory, models on disk, pauses, requests, and power."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from preheat.clock import unix_time
from preheat.messages import Message, msg
from preheat.models import Headroom, ModelFile
from preheat.preload.ahead import Ahead
from preheat.preload.failures import FailedPreloads
from preheat.preload.forms import FormFacts, FormOutlook, FormTarget, facts_of, outlook, plan_forms
from preheat.preload.gate import Conditions, Hold, blocking_reason
from preheat.preload.idle_processor import IdleProcessor
from preheat.preload.plan import NO_DEVICES, DeviceNeeds, LimitOutlook, PolicySettings, PreloadPlan
from preheat.preload.planner import PreloadPlanner
from preheat.preload.policy import PlanBasis
from preheat.preload.power import on_battery
from preheat.preload.preloader import Ending, Preload
from preheat.residency import (
    Form,
    GainTable,
    Hot,
    MemoryWatch,
    Residency,
    ResidencyExecutor,
    ResidentModel,
    SizeTable,
    Standby,
    is_repackable,
)
from preheat.settings import Settings

_STANDBY_END_S: Final = 5.0
_ON_BATTERY_S: Final = 60.0


class PreloadContext:
    """Asks the planner with the state of the engine. Engine loop only.

    Args:
        models: Returns the models on disk.
        pause_end: Returns the Unix time until which the user paused preloading; infinite until resumed; None when not
            paused. It moves when the clock is set.
        clock: Returns Unix time.

    Attributes:
        awaits_use: Preheat was started at login and must not preload before it is used.
        device_reason: Returns why a model's layers are where they are; None if no device was considered for them.
        pressure: Why memory is short; None when it is not.
        room: Until when room is kept for other programs; None if none is.
        returning: Models to load again once, before those of the plan: they left to make room.
    """

    def __init__(
        self,
        settings: Settings,
        pool: ResidencyExecutor,
        sizes: SizeTable,
        planner: PreloadPlanner,
        watch: MemoryWatch,
        *,
        models: Callable[[], Sequence[ModelFile]],
        gains: GainTable | None = None,
        pause_end: Callable[[], float | None] = lambda: None,
        clock: Callable[[], float] = unix_time,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._sizes = sizes
        self._planner = planner
        self._watch = watch
        self._models = models
        self._gains = gains or GainTable()
        self._failures = FailedPreloads()
        self._processor = IdleProcessor()
        self._pause_end = pause_end
        self._clock = clock
        self._standby = Standby()
        self._residents: tuple[ResidentModel, ...] = ()
        self._leaving: tuple[str, ...] = ()  # they, in the order in which they would leave
        self.awaits_use = False
        self.pressure: Message | None = None
        self.device_reason: Callable[[ModelFile], Message | None] = lambda _: None
        self.room: Message | None = None
        self.returning: tuple[str, ...] = ()

    def apply_settings(self, settings: Settings) -> None:
        """Apply new settings."""
        self._settings = settings
        self._follow_power_supply()

    @property
    def paused_until(self) -> float | None:
        """Unix time until which the user paused preloading; infinite until resumed; None when not paused."""
        return self._pause_end()

    @property
    def active_requests(self) -> int:
        """Number of requests in progress or waiting."""
        return self._pool.active_requests

    def hold(self) -> Hold | None:
        """Return what blocks preloading now. Models that made room return even if the setting is off."""
        return self._hold(self._settings.preload or bool(self.returning))

    def form_hold(self) -> Hold | None:
        """Return what blocks changes of forms now: what blocks preloading, except its setting."""
        return self._hold(True)

    def _follow_power_supply(self) -> bool:
        """Let the planner have the price for the present power supply; return whether that is a battery."""
        unplugged = on_battery()
        self._planner.policy = policy_of(self._settings, on_battery=unplugged)
        return unplugged

    def _hold(self, enabled: bool) -> Hold | None:
        unplugged = self._follow_power_supply()
        conditions = Conditions(
            enabled=enabled,
            paused_until=self.paused_until,
            awaits_use=self.awaits_use,
            active_requests=self.active_requests,
            idle_s=self._pool.idle_s,
            on_battery=unplugged and not self._settings.preload_on_battery,
            pressure=self.pressure,
            room=self.room,
        )
        return blocking_reason(conditions, self._clock())

    def _basis(
        self, now: float, limit_bytes: int | None = None, *, without: Container[str] = (), requested: bool = True
    ) -> PlanBasis:
        """Return what a plan depends on.

        Args:
            limit_bytes: Memory for models; None for what they can have now.
            without: Models that are left out: others may have their room.
            requested: See ``PreloadPlanner.basis``.
        """
        sizes = {model_id: size for model_id, size in self.sizes().items() if model_id not in without}
        limit = self._pool.reachable_bytes if limit_bytes is None else limit_bytes
        return self._planner.basis(sizes, limit, now, self._devices(), requested=requested)

    def _left_out(self) -> dict[str, float]:
        """Return the models that could not be loaded, each with the seconds until it is tried again."""
        waits = self._failures.waits(self._models(), self._pool.now().mono)
        loaded = {model.model_id for model in self._pool.residents()} if waits else set()  # by a request since then
        return {model_id: wait_s for model_id, wait_s in waits.items() if model_id not in loaded}

    def retry_s(self) -> float:
        """Return the seconds until a failed preload is tried again; infinite without one."""
        return min(self._left_out().values(), default=math.inf)

    def retry(self) -> None:
        """Try failed preloads again at once: other settings may be why they succeed."""
        self._failures.clear()

    def plan(self) -> PreloadPlan:
        """Return which models should be hot now, without those that could not be loaded a while ago."""
        now = self._clock()
        return self._planner.plan(self._pool.residents(), self._basis(now, without=self._left_out()), now)

    def under_limit(self, limit_bytes: int) -> LimitOutlook:
        """Return what another memory limit would do. With it, failed preloads would be tried again."""
        now = self._clock()
        basis = self._basis(now, self._pool.reachable_under(limit_bytes))
        outlook = self._planner.under_limit(self._pool.residents(), basis, now)
        return outlook if self._settings.preload else outlook._replace(loads=(), left_out=())

    def ahead(self, until: float) -> Ahead:
        """Return what a plan of the hours up to a Unix time begins with; other threads may make it."""
        hold, now, planner = self.hold(), self._clock(), self._planner
        loads_from = now if hold is None or hold.brief else math.inf
        paused_until = self.paused_until
        if self._settings.preload and paused_until is not None and paused_until > now:
            loads_from = paused_until
        popularity = planner.popularity()
        used = {*popularity.scores(now), *planner.favourites}
        basis = self._basis(now, requested=False)
        # Models that were never used make the plan slow, and are not in it.
        counting = {name: n for name, n in basis.sizes.items() if name in used and not planner.is_suppressed(name)}
        expiries = ((record.model_id, record.expires_at) for record in self._pool.records.values())
        return Ahead(
            popularity,
            planner.outlooks(now, until),
            self._pool.residents(),
            {model_id: at for model_id, at in expiries if at is not None},
            replace(basis, sizes=counting),
            loads_from,
            {model_id: now + wait_s for model_id, wait_s in self._left_out().items()},
        )

    def headroom(self, limit_bytes: int) -> Headroom:
        """Return the memory for another model under a limit, and who would make room for it.

        It is the user's limit: that of room for other programs is lower, and only for a time.
        """
        residents = tuple(self._pool.residents())
        if residents != self._residents:
            self._residents = residents
            self._leaving = self._planner.leaving(residents, limit_bytes, self._clock())
        sizes = {model.model_id: model.least_bytes for model in residents}
        leaving = {model_id: sizes[model_id] for model_id in self._leaving}
        return Headroom.beside(leaving, limit_bytes, self._pool.reachable_under(limit_bytes))

    def suppressed(self) -> tuple[str, ...]:
        """Return the models that should be hot but were unloaded on purpose, best first."""
        now = self._clock()
        return self._planner.suppressed(self._pool.residents(), self._basis(now), now)

    def preloads(self, plan: PreloadPlan) -> tuple[Preload, ...]:
        """Return the next model that returns, else the preloads of the plan in order."""
        models, now = self._by_id(), self._clock()
        if returning := self._next_return(models):
            return returning
        return tuple(
            Preload(
                models[target.model_id],
                self._planner.reason(target, now),
                target.displaces,
                self._sizes.expected_bytes(models[target.model_id]),
                target,
            )
            for target in plan.preloads
            if self._settings.preload
        )

    def started(self, preload: Preload) -> None:
        """Note that a preload begins."""
        if preload.target is not None:
            self._planner.preload_started(preload.target, self._clock())

    def ended(self, preload: Preload, ending: Ending) -> None:
        """Note how a preload ended."""
        match ending:
            case Ending.LOADED:
                self._failures.discard(preload.model.model_id)
                return
            case Ending.FAILED:
                self._failures.add(preload.model, self._pool.now().mono)
        self._planner.preload_failed(preload.model.model_id)

    def _next_return(self, models: Mapping[str, ModelFile]) -> tuple[Preload, ...]:
        """Return the next model that made room and has it again; forget those that are loaded, or cannot be."""
        room_bytes, records = self._pool.free_bytes + self._pool.prompt_bytes, self._pool.records
        left_out = self._left_out()

        def returns(model_id: str) -> bool:
            record, known = records.get(model_id), model_id in models and model_id not in left_out
            loaded = record is not None and record.reserved_bytes > 0
            return known and not loaded and self._sizes.expected_bytes(models[model_id]) <= room_bytes

        self.returning = tuple(filter(returns, self.returning))
        return tuple(
            Preload(models[model_id], msg("room_returned"), (), self._sizes.expected_bytes(models[model_id]))
            for model_id in self.returning[:1]
        )

    def forms(self) -> tuple[FormTarget, ...]:
        """Return what to do about the forms of hot models."""
        return plan_forms(self._form_facts(), self._pool.free_bytes)

    def busy_for_s(self) -> float:
        """Return 0 if other programs leave the processor alone, otherwise when to ask again, in seconds."""
        return self._processor.busy_for_s()

    def _form_facts(self) -> tuple[FormFacts, ...]:
        files = self._pool.models
        return tuple(
            self._form_of(record, record.phase, files[record.model_id])
            for record in self._pool.records.values()
            if isinstance(record.phase, Hot)
        )

    def _form_of(self, record: Residency, hot: Hot, model: ModelFile) -> FormFacts:
        now, model_id = self._pool.now(), record.model_id
        return facts_of(
            record,
            hot,
            now,
            setting=self._settings.for_model(model_id).repack,
            repackable=is_repackable(model) and not record.device_bytes,
            gain=self._gains.gain(model),
            chance=self._planner.chance(model_id, now.unix),
            used_enough=self._planner.used_enough(model_id, now.unix),
            keeps_prompts=self._pool.keeps_prompts(model),
            added_bytes=self._sizes.form_size(model, hot.form.other).added_bytes,
        )

    def why(self, model_id: str, *, form: bool = True) -> Message:
        """Return why the model is in memory or not, in which ``form``, and where its layers are."""
        why, model = self._why_in_form(model_id, form=form), self._by_id().get(model_id)
        device = self.device_reason(model) if model is not None else None
        return why if device is None else msg("why_with_device", memory=why, device=device)

    def _why_in_form(self, model_id: str, *, form: bool) -> Message:
        why, record = self._why(model_id), self._pool.records.get(model_id)
        if not form or record is None or not isinstance(record.phase, Hot):
            return why
        about = self._outlook(record, record.phase).why
        return why if about is None else msg("in_memory_form", memory=why, form=about)

    def form_outlooks(self) -> tuple[FormOutlook, ...]:
        """Return what is to be said about the forms of hot models."""
        records = self._pool.records.values()
        found = (self._outlook(record, record.phase) for record in records if isinstance(record.phase, Hot))
        return tuple(each for each in found if each.why is not None)

    def _outlook(self, record: Residency, hot: Hot) -> FormOutlook:
        model = self._pool.models[record.model_id]
        facts = self._form_of(record, hot, model)
        (target,) = plan_forms([facts], self._pool.free_bytes)
        repacked, mapped = (self._sizes.expected_bytes(model, form) for form in (Form.REPACKED, Form.MAPPED))
        return outlook(facts, target, max(repacked - mapped, 0), self._form_blocker(target))

    def _form_blocker(self, target: FormTarget) -> Message | None:
        """Return what blocks a change of form now, except requests."""
        hold = self.form_hold()
        if hold is not None and not hold.brief:
            return hold.reason
        return msg("form_processor_busy") if self._processor.busy and not target.chosen else None

    def _why(self, model_id: str) -> Message:
        record, model = self._pool.records.get(model_id), self._by_id().get(model_id)
        is_loaded = record is not None and record.reserved_bytes > 0
        load_bytes = self._sizes.expected_bytes(model) if model is not None and not is_loaded else 0
        targets = self.plan()
        plan = self._planner.explain(model_id, targets, self._clock(), load_bytes)
        if (wait_s := self._left_out().get(model_id)) is not None:
            plan = msg("plan_failed", wait_s=wait_s)
        if record is not None and record.reason is not None and is_loaded:
            planned = any(target.model_id == model_id for target in targets.targets)
            if not planned or plan.params.get("reason") == record.reason:
                return msg("in_memory", reason=record.reason)
            return msg("in_memory_planned", reason=record.reason, plan=plan)
        if self._planner.is_suppressed(model_id):
            return msg("not_in_memory_suppressed")
        if record is not None and record.error is not None:
            return msg("not_in_memory_failed", error=record.error, plan=plan)
        return plan

    def start_standby(self, plan: PreloadPlan) -> float:
        """Start reading the files of the next best models into free memory; return when to ask again, in seconds.

        Only on mains power. The thread that reads has the lowest priority.
        """
        if not plan.standby or not self._settings.preload:
            return math.inf
        if on_battery():
            self._standby.stop()
            return _ON_BATTERY_S
        models = self._by_id()
        # Another thread asks for the budget; the workers do not change until then, since loads stop reading first.
        budget = partial(self._watch.standby_budget, self._pool.worker_pids)
        self._standby.want([models[model_id] for model_id in plan.standby if model_id in models], budget)
        return math.inf

    def stop_standby(self) -> None:
        """Stop reading ahead; returns at once."""
        self._standby.stop()

    def wait_for_standby(self) -> None:
        """Wait until reading ahead has stopped. Blocks for the time to read a megabyte."""
        self._standby.wait(_STANDBY_END_S)

    def is_standby(self, model_id: str) -> bool:
        """Return whether the model's file was last seen in the page cache."""
        return self._standby.holds(model_id)

    def _by_id(self) -> dict[str, ModelFile]:
        return {model.model_id: model for model in self._models()}

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes that each model on disk would take in memory."""
        return {model.model_id: self._sizes.expected_bytes(model) for model in self._models()}

    def _devices(self) -> DeviceNeeds:
        """Return what models need of devices."""
        if not (limits := self._pool.device_limits):
            return NO_DEVICES
        sizes = ((model.model_id, self._sizes.device_bytes(model)) for model in self._models())
        return DeviceNeeds(limits, {name: device_bytes for name, device_bytes in sizes if device_bytes})


def policy_of(settings: Settings, *, on_battery: bool = False) -> PolicySettings:
    """Return the policy that the settings choose, with the price for this power supply."""
    return PolicySettings(
        learned=settings.preload_learned,
        waste_price=settings.waste_price_on_battery if on_battery else settings.waste_price,
        keep_after_use_s=settings.keep_after_use,
        eviction=settings.eviction,
        read_ahead=settings.read_ahead,
    )
