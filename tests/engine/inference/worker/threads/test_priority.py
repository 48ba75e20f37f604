from __future__ import annotations

import os
import threading

import pytest

from preheat.inference.worker.threads import run_in_background, yield_processor


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_background_work_has_a_low_priority_and_the_caller_keeps_its_own() -> None:
    before = niceness()
    assert run_in_background(niceness) > before
    assert niceness() == before


def test_background_work_can_let_everything_else_go_first() -> None:
    assert run_in_background(niceness, yield_processor) == min(niceness() + 15, 19)


def test_errors_of_background_work_reach_the_caller() -> None:
    def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_in_background(fail)
