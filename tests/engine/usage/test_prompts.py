"""Which beginnings of prompts are likely to come next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from preheat.residency import Outcome
from preheat.settings import Settings
from preheat.usage import PromptHabits, RequestRecord, UsageLog, UsageTracker
from preheat.usage.prompts import MAX_PROMPTS

HOUR_S = 3600.0
NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC).timestamp()  # a Wednesday


def asked(client: str, key: str, at: float, tokens: int = 1000, model: str = "a") -> RequestRecord:
    return RequestRecord(model, at, Outcome.HIT, client=client, prefix=key, prefix_tokens=tokens)


def habits(*records: RequestRecord) -> PromptHabits:
    known = PromptHabits(timezone=UTC)
    for record in sorted(records, key=lambda record: record.started_at):
        known.note(record)
    return known


def ranked(known: PromptHabits, now: float = NOW, *asking: str) -> list[str]:
    return [prompt.key for prompt in known.ranked("a", now, asking)]


def test_the_last_prompt_of_each_client_comes_first() -> None:
    known = habits(
        *(asked("editor", "old", NOW - 5 * HOUR_S + n) for n in range(9)),
        asked("notes", "notes", NOW - 2 * HOUR_S),
        asked("editor", "new", NOW - HOUR_S),
    )
    assert ranked(known) == ["new", "notes", "old"]
    assert ranked(known, NOW, "notes") == ["notes", "new", "old"]
    assert ranked(known, NOW, "a client that never asked") == ["new", "notes", "old"]


def test_the_hour_of_the_day_decides_between_clients() -> None:
    days = range(1, 8)
    known = habits(
        *(asked("morning", "m", NOW - day * 24 * HOUR_S) for day in reversed(days)),
        *(asked("evening", "e", NOW - day * 24 * HOUR_S + 10 * HOUR_S) for day in reversed(days)),
    )
    assert ranked(known, NOW) == ["m", "e"]
    assert ranked(known, NOW + 10 * HOUR_S) == ["e", "m"]


def test_a_shorter_half_life_counts_at_once() -> None:
    tracker = UsageTracker(Settings(), timezone=UTC)
    for record in (
        *(asked("before", "b", NOW - 20 * 24 * HOUR_S + n) for n in range(30)),
        *(asked("now", "n", NOW - 3 * HOUR_S + n) for n in range(2)),
    ):
        tracker.request_ended(record)
    assert ranked(tracker.prompts) == ["b", "n"]
    tracker.apply_settings(Settings(popularity_half_life=1.0))
    assert ranked(tracker.prompts) == ["n", "b"]


def test_a_prompt_of_two_clients_is_listed_once() -> None:
    known = habits(asked("a", "same", NOW - 9), asked("b", "same", NOW - 5), asked("b", "other", NOW - 7))
    assert ranked(known) == ["same", "other"]
    assert known.keys("a") == ("same", "other")


def test_requests_without_a_beginning_and_other_models_do_not_count() -> None:
    known = habits(asked("editor", "", NOW), asked("editor", "x", NOW, model="b"))
    assert ranked(known) == []
    assert known.keys("b") == ("x",)


def test_a_client_with_ever_new_prompts_does_not_fill_the_memory() -> None:
    known = habits(
        *(asked("steady", "s", NOW - 100 * HOUR_S + n) for n in range(50)),
        *(asked("wild", f"{n}", NOW - HOUR_S + n) for n in range(10 * MAX_PROMPTS)),
    )
    keys = ranked(known)
    assert len(keys) <= MAX_PROMPTS
    assert keys[0] == "s"
    assert f"{10 * MAX_PROMPTS - 1}" in keys
    assert sum(prompt.share for prompt in known.ranked("a", NOW) if prompt.client == "wild") < 0.1


def test_shares_follow_how_a_client_changes_its_prompts() -> None:
    """One that keeps its prompt, one that alternates between two, and one that starts; the rest is for new prompts."""
    steady = habits(*(asked("editor", "e", NOW - HOUR_S + n) for n in range(20))).ranked("a", NOW)
    assert [(prompt.key, prompt.share > 0.9) for prompt in steady] == [("e", True)]
    alternating = habits(*(asked("editor", "xy"[n % 2], NOW - HOUR_S + n) for n in range(20))).ranked("a", NOW)
    assert [prompt.key for prompt in alternating] == ["x", "y"]  # y is the last one
    assert alternating[0].share > 0.8
    first = habits(asked("editor", "e", NOW - HOUR_S)).ranked("a", NOW)
    assert 0.5 < first[0].share < 0.9


def test_the_shares_of_a_prompt_with_two_clients_add_up() -> None:
    known = habits(asked("a", "same", NOW - 9), asked("b", "same", NOW - 5), asked("b", "other", NOW - 7))
    same, other = known.ranked("a", NOW)
    assert (same.client, same.used_at) == ("b", NOW - 5)
    apart = habits(asked("a", "of a", NOW - 9), asked("b", "of b", NOW - 5), asked("b", "other", NOW - 7))
    shares = {prompt.key: prompt.share for prompt in apart.ranked("a", NOW)}
    assert same.share == pytest.approx(shares["of a"] + shares["of b"])
    assert other.share == pytest.approx(shares["other"])
    (asking, *_) = known.ranked("a", NOW, ("a", "a", "unknown"))
    assert asking.share > same.share


def test_prompts_are_known_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    before = UsageTracker(Settings(), UsageLog(path, clock=lambda: NOW), clock=lambda: NOW)
    before.open()
    before.request_ended(asked("editor", "e", NOW - 3, 1200))
    before.request_ended(asked("notes", "n", NOW - 2))
    before.close()
    after = UsageTracker(Settings(), UsageLog(path, clock=lambda: NOW), clock=lambda: NOW)
    after.open()
    assert after.prompts.ranked("a", NOW) == before.prompts.ranked("a", NOW)
    assert after.prompts.ranked("a", NOW)[1].tokens == 1200
    after.close()
