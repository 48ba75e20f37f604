"""Models that are part of the installed Preheat."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from preheat.errors import NotOwnFileError
from preheat.models import ModelFile, ModelIndex, files_to_remove
from preheat.models.model_file import Source
from raising import raises

WriteModel = Callable[..., Path]


@pytest.fixture
def included(tmp_path: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model in the resources of a bundle."""
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "bundle"), raising=False)
    return write_model("bundle/resources/models/Tiny-Q4_1.gguf")


def look(folder: Path) -> tuple[ModelFile, ...]:
    return ModelIndex().look([folder], own=folder).models


def test_included_models_are_found_and_belong_to_the_installation(included: Path, tmp_path: Path) -> None:
    (model,) = look(tmp_path / "own")
    assert (model.model_id, model.path, model.source) == ("tiny-q4_1", included, Source.BUNDLED)
    assert model.included
    assert not model.own
    with raises(NotOwnFileError, "included_model"):
        files_to_remove(model, [model], included.parent)


def test_the_users_own_file_of_the_same_name_takes_its_place(
    included: Path, tmp_path: Path, write_model: WriteModel
) -> None:
    mine = write_model("own/deeper/tiny-Q4_1.gguf")
    (model,) = look(tmp_path / "own")
    assert (model.model_id, model.path, model.source) == ("tiny-q4_1", mine, Source.FOLDER)
    mine.unlink()
    assert [model.path for model in look(tmp_path / "own")] == [included]


def test_a_damaged_file_of_the_same_name_does_not(included: Path, tmp_path: Path) -> None:
    mine = tmp_path / "own" / included.name
    mine.parent.mkdir()
    mine.write_bytes(included.read_bytes()[:20])
    assert [model.path for model in look(tmp_path / "own")] == [included]
