"""Links to engines of the test's own, with the real starter models."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ports import free_port
from preheat.control import PortStatus
from preheat.control.own import OwnSession
from preheat.settings import SettingsStore
from processes import wait_until_gone, workers_of_this_process
from tests.engine.application import eventually

SMALL = {"port": "0", "preload": "false", "threads": "1", "context_length": "2048", "keep_free": "0B"}

StartSession = Callable[..., OwnSession]


@pytest.fixture
def start_session(starter_home: Path) -> Iterator[StartSession]:
    """Start an engine of this process, in ``starter_home``; it ends with the test, without leaving processes.

    Settings are given as variables would; those of ``SMALL`` come from the file, so that a test can change them.
    """
    started: list[OwnSession] = []

    def start(wait: bool = True, **settings: Any) -> OwnSession:
        store = SettingsStore()
        store.set({**SMALL, **{name: str(value) for name, value in settings.items()}})
        session = OwnSession(store)
        started.append(session)
        if wait:
            eventually(lambda: session.port != PortStatus(), "the port's status")
        return session

    yield start
    workers = workers_of_this_process()
    for session in started:
        session.close()
    wait_until_gone(workers)
    assert not [thread for thread in threading.enumerate() if thread.name in ("engine", "events", "usage log")]


@pytest.fixture(name="free_port")
def _free_port() -> int:
    """An unused port."""
    return free_port()


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A socket that listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock
