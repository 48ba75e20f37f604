"""A machine in simulated time: what replay runs a log on.

The decisions are made by the same code as in the engine: ``plan_preloads``, ``plan_eviction``, ``Popularity`` and
``ClientHabits``. Only time and memory are simulated. What is simplified: loads do not slow each other or the answers
down, each answer takes ``answer_s``, and the page cache holds nothing but models' files.

Memory is the limit and, beside it, ``page_cache_bytes``. What the models in memory leave of both is page cache. A model
that is unloaded leaves its file there, for its weights were mapped from it. What does not fit is dropped from the
beginning of the file that was used longest ago, page by page, and a load reads only what is missing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Final

from preheat.preload.policy import PolicySettings, PreloadTarget, eviction_view, plan_preloads
from preheat.replay.trace import ModelSize
from preheat.residency.eviction import ResidentModel, plan_eviction
from preheat.usage.clients import ClientHabits
from preheat.usage.popularity import HALF_LIFE_S, Popularity

PAGE_CACHE_SHARE: Final = 0.5
"""Of the limit; why is said at ``Machine.page_cache_bytes``."""

REPLAN_S: Final = 300.0
"""As in the engine: without any load or unload a plan is made anew so often."""

EXPECT_S: Final = 600.0
"""A client that woke up and then asked for nothing is not waited for any longer."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What loads cost and how much fits. The figures were measured on 2 cores with an SSD.

    Attributes:
        limit_bytes: The memory limit.
        page_cache_bytes: What models' files may take beside a full limit. By default half of the limit, a quarter of
            the memory: the limit is half of it, other programs hold an eighth, and the last eighth, ``keep_free`` with
            its margin, is left to their files. Where they hold a quarter, it is a quarter of the limit.
        disk_bytes_per_s: How fast a cold file is read.
        cold_s: What a cold load takes besides reading.
        standby_s: What a load takes whose file is in the page cache.
        answer_s: How long an answer takes; its model cannot be unloaded meanwhile.
        idle_s: So long after the last answer the machine counts as idle, and preloads may run.
    """

    limit_bytes: int
    page_cache_bytes: int | None = None
    disk_bytes_per_s: float = 1.9e9
    cold_s: float = 0.25
    standby_s: float = 0.2
    answer_s: float = 6.0
    idle_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Strategy:
    """Who decides what is in memory.

    Attributes:
        preload: Load favourites and learned models at idle.
        wake_ups: Load what a client that wakes up nearly always uses next, and put what it uses first on standby.
        standby: Read the files of the next best models into the page cache at idle.
        keep_alive_s: Unload a model so long after its last request; None leaves that to the limit.
        max_models: So many are hot at most; None leaves that to the limit.
    """

    name: str
    preload: bool = False
    wake_ups: bool = False
    standby: bool = False
    keep_alive_s: float | None = None
    max_models: int | None = None
    policy: PolicySettings = field(default_factory=PolicySettings)
    half_life_s: float = HALF_LIFE_S


@dataclass(slots=True)
class Tally:
    """What was counted, by the names of ``Figures``."""

    hits: int = 0
    late_hits: int = 0
    misses: int = 0
    refused: int = 0
    waited_s: float = 0.0
    preloads: int = 0
    wasted: int = 0
    lost: int = 0
    cancelled: int = 0
    bytes_read: int = 0


@dataclass(slots=True)
class _Hot:
    """A model in memory, or on its way there."""

    size: ModelSize
    ready_at: float
    last_used_at: float
    busy_until: float
    speculative: bool


class Simulation:
    """One machine, one strategy. Feed it events in the order of their times."""

    def __init__(
        self,
        machine: Machine,
        strategy: Strategy,
        sizes: Mapping[str, ModelSize],
        favourites: Sequence[str] = (),
        timezone: tzinfo = UTC,
    ) -> None:
        self.tally = Tally()
        self._machine = machine
        self._strategy = strategy
        self._sizes = sizes
        self._resident_bytes = {model_id: size.resident_bytes for model_id, size in sizes.items()}
        self._favourites = tuple(favourites)
        self._popularity = Popularity(strategy.half_life_s, timezone)
        self._habits = ClientHabits()
        self._hot: dict[str, _Hot] = {}
        self._cached: OrderedDict[str, int] = OrderedDict()
        self._on = False
        self._now = 0.0
        self._loading: str | None = None
        self._busy_until = 0.0
        self._plan_at = 0.0
        self._expected: tuple[str, float] | None = None
        self._likely: tuple[tuple[str, ...], float] = (), 0.0

    @property
    def hot_bytes(self) -> int:
        """What the models in memory hold, those being loaded included."""
        return sum(hot.size.resident_bytes for hot in self._hot.values())

    def boot(self, at: float) -> None:
        """Switch the machine on; a log need not begin with it."""
        if self._on:
            self.switch_off(at)
        self._on = True
        self._now = self._plan_at = at
        self._busy_until = 0.0

    def switch_off(self, at: float) -> None:
        """Lose everything in memory."""
        self._advance(at)
        for hot in self._hot.values():
            self.tally.lost += hot.speculative
        self._hot.clear()
        self._cached.clear()
        self._loading = self._expected = None
        self._on = False

    def wake(self, client: str, at: float, model_id: str = "") -> None:
        """A client lists models, opens a session, or asks for a model's details."""
        self._advance(at)
        expected = self._habits.wake(client, at, model_id)
        if self._strategy.wake_ups and expected is not None and expected not in self._hot:
            self._expected = expected, at + EXPECT_S
            self._plan_at = at
        if self._strategy.wake_ups and not model_id:
            self._likely = self._habits.likely(client), at + EXPECT_S
            self._plan_at = at

    def request(self, model_id: str, client: str, at: float) -> None:
        """A client asks for an answer."""
        if not self._on:
            self.boot(at)
        self._advance(at)
        self._habits.use(client, at, model_id)
        if self._resident_bytes[model_id] > self._machine.limit_bytes:
            self.tally.misses += 1
            self.tally.refused += 1
            return
        hot = self._hot.get(model_id)
        if hot is not None and hot.ready_at <= at:
            self.tally.hits += 1
        elif hot is not None:
            self.tally.late_hits += 1
            self.tally.waited_s += hot.ready_at - at
        else:
            hot = self._load_for_request(model_id, at)
            self.tally.misses += 1
            self.tally.waited_s += hot.ready_at - at
        if model_id == self._loading:
            self._loading = None
        hot.speculative = False
        hot.last_used_at = at
        hot.busy_until = max(hot.ready_at, at) + self._machine.answer_s
        self._busy_until = max(self._busy_until, hot.busy_until)
        self._popularity.note(model_id, at)
        if self._expected is not None and self._expected[0] == model_id:
            self._expected = None

    def _load_for_request(self, model_id: str, at: float) -> _Hot:
        size = self._sizes[model_id]
        starts_at = at
        while True:
            victims = self._victims(size.resident_bytes, starts_at)
            if victims is not None:
                break
            starts_at = min(hot.busy_until for hot in self._hot.values() if hot.busy_until > starts_at)
        for victim in victims:
            self._evict(victim)
        hot = _Hot(size, starts_at + self._load_s(model_id), at, at, speculative=False)
        self._hot[model_id] = hot
        self._trim()
        self._plan_at = at
        return hot

    def _victims(self, needed_bytes: int, at: float) -> tuple[str, ...] | None:
        tenants = self._tenants(at)
        if self._strategy.preload:
            tenants = eviction_view(tenants, self._popularity, at, self._strategy.policy)
        victims, missing_bytes = plan_eviction(tenants, needed_bytes, self._machine.limit_bytes, for_request=True)
        most = self._strategy.max_models
        if most is not None and len(tenants) - len(victims) >= most:
            # The same order, in a limit that is counted in models.
            counted = [replace(tenant, resident_bytes=1) for tenant in tenants]
            victims, missing = plan_eviction(counted, 1, most, for_request=True)
            missing_bytes = max(missing_bytes, missing)
        return None if missing_bytes > 0 else victims

    def _tenants(self, at: float) -> list[ResidentModel]:
        favourites = self._favourites if self._strategy.preload else ()
        return [
            ResidentModel(
                model_id,
                hot.size.resident_bytes,
                hot.last_used_at,
                leased=hot.busy_until > at,
                favourite=model_id in favourites,
                speculative=hot.speculative,
            )
            for model_id, hot in self._hot.items()
        ]

    def _load_s(self, model_id: str) -> float:
        """Return what loading takes now, and count what it reads."""
        missing_bytes = self._sizes[model_id].file_bytes - self._cached.pop(model_id, 0)
        if not missing_bytes:
            return self._machine.standby_s
        self.tally.bytes_read += missing_bytes
        return self._machine.cold_s + missing_bytes / self._machine.disk_bytes_per_s

    def _evict(self, model_id: str) -> None:
        hot = self._hot.pop(model_id)
        if model_id == self._loading:
            self._loading = None
            self.tally.cancelled += 1
        else:
            self.tally.wasted += hot.speculative
            self._cached[model_id] = hot.size.file_bytes  # its pages stay until something needs the memory
        self._plan_at = self._now
        self._trim()

    def _cache_room(self) -> int:
        limit = self._machine.limit_bytes
        beside = self._machine.page_cache_bytes
        return limit + (int(limit * PAGE_CACHE_SHARE) if beside is None else beside) - self.hot_bytes

    def _trim(self) -> None:
        excess = sum(self._cached.values()) - self._cache_room()
        while excess > 0 and self._cached:
            model_id, held = self._cached.popitem(last=False)
            if held > excess:
                self._cached[model_id] = held - excess
                self._cached.move_to_end(model_id, last=False)
            excess -= held

    def _advance(self, until: float) -> None:
        """Let time pass: end loads, unload what nobody keeps alive, and use idle time."""
        if not self._on:
            return
        if self._strategy.keep_alive_s is not None:
            for model_id, hot in list(self._hot.items()):
                if until - max(hot.last_used_at, hot.busy_until) >= self._strategy.keep_alive_s:
                    self._evict(model_id)
        while self._strategy.preload:
            if self._loading is not None:
                ready_at = self._hot[self._loading].ready_at
                if ready_at > until:
                    return
                self._now, self._loading = ready_at, None
            at = max(self._now, self._busy_until + self._machine.idle_s, self._plan_at)
            if at >= until:
                break
            self._now = at
            self._use_idle_time(until)
        self._now = max(self._now, until)

    def _use_idle_time(self, until: float) -> None:
        """Start the next preload; with none to do, see to the page cache while there is time."""
        expected = None
        if self._expected is not None:
            expected = self._expected[0] if self._now < self._expected[1] else None
            self._expected = self._expected if expected else None
        plan = plan_preloads(
            self._popularity,
            self._tenants(self._now),
            self._resident_bytes,
            self._machine.limit_bytes,
            self._now,
            favourites=self._favourites,
            expected=expected,
            likely=self._likely[0] if self._now < self._likely[1] else (),
            settings=self._strategy.policy,
        )
        if plan.preloads:
            self._preload(plan.preloads[0])
        else:
            self._plan_at = self._now + REPLAN_S
            if self._strategy.standby:
                self._read_ahead(plan.standby, until)

    def _preload(self, decision: PreloadTarget) -> None:
        for model_id in decision.displaces:
            self._evict(model_id)
        ready_at = self._now + self._load_s(decision.model_id)
        self._hot[decision.model_id] = _Hot(self._sizes[decision.model_id], ready_at, 0.0, 0.0, speculative=True)
        self._trim()
        self._loading = decision.model_id
        self._plan_at = self._now
        self.tally.preloads += 1

    def _read_ahead(self, wanted: Sequence[str], until: float) -> None:
        room = self._cache_room()
        shares: dict[str, int] = {}
        for model_id in wanted:
            if room <= 0:
                break
            shares[model_id] = min(self._sizes[model_id].file_bytes, room)
            room -= shares[model_id]
        for model_id, share in shares.items():
            held = self._cached.get(model_id, 0)
            in_time = int((until - self._now) * self._machine.disk_bytes_per_s)
            read = min(max(0, share - held), in_time)
            self._cached[model_id] = held + read
            self.tally.bytes_read += read
            self._now += read / self._machine.disk_bytes_per_s
            if read == in_time:  # interrupted; it goes on when the machine is idle again
                self._now = self._plan_at = until
                break
        for model_id in reversed(shares):  # the best last: it stays longest
            if model_id in self._cached:
                self._cached.move_to_end(model_id)
        self._trim()
