from __future__ import annotations

import asyncio
import base64
import json
import time
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchmarks.http_client import Connection
from benchmarks.load import Answer, LoadError, Streams, chat, chats, embed, embed_concurrently

ROLE = {"choices": [{"delta": {"role": "assistant", "content": None}}]}
EMPTY = {"choices": [{"delta": {"role": "assistant", "content": ""}}], "usage": None}
TEXT = {"choices": [{"delta": {"content": "hello"}}], "usage": None}
LAST = {"choices": [{"delta": {}, "finish_reason": "length"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}


class FakeServer:
    """Answers chats with ``events`` and embeddings with one vector a text; keeps the requests' bodies.

    A chat's events after the first wait for ``go_on``, so that a test can tell early from late ones.
    """

    def __init__(self, events: Sequence[dict[str, Any]] = (), go_on: asyncio.Event | None = None) -> None:
        self.events, self.go_on = events, go_on
        self.bodies: list[Any] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
                self.bodies.append(json.loads(await reader.readexactly(length)))
                await (self._stream(writer) if b"/chat/" in head else self._embed(writer, self.bodies[-1]))
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        datas = [json.dumps(event).encode() for event in self.events] + [b"[DONE]"]
        for number, data in enumerate(datas):
            if number and self.go_on:
                await self.go_on.wait()
            writer.write(b"%x\r\ndata: %s\n\n\r\n" % (len(data) + 8, data))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async def _embed(self, writer: asyncio.StreamWriter, body: Any) -> None:
        items = [
            {"index": index, "embedding": base64.b64encode(array("f", [len(text), 1.0]).tobytes()).decode()}
            for index, text in enumerate(body["input"])
        ]
        content = json.dumps({"data": items[::-1]}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content))


@asynccontextmanager
async def serving(fake: FakeServer) -> AsyncIterator[FakeServer]:
    server = await asyncio.start_server(fake.handle, "127.0.0.1", 0)
    async with server:
        fake.port = server.sockets[0].getsockname()[1]
        yield fake


async def test_a_chat_is_timed_and_counted() -> None:
    async with serving(FakeServer([ROLE, TEXT, LAST, USAGE])) as fake, Connection(fake.port) as connection:
        answer = await chat(connection, "m", [{"role": "user", "content": "hi"}], max_tokens=4)
    assert (answer.prompt_tokens, answer.completion_tokens) == (9, 4)
    assert answer.sent_at < answer.first_at <= answer.ended_at
    assert fake.bodies[0]["temperature"] == 0
    assert fake.bodies[0]["max_tokens"] == 4
    assert fake.bodies[0]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("early", [ROLE, EMPTY])
async def test_ttft_waits_for_text(early: dict[str, Any]) -> None:
    go_on = asyncio.Event()
    async with serving(FakeServer([early, TEXT, LAST, USAGE], go_on)) as fake, Connection(fake.port) as connection:
        task = asyncio.create_task(chat(connection, "m", [], max_tokens=4))
        while not fake.bodies:
            await asyncio.sleep(0)
        for _ in range(100):  # turns of the loop, in which the first event reaches the client
            await asyncio.sleep(0)
        released_at = time.perf_counter()
        go_on.set()
        answer = await task
    assert answer.first_at > released_at


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([ROLE, LAST, USAGE], "without text"),
        ([ROLE, TEXT, LAST], "without usage"),
        ([ROLE, TEXT, {"error": {"message": "worker died"}}], "worker died"),
    ],
)
async def test_broken_streams_are_errors(events: list[dict[str, Any]], message: str) -> None:
    async with serving(FakeServer(events)) as fake, Connection(fake.port) as connection:
        with pytest.raises(LoadError, match=message):
            await chat(connection, "m", [], max_tokens=4)


async def test_streams_run_at_the_same_time() -> None:
    go_on = asyncio.Event()
    async with serving(FakeServer([TEXT, USAGE], go_on)) as fake:
        task = asyncio.create_task(chats(fake.port, "m", [[], [], []], max_tokens=4))
        while len(fake.bodies) < 3:  # no answer ends before all three requests are there
            await asyncio.sleep(0)
        go_on.set()
        streams = await task
    assert streams.tokens == 12


async def test_answers_of_another_length_are_errors() -> None:
    async with serving(FakeServer([TEXT, USAGE])) as fake:
        with pytest.raises(LoadError, match=r"\[4\] tokens instead of 5"):
            await chats(fake.port, "m", [[]], max_tokens=5)


def test_throughput_is_all_tokens_divided_by_the_whole_time() -> None:
    streams = Streams((Answer(0.0, 1.0, 4.0, 9, 10), Answer(1.0, 3.0, 5.0, 9, 10)))
    assert streams.tokens_per_s == 4.0
    assert streams.ttfts_s == (1.0, 2.0)


async def test_embeddings_are_in_the_order_of_the_texts() -> None:
    async with serving(FakeServer()) as fake, Connection(fake.port) as connection:
        took_s, vectors = await embed(connection, "m", ["a", "bbb"])
    assert took_s > 0
    assert [list(vector) for vector in vectors] == [[1.0, 1.0], [3.0, 1.0]]
    assert fake.bodies[0]["encoding_format"] == "base64"


async def test_every_batch_is_embedded_once_by_some_client() -> None:
    batches = [[f"text {number}", "x"] for number in range(9)]
    async with serving(FakeServer()) as fake:
        run = await embed_concurrently(fake.port, "m", batches, clients=3)
    assert sorted(body["input"][0] for body in fake.bodies) == [batch[0] for batch in batches]
    assert run.texts == 18
    assert len(run.latencies_s) == 9
    assert run.texts_per_s == pytest.approx(18 / run.duration_s)
