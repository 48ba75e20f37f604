"""The trial process: what its output and its end say about the libraries."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from preheat.errors import InsufficientMemoryError, ModelLoadError
from preheat.inference.processor import probing
from preheat.inference.processor.probing import attempt

LIBRARIES = {"zen4": Path("zen4.so"), "x64": Path("x64.so")}
RATED = "print('rating zen4'); print('rated zen4 1984'); print('rating x64'); print('rated x64 1', flush=True)\n"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The Python code that the trial process runs; to be filled in."""
    code: list[str] = []
    command = lambda _module, *paths: [sys.executable, "-c", "import os, signal, sys\n" + "".join(code), *paths]  # noqa: E731
    monkeypatch.setattr(probing, "module_command", command)
    return code


def test_a_library_that_works(script: list[str]) -> None:
    script += [RATED, "print('trying zen4'); print('works zen4'); print(sys.argv, file=sys.stderr)"]
    found = attempt(LIBRARIES)
    assert (found.works, found.scores, found.failures) == ("zen4", {"zen4": 1984, "x64": 1}, {})


def test_a_library_with_a_forbidden_instruction(script: list[str]) -> None:
    script += [RATED, "print('trying zen4', flush=True); os.kill(os.getpid(), signal.SIGILL)"]
    found = attempt(LIBRARIES)
    assert found.works is None
    assert found.failures == {"zen4": "it used an instruction that this processor does not have"}
    assert found.lasting


def test_a_library_that_ends_the_process_while_it_is_read(script: list[str]) -> None:
    script += ["print('rating zen4', flush=True); os.kill(os.getpid(), signal.SIGBUS)"]
    assert attempt(LIBRARIES).failures.keys() == {"zen4"}


def test_a_wrong_result(script: list[str]) -> None:
    script += [RATED, "print('trying zen4'); print('failed zen4 wrong result of mul_mat Q4_0'); sys.exit(1)"]
    assert attempt(LIBRARIES).failures == {"zen4": "wrong result of mul_mat Q4_0"}


def test_a_trial_without_an_end(script: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "TIME_LIMIT_S", 5.0)  # Python itself starts in time
    script += [RATED, "print('trying zen4', flush=True); signal.pause()"]
    found = attempt(LIBRARIES)
    assert found.failures == {"zen4": "no result after 5 s"}
    assert not found.lasting


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("sys.exit('MemoryError')", InsufficientMemoryError),
        ("sys.exit('no module named preheat')", ModelLoadError),
    ],
)
def test_a_process_that_does_not_get_to_the_libraries(script: list[str], code: str, error: type[Exception]) -> None:
    script += [code]
    with pytest.raises(error):
        attempt(LIBRARIES)


def test_a_process_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "module_command", lambda *_: ["/no/such/program"])
    with pytest.raises(ModelLoadError):
        attempt(LIBRARIES)
