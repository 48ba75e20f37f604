"""Preheat's models move, nothing else does, and wherever that fails, nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePath

import pytest

from preheat import paths
from preheat.errors import DiskFullError, FolderError, ModelExistsError, SettingsError, UnusablePathError
from preheat.models import check_setting, move_models, moving, plan_move, write_setting
from preheat.models.own_folder import MARK, OwnFolder, prepare, record
from preheat.models.tree import Tree
from raising import raises

MODELS = {"a.gguf": b"a" * 1000, "owner/repo/b.gguf": b"b" * 3_000_000}
OTHERS = {"letter.txt": b"dear", "photos/me.jpg": b"jpg", ".hidden/key": b"secret", "owner/notes.md": b"#"}


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the regular files of a folder, without Preheat's mark."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and path.name != MARK)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def move(old: Path, new: Path, switch: Callable[[Path], None] = lambda _: None) -> tuple[PurePath, ...]:
    return move_models(plan_move(old, new), switch)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder that Preheat made, with models and files of the user."""
    folder = prepare(tmp_path / "old")
    write(folder, {**MODELS, **OTHERS})
    return folder


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "disk" / "new"


@pytest.fixture
def other_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files cannot have a second name in the other folder."""
    monkeypatch.setattr(Tree, "link_from", lambda *_: False)


@pytest.mark.parametrize("same_disk", [True, False])
def test_models_move_and_nothing_else(old: Path, new: Path, same_disk: bool, request: pytest.FixtureRequest) -> None:
    if not same_disk:
        request.getfixturevalue("other_disk")
    plan = plan_move(old, new)
    assert {str(file.path): file.file_bytes for file in plan.files} == {name: len(MODELS[name]) for name in MODELS}
    assert (plan.total_bytes, plan.others) == (3_001_000, 3)
    assert not new.exists()
    switched: list[Path] = []
    assert move_models(plan, switched.append) == ()
    assert switched == [new]
    assert contents(new) == MODELS
    assert contents(old) == OTHERS
    assert OwnFolder.read(new).whole


def test_a_folder_that_preheat_made_goes_with_its_last_file(tmp_path: Path, new: Path) -> None:
    folder = prepare(tmp_path / "old")
    write(folder, MODELS)
    move(folder, new)
    assert not folder.exists()
    assert contents(new) == MODELS


def test_of_the_users_folder_only_recorded_files_move(tmp_path: Path, new: Path) -> None:
    documents = tmp_path / "Documents"
    write(documents, {**OTHERS, "their-own.gguf": b"mine"})
    prepare(documents)
    write(documents, MODELS)
    with Tree(documents) as tree:
        record(tree, [PurePath("a.gguf")])
    plan = plan_move(documents, new)
    assert [str(file.path) for file in plan.files] == ["a.gguf"]
    assert plan.others == 5
    move_models(plan, lambda _: None)
    assert contents(new) == {"a.gguf": MODELS["a.gguf"]}
    assert contents(documents) == {
        **OTHERS,
        "their-own.gguf": b"mine",
        "owner/repo/b.gguf": MODELS["owner/repo/b.gguf"],
    }


def test_of_a_folder_without_a_mark_nothing_moves(tmp_path: Path, new: Path) -> None:
    documents = tmp_path / "Documents"
    write(documents, {**OTHERS, **MODELS})
    move(documents, new)
    assert contents(documents) == {**OTHERS, **MODELS}
    assert contents(new) == {}


@pytest.mark.parametrize("same_disk", [True, False])
def test_when_the_setting_cannot_be_written_all_stays(
    old: Path, new: Path, same_disk: bool, request: pytest.FixtureRequest
) -> None:
    if not same_disk:
        request.getfixturevalue("other_disk")

    def refuse(folder: Path) -> None:
        raise SettingsError("it cannot be written")

    with pytest.raises(SettingsError):
        move(old, new, refuse)
    assert contents(old) == {**MODELS, **OTHERS}
    assert move(old, new) == ()
    assert contents(new) == MODELS


KILLED = """
import os, signal, sys
from pathlib import Path
from preheat.models import move_models, plan_move
from preheat.models.tree import Tree
old, new, event, number = sys.argv[1:]
left = int(number)

def maybe_die(wanted):
    global left
    if wanted == event:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

def dying(name, function):
    def call(*args, **kwargs):
        maybe_die(f"before {name}")
        result = function(*args, **kwargs)
        maybe_die(f"after {name}")
        return result
    return call

for name in ("copy_from", "rename", "unlink"):
    setattr(Tree, name, dying(name, getattr(Tree, name)))
Tree.link_from = lambda *_: False
move_models(plan_move(Path(old), Path(new)), lambda _: maybe_die("switch"), lambda _: maybe_die("bytes"))
"""


@pytest.mark.parametrize(
    ("event", "number"),
    [
        *(("bytes", 0), ("bytes", 2), ("before rename", 0), ("after rename", 0), ("after rename", 1), ("switch", 0)),
        *(("after unlink", 0), ("after unlink", 1)),
    ],
)
def test_a_move_that_is_killed_loses_nothing(old: Path, new: Path, event: str, number: int) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, old, new, event, str(number)], check=False)
    assert ended.returncode == -signal.SIGKILL
    there, here = contents(new), contents(old)
    for name, content in MODELS.items():
        assert content in (there.get(name), here.get(name))
    assert OTHERS.items() <= here.items()
    move(old, new)
    assert contents(new) == MODELS
    assert contents(old) == OTHERS


@pytest.mark.usefixtures("other_disk")
def test_a_copy_that_differs_is_an_error(old: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.models.tree.sha256_of_open", lambda *_: "other")
    with raises(FolderError, "move_failed", reason="the copy differs from the original"):
        move(old, new)
    assert contents(old) == {**MODELS, **OTHERS}
    assert contents(new) == {}


@pytest.mark.usefixtures("other_disk")
def test_a_file_that_changes_during_the_move_stays(old: Path, new: Path) -> None:
    def change(folder: Path) -> None:
        (old / "a.gguf").write_bytes(b"newer")

    assert move(old, new, change) == (PurePath("a.gguf"),)
    assert (old / "a.gguf").read_bytes() == b"newer"
    assert contents(new) == MODELS


@pytest.mark.usefixtures("other_disk")
def test_another_file_of_that_name_stops_it(old: Path, new: Path) -> None:
    prepare(new)
    write(new, {"owner/repo/b.gguf": b"x" * 3_000_000})
    times = (old / "owner/repo/b.gguf").stat()
    os.utime(new / "owner/repo/b.gguf", ns=(times.st_atime_ns, times.st_mtime_ns))
    with raises(ModelExistsError, "move_name_taken", file="b.gguf"):
        move(old, new)
    assert contents(old) == {**MODELS, **OTHERS}
    assert contents(new)["owner/repo/b.gguf"] == b"x" * 3_000_000


@pytest.mark.parametrize("same_disk", [True, False])
def test_a_folder_replaced_by_a_link_leads_nowhere(
    old: Path, new: Path, tmp_path: Path, same_disk: bool, request: pytest.FixtureRequest
) -> None:
    if not same_disk:
        request.getfixturevalue("other_disk")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    plan = plan_move(old, new)
    prepare(new)
    (new / "owner").symlink_to(theirs)
    with raises(FolderError, "move_failed"):
        move_models(plan, lambda _: None)
    (new / "owner").unlink()
    (old / "owner").rename(tmp_path / "aside")
    (old / "owner").symlink_to(tmp_path / "aside")
    with raises(FolderError, "move_failed"):
        move_models(plan, lambda _: None)
    assert list(theirs.iterdir()) == []
    assert contents(tmp_path / "aside").keys() == {"repo/b.gguf", "notes.md"}


def test_a_target_that_is_exchanged_during_the_move_stops_it(old: Path, new: Path, tmp_path: Path) -> None:
    plan = plan_move(old, new)
    link_from = Tree.link_from

    def exchange(tree: Tree, source: Tree, path: PurePath, relative: PurePath) -> bool:
        if not (tmp_path / "aside").exists():
            new.rename(tmp_path / "aside")
            new.symlink_to(tmp_path)
        return link_from(tree, source, path, relative)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tree, "link_from", exchange)
        with raises(UnusablePathError, "move_target_unusable"):
            move_models(plan, lambda _: pytest.fail("the setting names another folder"))
    assert contents(old) == {**MODELS, **OTHERS}


def test_links_keep_their_targets(old: Path, new: Path, tmp_path: Path) -> None:
    target = tmp_path / "else.gguf"
    target.write_bytes(b"e")
    (old / "absolute.gguf").symlink_to(target)
    (old / "relative.gguf").symlink_to(Path("..") / "else.gguf")
    (old / "folder").symlink_to(tmp_path)
    move(old, new)
    assert [(new / name).read_bytes() for name in ("absolute.gguf", "relative.gguf")] == [b"e", b"e"]
    assert target.exists()
    assert (old / "folder").is_symlink()


@pytest.fixture
def unsuitable(tmp_path: Path) -> dict[str, Path]:
    """Folders to which no models are moved."""
    write(tmp_path / "full", {"letter.txt": b"dear"})
    write(tmp_path / "forged", {MARK: b"{}"})
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "to-empty").symlink_to(tmp_path / "empty")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "etc").symlink_to("/etc")
    names = ("full", "forged", "file", "to-empty", "loop", "dangling", "pipe", "file/below", "loop/below", "etc/models")
    found = {name: tmp_path / name for name in names}
    for place in ("/", "/etc", "/etc/preheat", "/proc/self/models", "/usr/lib/models", "/dev/shm/models", "/home"):
        found[place] = Path(place)
    return {**found, "null": tmp_path / "a\0b", "dots": tmp_path / "empty" / ".."}


def test_unsuitable_folders_are_one_error(old: Path, unsuitable: dict[str, Path]) -> None:
    for place in unsuitable.values():
        with raises(UnusablePathError, "move_target_unusable"):
            plan_move(old, place)
    assert contents(old) == {**MODELS, **OTHERS}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs folders of another user")
def test_a_folder_of_another_user_is_unsuitable(old: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, -1)
    with raises(UnusablePathError, "move_target_unusable"):
        plan_move(old, tmp_path / "theirs")


def test_the_folder_itself_and_its_relatives_are_errors(old: Path, tmp_path: Path) -> None:
    nested = "move_nested_folders"
    (tmp_path / "alias").symlink_to(tmp_path)
    prepare(tmp_path)
    for place, code in (
        (old, "move_same_folder"),
        (tmp_path / "alias" / "old", "move_same_folder"),
        (old / "inner", nested),
        (tmp_path / "alias" / "old" / "deep" / "inner", nested),
        (tmp_path, nested),
    ):
        with raises(UnusablePathError, code):
            plan_move(old, place)


def test_a_full_disk_is_known_before(old: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "_device", lambda folder: hash(folder))
    monkeypatch.setattr("preheat.models.space.spare_bytes", lambda folder: 10)
    with pytest.raises(DiskFullError):
        plan_move(old, new)
    assert not new.exists()


def test_names_that_differ_in_case_only_are_two_folders(old: Path, tmp_path: Path) -> None:
    move(old, tmp_path / "OLD")
    assert contents(tmp_path / "OLD") == MODELS
    assert contents(old) == OTHERS


def test_a_missing_folder_can_be_moved(tmp_path: Path, new: Path) -> None:
    switched: list[Path] = []
    move(tmp_path / "none", new, switched.append)
    assert switched == [new]
    assert OwnFolder.read(new).whole


def test_unfinished_downloads_move_without_foreign_files(old: Path, new: Path) -> None:
    download = old / ".downloads" / hashlib.sha256(b"o/r\nm.gguf").hexdigest()[:12]
    journal = {
        **{"version": 2, "name": "o/r:Q8_0", "repo": "o/r", "commit": "c", "asked": ["", "", "main"]},
        **{"files": [{"path": "m.gguf", "size_bytes": 9, "sha256": None}], "state": "paused", "added_at": 1.0},
        "error": None,
    }
    names = {"download.json": json.dumps(journal).encode(), "m.gguf.part": b"part", "letter.txt": b"dear"}
    write(download, names)
    move(old, new)
    moved = new / ".downloads" / download.name
    assert sorted(contents(moved)) == ["download.json", "m.gguf.part"]
    assert contents(download) == {"letter.txt": b"dear"}


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs another disk")
def test_between_two_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "is_system_folder", lambda folder: False)
    other = Path(f"/dev/shm/preheat-test-{os.getpid()}")
    try:
        here = prepare(tmp_path / "here")
        write(here, {**MODELS, **OTHERS})
        plan = plan_move(here, other / "models")
        assert plan.other_disk
        move_models(plan, lambda _: None)
        assert contents(other / "models") == MODELS
        assert contents(here) == OTHERS
    finally:
        shutil.rmtree(other, ignore_errors=True)


@pytest.mark.parametrize("variable", ["", "/elsewhere"])
def test_an_environment_variable_overrides_the_setting(
    variable: str, tmp_path: Path, preheat_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable:
        monkeypatch.setenv("PREHEAT_MODELS_DIR", variable)
        with raises(SettingsError, "move_variable_set", variable="PREHEAT_MODELS_DIR"):
            check_setting()
    else:
        check_setting()
        write_setting(tmp_path)
        assert str(tmp_path) in (preheat_home / "config" / "settings.toml").read_text()
