"""The real ``openai`` client with a real Preheat."""

from __future__ import annotations

import asyncio
import json
import math

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from running_preheat import CHAT, EMBEDDING, Preheat, wait_until

FRANCE: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is the capital of France?"}]
COUNT: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Count from 1 to 100, separated by commas."}]


def test_a_chat_is_answered_with_usage(preheat: Preheat) -> None:
    answer = preheat.client().chat.completions.create(model=CHAT, messages=FRANCE, max_tokens=30, temperature=0)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 5
    assert 0 < answer.usage.completion_tokens <= 30


def test_a_stream_has_the_same_text_as_a_complete_answer(preheat: Preheat) -> None:
    client = preheat.client()
    preheat.empty_cache(CHAT)
    whole = client.chat.completions.create(model=CHAT, messages=COUNT, max_tokens=40, seed=7)
    preheat.empty_cache(CHAT)
    stream = client.chat.completions.create(
        model=CHAT, messages=COUNT, max_tokens=40, seed=7, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert len(chunks) > 10, "tokens came in one piece"
    assert chunks[-1].usage == whole.usage


def test_the_text_depends_on_the_seed(preheat: Preheat) -> None:
    def text(seed: int) -> str:
        preheat.empty_cache(CHAT)
        answer = preheat.client().completions.create(
            model=CHAT, prompt="Once upon a time", max_tokens=24, temperature=1.2, seed=seed
        )
        return answer.choices[0].text

    first, again, other = text(1), text(1), text(2)
    assert first == again
    assert first != other


def test_stop_strings_are_not_returned(preheat: Preheat) -> None:
    client = preheat.client()
    preheat.empty_cache(CHAT)
    whole = client.chat.completions.create(model=CHAT, messages=FRANCE, max_tokens=40, temperature=0, seed=1)
    text = whole.choices[0].message.content
    assert text is not None
    stop = text[10:14]
    preheat.empty_cache(CHAT)
    stream = client.chat.completions.create(
        model=CHAT, messages=FRANCE, max_tokens=40, temperature=0, seed=1, stop=[stop], stream=True
    )
    chunks = [chunk.choices[0] for chunk in stream]
    assert "".join(choice.delta.content or "" for choice in chunks) == text[: text.index(stop)]
    assert chunks[-1].finish_reason == "stop"


def test_a_json_schema_is_followed(preheat: Preheat) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "age": {"type": "integer"},
            "colour": {"enum": ["red", "green"]},
        },
        "required": ["name", "age", "colour"],
        "additionalProperties": False,
    }
    answer = preheat.client().chat.completions.create(
        model=CHAT,
        messages=[{"role": "user", "content": "Describe a person."}],
        max_tokens=200,
        response_format={"type": "json_schema", "json_schema": {"name": "person", "schema": schema}},
    )
    person = json.loads(answer.choices[0].message.content or "")
    assert set(person) == {"name", "age", "colour"}
    assert isinstance(person["age"], int)
    assert person["colour"] in ("red", "green")


def test_logprobs_match_the_text(preheat: Preheat) -> None:
    answer = preheat.client().chat.completions.create(
        model=CHAT, messages=FRANCE, max_tokens=8, temperature=0, logprobs=True, top_logprobs=3
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert "".join(entry.token for entry in logprobs.content) == answer.choices[0].message.content
    for entry in logprobs.content:
        assert entry.logprob <= 0
        assert entry.top_logprobs[0].token == entry.token, "greedy takes the likeliest"
        assert sum(math.exp(other.logprob) for other in entry.top_logprobs) <= 1.0001


def test_embeddings_are_normalised_and_meaningful(preheat: Preheat) -> None:
    answer = preheat.client().embeddings.create(
        model=EMBEDDING, input=["The king rules.", "A queen reigns.", "My carburettor leaks oil."]
    )
    king, queen, carburettor = (item.embedding for item in answer.data)
    assert len(king) == 384
    assert math.isclose(math.hypot(*king), 1, rel_tol=1e-4)
    assert sum(a * b for a, b in zip(king, queen, strict=True)) > 0.1 + sum(
        a * b for a, b in zip(king, carburettor, strict=True)
    )
    assert answer.usage.prompt_tokens > 9


def test_a_batch_gives_the_same_vectors_as_single_inputs(preheat: Preheat) -> None:
    client = preheat.client()
    texts = [f"sentence number {number} about tea" for number in range(40)]
    batch = client.embeddings.create(model=EMBEDDING, input=texts)
    for text, item in zip(texts[::13], batch.data[::13], strict=True):
        single = client.embeddings.create(model=EMBEDDING, input=text + " ", encoding_format="float").data[0].embedding
        assert sum(a * b for a, b in zip(single, item.embedding, strict=True)) > 0.999


async def test_sixteen_concurrent_streams_complete(preheat: Preheat) -> None:
    async def one(client: openai.AsyncOpenAI, number: int) -> tuple[str, str | None]:
        stream = await client.chat.completions.create(
            model=CHAT,
            messages=[{"role": "user", "content": f"Tell me a fact about the number {number}."}],
            max_tokens=24,
            stream=True,
        )
        text, finish = "", None
        async for chunk in stream:
            text += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
        return text, finish

    async with preheat.async_client(timeout=120) as client:
        answers = await asyncio.gather(*(one(client, number) for number in range(16)))
    assert all(text and finish in ("stop", "length") for text, finish in answers)


def test_a_known_prompt_prefix_is_not_computed_again(preheat: Preheat) -> None:
    client = preheat.client()
    story = "The keeper of the lighthouse counted the ships that passed in the night. " * 12
    first = client.completions.create(model=CHAT, prompt=story, max_tokens=1)
    second = client.completions.create(model=CHAT, prompt=story + "One night", max_tokens=1)
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.prompt_tokens_details is not None
    assert (second.usage.prompt_tokens_details.cached_tokens or 0) >= first.usage.prompt_tokens - 1
    assert preheat.status()["prefix_cache_hit_rate"] > 0


def test_a_disconnected_client_releases_its_model(preheat: Preheat) -> None:
    stream = preheat.client().chat.completions.create(model=CHAT, messages=COUNT, max_tokens=2000, stream=True)
    next(iter(stream))
    assert preheat.model(CHAT)["active_requests"] == 1
    stream.close()
    wait_until(lambda: preheat.model(CHAT)["active_requests"] == 0, 10)


def test_a_too_long_prompt_is_an_openai_error(preheat: Preheat) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        preheat.client().completions.create(model=CHAT, prompt="word " * 9000, max_tokens=1)
    assert caught.value.code == "context_length_exceeded"
    assert "8192" in caught.value.message


def test_an_unknown_model_suggests_similar_ones(preheat: Preheat) -> None:
    with pytest.raises(openai.NotFoundError, match="smollm2-135m-instruct") as caught:
        preheat.client().chat.completions.create(model="smollm3-135m-instruct.q4_1", messages=FRANCE)
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("name", ["smollm2", "SmolLM2-135M-Instruct.Q4_1", "smollm2-135m-instruct.q4_1.gguf"])
def test_a_prefix_of_a_model_name_in_any_case_is_enough(preheat: Preheat, name: str) -> None:
    answer = preheat.client().completions.create(model=name, prompt="Hi", max_tokens=1)
    assert answer.model == CHAT


def test_the_models_are_listed(preheat: Preheat) -> None:
    assert {model.id for model in preheat.client().models.list()} == {CHAT, EMBEDDING}
    assert preheat.client().models.retrieve(CHAT).id == CHAT


def test_a_model_of_the_wrong_kind_is_refused(preheat: Preheat) -> None:
    with pytest.raises(openai.BadRequestError, match="embeddings"):
        preheat.client().chat.completions.create(model=EMBEDDING, messages=FRANCE)
    with pytest.raises(openai.BadRequestError, match="text"):
        preheat.client().embeddings.create(model=CHAT, input="Hi")
