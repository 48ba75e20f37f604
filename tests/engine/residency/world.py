"""A recording executor over ``decide``. Workers do what a test says; what must always hold is checked at each event."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from preheat.errors import EngineError
from preheat.inference import Priority
from preheat.messages import Message, msg
from preheat.residency import (
    Action,
    DecisionRecord,
    EvictionPolicy,
    EvictionReason,
    Hot,
    Limits,
    Now,
    Outcome,
    Residency,
    ResidencyState,
    State,
    decide,
    device_sums,
    plan_eviction,
)
from preheat.residency import events as ev
from preheat.residency.forms import Form, FormSize, Stage
from preheat.residency.phases import Loading, Queued, Unloading, Warming

REASON = msg("favourite", rank=1)
TIMEOUT_S = 60.0


@dataclass
class World:
    """Models, workers and callers of a test's own.

    Attributes:
        sizes: What models take; 30 if not given.
        on_gpu: What models take of the device ``gpu``.
        gpu_limit: The device's limit; None without a device.
        clock: Both clocks, in seconds.
        set_by_s: How far the clock of Unix time was set, in seconds.
        answers: What callers were answered: None, or an error.
        closing: Models with a worker that is being closed.
        save_s: Time in which closed workers may store their prompts.
        workers: Models with a worker, closing ones included.
        twins: Models with a second worker, closing ones included.
        twin_leases: Requests that the second worker answers.
    """

    limit: int = 100
    favourites: Iterable[str] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    on_gpu: Mapping[str, int] = field(default_factory=dict)
    gpu_limit: int | None = None
    keep_alive: dict[str, float] = field(default_factory=dict)
    policy: EvictionPolicy = plan_eviction
    clock: float = 1_000_000.0
    set_by_s: float = 0.0

    def __post_init__(self) -> None:
        self.state = ResidencyState(self.limits(self.limit), TIMEOUT_S, frozenset(self.favourites))
        self.ids = itertools.count(1)
        self.model_of: dict[int, str] = {}
        self.requests: set[int] = set()
        self.leases: set[int] = set()
        self.waiting: set[int] = set()
        self.answers: dict[int, EngineError | None] = {}
        self.found: dict[int, tuple[Outcome, float]] = {}
        self.decisions: list[DecisionRecord] = []
        self.changes: list[tuple[str, State]] = []
        self.effects: list[ev.Effect] = []
        self.workers: set[str] = set()
        self.closing: set[str] = set()
        self.save_s: dict[str, float] = {}
        self.held: set[str] = set()
        self.twins: set[str] = set()
        self.closing_twins: set[str] = set()
        self.held_twins: set[str] = set()
        self.on_first: set[int] = set()
        self.on_second: set[int] = set()
        self.timers: dict[str, float] = {}

    # What callers do

    def request(self, model: str, priority: Priority = Priority.INTERACTIVE, *, renewed: bool = False) -> int:
        waiter = self._new(model, request=True)
        self.feed(ev.Requested(model, waiter, self.needs(model), priority, renewed))
        assert waiter in self.found
        return waiter

    def preload(self, model: str, *displaces: str) -> int:
        waiter = self._new(model)
        evicted = len(self.decisions)
        self.feed(ev.PreloadWanted(model, waiter, self.needs(model), REASON, displaces))
        for decision in self.decisions[evicted:]:  # it displaces nothing else
            assert decision.model_id == model or decision.model_id in displaces or decision.action is Action.SHRINK
        return waiter

    def unload(self, model: str) -> int:
        waiter = self._new(model)
        self.feed(ev.UnloadWanted(model, waiter))
        return waiter

    def release(self, waiter: int, *, answered: bool = True, keep_alive_s: float | None = None) -> None:
        self.leases.remove(waiter)
        self.requests.discard(waiter)
        self.on_first.discard(waiter)
        self.on_second.discard(waiter)
        self.feed(ev.Released(self.model_of[waiter], waiter, answered, keep_alive_s))

    def cancel(self, waiter: int) -> None:
        self.waiting.remove(waiter)
        self.requests.discard(waiter)
        self.feed(ev.Released(self.model_of[waiter], waiter))
        assert waiter not in self.answers

    # What workers do

    def start(self, model: str) -> None:
        self.feed(ev.Started(model))

    def ready(self, model: str, rss_bytes: int | None = None) -> None:
        size = self.size(model)
        rss_bytes = size if rss_bytes is None else rss_bytes
        self.feed(ev.Ready(model, rss_bytes, size, device_bytes=self.needs(model).device_bytes))

    def exit(self, model: str) -> None:
        self.workers.discard(model)
        self.closing.remove(model)
        self.twins.discard(model)
        self.closing_twins.discard(model)
        self.feed(ev.Exited(model))

    def fail(self, model: str, error: EngineError, *, elsewhere: bool = False) -> None:
        """The load ends; ``elsewhere``: because of the device, which the model is not put on any more."""
        if elsewhere:
            self.on_gpu = {name: size for name, size in self.on_gpu.items() if name != model}
        self.feed(ev.LoadFailed(model, error, self.needs(model) if elsewhere else None))

    def die(self, model: str) -> None:
        self.workers.remove(model)
        self._lose_leases(model, self.on_first)
        self.feed(ev.WorkerDied(model, msg("shutdown")))

    def exchange(self, model: str, form: Form = Form.REPACKED) -> None:
        """The preloader wants the other form; the weights are 20 and shared, a repacked model takes 20 more."""
        size = FormSize(self.size(model) + (20 if form is Form.REPACKED else 0), min(20, self.size(model)))
        evicted = len(self.decisions)
        self.feed(ev.ExchangeWanted(model, form, size, REASON))
        assert not [each for each in self.decisions[evicted:] if each.action is not Action.SHRINK], "it evicts nothing"

    def twin_ready(self, model: str) -> None:
        twin = self.record(model).twin
        assert twin is not None
        size, repacked = self.size(model), twin.form is Form.REPACKED
        self.feed(ev.TwinReady(model, size, size + 20 * repacked, size * repacked))

    def twin_exit(self, model: str) -> None:
        """The second worker is closed, or dies."""
        self.twins.remove(model)
        self.closing_twins.discard(model)
        self.held_twins.discard(model)
        self.feed(ev.TwinExited(model))

    def repacked(self, *models: str) -> World:
        """Load models, and exchange their form."""
        for model in models:
            self.hot(model)
            self.exchange(model)
            self.twin_ready(model)
            self.twin_exit(model)
        return self

    def hot(self, *models: str) -> World:
        """Load models, and release them."""
        for model in models:
            waiter = self.request(model)
            self.ready(model)
            self.release(waiter)
        return self

    # What else happens

    def later(self, seconds: float) -> None:
        """Let time pass and timers fire."""
        until = self.clock + seconds
        while due := [model for model, at in self.timers.items() if at <= until]:
            model = min(due, key=lambda model: self.timers[model])
            self.clock = max(self.clock, self.timers.pop(model))
            self.feed(ev.TimerDue(model))
        self.clock = until

    def set_limits(self, limit: int, reachable: int | None = None, room: Message | None = None) -> None:
        self.feed(ev.LimitsMeasured(self.limits(limit, reachable, room)))

    def change_settings(self, *outdated: str, limit: int | None = None) -> None:
        limits = self.limits(limit) if limit is not None else self.state.limits
        needs = {model: self.needs(model) for model in self.state.models}
        self.feed(ev.SettingsChanged(limits, TIMEOUT_S, needs, frozenset(outdated)))

    def free(self, wanted: int) -> None:
        self.feed(ev.MemoryNeeded(wanted, EvictionReason.PRESSURE, msg("memory_alarm")))

    def make_room(self, limit: int) -> None:
        self.feed(ev.RoomWanted(limit, EvictionReason.OTHERS, msg("room_made")))

    # What can be seen

    def size(self, model: str) -> int:
        return self.sizes.get(model, 30)

    def limits(self, limit: int, reachable: int | None = None, room: Message | None = None) -> Limits:
        devices = {} if self.gpu_limit is None else {"gpu": self.gpu_limit}
        return Limits(limit, limit if reachable is None else reachable, room, devices)

    def needs(self, model: str) -> ev.Needs:
        on_gpu = {"gpu": self.on_gpu[model]} if model in self.on_gpu else {}
        return ev.Needs(self.size(model), self.keep_alive.get(model), device_bytes=on_gpu)

    def record(self, model: str) -> Residency:
        return self.state.models.get(model) or Residency(model)

    def of(self, model: str) -> State:
        return self.record(model).state

    def in_state(self, state: State) -> set[str]:
        return {name for name, record in self.state.models.items() if record.state is state}

    @property
    def starting(self) -> set[str]:
        """Models that a worker is loading."""
        loads = {name for name in self.workers - self.closing if self.record(name).load is not None}
        return loads

    def error(self, waiter: int) -> EngineError:
        error = self.answers[waiter]
        assert error is not None
        return error

    def last(self, action: Action) -> DecisionRecord:
        return next(decision for decision in reversed(self.decisions) if decision.action is action)

    @property
    def loading_twins(self) -> set[str]:
        """Models of which a second worker loads the other form."""
        return self.twins - self.closing_twins - {each for each in self.twins if not self.record(each).exchanging}

    def form(self, model: str) -> Form:
        phase = self.record(model).phase
        assert isinstance(phase, Hot)
        return phase.form

    # Inside

    def _new(self, model: str, *, request: bool = False) -> int:
        waiter = next(self.ids)
        self.model_of[waiter] = model
        self.waiting.add(waiter)
        if request:
            self.requests.add(waiter)
        return waiter

    def feed(self, event: ev.Event) -> None:
        before = self.state
        now = Now(self.clock + self.set_by_s, self.clock)
        self.state, effects = decide(self.state, event, now, self.policy)
        self.effects += effects
        for effect in effects:
            self._perform(effect, before)
        self._check(before)

    def _perform(self, effect: ev.Effect, before: ResidencyState) -> None:
        match effect:
            case ev.StartLoad(model):
                assert model not in self.workers | self.twins
                self.workers.add(model)
            case ev.CloseWorker(model, save_s):
                self.save_s[model] = save_s
                assert model in (self.workers | self.twins) - self.closing
                self.closing.add(model)
                self.closing_twins |= self.twins & {model}
                record = before.models[model]
                leases = record.phase.leases if isinstance(record.phase, Hot) else frozenset()
                assert self.state.closed or not leases & self.leases & self.requests, "a model in use is unloaded"
                self._lose_leases(model, self.leases)
            case ev.StartTwin(model, _):
                assert model in self.workers - self.closing - self.twins
                self.twins.add(model)
            case ev.HoldTwin(model, hold):
                assert model in self.loading_twins
                assert hold is (model not in self.held_twins)
                self.held_twins ^= {model}
            case ev.SwapTwin(model):
                assert model in self.twins - self.closing
                mine = {each for each in self.leases if self.model_of[each] == model}
                first, second = self.on_first & mine, self.on_second & mine
                self.on_first = self.on_first - first | second
                self.on_second = self.on_second - second | first
                if model not in self.workers:  # the former one takes over from one that has died
                    self.workers.add(model)
            case ev.CloseTwin(model):
                assert model in self.twins - self.closing_twins - self.closing
                self.closing_twins.add(model)
                assert not {each for each in self.on_second if self.model_of[each] == model}, "it still answers"
            case ev.HoldLoad(model, hold):
                assert model in self.starting
                assert hold is (model not in self.held)
                self.held ^= {model}
            case ev.Found(waiter, outcome, saved_s):
                self.found[waiter] = outcome, saved_s
            case ev.Grant(_, waiter):
                self._answer(waiter, None)
                if waiter in self.requests:
                    assert self.model_of[waiter] in self.workers - self.closing
                    self.leases.add(waiter)
                    self.on_first.add(waiter)
            case ev.Reject(waiter, error):
                self._answer(waiter, error)
                self.requests.discard(waiter)
            case ev.SetTimer(model, at):
                self.timers.pop(model, None)
                if at is not None:
                    self.timers[model] = at
            case ev.Record(decision):
                self.decisions.append(decision)
            case ev.FormChanged(model, form):
                assert self.form(model) is form
            case ev.Changed(model, old, new):
                assert old is not new
                self.changes.append((model, new))

    def _lose_leases(self, model: str, served: set[int]) -> None:
        lost = {waiter for waiter in self.leases & served if self.model_of[waiter] == model}
        self.requests -= lost
        self.on_first -= lost
        self.on_second -= lost

    def _answer(self, waiter: int, error: EngineError | None) -> None:
        self.waiting.remove(waiter)  # exactly once
        self.answers[waiter] = error

    def _check(self, before: ResidencyState) -> None:
        state = self.state
        staying = [each for each in state.models.values() if not isinstance(each.phase, Unloading)]
        assert state.taken_bytes == sum(each.taken_bytes for each in staying)
        residents = [each.resident(state.favourites) for each in state.models.values()]
        assert {each.model_id: each for each in residents if each is not None} == dict(state.staying)
        assert set(state.loads) == {each.model_id for each in staying if each.load is not None}
        assert state.active_requests == len(self.requests)
        self.held &= self.starting
        self.held_twins &= self.loading_twins
        assert (
            set(state.exchanges)
            == self.loading_twins
            == {each.model_id for each in state.models.values() if each.exchanging}
        )
        for record in state.models.values():
            phase, name = record.phase, record.model_id
            old = before.models.get(name)
            if record.reserved_bytes and not (old and old.reserved_bytes):
                assert state.taken_bytes <= state.limits.reachable_bytes, "more is reserved than there is"
                taken = device_sums(each.device_bytes for each in state.residents())
                for device in record.device_bytes:
                    assert taken[device] <= state.limits.devices[device], "more is reserved than the device has"
            if isinstance(phase, Hot | Loading | Warming):
                assert name in self.workers - self.closing
            if record.twin is not None and not (old and old.twin):
                assert state.taken_bytes <= state.limits.reachable_bytes, "a twin takes more than there is"
            if (twin := record.twin) is not None:
                assert (twin.stage is Stage.CLOSING) is (name in self.closing_twins)
                assert twin.held is (twin.stage is Stage.LOADING and state.active_requests > 0)
                assert twin.held is (name in self.held_twins)
                mine = {each for each in self.on_second & self.requests if self.model_of[each] == name}
                assert twin.leases == mine
            else:
                assert name not in self.twins or name in self.closing
            if isinstance(phase, Unloading):
                assert name in self.closing
            if isinstance(phase, Queued) and not phase.starting and name not in self.closing:
                assert name not in self.workers
            held = isinstance(phase, Loading | Warming) and state.active_requests > 0 and record.preloading
            assert record.held is held is (name in self.held)


def reason(message: Message | None) -> str | None:
    """Return a message's code."""
    return message.code if message is not None else None
