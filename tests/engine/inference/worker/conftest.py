"""Real models inside the test process, loaded once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from preheat.inference.worker.llama_model import LlamaModel
from tests.engine.inference.text_runs import TextRun, load_options


@pytest.fixture(scope="session")
def chat_llama(chat_model: Path) -> LlamaModel:
    """The chat model with room for 2048 tokens and eight requests."""
    return LlamaModel(load_options(chat_model, parallel=8))


@pytest.fixture(scope="session")
def narrow_llama(chat_model: Path) -> LlamaModel:
    """The chat model with room for 256 tokens, which its four requests share."""
    return LlamaModel(load_options(chat_model, context_length=256))


@pytest.fixture
def run(chat_llama: LlamaModel, chat_model: Path) -> TextRun:
    """An idle text service of four slots with an empty KV cache."""
    return TextRun(chat_llama, load_options(chat_model))


@pytest.fixture
def new_run(chat_llama: LlamaModel, chat_model: Path) -> Callable[..., TextRun]:
    """Make further text services over the same context, each with an empty cache."""
    return lambda **changes: TextRun(chat_llama, load_options(chat_model, **changes))


@pytest.fixture
def narrow_run(narrow_llama: LlamaModel, chat_model: Path) -> TextRun:
    """A text service with a small context."""
    return TextRun(narrow_llama, load_options(chat_model, context_length=256))
