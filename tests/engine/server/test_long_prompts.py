"""Prompts that are longer than the context: the model grows, or both numbers and the remedy are in the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx2
import pytest

from preheat.errors import ContextLengthExceededError, InsufficientMemoryError
from preheat.inference import GenerationChunk
from preheat.messages import msg
from tests.engine.server.fake_engine import CHAT, EMBED, FakeEngine, chunks_of

USER: Final = [{"role": "user", "content": "hi"}]
ENDPOINTS: Final[Mapping[str, dict[str, Any]]] = {
    "/v1/chat/completions": {"messages": USER},
    "/v1/completions": {"prompt": "hi"},
    "/v1/responses": {"input": "hi"},
    "/v1/messages": {"messages": USER, "max_tokens": 5},
    "/api/chat": {"messages": USER},
    "/api/generate": {"prompt": "hi"},
}
"""Every endpoint that computes a prompt of a text model, with a body."""


def too_long(tokens: int = 600) -> ContextLengthExceededError:
    return ContextLengthExceededError(msg("prompt_too_long", tokens=tokens, limit=512), param="messages")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_model_grows_for_a_prompt(
    client: httpx2.AsyncClient, engine: FakeEngine, path: str, stream: bool
) -> None:
    engine.script, engine.grown_scripts = [too_long()], [chunks_of("Hello", "!")]
    answer = await client.post(path, json={"model": CHAT, "stream": stream, **ENDPOINTS[path]})
    assert (answer.status_code, "Hello" in answer.text) == (200, True)
    assert [length for _, length in engine.lease_options] == [None, 1024]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ENDPOINTS)
async def test_one_that_cannot_grow_answers_with_both_numbers(
    client: httpx2.AsyncClient, engine: FakeEngine, path: str, stream: bool
) -> None:
    engine.script = [too_long()]
    answer = await client.post(path, json={"model": CHAT, "stream": stream, **ENDPOINTS[path]})
    assert answer.status_code == 400
    for words in ("600", "512", "Shorten the prompt"):
        assert words in answer.text
    if path.startswith("/v1"):
        assert "context_length_exceeded" in answer.text


@pytest.mark.parametrize("grows", [True, False])
async def test_prompts_leave_room_for_their_answers_where_the_model_can_grow(
    client: httpx2.AsyncClient, engine: FakeEngine, grows: bool
) -> None:
    engine.contexts.room, engine.contexts.fits = 100, not grows
    engine.script, engine.grown_scripts = [too_long(400)], [chunks_of("Hello")]
    answer = await client.post("/v1/completions", json={"model": CHAT, "prompt": "hi", "max_tokens": 30})
    assert answer.status_code == 200
    assert [request.answer_room for request in engine.requests] == [30, 0]
    assert [length for _, length in engine.lease_options] == [None, 1024 if grows else None]


@pytest.mark.parametrize("fits", [True, False])
async def test_growth_without_memory(client: httpx2.AsyncClient, engine: FakeEngine, fits: bool) -> None:
    engine.contexts.room, engine.contexts.fits = 100, fits
    engine.script = [too_long(400)]
    engine.grown_scripts = [[InsufficientMemoryError(msg("memory_alarm"))], chunks_of("Hello")]
    answer = await client.post("/v1/completions", json={"model": CHAT, "prompt": "hi"})
    if fits:
        assert "Hello" in answer.text
    else:
        assert (answer.status_code, "context_length_exceeded" in answer.text) == (400, True)


async def test_an_answer_that_has_begun_is_not_begun_again(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    engine.script, engine.grown_scripts = [GenerationChunk("Hel"), too_long()], [chunks_of("Hello")]
    answer = await client.post("/v1/completions", json={"model": CHAT, "prompt": "hi", "stream": True})
    assert "context_length_exceeded" in answer.text
    assert len(engine.lease_options) == 1


async def test_growing_has_an_end(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    engine.script, engine.grown_scripts = [too_long(600)], [[too_long(700)], [too_long(800)], chunks_of("Hello")]
    answer = await client.post("/v1/completions", json={"model": CHAT, "prompt": "hi"})
    assert (answer.status_code, "800" in answer.text, len(engine.lease_options)) == (400, True, 3)


async def test_inputs_of_embedding_models(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    engine.script = [ContextLengthExceededError(msg("input_too_long", index=0, tokens=600, limit=512), param="input")]
    for path, body in (
        ("/v1/embeddings", {"input": "hi"}),
        ("/v1/rerank", {"query": "hi", "documents": ["a"]}),
    ):
        answer = await client.post(path, json={"model": EMBED, **body})
        assert answer.status_code == 400
        for words in ("600", "512", "Split it", "context_length_exceeded"):
            assert words in answer.text
