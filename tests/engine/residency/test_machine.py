"""Any interleaving of requests, loads, failures and changes keeps what ``World`` checks; and favourites come back."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from preheat.errors import InsufficientMemoryError, ModelLoadError
from preheat.messages import msg
from preheat.preload import DeviceNeeds, PreloadPlan
from preheat.preload.foresight import Foresight
from preheat.preload.policy import PlanBasis, plan_preloads
from preheat.residency import EvictionReason, Hot, State, device_sums
from preheat.residency import events as ev
from preheat.residency.forms import Form
from preheat.residency.phases import Queued
from tests.engine.residency.world import World

SIZES = {"a": 20, "b": 30, "c": 40, "d": 60, "e": 120}
ON_GPU = {"b": 20, "c": 30, "d": 50}
MODELS = st.sampled_from(sorted(SIZES))
FAVOURITES = ("b", "d", "a")
ERRORS = [InsufficientMemoryError(msg("memory_alarm")), ModelLoadError(msg("memory_alarm"))]


class ResidencyMachine(RuleBasedStateMachine):
    """Feeds events in any order that workers and callers may produce."""

    @initialize(limit=st.sampled_from([60, 100, 150]), gpu=st.sampled_from([None, 60, 90]))
    def begin(self, limit: int, gpu: int | None) -> None:
        on_gpu = {} if gpu is None else ON_GPU
        self.world = World(limit, FAVOURITES, SIZES, on_gpu, gpu, keep_alive={"c": 100.0})
        self.foresight = Foresight()

    def plan(self) -> PreloadPlan:
        world = self.world
        limits = world.state.limits
        devices = DeviceNeeds(limits.devices, {model: world.needs(model).device_bytes for model in SIZES})
        residents, limit = world.state.residents(), limits.reachable_bytes
        chances = self.foresight.chances(world.clock)
        basis = PlanBasis(SIZES, limit, FAVOURITES, devices=devices)
        return plan_preloads(chances, residents, basis, world.clock)

    # Callers

    @rule(model=MODELS, renewed=st.booleans())
    def request(self, model: str, renewed: bool) -> None:
        self.foresight.used(model, "", self.world.clock)
        self.world.request(model, renewed=renewed)

    @precondition(lambda self: self.world.leases)
    @rule(data=st.data(), answered=st.booleans(), keep_alive_s=st.sampled_from([None, None, 0.0, 5.0, -1.0]))
    def release(self, data: st.DataObject, answered: bool, keep_alive_s: float | None) -> None:
        waiter = data.draw(st.sampled_from(sorted(self.world.leases)))
        self.world.release(waiter, answered=answered, keep_alive_s=keep_alive_s)

    @precondition(lambda self: self.world.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.world.cancel(data.draw(st.sampled_from(sorted(self.world.waiting))))

    @rule(model=MODELS)
    def unload(self, model: str) -> None:
        self.world.unload(model)

    @rule()
    def preload_next(self) -> None:
        """Preload what the planner says; it displaces nothing that was used in the last minutes."""
        world, now = self.world, self.world.clock
        for target in self.plan().preloads[:1]:
            for name in target.displaces:
                record = world.record(name)
                assert not record.leased
                assert record.speculative or now - (record.last_used_at or 0.0) >= 60.0
            world.preload(target.model_id, *target.displaces)

    @rule(model=MODELS)
    def preload_anything(self, model: str) -> None:
        self.world.preload(model)

    @rule()
    def pause(self) -> None:
        self.world.feed(ev.PreloadsCancelled(EvictionReason.PAUSED, msg("preload_paused")))
        loads = [record.load for record in self.world.state.models.values() if record.load is not None]
        assert not [load for load in loads if load.speculative and load.resumes is None]

    # Workers

    @precondition(lambda self: self.world.starting)
    @rule(data=st.data(), step=st.sampled_from(["start", "progress", "loaded", "ready", "ready", "fail"]))
    def load(self, data: st.DataObject, step: str) -> None:
        world = self.world
        model = data.draw(st.sampled_from(sorted(world.starting)))
        if step == "start":
            world.start(model)
        elif step == "progress":
            world.feed(ev.Progressed(model, 0.5))
        elif step == "loaded":
            world.feed(ev.Loaded(model))
        elif step == "ready":
            world.ready(model)
        else:
            elsewhere = model in world.on_gpu and data.draw(st.booleans())
            world.fail(model, data.draw(st.sampled_from(ERRORS)), elsewhere=elsewhere)

    @precondition(lambda self: self.world.closing)
    @rule(data=st.data())
    def exit(self, data: st.DataObject) -> None:
        self.world.exit(data.draw(st.sampled_from(sorted(self.world.closing))))

    @precondition(lambda self: self.world.in_state(State.HOT))
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        self.world.die(data.draw(st.sampled_from(sorted(self.world.in_state(State.HOT)))))

    # Exchanges

    @precondition(lambda self: self.world.in_state(State.HOT))
    @rule(data=st.data(), form=st.sampled_from([Form.REPACKED, Form.REPACKED, Form.MAPPED]))
    def exchange(self, data: st.DataObject, form: Form) -> None:
        self.world.exchange(data.draw(st.sampled_from(sorted(self.world.in_state(State.HOT)))), form)

    @precondition(lambda self: self.world.in_state(State.HOT))
    @rule(data=st.data())
    def repack(self, data: st.DataObject) -> None:
        model = data.draw(st.sampled_from(sorted(self.world.in_state(State.HOT))))
        self.world.exchange(model)
        if model in self.world.loading_twins:
            self.world.twin_ready(model)

    @precondition(lambda self: self.world.loading_twins)
    @rule(data=st.data(), step=st.sampled_from(["ready", "ready", "no gain", "fail"]))
    def load_twin(self, data: st.DataObject, step: str) -> None:
        model = data.draw(st.sampled_from(sorted(self.world.loading_twins)))
        if step == "ready":
            self.world.twin_ready(model)
        else:
            self.world.feed(ev.TwinFailed(model, msg("memory_alarm"), step == "fail"))

    @precondition(lambda self: self.world.twins - self.world.closing - self.world.loading_twins)
    @rule(data=st.data())
    def twin_exit(self, data: st.DataObject) -> None:
        """A second worker is closed, or one that still answers dies; its requests get an error, and end."""
        world = self.world
        model = data.draw(st.sampled_from(sorted(world.twins - world.closing - world.loading_twins)))
        world.twin_exit(model)
        for waiter in sorted(each for each in world.on_second if world.model_of[each] == model):
            world.release(waiter, answered=False)

    # Time, memory, settings, files

    @rule(seconds=st.sampled_from([0.5, 2.0, 31.0, 61.0, 1000.0]))
    def later(self, seconds: float) -> None:
        self.world.later(seconds)

    @rule(limit=st.sampled_from([0, 50, 100, 150]), short=st.sampled_from([0, 0, 20]))
    def measure(self, limit: int, short: int) -> None:
        self.world.set_limits(limit, max(limit - short, 0))

    @rule(wanted=st.integers(1, 100))
    def pressure(self, wanted: int) -> None:
        self.world.free(wanted)

    @rule(limit=st.sampled_from([0, 50, 100]))
    def make_room(self, limit: int) -> None:
        self.world.make_room(limit)

    @rule(limit=st.sampled_from([50, 100, 150]), gpu=st.sampled_from([40, 60, 90]), outdated=st.sets(MODELS))
    def change(self, limit: int, gpu: int, outdated: set[str]) -> None:
        world = self.world
        world.gpu_limit = world.gpu_limit and gpu
        world.change_settings(*outdated, limit=limit)
        residents = world.state.residents()
        if sum(each.resident_bytes for each in residents) > limit:
            assert all(each.leased for each in residents), "an idle model stays over the limit"
        if device_sums(each.device_bytes for each in residents).get("gpu", 0) > (world.gpu_limit or 0):
            assert all(each.leased for each in residents if each.device_bytes), "an idle model stays over the limit"

    @rule(model=MODELS)
    def replace_file(self, model: str) -> None:
        self.world.feed(ev.FileReplaced(model))

    @rule(models=st.sets(MODELS))
    def change_favourites(self, models: set[str]) -> None:
        self.world.feed(ev.FavouritesChanged(frozenset(models)))

    def teardown(self) -> None:
        """Let everything end; then the favourites that fit are hot, and nothing waits."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.gpu_limit = world.gpu_limit and 90
        world.set_limits(100)
        world.feed(ev.FavouritesChanged(frozenset(FAVOURITES)))
        self._settle()
        world.later(3600.0)  # back-off, keep-alive and protected time are over
        self._settle()
        assert not world.waiting
        assert world.state.active_requests == 0
        for _ in range(10):
            self.preload_next()
            self._settle()
        assert not self.plan().preloads
        hot = world.in_state(State.HOT)
        taken = sum(SIZES[name] for name in hot.intersection(FAVOURITES))
        assert all(taken + SIZES[name] > 100 for name in FAVOURITES if name not in hot)
        world.feed(ev.Closed())
        self._settle()
        assert not world.workers
        rejected = world.request("a")
        assert world.error(rejected).code == "engine_stopped"

    def _settle(self) -> None:
        """Release all leases, and let all loads and workers that close come to their end."""
        world = self.world
        while world.leases or world.starting or world.closing or world.twins:
            for waiter in sorted(world.leases):
                world.release(waiter)
            for model in sorted(world.starting):
                world.ready(model)
            for model in sorted(world.loading_twins):
                world.twin_ready(model)
            for model in sorted(world.twins - world.closing):
                world.twin_exit(model)
            for model in sorted(world.closing):
                world.exit(model)
        assert not [each for each in world.state.models.values() if isinstance(each.phase, Queued)]
        assert not [each for each in world.state.models.values() if isinstance(each.phase, Hot) and each.phase.waiters]


TestResidency = ResidencyMachine.TestCase
TestResidency.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
