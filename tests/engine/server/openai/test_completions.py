from __future__ import annotations

import pytest

from preheat.inference import FinishReason, GenerationChunk, TokenLogprob, Usage
from tests.engine.server.conftest import Sdk
from tests.engine.server.fake_engine import FakeEngine


async def test_a_whole_answer(engine: FakeEngine, sdk: Sdk) -> None:
    answer = await sdk.completions.create(model="tiny-chat", prompt="Say")
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("Hello!", "stop")
    assert (engine.requests[0].prompt, engine.requests[0].max_tokens) == ("Say", 16)


async def test_prompts_and_choices_are_numbered_prompt_by_prompt(engine: FakeEngine, sdk: Sdk) -> None:
    answer = await sdk.completions.create(
        model="tiny-chat", prompt=["a", "b"], n=2, echo=True, extra_body={"max_tokens": -1}
    )
    assert [choice.text for choice in answer.choices] == ["aHello!", "aHello!", "bHello!", "bHello!"]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (14, 8)
    assert [request.prompt for request in engine.requests] == ["a", "a", "b", "b"]
    assert engine.requests[0].max_tokens is None


async def test_a_stream(sdk: Sdk) -> None:
    stream = await sdk.completions.create(
        model="tiny-chat", prompt=["a", "b"], echo=True, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    texts = {0: "", 1: ""}
    for chunk in chunks[:-1]:
        texts[chunk.choices[0].index] += chunk.choices[0].text
    assert texts == {0: "aHello!", 1: "bHello!"}
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 18


async def test_prompts_of_tokens(engine: FakeEngine, sdk: Sdk) -> None:
    await sdk.completions.create(model="tiny-chat", prompt=[[1, 2], [3]])
    assert [request.prompt_tokens for request in engine.requests] == [(1, 2), (3,)]


@pytest.mark.parametrize("stream", [False, True])
async def test_logprobs(stream: bool, engine: FakeEngine, sdk: Sdk) -> None:
    token = TokenLogprob("ab", b"ab", -0.5, (("ab", b"ab", -0.5),))
    engine.script = [GenerationChunk("ab", (token,)), GenerationChunk("ab", (token,), FinishReason.LENGTH, Usage(1, 2))]
    answer = await sdk.completions.create(model="tiny-chat", prompt="x", logprobs=1, stream=stream)
    parts = [chunk.choices[0].logprobs async for chunk in answer] if stream else [answer.choices[0].logprobs]
    assert [offset for part in parts for offset in part.text_offset] == [0, 2]
    assert [text for part in parts for text in part.tokens] == ["ab", "ab"]
    assert parts[0].top_logprobs[0] == {"ab": -0.5}
