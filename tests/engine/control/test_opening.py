"""Who gets an engine and who attaches, however they start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from preheat import paths
from preheat.control import LoadModel, open_session
from preheat.control.attached import AttachedSession
from preheat.control.own import OwnSession
from preheat.errors import PortInUseError
from preheat.settings import SettingsStore
from tests.engine.application import environment, eventually

PROGRAM = """
import sys, time
from preheat.control import open_session
from preheat.settings import SettingsStore

session = open_session(SettingsStore({"port": sys.argv[1], "preload": "false", "spare_worker": "false"}))
while not (session.port.url or session.port.error) or not session.snapshot.models:
    time.sleep(0.01)
print(session.attached, session.port.url, flush=True)
sys.stdin.read()
session.close()
"""


def settings_of(port: int = 0, **others: str) -> SettingsStore:
    return SettingsStore({"port": str(port), "preload": "false", "spare_worker": "false", **others})


def test_without_another_there_is_an_engine_and_then_it_is_shared(starter_home: Path) -> None:
    first = open_session(settings_of())
    assert isinstance(first, OwnSession)
    second = open_session(settings_of())
    assert isinstance(second, AttachedSession)
    assert second.port == first.port
    second.close()
    first.call(LoadModel("all-mini"))
    first.close()


@pytest.mark.parametrize("fixed", [False, True])
def test_of_two_that_start_at_once_one_attaches(starter_home: Path, free_port: int, fixed: bool) -> None:
    command = [sys.executable, "-c", PROGRAM, str(free_port if fixed else 0)]
    processes = [
        subprocess.Popen(
            command, env=environment(starter_home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    lines = [process.stdout.readline().split() for process in processes if process.stdout]
    assert sorted(attached for attached, _ in lines) == ["False", "True", "True"]
    assert len({url for _, url in lines}) == 1
    for process in processes:
        process.communicate()


def test_of_two_threads_one_attaches(starter_home: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        sessions = list(pool.map(lambda _: open_session(settings_of()), range(2)))
    assert sorted(session.attached for session in sessions) == [False, True]
    for session in sorted(sessions, key=lambda session: not session.attached):
        session.close()


def test_a_serve_that_has_the_port_and_does_not_answer_yet_is_waited_for(starter_home: Path, free_port: int) -> None:
    """`preheat serve` binds its port before it can be found; at login, a service may start next to the tray."""
    command = [sys.executable, "-m", "preheat", "serve", "--port", str(free_port)]
    with (starter_home / "serve.txt").open("w") as output:
        process = subprocess.Popen(command, env=environment(starter_home), stdout=output, stderr=output)
    try:
        eventually(lambda: _listens(free_port), "serve's port")
        session = open_session(settings_of(free_port), at_login=True)
        assert session.attached
        session.close()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_another_programs_port_is_no_reason_not_to_start(starter_home: Path, taken: socket.socket) -> None:
    session = open_session(settings_of(taken.getsockname()[1]))
    assert isinstance(session, OwnSession)
    eventually(lambda: session.port.error is not None, "the port's status")
    assert isinstance(session.port.error, PortInUseError)
    session.call(LoadModel("all-mini"))
    session.close()


def test_wrong_settings_start_an_engine_with_the_last_good_ones(starter_home: Path) -> None:
    settings_of().set({"log_level": "info"})
    settings_of().load()
    paths.settings_path().write_text("downloads_at_once = 99\n")
    store = settings_of()
    session = open_session(store)
    assert store.problem is not None
    assert store.problem.param == "downloads_at_once"
    eventually(lambda: session.port.url is not None, "the open port")
    second = open_session(settings_of())  # it does not wait for the lock
    assert second.attached
    second.close()
    session.close()


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
