from __future__ import annotations

import math
from dataclasses import replace

import httpx2
import pytest

from preheat.core import ModelSnapshot
from preheat.residency import State
from tests.engine.server.conftest import Sdk
from tests.engine.server.fake_engine import EMBED, FakeEngine


@pytest.mark.parametrize("encoding", ["float", "base64", None])
async def test_both_encodings_give_the_same_numbers(encoding: str | None, sdk: Sdk) -> None:
    options = {} if encoding is None else {"encoding_format": encoding}
    answer = await sdk.embeddings.create(model="tiny-embed", input=["a", "b"], **options)
    assert answer.model == EMBED
    assert [item.index for item in answer.data] == [0, 1]
    assert answer.usage.total_tokens == 4
    if encoding == "base64":
        assert answer.data[0].embedding == "AAAAPwAAAL8AAAA/AAAAPw=="
    else:
        assert answer.data[0].embedding == [0.5, -0.5, 0.5, 0.5]


async def test_inputs_of_tokens(engine: FakeEngine, sdk: Sdk) -> None:
    await sdk.embeddings.create(model="tiny-embed", input=[[1, 2], [3]])
    await sdk.embeddings.create(model="tiny-embed", input="text")
    assert engine.inputs == [[[1, 2], [3]], ["text"]]


async def test_fewer_dimensions_are_normalised_again(engine: FakeEngine, sdk: Sdk) -> None:
    engine.snapshot = replace(
        engine.snapshot, models=(ModelSnapshot("nomic-embed-text-v1.5", State.HOT, False, 5, embeddings=True),)
    )
    answer = await sdk.embeddings.create(model="nomic", input="a", dimensions=2, encoding_format="float")
    assert answer.data[0].embedding == pytest.approx([math.sqrt(0.5), -math.sqrt(0.5)])


@pytest.mark.parametrize(("dimensions", "status"), [(2, 400), (4, 200), (4.0, 200)])
async def test_other_models_have_only_whole_vectors(dimensions: float, status: int, client: httpx2.AsyncClient) -> None:
    body = {"model": "tiny-embed", "input": "a", "dimensions": dimensions}
    assert (await client.post("/v1/embeddings", json=body)).status_code == status


async def test_more_dimensions_than_there_are(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/embeddings", json={"model": "tiny-embed", "input": "a", "dimensions": 5})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "dimensions")


async def test_a_text_model_is_refused_before_it_is_loaded(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    answer = await client.post("/v1/embeddings", json={"model": "tiny-chat", "input": "a"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_operation")
    assert engine.inputs == []


async def test_a_large_batch_within_the_limit_passes(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    inputs = ["x" * 12_000] * 2048  # 24 MB: FastAPI's own limits must not be in the way
    answer = await client.post("/v1/embeddings", json={"model": "tiny-embed", "input": inputs})
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 2048
