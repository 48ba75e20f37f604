"""Which files of a models folder are Preheat's own."""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePath

import pytest

from preheat import paths
from preheat.errors import FolderError, UnusablePathError
from preheat.models import Source, look_once
from preheat.models.own_folder import MARK, OwnFolder, prepare, record
from preheat.models.tree import Tree
from raising import raises


def put(root: Path, name: str) -> None:
    """Put a file into a prepared folder, as Preheat does."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a model")
    with Tree(root) as tree:
        record(tree, [PurePath(name)])


def test_a_new_or_empty_folder_is_preheats_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "new" / "deep"):
        own = OwnFolder.read(prepare(folder))
        assert (own.marked, own.whole) == (True, True)
        (folder / "by-hand.gguf").touch()
        assert own.owns(folder / "by-hand.gguf")
        assert not own.owns(tmp_path / "by-hand.gguf")


def test_in_a_folder_with_other_things_only_recorded_files_are(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    root = prepare(tmp_path)
    put(root, "a/b.gguf")
    (root / "a" / "c.gguf").touch()
    assert prepare(tmp_path) == root
    own = OwnFolder.read(tmp_path)
    assert (own.marked, own.whole, list(own.files)) == (True, False, ["a/b.gguf"])
    assert own.owns(root / "a" / "b.gguf")
    for other in ("a/c.gguf", "letter.txt", "a", "none.gguf", "../b.gguf"):
        assert not own.owns(root / other)
    (root / "a" / "b.gguf").write_text("another model of this name")
    assert not OwnFolder.read(root).owns(root / "a" / "b.gguf")


def test_the_usual_folder_is_preheats_unless_it_is_a_link(preheat_home: Path, tmp_path: Path) -> None:
    usual = paths.models_dir()
    usual.mkdir(parents=True)
    (usual / "by-hand.gguf").touch()
    assert OwnFolder.read(usual).owns(usual / "by-hand.gguf")
    documents = tmp_path / "Documents"
    usual.rename(documents)
    usual.symlink_to(documents)
    assert not OwnFolder.read(usual).owns(usual / "by-hand.gguf")
    prepare(usual)
    assert not OwnFolder.read(usual).whole


def test_folders_behind_links_are_not_owned(tmp_path: Path) -> None:
    root = prepare(tmp_path / "own")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "m.gguf").touch()
    (root / "link").symlink_to(tmp_path / "theirs")
    assert not OwnFolder.read(root).owns(root / "link" / "m.gguf")


HEADER = json.dumps({"preheat": "models folder", "version": 1, "whole": False})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"null",
        b"[" * 100_000,
        b'{"preheat": "models folder", "version": 2, "whole": true}',
        b'{"preheat": "something else", "version": 1, "whole": true}',
        f"{HEADER}\n[".encode(),
        f'{HEADER}\n["../theirs.gguf", 0, 0]\n["m.gguf"]\n["m.gguf", "0", 0]\n{{}}\n{"[" * 9999}'.encode(),
        f'{HEADER[:-6]}"yes"}}'.encode(),
    ],
)
def test_a_malformed_mark_gives_nothing_away(tmp_path: Path, content: bytes) -> None:
    root = tmp_path / "own"
    root.mkdir()
    (root / MARK).write_bytes(content)
    for path in (root / "m.gguf", tmp_path / "theirs.gguf"):
        path.touch()
        os.utime(path, ns=(0, 0))
        assert not OwnFolder.read(root).owns(path)
    assert prepare(root) == root


def test_a_mark_that_is_no_file_gives_nothing_away(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "own", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.write_text(HEADER.replace("false", "true"))
    (root / MARK).symlink_to(elsewhere)
    assert not OwnFolder.read(root).whole
    put(prepare(root), "m.gguf")
    assert elsewhere.read_text().count("\n") == 0
    (root / MARK).unlink()
    os.mkfifo(root / MARK)
    assert not OwnFolder.read(root).marked
    put(prepare(root), "m.gguf")


def test_unusable_folders(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with raises(FolderError, "models_folder_unwritable"):
        prepare(tmp_path / "file")
    with raises(UnusablePathError, "models_folder_of_system"):
        prepare(Path("/etc/preheat-models"))
    (tmp_path / "link").symlink_to("/proc")
    with raises(UnusablePathError, "models_folder_of_system"):
        prepare(tmp_path / "link" / "models")


def test_the_list_of_models_names_the_users_files_as_theirs(
    preheat_home: Path, tmp_path: Path, embedding_model: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "theirs.gguf").symlink_to(embedding_model)
    root = prepare(shared)
    (shared / "mine.gguf").write_bytes(embedding_model.read_bytes())
    with Tree(root) as tree:
        record(tree, [PurePath("mine.gguf")])
    found = {model.model_id: model.source for model in look_once([], [], own=shared).models}
    assert found == {"mine": Source.PREHEAT, "theirs": Source.FOLDER}


def test_folders_that_cannot_be_scanned_do_not_disturb_the_others(
    preheat_home: Path, tmp_path: Path, embedding_model: Path
) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "m.gguf").symlink_to(embedding_model)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    odd = ("a\0b", "a\ud800", "n" * 300, "pipe", "loop", "pipe/below")
    (tmp_path / "good" / "processes").symlink_to("/proc")
    folders = [*(tmp_path / name for name in odd), Path("/dev/null"), Path("/proc"), Path("/sys"), tmp_path / "good"]
    assert [model.model_id for model in look_once(folders, [], own=tmp_path / "a\0b").models] == ["m"]
