"""The trial of the processor's library that this environment has."""

from __future__ import annotations

import subprocess
import sys

import pytest

from preheat.inference.processor.libraries import cpu_libraries, is_linked_in
from preheat.inference.processor.probing import read_report
from preheat.inference.worker.backends import load_processor_backend, trial_graph
from preheat.inference.worker.backends.loading import processor_device
from preheat.inference.worker.backends.trial_graph import first_error


def test_this_processors_library_computes_correctly() -> None:
    load_processor_backend()
    assert processor_device()
    assert first_error() == ""


@pytest.mark.parametrize("bound", ["_EXACT", "_QUANTIZED"])
def test_a_wrong_result_is_named(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load_processor_backend()
    monkeypatch.setattr(trial_graph, bound, -1.0)
    assert first_error() in ("mul_mat F32", "mul_mat Q4_0")


def test_the_trial_process_finds_a_library_that_works() -> None:
    libraries = {} if is_linked_in() else cpu_libraries()
    command = [sys.executable, "-m", "preheat.inference.worker.backends.probe"]
    files = [f"{variant}={path}" for variant, path in libraries.items()]
    done = subprocess.run([*command, *files, f"broken={__file__}"], capture_output=True, text=True, check=True)
    found, current = read_report(done.stdout)
    assert (found.works is not None) is bool(libraries)
    assert "broken" in found.failures
    assert current == (None if libraries else "broken")  # the last one that it was busy with
