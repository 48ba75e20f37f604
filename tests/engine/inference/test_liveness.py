"""When a worker counts as hung."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from preheat.inference.liveness import LIMITS, Activity, Liveness, Signs, read_signs
from tests.engine.application import eventually

STUCK = [("decode", 0, 7)]


class Machine:
    """A worker with two threads, and a clock."""

    def __init__(self) -> None:
        self.liveness = Liveness()
        self.signs = Signs(0.0, 0, Activity.NOTHING)
        self.liveness.begin(self.signs)

    def check(self, *, works: list[tuple[str, int, int]] | None, seconds: float = 1.0) -> str:
        if works is not None:
            self.liveness.answered(works)
        return self.liveness.hung(self.signs, seconds, 2)

    def use(self, cpu_s: float = 0.0, read_bytes: int = 0, activity: Activity = Activity.NOTHING) -> None:
        self.signs = Signs(self.signs.cpu_s + cpu_s, self.signs.read_bytes + read_bytes, activity)

    def checks_until_hung(
        self,
        works: list[tuple[str, int, int]] | None,
        *,
        cpu_s: float = 0.0,
        read_bytes: int = 0,
        activity: Activity = Activity.NOTHING,
    ) -> int:
        for count in range(1, 2000):
            self.use(cpu_s, read_bytes, activity)
            if self.check(works=works):
                return count
        return 0


@pytest.mark.parametrize("works", [None, STUCK])
def test_a_worker_that_does_nothing_hangs_after_ten_seconds(works: list[tuple[str, int, int]] | None) -> None:
    assert Machine().checks_until_hung(works) in (10, 11)


def test_an_endless_computation_hangs_after_a_minute_of_each_thread() -> None:
    assert Machine().checks_until_hung(STUCK, cpu_s=1.0) == 121
    assert Machine().checks_until_hung(STUCK, cpu_s=0.1) > 1000, "a busy machine leaves it little"


def test_a_worker_that_waits_for_a_processor_is_alive() -> None:
    assert not Machine().checks_until_hung(None, activity=Activity.RUNNING)


def test_reading_is_progress_and_waiting_for_a_disk_is_not() -> None:
    assert not Machine().checks_until_hung(STUCK, read_bytes=4096, activity=Activity.READING)
    assert Machine().checks_until_hung(STUCK, activity=Activity.READING) in (60, 61)


def test_each_sign_of_progress_starts_from_zero() -> None:
    machine = Machine()
    for beats in range(3000):
        assert not machine.check(works=[("decode", 0, beats // 9)])


def test_one_piece_of_work_hangs_next_to_another_that_works() -> None:
    machine = Machine()
    checks = 0
    while not machine.check(works=[("decode", 0, checks), ("slow", 5, 1)]):
        checks += 1
        machine.use(cpu_s=0.001)
    assert checks == LIMITS["slow"].quiet_s


def test_a_request_that_no_work_works_on_was_lost() -> None:
    assert Machine().checks_until_hung([]) == LIMITS["nothing"].quiet_s + 1


def test_a_suspended_machine_is_no_hung_worker() -> None:
    machine = Machine()
    for beats in range(100):
        assert not machine.check(works=None, seconds=3600.0), "the engine did not run either"
        assert not machine.check(works=[("decode", 0, beats)])


def test_an_unanswered_ping_counts_after_a_pause() -> None:
    """A client that gives up after a few seconds, and tries again."""
    machine = Machine()
    checks = 0
    while not machine.check(works=None):
        checks += 1
        if checks % 4 == 0:
            machine.liveness.begin(machine.signs)
    assert checks < 12


def test_a_process_that_has_ended_does_not_hang() -> None:
    liveness = Liveness()
    liveness.begin(None)
    assert not liveness.hung(None, 1.0, 1)
    assert read_signs(2**22 + 1) is None


def test_signs_of_this_process() -> None:
    signs = read_signs(os.getpid())
    assert signs is not None
    assert signs.cpu_s > 0


def test_a_thread_that_computes_counts_while_the_first_one_waits_for_it() -> None:
    code = "import threading; thread = threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True); "
    code += "thread.start(); print(flush=True); thread.join()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_SLEEPING, "the first thread waits")
            signs = read_signs(process.pid)
        finally:
            process.kill()
    assert signs is not None
    assert signs.activity is (Activity.RUNNING if sys.platform == "linux" else Activity.NOTHING)
