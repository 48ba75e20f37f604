"""Stalls and control groups, from files as Linux writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat.residency.memory.linux import refine
from preheat.residency.memory.pressure import MemoryReading

GB = 10**9
SYSTEM = MemoryReading(16 * GB, 8 * GB)
STALLS = """some avg10={some} avg60=0.00 avg300=0.00 total=1
full avg10={full} avg60=0.00 avg300=0.00 total=1
"""


class Machine:
    """The parts of /proc and /sys/fs/cgroup that are read."""

    def __init__(self, root: Path) -> None:
        self.proc, self.cgroups = root / "proc", root / "cgroup"

    def stalls(self, some: float, full: float) -> None:
        self._write(self.proc / "pressure/memory", STALLS.format(some=some, full=full))

    def own_group(self, line: str) -> None:
        self._write(self.proc / "self/cgroup", line)

    def group(self, name: str, **files: str) -> None:
        for file, text in files.items():
            self._write(self.cgroups / name / f"memory.{file}", text)

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def read(self) -> MemoryReading:
        return refine(SYSTEM, self.proc, self.cgroups)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_kernel_that_says_nothing_leaves_the_reading_as_it_is(machine: Machine) -> None:
    assert machine.read() == SYSTEM


def test_stalls_are_read(machine: Machine) -> None:
    machine.stalls(12.34, 5)
    assert machine.read() == MemoryReading(16 * GB, 8 * GB, stalled_some=12.34, stalled_full=5.0)


def test_a_limited_group_has_figures_of_its_own(machine: Machine) -> None:
    machine.stalls(0, 0)
    machine.own_group("0::/user.slice/app.scope\n")
    machine.group(
        "user.slice/app.scope",
        max=f"{2 * GB}\n",
        current=f"{GB + GB // 2}\n",
        stat=f"anon 5\nnew kind\ninactive_file {GB // 10}\nactive_file {GB // 10}\n",
        pressure=STALLS.format(some=30.0, full=9.0),
    )
    assert machine.read() == MemoryReading(2 * GB, GB // 2 + GB // 5, True, stalled_some=30.0, stalled_full=9.0)


def test_the_lowest_limit_and_the_least_available_memory_of_the_groups_above_count(machine: Machine) -> None:
    machine.own_group("1:name=systemd:/elsewhere\n0::/a/b\n")
    machine.group("a/b", max="max\n", current="5\n")
    machine.group("a", max=f"{3 * GB}\n", current=f"{GB}\n")
    machine.group("", max=f"{4 * GB}\n", current=f"{3 * GB}\n")
    assert machine.read() == MemoryReading(3 * GB, GB, True)


def test_the_total_does_not_depend_on_what_is_in_use(machine: Machine) -> None:
    machine.own_group("0::/a/b\n")
    machine.group("a/b", max=f"{10 * GB}\n", current="0\n")
    machine.group("a", max=f"{12 * GB}\n", current="0\n")
    assert machine.read() == MemoryReading(10 * GB, 8 * GB)
    machine.group("a/b", current=f"{9 * GB}\n")
    assert machine.read() == MemoryReading(10 * GB, GB, True)


def test_another_process_has_groups_of_its_own(machine: Machine) -> None:
    machine.own_group("0::/terminal\n")
    machine.group("service", max=f"{2 * GB}\n", current=f"{GB}\n")
    engine = machine.proc / "7" / "cgroup"
    engine.parent.mkdir()
    engine.write_text("0::/service\n")
    assert machine.read() == SYSTEM
    assert refine(SYSTEM, machine.proc, machine.cgroups, pid=7) == MemoryReading(2 * GB, GB, True)


def test_swap_is_no_memory(machine: Machine) -> None:
    machine.own_group("0::/\n")
    machine.group("", max=f"{2 * GB}\n", current=f"{GB}\n", **{"swap.max": f"{8 * GB}\n", "swap.current": "5\n"})
    assert machine.read() == MemoryReading(2 * GB, GB, True)


def test_a_limit_of_version_1_that_is_out_of_sight_counts(machine: Machine) -> None:
    machine.own_group("4:memory:/\n")
    machine.group(
        "memory",
        limit_in_bytes="9223372036854771712\n",
        usage_in_bytes=f"{GB}\n",
        stat=f"hierarchical_memory_limit {3 * GB}\nhierarchical_memsw_limit {9 * GB}\n",
    )
    assert machine.read() == MemoryReading(3 * GB, 2 * GB, True)


def test_nested_limits_of_version_1(machine: Machine) -> None:
    machine.own_group("4:memory:/slice/app\n")
    machine.group("memory/slice/app", limit_in_bytes=f"{4 * GB}\n", usage_in_bytes=f"{GB}\n")
    machine.group("memory/slice", limit_in_bytes=f"{2 * GB}\n", usage_in_bytes=f"{GB + GB // 2}\n")
    assert machine.read() == MemoryReading(2 * GB, GB // 2, True)


@pytest.mark.parametrize("path", ["/", "/system.slice/docker-1.scope", "/../../docker/1"])
def test_a_container_sees_its_group_as_the_root(machine: Machine, path: str) -> None:
    machine.own_group(f"0::{path}\n")
    machine.group("", max=f"{2 * GB}\n", current=f"{GB}\n")
    assert machine.read() == MemoryReading(2 * GB, GB, True)


def test_a_limited_group_of_version_1(machine: Machine) -> None:
    machine.own_group("9:name=systemd:/\n4:hugetlb,memory:/docker/app\n0::/\n")
    machine.group(
        "memory/docker/app",
        limit_in_bytes=f"{2 * GB}\n",
        usage_in_bytes=f"{GB + GB // 2}\n",
        stat=f"cache 7\ntotal_inactive_file {GB // 10}\ntotal_active_file {GB // 10}\n",
    )
    machine.group("memory", limit_in_bytes="9223372036854771712\n", usage_in_bytes=f"{9 * GB}\n")
    assert machine.read() == MemoryReading(2 * GB, GB // 2 + GB // 5, True)


def test_a_container_of_version_1_sees_its_group_as_the_root(machine: Machine) -> None:
    machine.own_group("4:memory:/docker/app\n")
    machine.group("memory", limit_in_bytes=f"{2 * GB}\n", usage_in_bytes=f"{GB}\n")
    assert machine.read() == MemoryReading(2 * GB, GB, True)


def test_high_counts_as_the_ceiling(machine: Machine) -> None:
    machine.own_group("0::/\n")
    machine.group("", max=f"{4 * GB}\n", high=f"{2 * GB}\n", current=f"{GB}\n")
    assert machine.read() == MemoryReading(2 * GB, GB, True)
    machine.group("", max="max\n")
    assert machine.read() == MemoryReading(2 * GB, GB, True)


def test_a_limit_above_what_the_system_has_changes_nothing(machine: Machine) -> None:
    machine.own_group("0::/\n")
    machine.group("", max=f"{64 * GB}\n", current=f"{GB}\n")
    assert machine.read() == SYSTEM


@pytest.mark.parametrize("text", ["", "max", "-5", "lots", "1.5"])
def test_odd_limits_are_none(machine: Machine, text: str) -> None:
    machine.own_group("0::/\n")
    machine.group("", max=text, current="1")
    assert machine.read() == SYSTEM


def test_this_machine_can_be_read() -> None:
    refined = refine(SYSTEM)
    assert 0 <= refined.available_bytes <= SYSTEM.available_bytes
