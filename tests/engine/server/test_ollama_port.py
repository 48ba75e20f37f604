"""The second port, where programs look for Ollama."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from ports import free_port
from preheat.control import PortStatus
from preheat.server import Port, listen
from preheat.settings import Settings, SettingsStore
from tests.engine.server.fake_engine import FakeEngine, as_engine


@pytest.fixture
def ollama_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A free port in the place of Ollama's."""
    number = free_port()
    monkeypatch.setattr("preheat.server.listening.OLLAMA_PORT", number)
    return number


@pytest.fixture
async def statuses() -> list[PortStatus]:
    return []


@pytest.fixture
async def port(engine: FakeEngine, preheat_home: Path, statuses: list[PortStatus]) -> AsyncIterator[Port]:
    port = Port(as_engine(engine), SettingsStore(), statuses.append)
    yield port
    await port.close()


async def answers(number: int) -> bool:
    async with httpx2.AsyncClient() as client:
        try:
            return (await client.get(f"http://127.0.0.1:{number}/")).text == "Ollama is running"
        except httpx2.ConnectError:
            return False


async def test_the_second_port_follows_the_setting(port: Port, statuses: list[PortStatus], ollama_port: int) -> None:
    assert await port.open(Settings(port=0))
    assert not await answers(ollama_port)
    for enabled in (True, True, False, True):
        assert await port.open(Settings(port=0, ollama_port=enabled))
        assert await answers(ollama_port) is enabled
    assert statuses[-1].error is None


async def test_a_taken_port_is_reported_and_left_alone(
    port: Port, ollama_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with listen("127.0.0.1", ollama_port), caplog.at_level(logging.WARNING):
        assert await port.open(Settings(port=0, ollama_port=True))
        (record,) = [record for record in caplog.records if record.name == "preheat.server.listening"]
        assert str(ollama_port) in record.getMessage()
    assert not await answers(ollama_port)


async def test_ollamas_port_as_the_only_one(port: Port, statuses: list[PortStatus], ollama_port: int) -> None:
    assert await port.open(Settings(port=ollama_port, ollama_port=True))
    assert await answers(ollama_port)
