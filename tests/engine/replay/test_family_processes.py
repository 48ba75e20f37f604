from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from preheat.errors import EngineError
from preheat.replay import Draws, FamilyTask, measure_family

TASK = FamilyTask(Draws.TUNING, days=8)


@pytest.mark.no_cover  # tracing triples its time
def test_several_processes_find_the_same_in_order(preheat_home: Path) -> None:
    shown: list[int] = []
    found = measure_family(TASK, range(3), processes=2, measured=shown.append)
    assert found == list(TASK.measure(range(3)))
    assert shown == [1, 2, 3]


@pytest.mark.no_cover
def test_other_processes_have_these_settings(preheat_home: Path) -> None:
    task = FamilyTask(Draws.TUNING, days=8, page_cache="100%", overrides={"wake_with_clients": "false"})
    found = measure_family(task, [1, 2], processes=2)
    assert found == list(task.measure([1, 2]))
    alone = replace(task, overrides={}), replace(task, page_cache=TASK.page_cache)
    assert all(found[:1] != list(other.measure([1])) for other in (TASK, *alone))


def test_a_process_that_fails_says_why(preheat_home: Path) -> None:
    task = FamilyTask(Draws.TUNING, overrides={"wake_with_clients": "no word"})
    with pytest.raises(EngineError, match="wake_with_clients"):
        measure_family(task, range(8), processes=2)


def test_an_error_ends_all_processes(preheat_home: Path) -> None:
    def interrupt(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_family(TASK, range(4), processes=2, measured=interrupt)
