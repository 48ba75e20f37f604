"""Links to engines of the test's own, with the real starter models."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from preheat.link.link import PortStatus
from preheat.link.own import OwnEngineLink
from preheat.settings.file import set_values
from tests.engine.application import eventually, wait_until_gone, workers_of

SMALL = {"port": "0", "preload": "false", "threads": "1", "context_length": "2048", "keep_free": "0B"}

StartLink = Callable[..., OwnEngineLink]


@pytest.fixture
def start_link(starter_home: Path) -> Iterator[StartLink]:
    """Start an engine of this process, in ``starter_home``; it ends with the test, and leaves nobody behind.

    Settings are given as variables would; those of ``SMALL`` come from the file, so that a test can change them.
    """
    started: list[OwnEngineLink] = []

    def start(wait: bool = True, **settings: Any) -> OwnEngineLink:
        set_values({**SMALL, **{name: str(value) for name, value in settings.items()}})
        link = OwnEngineLink()
        started.append(link)
        if wait:
            eventually(lambda: link.port != PortStatus(), "the port's status")
        return link

    yield start
    workers = workers_of_this_process()
    for link in started:
        link.close()
    wait_until_gone(workers)
    assert not [thread for thread in threading.enumerate() if thread.name in ("engine", "events", "usage log")]


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A socket that listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def workers_of_this_process() -> list[psutil.Process]:
    """Return the workers of the engines that this process runs."""
    return workers_of(os.getpid())
