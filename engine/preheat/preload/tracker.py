"""Remembers use and gives advice from it: what to preload, what to let go, and why.

It holds the counts in memory and keeps them, with every request and decision, in the usage log. Runs on the engine's
loop, except for ``open`` and ``close``, which block on the disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from preheat.preload.policy import PolicySettings, PreloadPlan, eviction_view, plan_preloads
from preheat.preload.reasons import explain
from preheat.residency.eviction import ResidentModel
from preheat.settings import Settings
from preheat.usage.clients import ClientHabits, ClientRow
from preheat.usage.log import UsageLog
from preheat.usage.popularity import DAY_S, Popularity, Row
from preheat.usage.records import DecisionRecord, RequestRecord, SizeKey, SizeRecord, WakeRecord
from preheat.usage.wakes import WakeThinner

EXPECT_S: Final = 600.0
"""A client that woke up and then asked for nothing is not waited for any longer."""

RecordObserver = Callable[[RequestRecord | DecisionRecord], None]

_POPULARITY: Final = "popularity"
_HABITS: Final = "habits"
_SAVE_EVERY_REQUESTS: Final = 50
"""What was counted since is counted again from the log after a crash; this bounds how much."""


@dataclass(frozen=True, slots=True)
class _Expected:
    model_id: str
    until: float


@dataclass(frozen=True, slots=True)
class _Likely:
    model_ids: tuple[str, ...]
    until: float


class UsageTracker:
    """What is known of use.

    Args:
        log: Where it is kept; None keeps it in memory alone.
        clock: Gives Unix time.
    """

    def __init__(self, settings: Settings, log: UsageLog | None, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._closed = False
        self._log = log
        self._popularity = Popularity(settings.popularity_half_life * DAY_S)
        self._habits = ClientHabits()
        self._thinner = WakeThinner()
        self._expected: _Expected | None = None
        self._likely: _Likely | None = None
        self._unsaved = 0
        self._observers: list[RecordObserver] = []

    @property
    def log(self) -> UsageLog | None:
        """The usage log, for figures; any thread may read it."""
        return self._log

    def open(self) -> Mapping[SizeKey, int]:
        """Read what was remembered; return the measured sizes. Blocks on the disk; before anything else is called."""
        if self._log is None:
            return {}
        self._log.start()
        popularity = self._log.saved_rows(_POPULARITY)
        half_life_s = self._settings.popularity_half_life * DAY_S
        self._popularity = Popularity(half_life_s, rows=(Row(*row) for row in popularity.rows))  # type: ignore[arg-type] # as to_rows wrote them
        self._habits = ClientHabits(
            ClientRow(str(client), bool(named), tuple(followed))  # type: ignore[arg-type] # likewise
            for client, named, followed in self._log.saved_rows(_HABITS).rows
        )
        for request in self._log.requests_after(popularity.mark):
            self._popularity.note(request.model_id, request.started_at)
        return {key: size.resident_bytes for key, size in self._log.sizes().items()}

    def close(self) -> None:
        """Write what is left. Blocks on the disk."""
        if self._log is not None and not self._closed:
            self._closed = True
            self._save()
            self._log.close()

    def apply_settings(self, settings: Settings) -> None:
        """Use these settings from now on."""
        if settings.popularity_half_life != self._settings.popularity_half_life:
            rows = self._popularity.to_rows()
            self._popularity = Popularity(settings.popularity_half_life * DAY_S, rows=rows)
        self._settings = settings

    def request_arrived(self, model_id: str, client: str, now: float) -> None:
        """Count a request."""
        self._habits.use(client, now, model_id)
        self._thinner.used(client)
        self._popularity.note(model_id, now)
        if self._expected is not None and self._expected.model_id == model_id:
            self._expected = None

    def request_ended(self, record: RequestRecord) -> None:
        """Keep a request's figures."""
        for observer in self._observers:
            observer(record)
        if self._log is None:
            return
        self._log.record_request(record)
        self._unsaved += 1
        if self._unsaved >= _SAVE_EVERY_REQUESTS:
            self._save()

    def decided(self, decision: DecisionRecord) -> None:
        """Keep what was done about a model."""
        for observer in self._observers:
            observer(decision)
        if self._log is not None:
            self._log.record_decision(decision)

    def observe(self, observer: RecordObserver) -> Callable[[], None]:
        """Call ``observer`` with every request as it ends and with every decision; return what ends that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def measured(self, key: SizeKey, resident_bytes: int) -> None:
        """Keep a measured size."""
        if self._log is not None:
            self._log.record_size(SizeRecord(*key, resident_bytes, 0.0, self._clock()))

    def client_woke(self, client: str, model_id: str, now: float) -> str | None:
        """A client lists models or asks for one's details; return the model that is expected now because of that."""
        if self._log is not None and self._thinner.keeps(client, now, model_id):
            self._log.record_wake(WakeRecord(now, client, model_id))
        expected = self._habits.wake(client, now, model_id)
        if not self._settings.wake_with_clients:
            return None
        if not model_id:
            self._likely = _Likely(self._habits.likely(client), now + EXPECT_S)
        if expected is None:
            return None
        self._expected = _Expected(expected, now + EXPECT_S)
        return expected

    def plan(
        self, tenants: Sequence[ResidentModel], sizes: Mapping[str, int], limit_bytes: int, favourites: Sequence[str]
    ) -> PreloadPlan:
        """Return what should be hot, as of now."""
        now = self._clock()
        if self._expected is not None and self._expected.until < now:
            self._expected = None
        if self._likely is not None and self._likely.until < now:
            self._likely = None
        return plan_preloads(
            self._popularity,
            tenants,
            sizes,
            limit_bytes,
            now,
            favourites=favourites,
            expected=self._expected.model_id if self._expected else None,
            likely=self._likely.model_ids if self._likely else (),
            settings=self.policy,
        )

    @property
    def policy(self) -> PolicySettings:
        """The user's choices, as the policy takes them."""
        return PolicySettings(top=self._settings.preload_top, min_uses=self._settings.preload_min_uses)

    @property
    def popularity(self) -> Popularity:
        """The counts; to be read only."""
        return self._popularity

    def eviction_view(self, tenants: list[ResidentModel]) -> list[ResidentModel]:
        """Return the tenants as ``plan_eviction`` should see them."""
        return eviction_view(tenants, self._popularity, self._clock(), self.policy)

    def explain(self, model_id: str, plan: PreloadPlan) -> str:
        """Return why the plan wants the model hot, or does not, in words."""
        return explain(model_id, plan, self._popularity, self._clock(), self.policy)

    def _save(self) -> None:
        assert self._log is not None
        self._unsaved = 0
        self._log.save_rows(_POPULARITY, self._popularity.to_rows())
        self._log.save_rows(_HABITS, self._habits.to_rows())
