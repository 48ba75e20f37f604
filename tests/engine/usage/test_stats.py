from __future__ import annotations

import contextlib
import math
import sqlite3
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preheat.messages import Message, msg, verbatim
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.usage import Counts, Quantiles, Recomputed, RequestRecord, WakeRecord
from preheat.usage import stats as usage_stats
from preheat.usage.file import create_tables
from preheat.usage.retention import LastRecords
from preheat.usage.stats import quantiles, read_stats
from preheat.usage.table_reading import read_decisions
from preheat.usage.table_writing import fold_oldest_day, write_batch

DAY = 86400
LOADS = (Action.LOAD, Action.PRELOAD)

# Quarters: sums of them are exact in any order.
seconds = st.integers(0, 400).map(lambda quarters: quarters / 4)
times = st.one_of(
    st.integers(0, 12 * DAY * 4).map(lambda quarters: quarters / 4),
    # Where hours and days begin, and an instant to either side.
    st.builds(
        lambda hour, offset: max(hour * 3600 + offset, 0.0),
        st.integers(0, 12 * 24),
        st.sampled_from([-0.25, 0.0, 0.25]),
    ),
)
models = st.sampled_from(["a", "b", "c"])
requests = st.builds(
    RequestRecord,
    models,
    times,
    st.sampled_from(Outcome),
    seconds,
    st.none() | seconds,
    st.integers(0, 100),
    st.integers(0, 100),
    saved_s=seconds,
    slot_tokens=st.integers(0, 9),
    memory_tokens=st.integers(0, 9),
    disk_tokens=st.integers(0, 9),
    prefill_saved_s=seconds,
    draft_tokens=st.integers(0, 9),
    accepted_tokens=st.integers(0, 9),
)
decisions = st.builds(
    DecisionRecord,
    times,
    models,
    st.sampled_from(Action),
    st.just(verbatim("why")),
    seconds=st.none() | seconds,
    wasted=st.booleans(),
)
records = st.lists(requests | decisions, max_size=40)


@contextlib.contextmanager
def opened(batches: Sequence[Sequence[RequestRecord | DecisionRecord]]) -> Any:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(connection)
    for batch in batches:
        write_batch(connection, batch)
    with contextlib.closing(connection):
        yield connection


def count(records: Sequence[RequestRecord | DecisionRecord]) -> Counts:
    """Count by hand."""
    asked = [record for record in records if isinstance(record, RequestRecord)]
    done = [record for record in records if isinstance(record, DecisionRecord)]
    return Counts(
        hits=sum(record.outcome is Outcome.HIT for record in asked),
        late_hits=sum(record.outcome is Outcome.LATE_HIT for record in asked),
        misses=sum(record.outcome is Outcome.MISS for record in asked),
        wait_s=sum(record.wait_s for record in asked),
        saved_s=sum(record.saved_s for record in asked),
        prompt_tokens=sum(record.prompt_tokens for record in asked),
        completion_tokens=sum(record.completion_tokens for record in asked),
        loads=sum(record.action in LOADS for record in done),
        preloads=sum(record.action is Action.PRELOAD for record in done),
        load_s=sum(record.seconds or 0.0 for record in done if record.action in LOADS),
        wasted=sum(record.wasted for record in done),
        evictions=sum(record.action is Action.EVICT for record in done),
        failures=sum(record.action is Action.FAIL for record in done),
        slot_tokens=sum(record.slot_tokens for record in asked),
        memory_tokens=sum(record.memory_tokens for record in asked),
        disk_tokens=sum(record.disk_tokens for record in asked),
        prefill_saved_s=sum(record.prefill_saved_s for record in asked),
        draft_tokens=sum(record.draft_tokens for record in asked),
        accepted_tokens=sum(record.accepted_tokens for record in asked),
        text_prompt_tokens=sum(record.prompt_tokens for record in asked if record.ttft_s is not None),
    )


def at(record: RequestRecord | DecisionRecord) -> float:
    return record.started_at if isinstance(record, RequestRecord) else record.at


def between(
    records: Sequence[RequestRecord | DecisionRecord], begin: float, end: float, model: str | None
) -> list[RequestRecord | DecisionRecord]:
    return [record for record in records if begin <= at(record) <= end and model in (None, record.model_id)]


def nearest_rank(values: Sequence[float]) -> Quantiles:
    """As the textbook has it: the smallest value that at least so much of all is not greater than."""
    if not values:
        return Quantiles()

    def smallest(percent: int) -> float:
        return min(v for v in values if sum(w <= v for w in values) * 100 >= percent * len(values))

    return Quantiles(len(values), smallest(50), smallest(95))


@given(batches=st.lists(records, max_size=3), since=st.none() | times, now=times)
def test_figures_agree_with_a_count_by_hand(
    batches: list[list[RequestRecord | DecisionRecord]], since: float | None, now: float
) -> None:
    everything = [record for batch in batches for record in batch]
    begin, end = (0.0, math.inf) if since is None else (since, now)
    with opened(batches) as connection:
        stats = read_stats(connection, since, now)
    for model, figures in [(None, stats.total), *stats.models.items()]:
        span = between(everything, begin, end, model)
        assert figures.span == count(span)
        assert figures.last_hour == count(between(everything, now - 3600, now, model))
        assert figures.last_day == count(between(everything, now - DAY, now, model))
        assert figures.last_week == count(between(everything, now - 7 * DAY, now, model))
        for outcome in Outcome:
            asked = [r for r in span if isinstance(r, RequestRecord) and r.outcome is outcome]
            assert figures.latency[outcome].wait == nearest_rank([r.wait_s for r in asked])
            assert figures.latency[outcome].ttft == nearest_rank([r.ttft_s for r in asked if r.ttft_s is not None])
        loads = [r for r in span if isinstance(r, DecisionRecord) and r.action in LOADS]
        assert figures.load == nearest_rank([r.seconds for r in loads if r.seconds is not None])
    assert stats.models.keys() >= {record.model_id for record in between(everything, begin, end, None)}


@given(batches=st.lists(records, max_size=4), cuts=st.lists(times, max_size=4), now=times, length=times)
def test_folding_keeps_totals(
    batches: list[list[RequestRecord | DecisionRecord]], cuts: list[float], now: float, length: float
) -> None:
    """Records may come late, for days that have been folded already."""
    everything = [record for batch in batches for record in batch]
    everything_is_old = LastRecords(10**9, 10**9, 10**9)
    horizon = 0.0
    with opened([]) as connection:
        for batch, cut in zip(batches, [*cuts, *[0.0] * len(batches)], strict=False):
            write_batch(connection, batch)
            while fold_oldest_day(connection, cut, everything_is_old):
                (horizon,) = connection.execute("SELECT begins FROM history").fetchone()
                assert horizon <= max(cuts)  # a clock that goes back brings nothing back
        total = read_stats(connection, None, now).total.span
        span = read_stats(connection, now - length, now).total.span
        kept = [row[0] for row in connection.execute("SELECT started_at FROM requests")]
    assert total == count(everything)
    # What is cut by a day that has been folded counts in whole.
    begin = now - length if now - length >= horizon else (now - length) // DAY * DAY
    end = now if now >= horizon else math.nextafter(now // DAY * DAY + DAY, 0.0)
    assert span == count(between(everything, begin, end, None))
    assert all(at(r) in kept for r in everything if isinstance(r, RequestRecord) and at(r) >= horizon)


def test_a_day_with_a_new_record_is_not_folded() -> None:
    with opened([]) as connection:
        write_batch(connection, [WakeRecord(10.0, "client")])
        assert not fold_oldest_day(connection, 10 * DAY, LastRecords(0, 0, 0))


@given(st.lists(seconds, max_size=60))
def test_quantiles_are_by_nearest_rank(values: list[float]) -> None:
    assert quantiles(values) == nearest_rank(values)


def test_a_rare_model_s_misses_are_not_drowned_by_others_hits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_stats, "SAMPLE_REQUESTS", 10)
    batch = [RequestRecord("rare", 1.0, Outcome.MISS, 9.0)]
    batch += [RequestRecord("common", 2.0 + number, Outcome.HIT, number) for number in range(100)]
    with opened([batch]) as connection:
        stats = read_stats(connection, 0.0, 1000.0)
    assert stats.models["rare"].latency[Outcome.MISS].wait == Quantiles(1, 9.0, 9.0)
    # Of the newest: 90 to 99.
    assert stats.total.latency[Outcome.HIT].wait == Quantiles(10, 94.0, 99.0)
    assert stats.total.span.hits == 100


def test_rates() -> None:
    assert Counts().preload_hit_rate is None
    assert Counts(hits=3, late_hits=1, misses=4).preload_hit_rate == 3 / 8


def steps(connection: sqlite3.Connection, read: Any) -> int:
    """Return how many hundreds of steps SQLite's machine takes."""
    taken = 0

    def tick() -> int:
        nonlocal taken
        taken += 1
        return 0

    connection.set_progress_handler(tick, 100)
    read()
    connection.set_progress_handler(None, 0)
    return taken


def test_reading_costs_the_same_however_long_the_log_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_stats, "SAMPLE_REQUESTS", 100)
    monkeypatch.setattr(usage_stats, "SAMPLE_LOADS", 100)

    def cost(count: int) -> tuple[int, int, int]:
        # A request each minute, for one day or for ten: the windows before `now` hold the same.
        batch: list[RequestRecord | DecisionRecord] = []
        now = 20.0 * DAY
        for number in range(count):
            when = now - number * 60
            batch.append(RequestRecord("ab"[number % 2], when, list(Outcome)[number % 3], 1.0, 1.0))
            batch.append(DecisionRecord(when, "ab"[number % 2], list(Action)[number % 6], verbatim(""), seconds=1.0))
        with opened([batch]) as connection:
            return (
                steps(connection, lambda: read_stats(connection, now - DAY, now)),
                steps(connection, lambda: read_decisions(connection, 50, None, None)),
                steps(connection, lambda: read_decisions(connection, 50, now - DAY + 60, "a")),
            )

    short, long = cost(24 * 60), cost(10 * 24 * 60)
    # The week's days and hours are a few rows more.
    assert long[0] < short[0] * 1.2
    assert long[1:] == short[1:]


def test_the_reasons_for_computing_prompts_again_are_counted_by_kind() -> None:
    def asked(at: float, reason: Message | None, tokens: int = 100) -> RequestRecord:
        return RequestRecord("a", at, Outcome.HIT, prompt_tokens=tokens, slot_tokens=10, recomputed=reason)

    records = [
        asked(1.0, msg("worker_ended", reason="old")),
        *(asked(10.0 + n, msg("no_room", model="a", needed=n, available=0, limit=1)) for n in range(3)),
        asked(20.0, msg("worker_ended", reason="new"), 50),
        asked(30.0, None),
    ]
    with opened([records]) as connection:
        everything, later = read_stats(connection, None, 40.0).recomputed, read_stats(connection, 15.0, 40.0).recomputed
    assert [(each.requests, each.tokens) for each in everything] == [(3, 270), (2, 130)]
    assert everything[0].reason == msg("no_room", model="a", needed=2, available=0, limit=1)
    assert later == (Recomputed(1, 40, msg("worker_ended", reason="new")),)


def test_the_defaults_of_figures_are_what_an_empty_log_has() -> None:
    with opened([]) as connection:
        stats = read_stats(connection, None, 5.0)
    assert asdict(stats.total.span) == asdict(Counts())
    assert stats.models == {}


@settings(max_examples=60)
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=12), share=st.floats(0, 1))
def test_a_crash_leaves_whole_batches_in_order(sizes: list[int], share: float) -> None:
    """The write-ahead log is cut anywhere, as when the machine loses power: what is left is a prefix of the writes."""
    from preheat.usage.file import open_reader, open_writer

    with tempfile.TemporaryDirectory() as folder:
        path, copy = Path(folder, "usage.db"), Path(folder, "copy.db")
        number = 0
        borders = {0}
        with contextlib.closing(open_writer(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            for size in sizes:
                batch = [RequestRecord("a", 60.0 * (number + i), Outcome.HIT) for i in range(size)]
                write_batch(connection, batch)
                number += size
                borders.add(number)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO requests (started_at) VALUES (1)")  # never committed
            copy.write_bytes(path.read_bytes())
            wal = path.with_name("usage.db-wal").read_bytes()
            copy.with_name("copy.db-wal").write_bytes(wal[: int(len(wal) * share)])
        with contextlib.closing(open_writer(copy)):  # recovers
            pass
        with contextlib.closing(open_reader(copy)) as connection:
            left = [row[0] for row in connection.execute("SELECT started_at FROM requests ORDER BY id")]
            stats = read_stats(connection, None, 0.0)
    assert left == [60.0 * i for i in range(len(left))]
    assert len(left) in borders
    assert share < 1 or len(left) == number
    assert stats.total.span.hits == len(left)
