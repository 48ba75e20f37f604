"""Embeddings with a real model, in this process."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.inference import Priority, normalised
from preheat.inference.protocol import Embed, Embedded, FromWorker
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.embeddings.service import EmbeddingService, VectorCache
from preheat.inference.worker.llama_model import LlamaModel
from tests.engine.inference.text_runs import Inline, load_options

TEXTS = ["a cat sits on the mat", "a kitten rests on a rug", "the stock market fell today", "x", "word " * 200]


@pytest.fixture(scope="session")
def embedding_llama(embedding_model: Path) -> LlamaModel:
    return LlamaModel(load_options(embedding_model, embeddings=True))


class Run(Channel):
    """An embedding service and its output."""

    def __init__(self, model: LlamaModel, path: Path, cache_entries: int = 0, *, shares: bool = False) -> None:
        super().__init__(-1)
        self.model = model
        self.answers: dict[int, Embedded] = {}
        self.arrived: SimpleQueue[int] = SimpleQueue()
        options = load_options(path, embedding_cache=cache_entries, threads=2)
        self.service = EmbeddingService(model, options, self, Inline(self), shares=shares)

    def send(self, *frames: FromWorker) -> None:
        for frame in frames:
            assert isinstance(frame, Embedded)
            self.answers[frame.id] = frame
            self.arrived.put(frame.id)

    def embed(self, *batches: Sequence[str]) -> list[list[bytes]]:
        """Return the vectors of each batch, one request for each."""
        for at, texts in enumerate(batches):
            self.service.submit(Embed(at, texts))
        while self.service.step():
            pass
        return [vectors(self.answers.pop(at)) for at in range(len(batches))]

    def embed_all(self, texts: Sequence[str]) -> list[bytes]:
        """Return the vectors of texts, one request for each, whichever thread embeds them."""
        for at, text in enumerate(texts):
            self.service.submit(Embed(at, [text]))
        while self.service.step():
            pass
        for _ in texts:
            self.arrived.get(timeout=10)
        return [self.answers[at].vectors for at in range(len(texts))]


def vectors(answer: Embedded) -> list[bytes]:
    size = 4 * answer.dimensions
    return [answer.vectors[start : start + size] for start in range(0, len(answer.vectors), size)]


@pytest.fixture
def run(embedding_llama: LlamaModel, embedding_model: Path) -> Run:
    return Run(embedding_llama, embedding_model)


@pytest.fixture
def caching_run(embedding_llama: LlamaModel, embedding_model: Path) -> Run:
    return Run(embedding_llama, embedding_model, cache_entries=10)


def cosine(left: bytes, right: bytes) -> float:
    return sum(a * b for a, b in zip(array("f", left), array("f", right), strict=True))


def test_vectors_are_normalised_and_near_for_near_meanings(run: Run) -> None:
    [embedded] = run.embed(TEXTS)
    assert {len(vector) for vector in embedded} == {4 * 384}
    assert all(cosine(vector, vector) == pytest.approx(1, abs=1e-5) for vector in embedded)
    cat, kitten, stocks, *_ = embedded
    assert cosine(cat, kitten) > 0.5 > cosine(cat, stocks)


def test_a_batch_gives_what_each_gives_alone(run: Run) -> None:
    [together] = run.embed(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        assert cosine(run.embed([text])[0][0], vector) > 0.999


def test_more_inputs_than_one_decode_takes(run: Run) -> None:
    texts = [f"number {number}" for number in range(150)]
    [embedded] = run.embed(texts)
    assert len(embedded) == 150
    for at in (0, 63, 64, 149):
        assert cosine(run.embed([texts[at]])[0][0], embedded[at]) > 0.999


def test_requests_share_decodes_and_get_their_own(run: Run) -> None:
    one, two = run.embed(TEXTS[:2], TEXTS[2:4])
    assert (len(one), len(two)) == (2, 2)
    assert cosine(one[0], two[0]) < 0.5


def test_a_cached_text_is_answered_at_once_with_the_same_bytes(caching_run: Run) -> None:
    [first] = caching_run.embed(TEXTS[:2])
    tokens = caching_run.model.tokenize(TEXTS[1])
    caching_run.service.submit(Embed(5, [tokens]))  # and no step
    answer = caching_run.answers[5]
    assert vectors(answer) == first[1:]
    assert answer.prompt_tokens == len(tokens)


def test_a_partly_cached_request(caching_run: Run) -> None:
    [first] = caching_run.embed(TEXTS[:1])
    [second] = caching_run.embed([TEXTS[2], TEXTS[0]])
    assert second[1] == first[0]


def test_a_second_thread_embeds_the_same(embedding_llama: LlamaModel, embedding_model: Path, run: Run) -> None:
    texts = [f"number {number}" for number in range(60)]
    shared = Run(embedding_llama, embedding_model, shares=True)
    shared.embed(texts[:2])
    shared.arrived.get(timeout=10)
    for _ in range(3):
        shared.embed_all(texts)
    [alone] = run.embed(texts)
    assert all(cosine(one, other) > 0.999 for one, other in zip(shared.embed_all(texts), alone, strict=True))


def test_a_cancelled_request_is_not_answered(run: Run) -> None:
    run.service.submit(Embed(5, [(101, 102)]))
    run.service.submit(Embed(6, [(101, 1037, 102)]))
    run.service.cancel(5)
    assert not run.service.step()
    assert set(run.answers) == {6}


def test_interactive_inputs_do_not_wait_for_bulk_ones(run: Run) -> None:
    run.service.submit(Embed(1, TEXTS * 10, Priority.BULK))
    run.service.step()
    run.service.submit(Embed(2, TEXTS[:1]))
    run.service.step()
    assert set(run.answers) == {2}
    while run.service.step():
        pass
    assert len(vectors(run.answers[1])) == 10 * len(TEXTS)


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
