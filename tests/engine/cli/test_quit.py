from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from preheat.cli.quit import end_running
from preheat.control import Quit
from preheat.control.script_client import ScriptClient
from preheat.errors import UnsupportedOperationError
from tests.engine.application import TIMEOUT_S, Application, eventually


def test_quit_ends_the_application_and_waits_for_it(start: Callable[..., Application]) -> None:
    application = start("--no-preload")
    done = application.run("quit")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Preheat has ended.\n", "")
    assert application.process.wait(TIMEOUT_S) == 0
    assert not (application.home / "runtime" / "engine.json").exists()
    assert application.run("stop").stdout == "Preheat is not running.\n"


def test_an_engine_of_another_program_is_not_ended(preheat_home: Path) -> None:
    with ScriptClient(preload="false") as client, pytest.raises(UnsupportedOperationError, match="part of another"):
        client.call(Quit())


@pytest.mark.parametrize("now", [False, True])
def test_an_application_gets_the_signals_that_end_it(preheat_home: Path, now: bool) -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        with ScriptClient(preload="false", shutdown_grace="7") as client:
            ending = client.call(Quit(now))
            eventually(lambda: len(received) == (2 if now else 1), "the signals")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (ending.pid, ending.requests, ending.grace_s) == (os.getpid(), 0, 0.0 if now else 7.0)


def test_a_tray_without_an_engine_is_ended_too(preheat_home: Path) -> None:
    lock = preheat_home / "runtime" / "tray.lock"
    lock.parent.mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as tray:
        lock.write_text(f"{tray.pid}\npreheat\nhost\n")
        assert end_running()
        assert tray.poll() is not None


def test_a_later_process_with_the_trays_id_is_left_alone(preheat_home: Path) -> None:
    lock = preheat_home / "runtime" / "tray.lock"
    lock.parent.mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        lock.write_text(f"{other.pid}\npreheat\nhost\n")
        os.utime(lock, (1e9, 1e9))
        assert not end_running()
        assert other.poll() is None
