"""Who gets an engine and who attaches, however they start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from preheat.errors import PortInUseError
from preheat.link import open_link
from preheat.link.attached import AttachedLink
from preheat.link.own import OwnEngineLink
from preheat.settings import Settings, load_settings
from tests.engine.application import environment, eventually

PROGRAM = """
import sys, time
from preheat.link import open_link
from preheat.settings import load_settings

def settings():
    return load_settings({"port": sys.argv[1], "preload": "false", "spare_worker": "false"})

link = open_link(settings)
while not (link.port.url or link.port.error) or not link.snapshot.models:
    time.sleep(0.01)
print(link.attached, link.port.url, flush=True)
sys.stdin.read()
link.close()
"""


def settings_of(port: int = 0, **others: str) -> Callable[[], Settings]:
    return lambda: load_settings({"port": str(port), "preload": "false", "spare_worker": "false", **others})


def test_without_another_there_is_an_engine_and_then_it_is_shared(starter_home: Path) -> None:
    first = open_link(settings_of())
    assert isinstance(first, OwnEngineLink)
    second = open_link(settings_of())
    assert isinstance(second, AttachedLink)
    assert second.port == first.port
    second.close()
    first.load("all-mini")
    first.close()


def test_settings_are_read_once_for_a_start(starter_home: Path) -> None:
    reads: list[None] = []

    def reload() -> Settings:
        reads.append(None)
        return settings_of()()

    link = open_link(reload)
    link.load("all-mini")
    assert len(reads) == 1
    link.close()


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
        links = list(pool.map(lambda _: open_link(settings_of()), range(2)))
    assert sorted(link.attached for link in links) == [False, True]
    for link in sorted(links, key=lambda link: not link.attached):
        link.close()


def test_a_serve_that_has_the_port_and_does_not_answer_yet_is_waited_for(
    starter_home: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`preheat serve` binds its port before it can be found."""
    command = [sys.executable, "-m", "preheat", "serve", "--port", str(free_port)]
    with (starter_home / "serve.txt").open("w") as output:
        process = subprocess.Popen(command, env=environment(starter_home), stdout=output, stderr=output)
    try:
        eventually(lambda: _listens(free_port), "serve's port")
        link = open_link(settings_of(free_port))
        assert link.attached
        link.close()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_another_programs_port_is_no_reason_not_to_start(starter_home: Path, taken: socket.socket) -> None:
    link = open_link(settings_of(taken.getsockname()[1]))
    assert isinstance(link, OwnEngineLink)
    eventually(lambda: link.port.error is not None, "the port's status")
    assert isinstance(link.port.error, PortInUseError)
    link.load("all-mini")
    link.close()


def test_settings_that_cannot_be_read_are_told_by_the_link(starter_home: Path) -> None:
    link = open_link(settings_of(preload_top="9"))
    assert "preload_top" in str(link.port.engine_error)
    link.close()
    # Nobody who comes later has to wait.
    later = open_link(settings_of())
    assert not later.attached
    later.close()


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
