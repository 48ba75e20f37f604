"""The processor's features, and the refusal where Preheat's libraries do not run."""

from __future__ import annotations

import ctypes
import platform
import sys
from typing import Any

import pytest

from preheat.installation import missing_features, processor_features, processor_identity, processor_problem
from preheat.installation.processor import cpuinfo_features
from preheat.installation.processor_macos import brand
from preheat.installation.processor_windows import features_present

NEHALEM = frozenset({"cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"})


@pytest.mark.parametrize(
    ("features", "missing"),
    [
        (NEHALEM, ()),
        (NEHALEM | {"avx2"}, ()),
        (NEHALEM - {"popcnt", "sse4_2"}, ("POPCNT", "SSE4.2")),
        (frozenset({"pni", "cx16", "lahf_lm"}), ("POPCNT", "SSSE3", "SSE4.1", "SSE4.2")),
    ],
)
def test_what_a_processor_lacks(features: frozenset[str], missing: tuple[str, ...]) -> None:
    assert missing_features(features) == missing


def test_this_processor_runs_preheat() -> None:
    assert processor_problem() is None
    assert processor_identity() == processor_identity()
    if platform.machine() == "x86_64" and sys.platform == "linux":
        assert (processor_features() or frozenset()) >= NEHALEM


def test_an_old_processor_is_named_by_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.installation.processor.processor_features", lambda: NEHALEM - {"sse4_2"})
    problem = processor_problem()
    assert problem is not None
    assert str(problem) == "This processor is too old for Preheat: it lacks SSE4.2"


@pytest.mark.parametrize("machine", ["aarch64", "riscv64"])
def test_other_processors_have_no_such_limit(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert processor_features() is None
    assert processor_problem() is None


def test_cpuinfo() -> None:
    text = "processor\t: 0\nflags\t\t: fpu sse4_2 popcnt\n\nprocessor\t: 1\nflags\t\t: fpu\n"
    assert cpuinfo_features(text) == frozenset({"fpu", "sse4_2", "popcnt"})
    assert cpuinfo_features("Processor\t: ARMv7\n") is None


class FakeKernel:
    """kernel32 of a processor with these features."""

    def __init__(self, *present: int) -> None:
        self._present = present

    def IsProcessorFeaturePresent(self, number: int) -> int:  # noqa: N802 - Windows's name
        return int(number in self._present)


@pytest.mark.parametrize(
    ("present", "build", "expected"),
    [
        ((13, 36, 37, 38, 39, 40), 22631, NEHALEM | {"avx", "avx2"}),
        ((13, 36), 19041, frozenset({"pni", "ssse3", "cx16", "lahf_lm"})),
        ((13,), 17763, None),  # it does not know the others
    ],
)
def test_windows(present: tuple[int, ...], build: int, expected: frozenset[str] | None) -> None:
    assert features_present(FakeKernel(*present), build) == expected


class FakeLibc:
    """A C library with a sysctl that knows one name."""

    def sysctlbyname(self, name: bytes, text: Any, _size: Any, _new: None, _new_size: ctypes.c_size_t) -> int:
        if name != b"machdep.cpu.brand_string":
            return -1
        text.value = b"Apple M2"
        return 0


def test_macos() -> None:
    assert brand(FakeLibc()) == "Apple M2"


@pytest.fixture
def without_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    """A C library that does not report CPUID."""

    def fail(_name: str | None) -> None:
        raise OSError

    monkeypatch.setattr("ctypes.CDLL", fail)


def test_other_c_libraries(without_glibc: None) -> None:
    if platform.machine() == "x86_64" and sys.platform == "linux":
        assert (processor_features() or frozenset()) >= NEHALEM
    assert processor_identity().startswith(platform.machine())
