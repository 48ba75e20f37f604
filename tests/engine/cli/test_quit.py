from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from preheat.cli import quit as quit_module
from preheat.cli.quit import StillRunningError, end_running
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
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)  # coverage sets a handler
    try:
        with ScriptClient(preload="false") as client, pytest.raises(UnsupportedOperationError, match="part of another"):
            client.call(Quit())
    finally:
        signal.signal(signal.SIGTERM, before)


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


@contextmanager
def running(name: str, program: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run a process with a name in its command line; it has begun, and waits."""
    program = f"{program}\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process


def test_a_tray_without_an_engine_is_ended_too(preheat_home: Path) -> None:
    lock = preheat_home / "runtime" / "tray.lock"
    lock.parent.mkdir()
    with running("preheat") as tray:
        lock.write_text(f"{tray.pid}\npreheat\nhost\n")
        assert end_running()
        assert tray.poll() is not None


def test_a_tray_that_hangs_is_killed_only_with_now(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quit_module, "_END_S", 0.2)
    lock = preheat_home / "runtime" / "tray.lock"
    lock.parent.mkdir()
    with running("preheat", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)") as tray:
        lock.write_text(f"{tray.pid}\npreheat\nhost\n")
        with pytest.raises(StillRunningError, match="quit --now"):
            end_running()
        assert end_running(now=True)
        assert tray.wait(TIMEOUT_S) == -signal.SIGKILL


def write_runtime_file(home: Path, pid: int, port: int) -> None:
    file = home / "runtime" / "engine.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"pid": pid, "host": "127.0.0.1", "port": port, "key": ""}))


def test_an_engine_that_does_not_answer_is_ended_too(preheat_home: Path) -> None:
    with (
        running("preheat") as engine,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()
        write_runtime_file(preheat_home, engine.pid, server.getsockname()[1])
        assert end_running()
        assert engine.poll() is not None
    assert not end_running()


def test_an_engine_that_is_ending_gets_another_signal_only_with_now(
    preheat_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quit_module, "_END_S", 0.2)
    monkeypatch.setenv("PREHEAT_SHUTDOWN_GRACE", "0")
    with running("preheat") as engine:
        write_runtime_file(preheat_home, engine.pid, port=9)  # nothing listens there, as while requests end
        with pytest.raises(StillRunningError, match="Wait for its requests"):
            end_running()
        assert engine.poll() is None
        assert end_running(now=True)
        assert engine.wait(TIMEOUT_S) == -signal.SIGTERM


@pytest.mark.parametrize(("name", "written_at"), [("preheat", 1e9), ("other", None)])
def test_another_process_with_the_trays_id_is_left_alone(
    preheat_home: Path, name: str, written_at: float | None
) -> None:
    lock = preheat_home / "runtime" / "tray.lock"
    lock.parent.mkdir()
    with running(name) as other:
        lock.write_text(f"{other.pid}\npreheat\nhost\n")
        if written_at is not None:
            os.utime(lock, (written_at, written_at))
        assert not end_running()
        assert other.poll() is None
