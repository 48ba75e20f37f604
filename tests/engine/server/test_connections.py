"""Slow, endless and half-open clients on a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from preheat.server import connection_limit, connections
from tests.engine.application import eventually
from tests.engine.server.conftest import RunningPort, start_port, stop_port
from tests.engine.server.fake_engine import FakeEngine

POST = b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n"
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
TIMEOUT_S = 60


async def answer_to(port: RunningPort, *pieces: bytes) -> bytes:
    """Return all that the port sends until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), TIMEOUT_S)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("pieces", [(), (b"GET /hea",), (GET, b"GET")])
async def test_a_head_that_never_ends_is_cut_off(
    pieces: tuple[bytes, ...], port: RunningPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_TIMEOUT_S", 1.0)  # the first one comes in time
    answer = await answer_to(port, *pieces)
    assert answer.count(b"HTTP/1.1") == pieces.count(GET)


async def test_a_body_that_never_ends_is_cut_off(port: RunningPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_TIMEOUT_S", 0.2)
    assert await answer_to(port, POST, b"{") == b""


async def test_a_slow_body_is_waited_for(
    port: RunningPort, wire: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_TIMEOUT_S", 0.5)

    answered = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"model":"tiny-embed",'
        with suppress(TimeoutError):
            await asyncio.wait_for(answered.wait(), 1.0)  # longer than a head may take
        yield b'"input":"x"}'

    answer = await wire.post("/v1/embeddings", content=slowly())
    assert answer.status_code == 200


@pytest.mark.parametrize("name", [b"X-Large: ", b"Cookie: a\r\nX: "])
async def test_headers_have_a_limit(name: bytes, port: RunningPort) -> None:
    head = b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + name + b"a" * connections.MAX_HEAD_BYTES
    answer = await answer_to(port, head)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"headers_too_large"' in answer


async def test_a_large_body_is_no_large_head(wire: httpx2.AsyncClient) -> None:
    body = {"model": "tiny-embed", "input": ["word " * 20_000]}
    assert (await wire.post("/v1/embeddings", json=body)).status_code == 200


async def test_idle_connections_make_room_for_requests(
    port: RunningPort, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "MAX_CONNECTIONS", 3)
    idle = [await asyncio.open_connection("127.0.0.1", port.port) for _ in range(3)]
    async with httpx2.AsyncClient(base_url=port.url) as client:
        assert (await client.get("/health")).status_code == 200
    closed, _ = await asyncio.wait(
        [asyncio.ensure_future(reader.read(1)) for reader, _ in idle], return_when=asyncio.FIRST_COMPLETED
    )
    assert closed
    for _, writer in idle:
        writer.close()


@pytest.mark.parametrize("before", [b"", GET[:9], GET, GET + GET[:9]])
async def test_a_port_that_ends_answers_a_request_on_its_way(
    before: bytes, engine: FakeEngine, preheat_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LAST_LOOK_S", 5.0)
    port = await start_port(engine)
    reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
    writer.write(before)
    if before.startswith(GET):
        await reader.readuntil(b"}")
    port.task.cancel()
    await asyncio.to_thread(eventually, lambda: _refuses(port), "the port's end")
    writer.write(GET[len(before) % len(GET) :])
    answer = await asyncio.wait_for(reader.read(), TIMEOUT_S)
    assert (answer.count(b"HTTP/1.1 200 OK"), answer.count(b"connection: close")) == (1, 1)
    writer.close()
    await stop_port(port)


async def test_a_port_that_ends_closes_idle_connections(engine: FakeEngine, preheat_home: Path) -> None:
    port = await start_port(engine, shutdown_grace=60)
    reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
    await stop_port(port)
    assert await reader.read() == b""
    writer.close()


def _refuses(port: RunningPort) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port.port), timeout=TIMEOUT_S).close()
    except ConnectionRefusedError:
        return True
    return False


async def test_a_client_that_reads_nothing_is_given_up(
    port: RunningPort, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WRITE_TIMEOUT_S", 0.2)
    engine.script = [*engine.script[:1] * 100_000, asyncio.Event()]
    _, writer = await asyncio.open_connection("127.0.0.1", port.port, limit=1)
    body = b'{"model":"tiny-chat","stream":true,"messages":[{"role":"user","content":"hi"}]}'
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    await engine.until(lambda: engine.closed == 1 and engine.leases == 0)
    assert engine.finished == 0
    writer.transport.abort()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5001 + b"\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: \xb2\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
        b"GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00",  # TLS
    ],
)
async def test_what_is_not_http_is_refused_with_a_code(head: bytes, port: RunningPort) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
    writer.write(head)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_http"


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "invalid_headers"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400, "invalid_headers"),
        (b"GET http://evil.com/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "invalid_headers"),
        (b"GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n", 403, "host_not_allowed"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", 403, "origin_not_allowed"),
    ],
)
async def test_where_a_request_leads_is_checked_on_the_wire(
    head: bytes, status: int, code: str, port: RunningPort
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
    writer.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    answer = await reader.read()
    writer.close()
    assert int(answer.split()[1]) == status
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == code
