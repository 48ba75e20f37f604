"""Workers with damaged files of llama.cpp end with an error that says so."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from preheat.errors import ModelLoadError
from preheat.inference import process
from preheat.inference.client import WorkerClient
from preheat.inference.processor import write_sums
from preheat.inference.processor.libraries import cpu_libraries, library_folder
from tests.engine.inference.conftest import Spawn
from tests.engine.inference.text_runs import load_options


@pytest.fixture
def libraries(tmp_path: Path, preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of llama.cpp's libraries with the sums of its files, which workers use."""
    folder = tmp_path / "llama" / "lib"
    folder.mkdir(parents=True)
    for path in [*library_folder().iterdir(), *cpu_libraries().values()]:
        if not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    write_sums(folder)
    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", str(folder))
    return folder


def truncate(path: Path) -> None:
    """Replace a library by its first half."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


async def load(worker: WorkerClient, model: Path) -> None:
    await worker.ready()
    await worker.load(load_options(model), lambda _share: None, lambda: None)


async def test_a_whole_copy_works(libraries: Path, spawn: Spawn, chat_model: Path) -> None:
    await load(await spawn(), chat_model)


@pytest.mark.parametrize("part", ["llama.", "ggml-cpu"])
async def test_a_truncated_library_is_named(libraries: Path, spawn: Spawn, chat_model: Path, part: str) -> None:
    for path in [path for path in libraries.iterdir() if part in path.name]:
        truncate(path)
    with pytest.raises(ModelLoadError) as caught:
        await load(await spawn(), chat_model)
    assert caught.value.message.code == "llama_library_damaged"
    assert part in str(caught.value)


async def test_the_files_are_read_on_another_thread(
    preheat_home: Path, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    monkeypatch.setattr(process, "damaged_library", lambda: threads.append(threading.current_thread()))
    worker = await spawn()
    await worker.ready()
    os.kill(worker.pid, signal.SIGSEGV)
    assert (await worker.exited).reason.code == "exit_memory_fault"
    assert threads
    assert threading.main_thread() not in threads
