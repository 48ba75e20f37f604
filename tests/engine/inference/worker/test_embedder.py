"""Embeddings with a real model, in this process."""

from __future__ import annotations

import math
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.inference import EMBEDDING_BATCH_TOKENS, Embeddings, embedder
from preheat.inference.worker.embedder import Embedder, EmbeddingJob, VectorCache, normalised
from preheat.inference.worker.llama_model import LlamaModel
from tests.engine.inference.text_runs import load_options

TEXTS = ["a cat sits on the mat", "a kitten rests on a rug", "the stock market fell today", "x", "word " * 200]


@pytest.fixture(scope="session")
def embedding_llama(embedding_model: Path) -> LlamaModel:
    return LlamaModel(load_options(embedding_model, embeddings=True))


class Run:
    """Embeds on this thread, and keeps what comes."""

    def __init__(self, model: LlamaModel, cache_entries: int) -> None:
        self.model = model
        self.answers: dict[int, Embeddings] = {}
        self.embedder = Embedder(model, cache_entries=cache_entries, emit=self.take)
        self.expected = 0

    def take(self, request_id: int, embeddings: Embeddings) -> None:
        self.answers[request_id] = embeddings
        if len(self.answers) == self.expected:
            self.embedder.stop()

    def embed(self, *batches: list[str]) -> list[Embeddings]:
        self.answers.clear()
        self.expected = len(batches)
        self.embedder._stopping = False
        for at, texts in enumerate(batches):
            self.embedder.submit(EmbeddingJob(at, [tuple(self.model.tokenize(text)) for text in texts]))
        if len(self.answers) < self.expected:
            self.embedder.run()
        return [self.answers[at] for at in range(self.expected)]


@pytest.fixture
def run(embedding_llama: LlamaModel) -> Run:
    return Run(embedding_llama, cache_entries=0)


def cosine(left: bytes, right: bytes) -> float:
    return sum(a * b for a, b in zip(array("f", left), array("f", right), strict=True))


def test_vectors_are_normalised_and_near_for_near_meanings(run: Run) -> None:
    [embeddings] = run.embed(TEXTS)
    assert embeddings.dimensions == 384
    assert {len(vector) for vector in embeddings.vectors} == {4 * 384}
    assert all(cosine(vector, vector) == pytest.approx(1, abs=1e-5) for vector in embeddings.vectors)
    cat, kitten, stocks, *_ = embeddings.vectors
    assert cosine(cat, kitten) > 0.5 > cosine(cat, stocks)


def test_a_batch_gives_what_each_gives_alone(run: Run) -> None:
    [together] = run.embed(TEXTS)
    for text, vector in zip(TEXTS, together.vectors, strict=True):
        assert cosine(run.embed([text])[0].vectors[0], vector) > 0.999


def test_more_inputs_than_one_decode_takes(run: Run) -> None:
    texts = [f"number {number}" for number in range(150)]
    [embeddings] = run.embed(texts)
    assert len(embeddings.vectors) == 150
    for at in (0, 63, 64, 149):
        assert cosine(run.embed([texts[at]])[0].vectors[0], embeddings.vectors[at]) > 0.999


def test_requests_share_decodes_and_get_their_own(run: Run) -> None:
    one, two = run.embed(TEXTS[:2], TEXTS[2:4])
    assert (len(one.vectors), len(two.vectors)) == (2, 2)
    assert cosine(one.vectors[0], two.vectors[0]) < 0.5
    assert one.prompt_tokens == sum(len(run.model.tokenize(text)) for text in TEXTS[:2])


def test_a_remembered_text_is_answered_at_once_with_the_same_bytes(embedding_llama: LlamaModel) -> None:
    run = Run(embedding_llama, cache_entries=10)
    [first] = run.embed(TEXTS[:2])
    run.answers.clear()
    run.expected = 1
    tokens = tuple(run.model.tokenize(TEXTS[1]))
    run.embedder.submit(EmbeddingJob(0, [tokens]))  # nobody runs the decode thread
    assert run.answers[0].vectors == first.vectors[1:]
    assert run.answers[0].prompt_tokens == len(tokens)


def test_a_partly_remembered_request(embedding_llama: LlamaModel) -> None:
    run = Run(embedding_llama, cache_entries=10)
    [first] = run.embed(TEXTS[:1])
    [second] = run.embed([TEXTS[2], TEXTS[0]])
    assert second.vectors[1] == first.vectors[0]


def test_a_cancelled_request_is_not_answered(run: Run) -> None:
    run.expected = 1
    run.embedder.submit(EmbeddingJob(5, [(101, 102)]))
    run.embedder.submit(EmbeddingJob(6, [(101, 1037, 102)]))
    run.embedder.cancel(5)
    run.embedder.run()
    assert set(run.answers) == {6}


def test_the_cache_forgets_the_least_recently_used() -> None:
    cache = VectorCache(2)
    cache.put((1,), b"1")
    cache.put((2,), b"2")
    assert cache.get((1,)) == b"1"
    cache.put((3,), b"3")
    assert [cache.get((key,)) for key in (1, 2, 3)] == [b"1", None, b"3"]


def test_no_cache() -> None:
    cache = VectorCache(0)
    cache.put((1,), b"1")
    assert cache.get((1,)) is None


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=8))
def test_normalised(values: list[float]) -> None:
    vector = array("f", normalised(array("f", values).tobytes()))
    length = math.sqrt(sum(value * value for value in vector))
    assert length == pytest.approx(1, abs=1e-3) or not any(values) or max(map(abs, values)) < 1e-18


def test_short_inputs_share_a_batch_of_bounded_size(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """llama.cpp keeps room for a vocabulary's logits for every token of the largest batch so far."""
    monkeypatch.setattr(embedder, "EMBEDDING_BATCH_TOKENS", 100)
    sizes: list[int] = []
    decode = embedder.llama.llama_decode
    monkeypatch.setattr(
        embedder.llama, "llama_decode", lambda ctx, batch: sizes.append(batch.n_tokens) or decode(ctx, batch)
    )
    assert EMBEDDING_BATCH_TOKENS == 512
    [embeddings] = run.embed(["word " * 28] * 7 + ["long " * 300])
    assert len(embeddings.vectors) == 8
    assert sizes == [90, 90, 30, 302]
