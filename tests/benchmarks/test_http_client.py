from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.http_client import Connection, HttpError, SseParser

STREAM = b': loading 40 %\n\ndata: {"a": 1}\n\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\ndata: [DONE]\n\n'
EVENTS = [b'{"a": 1}', b"two\nlines", b"[DONE]"]


@asynccontextmanager
async def answering(*answers: bytes, close: bool = False) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve the answers one after the other, cut into small pieces; yield the port and the requests as they come.

    With ``close`` each connection is closed after one answer.
    """
    waiting = list(answers)
    requests: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while waiting:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(x.split(b":")[1]) for x in head.split(b"\r\n") if b"Content-Length" in x), 0)
                requests.append(head + await reader.readexactly(length))
                answer = waiting.pop(0)
                for start in range(0, len(answer), 7):
                    writer.write(answer[start : start + 7])
                    await writer.drain()
                    await asyncio.sleep(0)
                if close:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], requests


def whole(body: bytes, status: str = "200 OK", more: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode() + more + b"\r\n" + body


def chunked(*pieces: bytes) -> bytes:
    chunks = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


async def test_one_connection_serves_many_requests() -> None:
    answers = (whole(b'{"a": 1}'), chunked(b'{"a"', b": 2}"), whole(b""))
    async with answering(*answers) as (port, requests), Connection(port) as connection:
        assert await connection.post("/x", {"q": 1}) == {"a": 1}
        assert await connection.post("/y", {}) == {"a": 2}
        assert await connection.get("/health") == (200, b"")
    assert requests[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert requests[0].endswith(b'\r\n\r\n{"q": 1}')


async def test_a_closed_connection_is_replaced() -> None:
    answer = whole(b"{}", more=b"Connection: close\r\n")
    async with answering(answer, answer, close=True) as (port, requests), Connection(port) as connection:
        assert await connection.post("/x", {}) == {}
        assert await connection.post("/x", {}) == {}
    assert len(requests) == 2


async def test_events_arrive_one_by_one() -> None:
    stream = chunked(b"data: o", b"ne\n\n: comment\n\ndata: two\n\nda", b"ta: [DONE]\n\n")
    async with answering(stream, whole(b"{}")) as (port, _), Connection(port) as connection:
        assert [event async for event in connection.events("/x", {})] == [b"one", b"two", b"[DONE]"]
        assert await connection.post("/y", {}) == {}


async def test_a_body_without_length_ends_with_the_connection() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\n\r\nall of it", close=True) as (port, _), Connection(port) as connection:
        assert await connection.get("/x") == (200, b"all of it")


async def test_error_statuses_are_errors_with_the_answer() -> None:
    refusal = whole(b'{"error": "no such model"}', "404 Not Found")
    async with answering(refusal, refusal) as (port, _), Connection(port) as connection:
        with pytest.raises(HttpError, match=r"404.*no such model"):
            await connection.post("/x", {})
        with pytest.raises(HttpError, match=r"404.*no such model"):
            _ = [event async for event in connection.events("/x", {})]


async def test_a_closed_server_is_an_error() -> None:
    async with answering(b"", close=True) as (port, _), Connection(port) as connection:
        with pytest.raises(HttpError, match="closed the connection"):
            await connection.post("/x", {})


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_do_not_depend_on_the_pieces_of_the_stream(cuts: list[int]) -> None:
    parser = SseParser()
    ends = [*sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert [event for piece in pieces for event in parser.feed(piece)] == EVENTS


def test_an_incomplete_event_is_not_returned() -> None:
    parser = SseParser()
    assert list(parser.feed(b"data: half\n")) == []
    assert list(parser.feed(b"\n")) == [b"half"]
