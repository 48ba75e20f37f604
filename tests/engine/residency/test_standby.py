"""Reading ahead: real files, real page cache."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from preheat.files import resident_share
from preheat.models import ModelFile
from preheat.residency import Standby, touch
from preheat.residency.standby import RECHECK_S, is_standby, lower_own_priority

MB = 1 << 20
PLENTY = 1 << 40
WAIT_S = 20.0


def drop(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())  # dirty pages cannot be dropped
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def make_model(path: Path, size: int = 12 * MB + 345) -> ModelFile:
    path.write_bytes(os.urandom(MB) * (size // MB) + bytes(size % MB))
    drop(path)
    model = ModelFile(path.stem, path, size, "llama", 2048, False, False, (path,), 0)
    assert is_standby(model) is False
    return model


@pytest.fixture
def model(tmp_path: Path) -> ModelFile:
    return make_model(tmp_path / "model.gguf")


def test_the_disk_priority_is_the_threads_own() -> None:
    found: list[tuple[object, int, bool]] = []

    def run() -> None:
        lowered = lower_own_priority()
        thread = threading.get_native_id()
        found.append((psutil.Process(thread).ionice(), os.getpriority(os.PRIO_PROCESS, thread), lowered))

    before, nice_before = psutil.Process().ionice(), os.getpriority(os.PRIO_PROCESS, 0)
    worker = threading.Thread(target=run)
    worker.start()
    worker.join()
    ((ionice, nice, lowered),) = found
    assert lowered
    assert ionice.ioclass == psutil.IOPRIO_CLASS_IDLE  # type: ignore[attr-defined] # psutil's own tuple
    assert nice == nice_before  # a lower one would delay all threads of the interpreter
    assert psutil.Process().ionice() == before


def test_the_wanted_models_are_read_in_order(tmp_path: Path) -> None:
    models = [make_model(tmp_path / f"{name}.gguf") for name in "abc"]
    budgets = [PLENTY, 0, PLENTY]
    standby, budget = Standby(), lambda: budgets.pop(0)
    standby.want(models, budget)
    assert standby.wait(WAIT_S)
    assert [standby.holds(name) for name in "abc"] == [True, False, True]
    assert [is_standby(model) for model in models] == [True, False, True]


def test_what_was_pushed_out_is_read_again_after_a_while(model: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    standby, budget = Standby(), lambda: PLENTY
    standby.want([model], budget)
    assert standby.wait(WAIT_S)
    drop(model.path)
    standby.want([model], budget)
    assert standby.wait(WAIT_S)
    assert is_standby(model) is False  # it was looked at just now

    later = time.monotonic() + RECHECK_S
    monkeypatch.setattr(time, "monotonic", lambda: later)
    standby.want([model], budget)
    assert standby.wait(WAIT_S)
    assert is_standby(model) is True


def test_without_room_it_counts_no_longer(model: ModelFile) -> None:
    budgets = [PLENTY, model.file_bytes - 1]
    standby, budget = Standby(), lambda: budgets.pop(0)
    standby.want([model], budget)
    assert standby.wait(WAIT_S)
    assert standby.holds("model")
    drop(model.path)
    standby.stop()
    standby.want([model], budget)
    assert standby.wait(WAIT_S)
    assert not standby.holds("model")


def test_all_together_take_no_more_than_there_is(tmp_path: Path) -> None:
    models = [make_model(tmp_path / f"{name}.gguf", 80 * MB) for name in "abc"]
    standby = Standby()
    for _ in range(3):  # nor does it grow, each time that it is looked at
        standby.want(models, lambda: 120 * MB)  # what is in the page cache stays available
        assert standby.wait(WAIT_S)
        standby.stop()
        assert [standby.holds(name) for name in "abc"] == [True, False, False]
        assert is_standby(models[0])
        shares = [resident_share(model.files) for model in models[1:]]
        assert shares == [pytest.approx(0.6, abs=0.2), 0.0]  # the kernel reads ahead


def test_a_new_list_stops_the_old_one(tmp_path: Path) -> None:
    first, second = make_model(tmp_path / "first.gguf"), make_model(tmp_path / "second.gguf")
    entered, release = threading.Event(), threading.Event()

    def budget() -> int:
        if not entered.is_set():
            entered.set()
            release.wait(WAIT_S)
        return PLENTY

    standby = Standby()
    standby.want([first], budget)
    assert entered.wait(WAIT_S)
    standby.want([second], budget)
    assert standby.wait(WAIT_S)
    release.set()
    assert (standby.holds("second"), is_standby(second)) == (True, True)
    assert is_standby(first) is False


def test_hot_models_are_brought_back(model: ModelFile, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stopped = threading.Event()
    stopped.set()
    assert not touch(model, stopped)
    assert is_standby(model) is False
    assert touch(model, threading.Event())
    assert is_standby(model) is True
    assert "had left memory" in caplog.text
    caplog.clear()
    assert touch(model, threading.Event())
    assert caplog.text == ""
    model.path.unlink()
    assert touch(model, threading.Event())  # there is nothing more to be done
    assert "cannot be read" in caplog.text
