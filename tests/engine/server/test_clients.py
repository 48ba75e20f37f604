from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.server.clients import MAX_CLIENT, is_own, short_user_agent
from tests.engine.server.conftest import Post
from tests.engine.server.fake_engine import CHAT, FakeEngine

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("AsyncOpenAI/Python 3.50.0", "AsyncOpenAI/Python 3.50.0"),
        ("OpenAI/JS 6.1.0", "OpenAI/JS 6.1.0"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("python-httpx/0.28.1", "python-httpx/0.28.1"),
        ("my-script (by me; (nested)) extra/1", "my-script"),
        ("ollama/0.5 (amd64 linux) Go/go1.23", "ollama/0.5"),
        (f"{BROWSER} obsidian/1.5.3 Chrome/114.0 Electron/25.8 Safari/537.36", "obsidian/1.5.3"),
        (f"{BROWSER} Chrome/114.0 Electron/25.8 Safari/537.36", "Electron/25.8"),
        (f"{BROWSER} Chrome/131.0.0.0 Safari/537.36", "Chrome/131.0.0.0"),
        (f"{BROWSER} Version/17.4 Safari/605.1.15", "Safari/605.1.15"),
        ("Mozilla/5.0 (X11; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox/133.0"),
        ("Mozilla/5.0", "Mozilla/5.0"),
        ("", ""),
        ("  \t ", ""),
        ("x" * 500, "x" * MAX_CLIENT),
        ("caf\xe9/1\n2", "caf"),
    ],
)
def test_a_user_agent_becomes_product_and_version(text: str, short: str) -> None:
    assert short_user_agent(text) == short


@given(st.text(max_size=300))
def test_any_user_agent_becomes_printable_ascii(text: str) -> None:
    short = short_user_agent(text)
    assert len(short) <= MAX_CLIENT
    assert short.isascii()
    assert not short or short.isprintable()


async def test_requests_carry_the_client_name(chat: Post, client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    client.headers["User-Agent"] = "notes/2.0 (a comment)"
    for stream in (False, True):
        assert (await chat(stream=stream)).status_code == 200
    await client.post("/v1/completions", json={"model": CHAT, "prompt": "x", "stream": True})
    await client.post("/v1/embeddings", json={"model": "tiny-embed", "input": "x"})
    assert engine.clients == ["notes/2.0"] * 4


async def test_listing_models_wakes_a_client(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    client.headers["User-Agent"] = "notes/2.0"
    await client.get("/v1/models")
    await client.get("/v1/models/TINY-CHAT")
    await client.get("/v1/models/none")
    await client.get("/preheat/v1/status")
    assert engine.woken == [("notes/2.0", ""), ("notes/2.0", CHAT)]


async def test_own_and_unnamed_clients_are_not_woken(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    for name in ("preheat/0.1.0", ""):
        await client.get("/v1/models", headers={"User-Agent": name})
    assert engine.woken == []
    assert is_own("preheat/0.1.0")
    assert not is_own("preheating/1")
