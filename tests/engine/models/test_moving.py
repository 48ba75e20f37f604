"""The models folder moves, and wherever that fails, nothing is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from preheat.errors import DiskFullError, FolderError, ModelExistsError, SettingsError
from preheat.models import folder_bytes, move_folder, moving
from raising import raises

FILES = {"a.gguf": b"a" * 1000, "owner/repo/b.gguf": b"b" * 3_000_000, ".downloads/1/c.part": b"c"}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "old" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "old"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "disk" / "new"


@pytest.fixture
def other_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renames between the two folders do not work."""
    monkeypatch.setattr(moving, "_renamed", lambda old, new, switch: False)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _nothing(folder: Path) -> None:
    pass


@pytest.mark.parametrize("same_disk", [True, False])
def test_everything_moves(old: Path, new: Path, same_disk: bool, request: pytest.FixtureRequest) -> None:
    if not same_disk:
        request.getfixturevalue("other_disk")
    switched: list[Path] = []
    assert folder_bytes(old) == sum(map(len, FILES.values()))
    assert move_folder(old, new, switched.append) == ()
    assert _contents(new) == FILES
    assert not old.exists()
    assert switched == [new]


@pytest.mark.parametrize("same_disk", [True, False])
def test_when_the_setting_cannot_be_written_all_stays(
    old: Path, new: Path, same_disk: bool, request: pytest.FixtureRequest
) -> None:
    if not same_disk:
        request.getfixturevalue("other_disk")

    def refuse(folder: Path) -> None:
        raise SettingsError("it cannot be written")

    with pytest.raises(SettingsError):
        move_folder(old, new, refuse)
    assert _contents(old) == FILES
    assert move_folder(old, new, _nothing) == ()
    assert _contents(new) == FILES


@pytest.mark.usefixtures("other_disk")
def test_a_move_stopped_anywhere_loses_nothing(old: Path, new: Path) -> None:
    for stop_after in range(4):
        left = stop_after

        def count(n_bytes: int) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            move_folder(old, new, _nothing, count)
        assert _contents(old) == FILES
        assert not list(new.rglob("*copying"))
        for path in new.rglob("*.part"):
            path.unlink()  # so that each try has something to copy
    copied: list[int] = []
    move_folder(old, new, _nothing, copied.append)
    assert _contents(new) == FILES
    assert sum(copied) < sum(map(len, FILES.values()))


@pytest.mark.usefixtures("other_disk")
def test_a_copy_that_differs_is_an_error(old: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "sha256_of", lambda path: "other")
    with raises(FolderError, "move_failed", reason="the copy differs from the original"):
        move_folder(old, new, _nothing)
    assert _contents(old) == FILES
    assert _contents(new) == {}


@pytest.mark.usefixtures("other_disk")
def test_another_file_of_that_name_stops_it_before_anything_moves(old: Path, new: Path) -> None:
    new.mkdir(parents=True)
    (new / "a.gguf").write_bytes(b"x" * 1000)
    os.utime(new / "a.gguf", (1, 1))
    with raises(ModelExistsError, "move_name_taken", file="a.gguf"):
        move_folder(old, new, _nothing)
    assert _contents(old) == FILES
    assert _contents(new) == {"a.gguf": b"x" * 1000}


@pytest.mark.usefixtures("other_disk")
def test_links_keep_their_targets(old: Path, new: Path, tmp_path: Path) -> None:
    target = tmp_path / "else.gguf"
    target.write_bytes(b"e")
    (old / "absolute.gguf").symlink_to(target)
    (old / "relative.gguf").symlink_to(Path("..") / "else.gguf")
    move_folder(old, new, _nothing)
    assert [(new / name).read_bytes() for name in ("absolute.gguf", "relative.gguf")] == [b"e", b"e"]
    assert target.exists()


def test_unsuitable_folders_are_errors(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nested = "move_nested_folders"
    for place, code in ((old, "move_same_folder"), (old / "inner", nested), (tmp_path, nested)):
        with raises(FolderError, code):
            move_folder(old, place, _nothing)
    monkeypatch.setattr(moving, "_renamed", lambda old, new, switch: False)
    monkeypatch.setattr("preheat.models.space.spare_bytes", lambda folder: 10)
    with pytest.raises(DiskFullError):
        move_folder(old, tmp_path / "new", _nothing)
    assert _contents(old) == FILES


def test_a_missing_folder_can_be_moved(tmp_path: Path, new: Path) -> None:
    switched: list[Path] = []
    move_folder(tmp_path / "none", new, switched.append)
    assert switched == [new]


@pytest.mark.parametrize("variable", ["", "/elsewhere"])
def test_an_environment_variable_overrides_the_setting(
    variable: str, tmp_path: Path, preheat_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable:
        monkeypatch.setenv("PREHEAT_MODELS_DIR", variable)
        with raises(SettingsError, "move_variable_set", variable="PREHEAT_MODELS_DIR"):
            moving.write_setting(tmp_path)
    else:
        moving.write_setting(tmp_path)
        assert str(tmp_path) in (preheat_home / "config" / "settings.toml").read_text()
