from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from preheat import paths
from preheat.errors import DiskFullError, ModelExistsError, ModelFileError, UnusablePathError
from preheat.models import How, import_file
from preheat.models.own_folder import MARK, OwnFolder
from preheat.models.tree import Tree
from raising import raises

WriteModel = Callable[..., Path]


def names_in(folder: Path) -> list[str]:
    """Return the names of all files but Preheat's mark."""
    return sorted(path.name for path in folder.rglob("*") if path.name != MARK)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


@pytest.mark.parametrize("how", How)
def test_the_imported_file_and_the_original(write_model: WriteModel, own: Path, how: How) -> None:
    source = write_model("from/m.gguf")
    content, inode = source.read_bytes(), source.stat().st_ino
    counted: list[int] = []
    target = import_file(source, own, how, counted.append)
    assert target == own / "m.gguf"
    assert target.read_bytes() == content
    assert source.exists() is (how is not How.MOVE)
    assert target.is_symlink() is (how is How.LINK)
    if how is How.COPY:
        assert target.stat().st_ino != inode
    assert sum(counted) == len(content)
    assert names_in(own) == ["m.gguf"]
    assert OwnFolder.read(own).owns(target)


def test_without_links_it_is_copied(write_model: WriteModel, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tree, "link_from", lambda *_: False)
    monkeypatch.setattr(Tree, "clone_from", lambda *_: False)
    source = write_model("from/m.gguf")
    for how in (How.AUTO, How.MOVE):
        target = import_file(source, own, how)
        assert target.stat().st_nlink == 1
    assert not source.exists()


def test_all_parts_are_imported(write_model: WriteModel, own: Path) -> None:
    names = [f"m-0000{number}-of-00002.gguf" for number in (1, 2)]
    second = [write_model(f"from/{name}") for name in names][1]
    assert import_file(second, own) == own / names[0]
    assert names_in(own) == names
    second.unlink()
    with raises(ModelFileError, "import_parts_missing", count=2, missing=1):
        import_file(second.with_name(names[0]), own)


@pytest.mark.parametrize("name", ["m-00000-of-00000.gguf", "m-00003-of-00002.gguf"])
def test_a_name_that_only_looks_like_a_part_is_one_file(write_model: WriteModel, own: Path, name: str) -> None:
    assert import_file(write_model(f"from/{name}"), own) == own / name
    with raises(ModelFileError, "import_parts_missing", count=99999, missing=99998):
        import_file(write_model("from/n-00001-of-99999.gguf"), own)


def test_existing_files_stay(write_model: WriteModel, own: Path) -> None:
    source = write_model("from/m.gguf")
    target = import_file(source, own, How.COPY)
    changed_at = target.stat().st_mtime_ns
    assert import_file(source, own, How.COPY) == target
    assert target.stat().st_mtime_ns == changed_at
    assert import_file(target, own, How.MOVE) == target
    assert target.exists()
    other = write_model("other/m.gguf", n_bytes=256)
    with raises(ModelExistsError, "import_name_taken", file="m.gguf"):
        import_file(other, own)
    assert import_file(source, own, How.MOVE) == target
    assert not source.exists()


def test_invalid_files_are_not_imported(tmp_path: Path, own: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF and then nothing")
    (tmp_path / "x.bin").touch()
    with raises(ModelFileError, "gguf_version_unknown"):
        import_file(tmp_path / "x.gguf", own)
    with raises(UnusablePathError, "import_wrong_ending"):
        import_file(tmp_path / "x.bin", own)
    assert not own.exists()


def test_an_interrupted_copy_leaves_nothing(
    write_model: WriteModel, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tree, "clone_from", lambda *_: False)

    def stop(n_bytes: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(write_model("from/m.gguf"), own, How.COPY, stop)
    assert names_in(own) == []


def test_a_copy_that_does_not_fit_is_not_started(
    write_model: WriteModel, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_model("from/m.gguf")
    other_disk = SimpleNamespace(st_dev=-1, st_size=source.stat().st_size, st_mode=source.stat().st_mode)
    monkeypatch.setattr("preheat.models.space.spare_bytes", lambda folder: 10)
    monkeypatch.setattr(Tree, "status", lambda tree, path: other_disk if tree.root != own else None)
    with pytest.raises(DiskFullError):
        import_file(source, own)
    assert names_in(own) == []


@pytest.fixture
def odd_paths(tmp_path: Path, write_model: WriteModel) -> dict[str, Path]:
    """Paths that lead to no file that can be imported."""
    folder = tmp_path / "odd"
    folder.mkdir()
    names = ("missing", "folder", "pipe", "socket", "loop", "dangling", "device", "text", "empty", "below-a-file")
    odd = {name: folder / f"{name}.gguf" for name in names}
    odd["folder"].mkdir()
    os.mkfifo(odd["pipe"])
    with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(folder):
        server.bind("socket.gguf")
    odd["loop"].symlink_to(odd["loop"])
    odd["dangling"].symlink_to(odd["missing"])
    odd["device"].symlink_to("/dev/zero")
    odd["text"].write_text("a letter to somebody")
    odd["empty"].touch()
    odd["below-a-file"] = odd["text"] / "m.gguf"
    odd["too long"] = folder / f"{'n' * 300}.gguf"
    odd["null"] = folder / "a\0b.gguf"
    return odd


@pytest.mark.parametrize("how", How)
def test_paths_without_a_model_are_one_error(odd_paths: dict[str, Path], own: Path, how: How) -> None:
    code = "import_unusable_move" if how is How.MOVE else "import_unusable"
    hints = set()
    for path in odd_paths.values():
        with pytest.raises(UnusablePathError) as caught:
            import_file(path, own, how)
        assert caught.value.message.code == code
        assert caught.value.message.params.keys() == {"file"}
        hints.add(caught.value.hint)
    assert len(hints) == 1
    assert not own.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs files of another user")
def test_what_belongs_to_somebody_else_is_not_moved(write_model: WriteModel, own: Path) -> None:
    source = write_model("from/m.gguf")
    os.chown(source, 12345, -1)
    with raises(UnusablePathError, "import_unusable_move"):
        import_file(source, own, How.MOVE)
    assert source.exists()


def test_files_of_the_system_are_not_moved(write_model: WriteModel, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_model("from/m.gguf")
    monkeypatch.setattr(paths, "is_system_folder", lambda path: path.is_relative_to(source.parent))
    with raises(UnusablePathError, "import_unusable_move"):
        import_file(source, own, How.MOVE)
    assert source.exists()
    with raises(UnusablePathError, "models_folder_of_system"):
        import_file(write_model("other/n.gguf"), source.parent)


def test_nothing_is_moved_through_a_link(tmp_path: Path, write_model: WriteModel, own: Path) -> None:
    source = write_model("from/m.gguf")
    link = tmp_path / "link.gguf"
    link.symlink_to(source)
    with raises(UnusablePathError, "import_unusable_move"):
        import_file(link, own, How.MOVE)
    assert source.exists()
    assert link.is_symlink()
    target = import_file(link, own)
    assert (target.name, target.is_symlink()) == ("link.gguf", False)


def test_a_file_of_the_folder_itself_stays_under_any_name(tmp_path: Path, write_model: WriteModel, own: Path) -> None:
    target = write_model("own/m.gguf")
    (tmp_path / "alias").symlink_to(own)
    assert import_file(tmp_path / "alias" / "m.gguf", own, How.MOVE).samefile(target)
    assert target.exists()


def test_a_link_in_the_folder_does_not_count_as_the_moved_file(write_model: WriteModel, own: Path) -> None:
    source = write_model("from/m.gguf")
    target = import_file(source, own, How.LINK)
    assert import_file(source, own, How.LINK) == target
    with raises(ModelExistsError, "import_name_taken"):
        import_file(source, own, How.MOVE)
    assert source.exists()


@pytest.mark.parametrize("how", [How.COPY, How.MOVE])
def test_a_source_that_changes_during_the_copy_stays(
    write_model: WriteModel, own: Path, how: How, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tree, "link_from", lambda *_: False)
    monkeypatch.setattr(Tree, "clone_from", lambda *_: False)
    source = write_model("from/m.gguf")

    def change(n_bytes: int) -> None:
        with source.open("ab") as file:
            file.write(b"more")

    with raises(UnusablePathError, "import_changed"):
        import_file(source, own, how, change)
    assert source.exists()
    assert names_in(own) == []


def test_what_killed_imports_left_is_removed(write_model: WriteModel, own: Path) -> None:
    hidden = own / ".importing"
    hidden.mkdir(parents=True)
    for name in (f"{2**22 + 1}-0", f"{os.getpid()}-7", "notes.txt"):
        (hidden / name).touch()
    import_file(write_model("from/m.gguf"), own)
    assert names_in(hidden) == sorted([f"{os.getpid()}-7", "notes.txt"])


@pytest.mark.parametrize("how", [How.COPY, How.MOVE])
def test_a_disk_that_fills_up_during_the_copy_is_named(
    write_model: WriteModel, own: Path, how: How, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Tree, "link_from", lambda *_: False)
    monkeypatch.setattr(Tree, "clone_from", lambda *_: False)
    monkeypatch.setattr("preheat.models.tree.copy_hashed", full)
    source = write_model("from/m.gguf")
    with raises(DiskFullError, "disk_full"):
        import_file(source, own, how)
    assert source.exists()
    assert names_in(own) == []
