from __future__ import annotations

import httpx2
import pytest

from preheat.errors import ContextLengthExceededError
from tests.engine.server.conftest import Sdk
from tests.engine.server.fake_engine import CHAT, EMBED, FakeEngine

DOCUMENTS = {"model": "tiny-embed", "query": "q", "documents": ["a", {"text": "b"}, "c"]}


@pytest.mark.parametrize("path", ["/v1/rerank", "/rerank", "/v1/reranking", "/v1/rerank/"])
async def test_documents_are_ranked(path: str, client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    answer = (await client.post(path, json={**DOCUMENTS, "top_n": 2, "return_documents": True})).json()
    assert answer["model"] == EMBED
    assert answer["results"] == [
        {"index": 0, "relevance_score": 1.0, "document": {"text": "a"}},
        {"index": 1, "relevance_score": 1.0, "document": {"text": "b"}},
    ]
    assert answer["usage"]["total_tokens"] == 8
    assert engine.inputs == [["q"], ["a", "b", "c"]]


async def test_texts_are_ranked_as_in_text_embeddings_inference(client: httpx2.AsyncClient) -> None:
    body = {"model": "tiny-embed", "query": "q", "texts": ["a"], "return_text": True}
    assert (await client.post("/rerank", json=body)).json() == [{"index": 0, "score": 1.0, "text": "a"}]


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"query": ""}, "query"), ({"documents": []}, "documents"), ({"top_n": 0}, "top_n"), ({"texts": ["a"]}, None)],
)
async def test_wrong_requests_to_rank(fields: dict[str, object], param: str | None, client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/rerank", json={**DOCUMENTS, **fields})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({"content": "ab"}, [97, 98]),
        ({"content": "ab", "add_special": True}, [1, 97, 98]),
        ({"prompt": "ab"}, [1, 97, 98]),
        ({"prompt": "ab", "add_special_tokens": False}, [97, 98]),
        ({"messages": [{"role": "user", "content": "ab"}]}, [1, 97, 98]),
        ({"content": "a", "with_pieces": True}, [{"id": 97, "piece": "a"}]),
        ({"content": ""}, []),
    ],
)
async def test_tokens(fields: dict[str, object], tokens: list[object], client: httpx2.AsyncClient) -> None:
    answer = (await client.post("/tokenize", json={"model": "tiny-chat", **fields})).json()
    assert answer == {"tokens": tokens, "count": len(tokens), "max_model_len": 512}


async def test_tokens_become_text(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/detokenize", json={"model": "tiny-chat", "tokens": [97, 98]})
    assert answer.json() == {"content": "ab", "prompt": "ab"}


async def test_the_model_list(sdk: Sdk) -> None:
    models = [model async for model in sdk.models.list()]
    assert [model.id for model in models] == [CHAT, EMBED]
    assert (models[0].context_length, models[0].max_model_len, models[0].meta["n_ctx_train"]) == (512, 512, 2048)
    assert models[0].capabilities == ["completion", "tools"]


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/models/", "/models", "//v1//models", "/v1/v1/models", "/v1/models?limit=5"]
)
async def test_paths_of_the_model_list(path: str, client: httpx2.AsyncClient) -> None:
    assert len((await client.get(f"http://localhost:11435{path}")).json()["data"]) == 2


@pytest.mark.parametrize("path", [f"/v1/models/{CHAT}", f"/models/{CHAT}", "/v1/models/Tiny%2DChat/"])
async def test_paths_of_a_model(path: str, client: httpx2.AsyncClient) -> None:
    assert (await client.get(path)).json()["id"] == CHAT


@pytest.mark.parametrize("path", ["/v1/models", "/health", "/v1/audio/speech"])
async def test_head_is_get_without_a_body(path: str, client: httpx2.AsyncClient) -> None:
    head, get = await client.head(path), await client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/v1/images/generations", "/v1/moderations", "/v1/files"])
async def test_endpoints_that_do_not_exist_name_those_that_do(path: str, client: httpx2.AsyncClient) -> None:
    answer = await client.post(path, json={})
    assert answer.status_code == 404
    assert "/v1/chat/completions" in answer.json()["error"]["message"]


async def test_chats_without_the_prefix(client: httpx2.AsyncClient) -> None:
    body = {"model": "tiny-chat", "messages": [{"role": "user", "content": "hi"}]}
    for path in ("/chat/completions", "/v1/chat/completions/"):
        assert (await client.post(path, json=body)).status_code == 200


async def test_a_document_that_is_too_long_is_named(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    engine.script = [ContextLengthExceededError("Input 0 has 900 tokens", param="input")]
    answer = await client.post("/v1/rerank", json=DOCUMENTS)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "query")


async def test_one_source_of_tokens_is_needed(client: httpx2.AsyncClient) -> None:
    for fields in ({}, {"content": "a", "prompt": "b"}):
        assert (await client.post("/tokenize", json={"model": "tiny-chat", **fields})).status_code == 400
