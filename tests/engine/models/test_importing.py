from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from preheat.errors import DiskFullError, FolderError, ModelExistsError, ModelFileError
from preheat.models import How, import_file, importing
from raising import raises

WriteModel = Callable[..., Path]


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
    assert [path.name for path in own.iterdir()] == ["m.gguf"]


def test_without_links_it_is_copied(write_model: WriteModel, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_hard_link", lambda file, target: False)
    monkeypatch.setattr(importing, "_clone", lambda file, target: False)
    source = write_model("from/m.gguf")
    for how in (How.AUTO, How.MOVE):
        target = import_file(source, own, how)
        assert target.stat().st_nlink == 1
    assert not source.exists()


def test_all_parts_are_imported(write_model: WriteModel, own: Path) -> None:
    names = [f"m-0000{number}-of-00002.gguf" for number in (1, 2)]
    second = [write_model(f"from/{name}") for name in names][1]
    assert import_file(second, own) == own / names[0]
    assert sorted(path.name for path in own.iterdir()) == names
    second.unlink()
    with raises(ModelFileError, "import_parts_missing", count=2, missing=1):
        import_file(second.with_name(names[0]), own)


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
    for name in ("x.gguf", "x.bin"):
        with pytest.raises(ModelFileError):
            import_file(tmp_path / name, own)
    with raises(FolderError, "file_failed"):
        import_file(tmp_path / "none.gguf", own)
    assert not own.exists()


def test_an_interrupted_copy_leaves_nothing(
    write_model: WriteModel, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_clone", lambda file, target: False)

    def stop(n_bytes: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(write_model("from/m.gguf"), own, How.COPY, stop)
    assert list(own.iterdir()) == []


def test_a_copy_that_does_not_fit_is_not_started(
    write_model: WriteModel, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preheat.models.space.spare_bytes", lambda folder: 10)
    monkeypatch.setattr(importing, "existing_folder", lambda folder: Path("/dev"))  # another disk
    with pytest.raises(DiskFullError):
        import_file(write_model("from/m.gguf"), own)
    assert not own.exists()
