from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from preheat.inference import cores
from preheat.inference.cores import default_threads, linux, macos, physical_cores, windows


def devices(folder: Path, processors: Mapping[int, Mapping[str, str]], fast: str = "") -> Path:
    """Write a folder like Linux's, with a file's content by name for each processor."""
    files = {
        f"system/cpu/cpu{number}/{name}": text for number, all_ in processors.items() for name, text in all_.items()
    }
    for name, text in {**files, **({"cpu_core/cpus": fast} if fast else {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text}\n")
    return folder


def siblings(text: str, **more: str) -> dict[str, str]:
    return {"topology/thread_siblings_list": text, **more}


def test_intel_lists_the_fast_processors(tmp_path: Path) -> None:
    processors = {n: siblings("0-1" if n < 2 else "2-3" if n < 4 else str(n)) for n in range(8)}
    folder = devices(tmp_path, processors, fast="0-3")
    assert linux.fast_cores(folder, range(8)) == 2
    assert linux.fast_cores(folder, [0, 1, 4, 5]) == 1
    assert linux.fast_cores(folder, [6, 7]) is None


def test_arm_has_capacities(tmp_path: Path) -> None:
    capacities = ["1024", "1024", "880", "380", "380", "380"]
    processors = {n: siblings(str(n), cpu_capacity=text) for n, text in enumerate(capacities)}
    assert linux.fast_cores(devices(tmp_path, processors), range(6)) == 3


def test_frequencies_tell_kinds_apart(tmp_path: Path) -> None:
    khz = ["5100000", "5000000", "5100000", "5000000", "3300000", "3300000"]
    processors = {n: siblings(str(n), **{"cpufreq/cpuinfo_max_freq": text}) for n, text in enumerate(khz)}
    assert linux.fast_cores(devices(tmp_path, processors), range(6)) == 4


def test_a_system_that_says_nothing(tmp_path: Path) -> None:
    assert linux.fast_cores(devices(tmp_path, {0: siblings("0"), 1: siblings("1")}), range(2)) is None
    assert linux.fast_cores(tmp_path / "missing", range(2)) is None
    garbled = devices(tmp_path / "garbled", {0: siblings("0", cpu_capacity="many")}, fast="x-,1-")
    assert linux.fast_cores(garbled, [0]) is None


@pytest.mark.parametrize(
    ("limits", "cores"),
    [
        ({"": "max 100000", "a/b": "150000 100000"}, 1.5),
        ({"a": "50000 100000", "a/b": "max 100000"}, 0.5),
        ({"c": "100000 100000"}, None),
        ({"a/b": "many"}, None),
    ],
)
def test_a_container_has_a_share_of_the_cores(tmp_path: Path, limits: dict[str, str], cores: float | None) -> None:
    (tmp_path / "own").write_text("3:cpuset:/x\n0::/a/b\n")
    for group, text in limits.items():
        (tmp_path / group).mkdir(parents=True, exist_ok=True)
        (tmp_path / group / "cpu.max").write_text(f"{text}\n")
    assert linux.quota(tmp_path, tmp_path / "own") == cores
    assert linux.quota(tmp_path / "missing", tmp_path / "none") is None


@pytest.mark.parametrize(("value", "count"), [(4, 4), (None, None), (0, None)])
def test_macos_counts_the_first_level(value: int | None, count: int | None) -> None:
    asked: list[str] = []

    def sysctl(name: str) -> int | None:
        asked.append(name)
        return value

    assert macos.fast_cores(sysctl) == count
    assert asked == ["hw.perflevel0.physicalcpu"]


def record(efficiency: int, relation: int = 0, extra: int = 0) -> bytes:
    body = struct.pack("<BB20xHQHHHH", 1, efficiency, 1, 0b11, 0, 0, 0, 0) + bytes(extra)
    return struct.pack("<II", relation, len(body) + 8) + body


@pytest.mark.parametrize(
    ("records", "count"),
    [
        (record(1) * 6 + record(0) * 8, 6),
        (record(0) * 4, 4),
        (record(0, extra=16) + record(1) + record(1, relation=3), 1),
        (b"", None),
        (record(1) + record(2)[:10], 1),
        (struct.pack("<II", 0, 0) + bytes(40), 1),
    ],
)
def test_windows_has_efficiency_classes(records: bytes, count: int | None) -> None:
    assert windows.fast_cores(lambda: records) == count


@pytest.mark.parametrize(
    ("fast", "physical", "threads"), [(None, 2, 2), (4, 4, 4), (None, 6, 5), (8, 16, 7), (4, 12, 4), (8, 4, 4)]
)
def test_one_core_is_left_where_there_are_enough(
    monkeypatch: pytest.MonkeyPatch, fast: int | None, physical: int, threads: int
) -> None:
    monkeypatch.setattr(cores, "_fast_cores", lambda: fast)
    monkeypatch.setattr(cores, "physical_cores", lambda: physical)
    monkeypatch.setattr(cores, "_quota", lambda: 64)
    assert default_threads() == threads
    monkeypatch.setattr(cores, "_quota", lambda: 0)
    assert default_threads() == 1


def test_this_machine_has_cores() -> None:
    assert 1 <= default_threads() <= physical_cores() <= (psutil.cpu_count() or 1)
