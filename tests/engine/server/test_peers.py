"""Programs of other users, told apart on real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from preheat import paths
from preheat.server.access import Peer
from tests.engine.server.conftest import RunningPort, start_port
from tests.engine.server.fake_engine import FakeEngine

NOBODY: Final = 65534
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)

Connect: TypeAlias = Callable[[tuple[str, int]], socket.socket]


@pytest.fixture
def connect_as_other(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Connect as another user of this machine: a socket belongs to who made it."""
    if os.geteuid() != 0:
        user = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
        return socket.create_connection

    def connect(address: tuple[str, int]) -> socket.socket:
        os.seteuid(NOBODY)
        try:
            return socket.create_connection(address)
        finally:
            os.seteuid(0)

    return connect


@pytest.fixture(params=["127.0.0.1", "::1"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.create_server((request.param, 0), family=family) as listener:
        yield listener


@contextmanager
def accepted(listener: socket.socket) -> Iterator[Peer]:
    sock, _ = listener.accept()
    with sock:
        try:
            client = sock.getpeername()[:2]
        except OSError:
            client = None  # as uvicorn has it
        yield Peer(client, sock.getsockname()[:2], sock)


def test_this_users_programs_are_known(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()[:2]), accepted(listener) as peer:
        assert not peer.is_other_user()


def test_other_users_are_known(listener: socket.socket, connect_as_other: Connect) -> None:
    with connect_as_other(listener.getsockname()[:2]), accepted(listener) as peer:
        assert peer.is_other_user()


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("early", [False, True])
def test_closing_a_connection_hides_nobody(
    early: bool, reset: bool, listener: socket.socket, connect_as_other: Connect
) -> None:
    theirs = connect_as_other(listener.getsockname()[:2])
    theirs.sendall(b"x")
    if reset:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    if early:
        theirs.close()
    with theirs, accepted(listener) as peer:
        theirs.close()
        assert peer.is_other_user()


def test_where_the_kernel_does_not_tell_all_are_as_this_users(
    listener: socket.socket, connect_as_other: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect_as_other(listener.getsockname()[:2]) as theirs, accepted(listener) as peer:
        monkeypatch.setattr(socket, "AF_NETLINK", -1)
        theirs.shutdown(socket.SHUT_WR)
        assert not peer.is_other_user()


def test_a_client_out_of_sight_is_as_this_users(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()[:2]), accepted(listener) as peer:
        assert not Peer(("127.0.0.1", 1), ("127.0.0.1", 2), peer.sock).is_other_user()


async def ask(sock: socket.socket, *headers: str) -> tuple[int, Any]:
    """Send a request on a connection; return status and body."""
    reader, writer = await asyncio.open_connection(sock=sock)
    lines = ["GET /v1/models HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    writer.write("\r\n".join(lines).encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


async def test_other_users_need_a_key(port: RunningPort, connect_as_other: Connect) -> None:
    address = ("127.0.0.1", port.port)
    status, body = await ask(connect_as_other(address))
    assert (status, body["error"]["code"]) == (401, "other_user")
    status, _ = await ask(connect_as_other(address), "Origin: http://localhost:3000")
    assert status == 401
    key = json.loads(paths.runtime_file().read_text())["key"]
    status, _ = await ask(connect_as_other(address), f"Authorization: Bearer {key}")
    assert status == 200


@pytest.fixture
async def shared_port(engine: FakeEngine, preheat_home: Path) -> AsyncIterator[RunningPort]:
    """A port for all users of this machine."""
    running = await start_port(engine, other_users=True)
    yield running
    running.task.cancel()
    with suppress(asyncio.CancelledError):
        await running.task


async def test_a_setting_lets_other_users_in(shared_port: RunningPort, connect_as_other: Connect) -> None:
    assert (await ask(connect_as_other(("127.0.0.1", shared_port.port))))[0] == 200
