from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath

import pytest

from preheat.errors import FolderError, NotOwnFileError
from preheat.models import ModelFile, files_to_remove, find_models, remove_files
from preheat.models.own_folder import prepare, record
from preheat.models.tree import Tree
from raising import raises

WriteModel = Callable[..., Path]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder that Preheat made."""
    return prepare(tmp_path / "own")


def _model(folder: Path, model_id: str) -> ModelFile:
    return next(model for model in find_models([folder]) if model.model_id == model_id)


def test_all_parts_and_the_folders_that_they_leave_empty_go(own: Path, write_model: WriteModel) -> None:
    split = {"split.count": ("u16", 2)}
    parts = [write_model(f"own/a/b/m-0000{number}-of-00002.gguf", **split) for number in (1, 2)]
    other = write_model("own/a/other.gguf")
    files = files_to_remove(_model(own, "m"), find_models([own]), own)
    assert files == tuple(parts)
    size = sum(path.stat().st_size for path in parts)
    assert remove_files(files, own) == size
    assert set(own.rglob("*")) == {own / ".preheat-models", own / "a", other}


def test_an_mmproj_that_another_model_needs_stays(own: Path, write_model: WriteModel) -> None:
    write_model("own/a.gguf")
    write_model("own/b.gguf")
    eyes = own / "mmproj.gguf"
    eyes.touch()
    one, two = (replace(_model(own, name), mmproj=eyes) for name in ("a", "b"))
    assert files_to_remove(one, [one, two], own) == (own / "a.gguf",)
    assert files_to_remove(one, [one], own) == (own / "a.gguf", eyes)


def test_files_of_other_folders_are_never_deleted(own: Path, write_model: WriteModel) -> None:
    theirs = write_model("theirs/m.gguf")
    (own / "link").symlink_to(theirs.parent)
    model = _model(own, "m")
    with raises(NotOwnFileError, "not_own_file"):
        files_to_remove(model, [model], own)
    assert theirs.exists()


def test_only_the_link_to_a_file_is_deleted(own: Path, write_model: WriteModel) -> None:
    theirs = write_model("theirs/m.gguf")
    (own / "m.gguf").symlink_to(theirs)
    model = _model(own, "m")
    remove_files(files_to_remove(model, [model], own), own)
    assert [path.name for path in own.iterdir()] == [".preheat-models"]
    assert theirs.exists()


def test_a_second_name_of_the_same_file_frees_nothing(own: Path, write_model: WriteModel) -> None:
    theirs = write_model("theirs/m.gguf")
    (own / "m.gguf").hardlink_to(theirs)
    assert remove_files([own / "m.gguf", own / "gone.gguf"], own) == 0


def test_an_undeletable_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder.gguf").mkdir()
    with raises(FolderError, "file_not_removable"):
        remove_files([tmp_path / "folder.gguf"], tmp_path)


def test_in_a_folder_of_the_user_only_what_preheat_put_there_is_deleted(
    tmp_path: Path, write_model: WriteModel
) -> None:
    mine, theirs = write_model("shared/mine.gguf"), write_model("shared/theirs.gguf")
    shared = prepare(tmp_path / "shared")
    with Tree(shared) as tree:
        record(tree, [PurePath("mine.gguf")])
    assert files_to_remove(_model(shared, "mine"), [], shared) == (mine,)
    with raises(NotOwnFileError, "not_own_file"):
        files_to_remove(_model(shared, "theirs"), [], shared)
    mine.write_bytes(theirs.read_bytes() + b"another file of this name")
    with raises(NotOwnFileError, "not_own_file"):
        files_to_remove(_model(shared, "mine"), [], shared)


def test_a_folder_that_has_become_a_link_deletes_nothing(tmp_path: Path, own: Path, write_model: WriteModel) -> None:
    write_model("own/a/m.gguf")
    theirs = write_model("theirs/m.gguf")
    model = _model(own, "m")
    files = files_to_remove(model, [model], own)
    (own / "a").rename(tmp_path / "aside")
    (own / "a").symlink_to(theirs.parent)
    with raises(FolderError, "file_not_removable"):
        remove_files(files, own)
    assert theirs.exists()
