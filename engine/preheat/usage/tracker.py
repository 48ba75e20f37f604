"""Tracks usage: how often models are used, and what clients do. Keeps both in the usage log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import tzinfo
from typing import Final

from preheat.clock import unix_time
from preheat.inference import LoadStages
from preheat.residency import DecisionRecord
from preheat.settings import Settings
from preheat.usage.clients import WakeFilter
from preheat.usage.cold import MOST_LOADS, ColdLoad, Source, measured_load, usual_load
from preheat.usage.log import UsageLog
from preheat.usage.popularity import DAY_S, Popularity, Row
from preheat.usage.prompts import PromptHabits
from preheat.usage.records import OutcomeRow, RequestRecord, SizeKey, SizeRecord, Use, UseKind, WakeRecord, rows_of

_AWAKE_S: Final = 600.0
"""Time in which a client that woke is expected to send a request, in seconds."""

RecordObserver = Callable[[RequestRecord | DecisionRecord], None]

_POPULARITY: Final = "popularity"
_OUTCOMES: Final = "outcomes"
_PROMPT_REQUESTS: Final = 2000
"""Last requests in the log from which the clients' prompts are known after a start."""

_RECENT_USES: Final = 20_000
"""Last requests in the log, and as many wakes, choices and additions, from which habits are known after a start."""

_DECISIONS: Final = 500
"""Last decisions in the log from which the stages of loads are known after a start."""

_SAVE_EVERY_REQUESTS: Final = 50
"""Requests since the last save are counted again from the log after a crash; this bounds their number."""


class UsageTracker:
    """Usage known so far. Replay uses the same class without a log, so only ``clock`` reads the time.

    Engine loop only, except for ``open`` and ``close``, which block on the disk.

    Args:
        log: Where usage is stored; None keeps it in memory.
        timezone: See ``Popularity``.
        clock: Returns Unix time.

    Attributes:
        popularity: Usage counters; read-only for others.
        prompts: Beginnings of the clients' prompts; read-only for others.
        log: The usage log, for figures; any thread may read it.
        stages: What the last load of each model consisted of, as far as the log knew at the start.
        load_s: Seconds that a load of each model usually takes, where that was measured; another mapping after each.
    """

    def __init__(
        self,
        settings: Settings,
        log: UsageLog | None = None,
        *,
        timezone: tzinfo | None = None,
        clock: Callable[[], float] = unix_time,
    ) -> None:
        self._settings = settings
        self._timezone = timezone
        self._clock = clock
        self.log = log
        self.popularity = self._counters()
        self.prompts = self._prompt_habits()
        self.stages: dict[str, LoadStages] = {}
        self.load_s: Mapping[str, float] = {}
        self._loads: dict[str, deque[ColdLoad]] = {}
        self._filter = WakeFilter()
        self._awake: tuple[str, float] = "", 0.0
        self._closed = False
        self._unsaved = 0
        self._observers: list[RecordObserver] = []

    def open(self) -> Mapping[SizeKey, int]:
        """Restore the stored usage; return the measured sizes in bytes. Call it first; blocks on the disk."""
        if self.log is None:
            return {}
        self.log.start()
        saved = self.log.saved_rows(_POPULARITY)
        self.popularity = self._counters(rows_of(Row, saved.rows))
        self.prompts = self._prompt_habits()
        for request in reversed(self.log.requests(_PROMPT_REQUESTS)):
            self.prompts.note(request)
        for request in self.log.requests_after(saved.mark):
            self.popularity.note(request.model_id, request.started_at)
            if request.answered:  # All that the log tells
                self.popularity.granted(request.model_id, request.started_at)
        for decision in reversed(self.log.decisions(_DECISIONS)):
            if decision.stages is not None:
                self.stages[decision.model_id] = decision.stages
            self._measure(decision)
        return {key: size.resident_bytes for key, size in self.log.sizes().items()}

    def close(self) -> None:
        """Write pending records. Blocks on the disk."""
        if self.log is not None and not self._closed:
            self._closed = True
            self._save(self.log)
            self.log.close()

    def apply_settings(self, settings: Settings) -> None:
        """Apply new settings."""
        before, self._settings = self._settings, settings
        if settings.popularity_half_life != before.popularity_half_life:
            self.popularity = self._counters(self.popularity.to_rows())
            self.prompts.set_half_life(self.half_life_s)

    def request_arrived(self, model_id: str, client: str, now: float) -> None:
        """Count a request."""
        self._filter.reset(client)
        self.popularity.note(model_id, now)

    def request_granted(self, model_id: str, arrived_at: float) -> None:
        """Note that a request which arrived then (Unix time) got its model."""
        self.popularity.granted(model_id, arrived_at)

    def client_woke(self, client: str, model_id: str, now: float) -> bool:
        """Note that a client listed the models, opened a session, or asked for the details of a model.

        Returns:
            Whether to expect a request of it: not without the setting, or without a name of the client.
        """
        if self.log is not None and self._filter.accept(client, now, model_id):
            self.log.record(WakeRecord(now, client, model_id))
        self._awake = client, now + _AWAKE_S
        return self._settings.wake_with_clients and bool(client)

    def model_chosen(self, model_id: str, now: float) -> None:
        """Note that the user chose a model."""
        if self.log is not None and self._filter.accept_choice(model_id, now):
            self.log.record(WakeRecord(now, "", model_id))

    def model_added(self, model_id: str, now: float) -> None:
        """Note that a model was downloaded, imported or found."""
        if self.log is not None:
            self.log.record(WakeRecord(now, "", model_id, added=True))

    def recent(self, latest: Collection[Use] = ()) -> list[Use]:
        """Return the last uses in time order: those in the log, and the latest, which may not be there yet.

        Uses of a time when the clock was far ahead are left out: against them, all others would count as long past.

        Blocks on the disk; any thread.
        """
        if self.log is None:
            return []
        self.log.flush()
        logged = self.log.recent_uses(_RECENT_USES)
        known, until = set(logged), self._clock() + DAY_S
        uses = (*logged, *(use for use in latest if use not in known))
        wakes = self._settings.wake_with_clients
        counting = (use for use in uses if use.at < until and (wakes or use.kind is not UseKind.WAKE))
        return sorted(counting, key=lambda use: use.at)

    def save_outcomes(self, rows: Iterable[OutcomeRow]) -> None:
        """Save how the last preloads turned out, instead of what was saved before."""
        if self.log is not None:
            self.log.save_rows(_OUTCOMES, rows)

    def outcomes(self) -> tuple[OutcomeRow, ...]:
        """Return how the last preloads turned out, the oldest first. Blocks on the disk; any thread."""
        rows = () if self.log is None else self.log.saved_rows(_OUTCOMES).rows
        return tuple(row for row in rows_of(OutcomeRow, rows) if 0.0 <= row.vain <= 1.0)

    @property
    def half_life_s(self) -> float:
        """Time in which the count of a use halves, in seconds."""
        return self._settings.popularity_half_life * DAY_S

    @property
    def timezone(self) -> tzinfo | None:
        """The time zone of hours and weekends; None is the computer's."""
        return self._timezone

    def awake(self, now: float) -> tuple[str, ...]:
        """Return the client that woke last, if that was recently."""
        return self._awake[:1] if now <= self._awake[1] else ()

    def request_ended(self, record: RequestRecord) -> None:
        """Record a finished request."""
        self.prompts.note(record)
        self._publish(record)
        if self.log is not None:
            self._unsaved += 1
            if self._unsaved >= _SAVE_EVERY_REQUESTS:
                self._save(self.log)

    def decided(self, decision: DecisionRecord) -> None:
        """Record a decision about a model."""
        self._measure(decision)
        self._publish(decision)

    def observe(self, observer: RecordObserver) -> Callable[[], None]:
        """Call ``observer`` with every finished request and every decision; return a function that stops it."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def measured(self, key: SizeKey, resident_bytes: int) -> None:
        """Record a measured size."""
        if self.log is not None:
            self.log.record(SizeRecord(*key, resident_bytes, 0.0, self._clock()))

    def _counters(self, rows: Iterable[Row] = ()) -> Popularity:
        return Popularity(self.half_life_s, self._timezone, rows)

    def _prompt_habits(self) -> PromptHabits:
        return PromptHabits(self.half_life_s, self._timezone)

    def _measure(self, decision: DecisionRecord) -> None:
        if (load := measured_load(decision)) is None:
            return
        loads = self._loads.setdefault(decision.model_id, deque(maxlen=MOST_LOADS * len(Source)))
        loads.appendleft(load)
        self.load_s = {**self.load_s, decision.model_id: usual_load(loads).seconds}

    def _publish(self, record: RequestRecord | DecisionRecord) -> None:
        for observer in self._observers:
            observer(record)
        if self.log is not None:
            self.log.record(record)

    def _save(self, log: UsageLog) -> None:
        self._unsaved = 0
        log.save_rows(_POPULARITY, self.popularity.to_rows())
