"""What a build with the processor's code linked in says about itself."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from preheat.inference.processor import is_for_few_processors, linked
from preheat.inference.processor.libraries import is_linked_in

INFO = "CUDA : ARCHS = 890 | CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | FMA = 1 | OPENMP = 1 | REPACK = 1 | "


def test_instructions_are_read_from_llama_cpps_text() -> None:
    assert linked.features_in(INFO) == ("SSE3", "AVX2", "FMA")
    assert linked.features_in("") == ()


@pytest.mark.parametrize("name", ["AVX512", "AVX512_VNNI", "AMX_INT8", "SVE"])
def test_new_instructions_are_of_few_processors(name: str) -> None:
    assert is_for_few_processors(("AVX2", name))
    assert not is_for_few_processors(("SSE3", "AVX2", "FMA"))


def test_this_installation_is_asked() -> None:
    """Builds that load the processor's code later have no instructions in their text."""
    assert bool(linked.linked_features()) is is_linked_in()


@pytest.mark.parametrize("code", [1, -4])
def test_a_library_that_ends_the_process_says_nothing(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command[0] == sys.executable
        return subprocess.CompletedProcess(command, code, INFO, "")

    monkeypatch.setattr(subprocess, "run", run)
    assert linked.linked_features() == ()


def test_a_library_that_hangs_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, 1.0)

    monkeypatch.setattr(subprocess, "run", run)
    assert linked.linked_features() == ()
