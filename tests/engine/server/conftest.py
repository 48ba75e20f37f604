"""The port over a fake engine: in this process for shapes, and on a real socket for streams and disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx2
import openai
import pytest

from ports import free_port
from preheat.server import serve
from preheat.server.app import create_app
from preheat.settings import Settings
from tests.engine.server.fake_engine import FakeEngine, as_engine


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


OWN_KEY: Final = "the-key-in-the-runtime-file"


def client_of_app(engine: FakeEngine, **headers: str) -> httpx2.AsyncClient:
    """Return a client of the application, without a socket, as a program of this machine."""
    app = create_app(as_engine(engine), port=11435, own_key=OWN_KEY)
    transport = httpx2.ASGITransport(app)
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost:11435", headers=headers)


@pytest.fixture
async def client(engine: FakeEngine) -> AsyncIterator[httpx2.AsyncClient]:
    """A program of this machine, without a key and without a socket."""
    async with client_of_app(engine) as client:
        yield client


@pytest.fixture
async def own(engine: FakeEngine) -> AsyncIterator[httpx2.AsyncClient]:
    """This user's own Preheat, without a socket."""
    async with client_of_app(engine, **{"x-api-key": OWN_KEY}) as client:
        yield client


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
async def caller(engine: FakeEngine, settings: Settings, preheat_home: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without any headers of its own, to try who may do what under the settings."""
    app = create_app(as_engine(engine), port=11435, settings=settings, own_key=OWN_KEY)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:11435") as client:
        yield client


@dataclass
class RunningPort:
    """``serve`` in a task."""

    port: int
    task: asyncio.Task[None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


async def start_port(engine: FakeEngine, **settings: Any) -> RunningPort:
    """Start ``serve``, on a free port unless the settings name one, and wait until it answers."""
    engine.settings = Settings(**{"port": free_port(), **settings})
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(as_engine(engine), engine.settings, on_ready=ready.set_result))
    awaited: set[asyncio.Future[Any]] = {ready, task}
    await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    return RunningPort(ready.result(), task)


@pytest.fixture
async def port(engine: FakeEngine, preheat_home: Path) -> AsyncIterator[RunningPort]:
    """The port on a real socket."""
    running = await start_port(engine)
    yield running
    await stop_port(running)


@pytest.fixture
async def wire(port: RunningPort) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the port on a real socket."""
    async with httpx2.AsyncClient(base_url=port.url, timeout=20) as client:
        yield client


Sdk: TypeAlias = Any
"""OpenAI's client. Its types exclude what the tests send on purpose, and need a cast for each answer."""


@pytest.fixture
async def sdk(port: RunningPort) -> AsyncIterator[Sdk]:
    """OpenAI's own client."""
    async with openai.AsyncOpenAI(base_url=f"{port.url}/v1", api_key="none", max_retries=0) as client:
        yield client


async def stop_port(port: RunningPort) -> None:
    """End ``serve``."""
    port.task.cancel()
    with suppress(asyncio.CancelledError):
        await port.task


Post = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
def chat(client: httpx2.AsyncClient) -> Post:
    """Post a chat with these fields."""

    async def post(**fields: object) -> httpx2.Response:
        body = {"model": "tiny-chat", "messages": [{"role": "user", "content": "hi"}], **fields}
        return await client.post("/v1/chat/completions", json=body)

    return post
