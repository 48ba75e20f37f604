"""The choice of the library for this processor: proven once, kept, and never a bad one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from preheat import paths
from preheat.errors import EngineError, ModelLoadError
from preheat.inference.processor import Outcome, choose, processor_report, remembered_choice, write_sums
from preheat.inference.processor.probing import Attempt

SCORES = {"x64": 1, "haswell": 64, "zen4": 1984}


class Trials:
    """Replaces the trial process: libraries with a name in ``crashing`` end it."""

    def __init__(self) -> None:
        self.scores = dict(SCORES)
        self.crashing: set[str] = set()
        self.lasting = True
        self.asked: list[set[str]] = []

    def __call__(self, libraries: Mapping[str, Path]) -> Attempt:
        self.asked.append(set(libraries))
        scores = {variant: self.scores[variant] for variant in libraries}
        best = max(scores, key=lambda variant: scores[variant])
        if not scores[best]:
            return Attempt(scores)
        if best in self.crashing:
            return Attempt(scores, {best: "SIGILL"}, lasting=self.lasting)
        return Attempt(scores, works=best)


@pytest.fixture
def trials(site: Path, monkeypatch: pytest.MonkeyPatch) -> Trials:
    trials = Trials()
    monkeypatch.setattr("preheat.inference.processor.probing.attempt", trials)
    return trials


def outcomes() -> dict[str, Outcome]:
    return {candidate.variant: candidate.outcome for candidate in choose().candidates}


def test_the_best_library_is_proven_once(trials: Trials, site: Path) -> None:
    assert remembered_choice() is None
    choice = choose()
    assert (choice.variant, choice.path) == ("zen4", site / "bin" / "libggml-cpu-zen4.so")
    assert [(candidate.variant, candidate.score, candidate.outcome) for candidate in choice.candidates] == [
        ("zen4", 1984, Outcome.PROVEN),
        ("haswell", 64, Outcome.NOT_NEEDED),
        ("x64", 1, Outcome.NOT_NEEDED),
        ("sapphirerapids", 0, Outcome.EXCLUDED),
    ]
    assert choose() == choice == remembered_choice()
    assert trials.asked == [{"x64", "haswell", "zen4"}]


def test_a_library_that_crashes_is_not_tried_again(trials: Trials) -> None:
    trials.crashing = {"zen4"}
    assert choose().variant == choose().variant == "haswell"
    assert outcomes()["zen4"] is Outcome.FAILED
    assert trials.asked == [{"x64", "haswell", "zen4"}, {"x64", "haswell"}]


def test_a_library_that_took_too_long_is_tried_again(trials: Trials) -> None:
    trials.crashing, trials.lasting = {"zen4"}, False
    assert choose().variant == "haswell"
    trials.crashing = set()
    assert choose().variant == "zen4"


def test_an_old_processor_gets_what_it_runs(trials: Trials) -> None:
    trials.scores = {"x64": 1, "haswell": 0, "zen4": 0}
    assert choose().variant == "x64"
    assert outcomes()["zen4"] is Outcome.UNSUPPORTED


def test_another_processor_is_asked_again(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    choose()
    monkeypatch.setattr("preheat.inference.processor.choice.processor_identity", lambda: "another")
    trials.scores["zen4"] = 0
    assert choose().variant == "haswell"
    monkeypatch.undo()


def test_replaced_files_are_tried_again(trials: Trials, site: Path) -> None:
    choose()
    (site / "bin" / "libggml-cpu-haswell.so").write_text("a newer build")
    choose()
    assert len(trials.asked) == 2


def test_a_damaged_library_is_never_tried(trials: Trials, site: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_package(site)
    (site / "llama_cpp" / "lib" / "libggml-cpu-zen4.so").write_text("ze")
    assert choose().variant == "haswell"
    assert trials.asked == [{"x64", "haswell"}]
    assert outcomes()["zen4"] is Outcome.DAMAGED
    assert "libggml-cpu-zen4.so is damaged" in caplog.text


def test_a_library_that_does_not_load_here_is_passed_over(trials: Trials) -> None:
    assert choose({"zen4": ""}).variant == "haswell"
    assert outcomes()["zen4"] is Outcome.UNSUPPORTED
    assert choose().variant == "haswell"  # kept


def test_a_single_library_needs_no_trial(trials: Trials, site: Path) -> None:
    only_library(site)
    assert choose().candidates[0].outcome is Outcome.UNPROVEN
    assert trials.asked == []
    assert processor_report().variant is None


def all_crash(trials: Trials, site: Path) -> EngineError:
    trials.crashing = set(SCORES)
    return failure(choose)


def none_supported(trials: Trials, site: Path) -> EngineError:
    trials.scores = dict.fromkeys(SCORES, 0)
    return failure(choose)


def single_unsupported(trials: Trials, site: Path) -> EngineError:
    only_library(site)
    return failure(lambda: choose({"single": ""}))


def single_not_loadable(trials: Trials, site: Path) -> EngineError:
    only_library(site)
    return failure(lambda: choose({"single": "libgomp.so.1: cannot open shared object file"}))


def single_damaged(trials: Trials, site: Path) -> EngineError:
    only_library(site)
    write_package(site)
    (site / "llama_cpp" / "lib" / "libggml-cpu.so").write_text("")
    return failure(choose)


def none_there(trials: Trials, site: Path) -> EngineError:
    for path in (site / "bin").iterdir():
        path.unlink()
    return failure(choose)


@pytest.mark.parametrize(
    ("situation", "code", "said"),
    [
        (all_crash, "llama_library_failed", "SIGILL"),
        (none_supported, "processor_unsupported", "does not run on this processor"),
        (single_unsupported, "processor_unsupported", "does not run on this processor"),
        (single_not_loadable, "llama_library_failed", "libgomp.so.1"),
        (single_damaged, "llama_library_damaged", "libggml-cpu.so is damaged"),
        (none_there, "llama_library_missing", "is missing"),
    ],
)
def test_without_a_usable_library_the_reason_is_reported(
    trials: Trials, site: Path, situation: Callable[[Trials, Path], EngineError], code: str, said: str
) -> None:
    error = situation(trials, site)
    assert error.message.code == code
    assert said in str(error)


def test_the_report_has_the_problem(trials: Trials) -> None:
    trials.scores = dict.fromkeys(SCORES, 0)
    problem = processor_report().problem
    assert problem is not None
    assert problem.code == "processor_unsupported"


@pytest.mark.parametrize("content", ["", "[1]", '{"KEY": 1}', '{"KEY": {"variant": "zen4", "candidates": [{}]}}'])
def test_an_edited_memory_counts_as_empty(trials: Trials, content: str) -> None:
    choose()
    memory = paths.cache_dir() / "processor.json"
    (key,) = (line.split('"')[1] for line in memory.read_text().splitlines()[1:2])
    memory.write_text(content.replace("KEY", key))
    assert choose().variant == "zen4"
    assert len(trials.asked) == 2


def test_a_cache_that_cannot_be_written_costs_only_the_memory(
    trials: Trials, preheat_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (preheat_home / "cache").touch()
    assert choose().variant == choose().variant == "zen4"
    assert len(trials.asked) == 2
    assert "is not kept" in caplog.text


def write_package(site: Path) -> None:
    """Move all libraries next to libllama, and record their sums, as in a package."""
    folder = site / "llama_cpp" / "lib"
    for path in (site / "bin").iterdir():
        path.rename(folder / path.name)
    write_sums(folder)


def only_library(site: Path) -> None:
    for path in (site / "bin").iterdir():
        path.unlink()
    (site / "bin" / "libggml-cpu.so").write_text("avx2")


def failure(call: Callable[[], object]) -> EngineError:
    with pytest.raises(ModelLoadError) as caught:
        call()
    return caught.value
