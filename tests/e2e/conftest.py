"""A real Preheat with the two starter models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from running_preheat import CHAT, EMBEDDING, Preheat, running_preheat


@pytest.fixture(scope="session")
def starter_models(tmp_path_factory: pytest.TempPathFactory, chat_model: Path, embedding_model: Path) -> Path:
    """A folder with both starter models."""
    folder = tmp_path_factory.mktemp("models")
    for model in (chat_model, embedding_model):
        (folder / model.name).symlink_to(model)
    return folder


@pytest.fixture(scope="module")  # not longer: other tests count this process's children
def preheat(tmp_path_factory: pytest.TempPathFactory, starter_models: Path) -> Iterator[Preheat]:
    """A Preheat with both models hot, shared by tests that do not break it."""
    with running_preheat(tmp_path_factory.mktemp("home"), starter_models) as running:
        running.wait_hot(CHAT, EMBEDDING)
        yield running


@pytest.fixture
def own_preheat(tmp_path: Path, starter_models: Path) -> Iterator[Preheat]:
    """A Preheat for one test, with both models hot."""
    with running_preheat(tmp_path, starter_models) as running:
        running.wait_hot(CHAT, EMBEDDING)
        yield running


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, starter_models: Path, scripted_folder: Path) -> Iterator[Preheat]:
    """A Preheat with the starter models and the scripted ones."""
    home = tmp_path_factory.mktemp("home")
    with running_preheat(home, starter_models, scripted_folder, memory_limit="3GiB", preload="false") as running:
        yield running
