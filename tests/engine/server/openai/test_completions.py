from __future__ import annotations

import json

import httpx2
import pytest

from preheat.inference import FinishReason, GenerationChunk, PromptProgress, TokenLogprob, Usage
from preheat.server.generation import Answer
from preheat.server.openai.completion_format import CompletionFormat
from preheat.server.openai.formatting import CompletionLogprobs
from tests.engine.server.conftest import Sdk
from tests.engine.server.fake_engine import FakeEngine, chunks_of


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


async def test_an_echo_has_log_probabilities_of_the_prompt(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    prompt = tuple(TokenLogprob(text, text.encode(), -1.0) for text in ("<s>", "The", " sky"))
    engine.script = [
        GenerationChunk(prompt_logprobs=prompt),
        GenerationChunk(" is", (TokenLogprob(" is", b" is", -2.0),), FinishReason.LENGTH, Usage(3, 1)),
    ]
    body = {"model": "tiny-chat", "prompt": "The sky", "echo": True, "logprobs": 0, "max_tokens": 1}
    (choice,) = (await client.post("/v1/completions", json=body)).json()["choices"]
    assert choice["text"] == "The sky is"
    assert choice["logprobs"]["token_logprobs"] == [None, -1, -1, -2]
    assert choice["logprobs"]["text_offset"] == [0, 0, 3, 7]
    streamed = await client.post("/v1/completions", json={**body, "stream": True})
    events = [json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: {")]
    assert "".join(event["choices"][0]["text"] for event in events) == "The sky is"
    assert [at for event in events for at in event["choices"][0]["logprobs"]["text_offset"]] == [0, 0, 3, 7]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_echo_of_tokens_is_their_text(stream: bool, engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    prompt = (TokenLogprob("\ufffd", b"\xc3", 0.0), TokenLogprob("\ufffd", b"\xa9", -1.0))
    engine.script = [GenerationChunk(prompt_logprobs=prompt), *chunks_of("!")]
    body = {"model": "tiny-chat", "prompt": [5, 6], "echo": True, "stream": stream}
    answer = await client.post("/v1/completions", json=body)
    assert engine.requests[0].prompt_logprobs
    if stream:
        lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
        assert "".join(json.loads(line)["choices"][0]["text"] for line in lines) == "é!"
    else:
        assert answer.json()["choices"][0]["text"] == "é!"
        assert answer.json()["choices"][0]["logprobs"] is None


async def test_the_best_of_several_generations(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    body = {"model": "tiny-chat", "prompt": ["a", "b"], "best_of": 3, "n": 2, "seed": 1}
    answer = (await client.post("/v1/completions", json=body)).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    assert all(choice["logprobs"] is None for choice in answer["choices"])
    assert len(engine.requests) == 6
    assert answer["usage"]["completion_tokens"] == 12
    assert answer["usage"]["prompt_tokens"] == 14


def test_the_likeliest_answers_come_first() -> None:
    form = CompletionFormat("m", ["a"] * 3, choices=1, generated=3)
    answers = [
        Answer([GenerationChunk(text)], logprobs=[TokenLogprob("", b"", value)])
        for text, value in (("x", -3), ("y", -1), ("z", -2))
    ]
    assert [choice["text"] for choice in form.whole(answers)["choices"]] == ["y"]


async def test_a_suffix_is_passed_on(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    await client.post("/v1/completions", json={"model": "tiny-chat", "prompt": "a", "suffix": "b", "max_tokens": 0})
    assert (engine.requests[0].suffix, engine.requests[0].max_tokens) == ("b", 0)


def test_offsets_count_characters_that_tokens_share() -> None:
    halves = (
        TokenLogprob("\ufffd", b"\xc3", 0.0),
        TokenLogprob("\ufffd", b"\xa9", -1.0),
        TokenLogprob("t", b"t", -1.0),
    )
    written = CompletionLogprobs("\u00e9t").write(halves, [TokenLogprob("!", b"!", -1.0)])
    assert written["text_offset"] == [0, 0, 1, 2]


async def test_progress_of_a_prompt(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    engine.script = [GenerationChunk(progress=PromptProgress(3, 9, 1)), *chunks_of("a")]
    body = {"model": "tiny-chat", "prompt": "a", "stream": True}
    assert "prompt_progress" not in (await client.post("/v1/completions", json=body)).text
    answer = await client.post("/v1/completions", json={**body, "return_progress": True})
    progress = json.loads(answer.text.split("\n")[0].removeprefix("data: "))["prompt_progress"]
    assert (progress["total"], progress["cache"], progress["processed"]) == (9, 1, 3)
