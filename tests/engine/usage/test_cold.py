from __future__ import annotations

from pathlib import Path

import pytest

from preheat.inference import LoadStages
from preheat.messages import verbatim
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.settings import Settings
from preheat.usage import ColdLoad, ColdStart, RequestRecord, Source, UsageLog, UsageTracker, cold_start


def load(at: float, seconds: float | None, disk_share: float | None = None, *, preload: bool = False) -> DecisionRecord:
    stages = LoadStages(0.5, 0.25, 9.0, disk_share)
    return DecisionRecord(at, "a", Action.PRELOAD if preload else Action.LOAD, verbatim(""), 9, seconds, stages=stages)


def request(ttft_s: float | None, prompt_tokens: int, reused: int = 0, wait_s: float = 0.0) -> RequestRecord:
    return RequestRecord("a", 1.0, Outcome.HIT, wait_s, ttft_s, prompt_tokens, 5, slot_tokens=reused)


def test_a_load_from_the_disk_counts_before_faster_ones() -> None:
    found = cold_start("a", [load(9, 0.2, 0.0), load(8, 3.0, 1.0), load(7, 1.0, None)], [])
    assert found.load == ColdLoad(8, 3.0, Source.DISK, 0.5, 0.25)


def test_the_median_of_the_newest_loads_counts() -> None:
    seconds = [9.0, 1.0, 4.0, 2.0, 3.0, 100.0, 100.0]
    found = cold_start("a", [load(20 - number, each, 0.1) for number, each in enumerate(seconds)], [])
    assert found.load is not None
    assert (found.load.source, found.load.seconds) == (Source.PAGE_CACHE, 3.0)


def test_a_preload_counts_without_its_probe_and_pauses() -> None:
    found = cold_start("a", [load(9, 60.0, 1.0, preload=True)], [])
    assert found.load == ColdLoad(9, 0.75, Source.DISK, 0.5, 0.25)


def test_usual_loads_are_known_again_after_a_restart(tmp_path: Path) -> None:
    def tracker() -> UsageTracker:
        return UsageTracker(Settings(), UsageLog(tmp_path / "usage.db", clock=lambda: 99.0), clock=lambda: 99.0)

    before = tracker()
    before.open()
    for at, seconds in enumerate([3.0, 5.0, 4.0]):
        before.decided(load(at, seconds, 1.0))
    before.decided(load(9, 0.5, 0.0))
    assert before.load_s == {"a": 4.0}
    before.close()
    after = tracker()
    after.open()
    assert after.load_s == {"a": 4.0}
    after.decided(load(10, 9.0, 1.0))
    assert after.load_s == {"a": 4.0}  # of 3, 4, 5 and 9
    after.decided(load(11, 9.0, 1.0))
    assert after.load_s == {"a": 5.0}
    after.close()


@pytest.mark.parametrize("action", [Action.EVICT, Action.FAIL, Action.UNLOAD, Action.CANCEL])
def test_only_loads_count(action: Action) -> None:
    assert cold_start("a", [DecisionRecord(1, "a", action, verbatim(""), 9, 1.0)], []) == ColdStart("a")


def test_records_of_an_earlier_version_have_no_source_and_no_parts() -> None:
    found = cold_start("a", [DecisionRecord(1, "a", Action.LOAD, verbatim(""), 9, 1.5)], [])
    assert found.load == ColdLoad(1, 1.5, Source.UNKNOWN)
    preload = DecisionRecord(1, "a", Action.PRELOAD, verbatim(""), 9, 1.5)
    assert cold_start("a", [preload], []).load is None


def test_prefill_is_measured_by_long_prompts_without_the_wait() -> None:
    requests = [
        request(0.1, 10),  # too short
        request(None, 1000),
        request(1.5, 1000, reused=990),
        request(3.0, 200, reused=100, wait_s=2.0),  # 10 ms
        request(2.0, 100),  # 20 ms
        request(1.0, 500),  # 2 ms
    ]
    assert cold_start("a", [], requests).prefill_token_s == pytest.approx(0.01)


def test_the_first_word_after_a_load_also_needs_the_reused_tokens() -> None:
    figures = ColdStart("a", ColdLoad(1, 2.0, Source.DISK), 0.01)
    assert figures.first_word_s(0.16, 50) == pytest.approx(2.66)
    assert ColdStart("a", ColdLoad(1, 2.0, Source.DISK)).first_word_s(0.16, 50) == pytest.approx(2.16)
    assert ColdStart("a", None, 0.01).first_word_s(0.16, 50) is None
