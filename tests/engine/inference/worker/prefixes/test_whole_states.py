"""Recurrent models and sliding windows: a state is stored as a whole, and used for exactly its tokens."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.shaped_gguf import ModelDimensions, ensure_shaped
from preheat.inference import GenerateRequest
from preheat.inference.prefixes import PrefixOptions
from preheat.inference.worker.llama_model import LlamaModel
from recurrent_model import write_recurrent_model
from tests.engine.inference.text_runs import GREEDY, TextRun, load_options

PROMPT = tuple(range(100, 400))
WINDOW = ModelDimensions("small-window", layers=6, width=128, ffn=128, window_tokens=64)


@pytest.fixture(scope="module", params=["recurrent", "sliding window"])
def llama(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LlamaModel:
    folder = tmp_path_factory.mktemp("models")
    if request.param == "recurrent":
        path = folder / "recurrent.gguf"
        write_recurrent_model(path)
    else:
        path = ensure_shaped(WINDOW, folder)
    model = LlamaModel(load_options(path))
    assert model.recurrent == (request.param == "recurrent")
    assert not model.can_cut
    return model


@pytest.fixture
def restart(llama: LlamaModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], TextRun]:
    monkeypatch.setattr("preheat.inference.worker.prefixes.planner.MIN_SAVED_S", 0.0)
    monkeypatch.setattr("preheat.inference.worker.prefixes.planner.MIN_ADDED_S", 0.0)
    # The tiny model computes faster than anything is read.
    monkeypatch.setattr("preheat.inference.worker.prefixes.planner.RESTORE_BYTES_PER_S", math.inf)
    monkeypatch.setattr("preheat.inference.worker.prefixes.planner.RESTORE_S", 0.0)
    path = tmp_path / "model.gguf"
    path.touch()
    options = load_options(path, prefixes=PrefixOptions(str(tmp_path / "memory"), "", 1 << 30))
    return lambda: TextRun(llama, options)


def ask(*more: int, first: int = len(PROMPT), max_tokens: int = 12) -> GenerateRequest:
    return GenerateRequest(prompt_tokens=(*PROMPT[:first], *more), max_tokens=max_tokens, sampling=GREEDY)


def test_a_continued_prompt_gets_its_state(restart: Callable[[], TextRun]) -> None:
    first = restart()
    first.one(ask(max_tokens=1))  # its token is not evaluated
    assert first.save_prefixes().blocks == 1
    computed = first.one(ask(7, 8))

    restored = restart().one(ask(7, 8))
    assert restored.usage.cached_tokens == restored.usage.memory_tokens == len(PROMPT)
    assert restored.text == computed.text


def test_another_prompt_does_not(restart: Callable[[], TextRun]) -> None:
    first = restart()
    first.one(ask())
    first.save_prefixes()
    for other in (ask(7, first=290), ask(7, 8)):
        assert restart().one(other).usage.memory_tokens == 0
