"""The live index: what appears, changes, is half copied, vanishes or hangs."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from preheat.messages import msg
from preheat.models import GgufHeader, Listing, ModelIndex, discovery, read_header
from preheat.models.gguf.reader import KnownArrays
from tests.engine.application import eventually

WriteModel = Callable[..., Path]
GIVE_UP_S = 30.0


def ids(listing: Listing) -> list[str]:
    return [model.model_id for model in listing.models]


def age(path: Path, seconds: float = 60.0) -> Path:
    """Set a file's time to long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


class Follower:
    """Looks after each reported change, as the engine does."""

    def __init__(self, *folders: Path) -> None:
        self.folders = folders
        self.changed = threading.Event()
        self.index = ModelIndex(on_change=self.changed.set, settle_s=0.3)
        self.listing = self.index.look(folders)
        self.index.watch(folders)

    def until(self, wanted: Callable[[Listing], bool]) -> None:
        """Look after each change until a look shows it."""
        deadline = time.monotonic() + GIVE_UP_S
        while not wanted(self.listing):
            assert time.monotonic() < deadline, self.listing
            if self.changed.wait(0.3) or self.listing.unsettled:
                self.changed.clear()
                self.listing = self.index.look(self.folders)


@pytest.fixture
def follow() -> Iterator[Callable[..., Follower]]:
    followers: list[Follower] = []

    def start(*folders: Path) -> Follower:
        followers.append(Follower(*folders))
        return followers[-1]

    yield start
    for follower in followers:
        follower.index.close()


def test_files_that_appear_change_and_vanish(
    tmp_path: Path, write_model: WriteModel, follow: Callable[..., Follower]
) -> None:
    age(write_model("models/a.gguf"))
    follower = follow(tmp_path / "models")
    assert ids(follower.listing) == ["a"]

    write_model("models/deep/er/b.gguf")
    follower.until(lambda listing: ids(listing) == ["a", "b"])
    write_model("models/a.gguf", "qwen3", n_bytes=512)
    follower.until(lambda listing: ids(listing) == ["a", "b"] and listing.models[0].architecture == "qwen3")
    (tmp_path / "models/deep/er/b.gguf").unlink()
    follower.until(lambda listing: ids(listing) == ["a"])
    shutil.rmtree(tmp_path / "models")
    follower.until(lambda listing: ids(listing) == [])


def test_a_folder_that_appears_later_and_returns(
    tmp_path: Path, write_model: WriteModel, follow: Callable[..., Follower]
) -> None:
    follower = follow(tmp_path / "models")
    for name in ("a", "b"):
        age(write_model(f"models/{name}.gguf"))
        follower.until(lambda listing, name=name: ids(listing) == [name])  # type: ignore[misc]
        write_model(f"models/{name}2.gguf")
        follower.until(lambda listing, name=name: ids(listing) == [name, f"{name}2"])  # type: ignore[misc]
        shutil.rmtree(tmp_path / "models")
        follower.until(lambda listing: ids(listing) == [])


def test_a_copy_is_offered_when_it_is_complete(
    tmp_path: Path, write_model: WriteModel, follow: Callable[..., Follower], caplog: pytest.LogCaptureFixture
) -> None:
    content = write_model("elsewhere/a.gguf", n_bytes=4096).read_bytes()
    (tmp_path / "models").mkdir()
    follower = follow(tmp_path / "models")
    with (tmp_path / "models/a.gguf").open("wb", buffering=0) as copy:
        for at in range(0, 4 * 700, 700):
            copy.write(content[at : at + 700])
            listing = follower.index.look(follower.folders)
            assert (ids(listing), listing.unsettled) == ([], True)
        copy.write(content[4 * 700 :])
    follower.until(lambda listing: ids(listing) == ["a"])
    assert caplog.records == []  # a copy is no damage


def test_a_preallocated_copy_is_offered_when_writing_stops(tmp_path: Path, write_model: WriteModel) -> None:
    (tmp_path / "models").mkdir()
    index = ModelIndex(settle_s=30)
    assert index.look([tmp_path / "models"]) == Listing()
    content = write_model("models/a.gguf", n_bytes=4096).read_bytes()
    # Some programs reserve the whole file first, and fill it then.
    with (tmp_path / "models/a.gguf").open("r+b", buffering=0) as copy:
        for _ in range(3):
            copy.write(content[:64])
            assert ids(index.look([tmp_path / "models"])) == []
            copy.seek(0)
    age(tmp_path / "models/a.gguf")
    assert ids(index.look([tmp_path / "models"])) == ["a"]


def test_a_damaged_file_is_reported_when_writing_has_stopped(
    tmp_path: Path, write_model: WriteModel, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_model("models/a.gguf")
    os.truncate(path, 900)
    index = ModelIndex(settle_s=30)
    assert index.look([tmp_path / "models"]).unsettled
    assert caplog.records == []
    age(path)
    assert not index.look([tmp_path / "models"]).unsettled
    assert "ends early" in caplog.text


def test_split_sets_are_offered_when_their_last_part_is_there(
    tmp_path: Path, write_model: WriteModel, caplog: pytest.LogCaptureFixture
) -> None:
    split = {"split__count": ("u16", 2)}
    age(write_model("models/big-00001-of-00002.gguf", **split))
    index = ModelIndex(settle_s=30)
    last = write_model("models/big-00002-of-00002.gguf", **split)
    os.truncate(last, 900)
    assert ids(index.look([tmp_path / "models"])) == []
    assert caplog.records == []
    age(write_model("models/big-00002-of-00002.gguf", **split))
    assert ids(index.look([tmp_path / "models"])) == ["big"]


def until_quiet(changed: threading.Event) -> None:
    """Wait until the start of a watch was reported, which counts as a change."""
    assert changed.wait(GIVE_UP_S)
    while changed.is_set():
        changed.clear()
        changed.wait(2.5)


class Hang:
    """Blocks the reading of one folder, like a network folder without its server."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers = threading.Event()
        self.calls = 0
        scandir = os.scandir

        def wait(path: Path) -> object:
            if Path(path) == folder:
                self.calls += 1
                self.answers.wait(60)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", wait)


def test_a_hanging_folder_is_skipped_until_it_responds(
    tmp_path: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    age(write_model("near/a.gguf"))
    age(write_model("far/b.gguf"))
    hang = Hang(tmp_path / "far", monkeypatch)
    folders = [tmp_path / "near", tmp_path / "far"]
    index = ModelIndex(hangs_after_s=1.0)
    try:
        for _ in range(5):
            listing = index.look(folders)
            assert ids(listing) == ["a"]
            assert listing.unreachable == (msg("folder_unresponsive", path=f"{tmp_path}/far"),)
        assert hang.calls == 1  # no thread for every look
        assert [record.getMessage() for record in caplog.records] == [f"skipped: {tmp_path}/far does not respond"]
    finally:
        hang.answers.set()
    eventually(lambda: ids(index.look(folders)) == ["a", "b"], "both folders read")
    assert index.look(folders).unreachable == ()


def test_a_slow_folder_is_waited_for(tmp_path: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcdef":
        write_model(f"models/{name}.gguf")

    now = 0.0

    def slow(path: Path, arrays: KnownArrays) -> GgufHeader:
        nonlocal now
        now += 80.0
        return read_header(path, arrays)

    monkeypatch.setattr(discovery, "read_header", slow)
    monkeypatch.setattr("preheat.models.index.time", SimpleNamespace(monotonic=lambda: now))
    assert len(ModelIndex(hangs_after_s=100.0).look([tmp_path / "models"]).models) == 6
    assert now == 6 * 80.0


def test_a_bug_in_one_place_hides_no_other(
    tmp_path: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_model("good/a.gguf")
    (tmp_path / "bad").mkdir()
    scandir = os.scandir

    def broken(path: Path) -> object:
        if Path(path) == tmp_path / "bad":
            raise KeyError("a bug")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", broken)
    assert ids(ModelIndex().look([tmp_path / "good", tmp_path / "bad"])) == ["a"]
    assert "a bug" in caplog.text


def test_removed_places_are_not_watched(tmp_path: Path, write_model: WriteModel) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    changed = threading.Event()
    index = ModelIndex(on_change=changed.set)
    index.watch([tmp_path / "one", tmp_path / "two"])
    index.watch([tmp_path / "two"])
    until_quiet(changed)
    write_model("one/a.gguf")
    assert not changed.wait(2.0)
    write_model("two/b.gguf")
    assert changed.wait(GIVE_UP_S)
    index.close()


def test_unfinished_downloads_are_not_a_change(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    (folder / ".downloads/1").mkdir(parents=True)
    changed = threading.Event()
    index = ModelIndex(on_change=changed.set)
    index.watch([folder])
    until_quiet(changed)
    (folder / ".downloads/1/m.gguf.part").write_bytes(b"x" * 1000)
    (folder / "m.gguf.part").write_bytes(b"x" * 1000)
    assert not changed.wait(2.0)
    (folder / "m.gguf.part").rename(folder / "m.gguf")
    assert changed.wait(GIVE_UP_S)
    index.close()


@pytest.mark.parametrize("symbolic", [False, True])
def test_a_second_link_does_not_make_the_first_name_go(tmp_path: Path, write_model: WriteModel, symbolic: bool) -> None:
    """Not even after a restart, although its name comes first."""
    first, folder = write_model("models/middle.gguf"), tmp_path / "models"
    elsewhere = tmp_path / "elsewhere.gguf"
    if symbolic:  # a file's own name normally precedes a link's
        first.rename(elsewhere)
        first.symlink_to(elsewhere)
    cache = tmp_path / "cache/headers.json"
    index = ModelIndex(cache)
    assert ids(index.look([folder])) == ["middle"]
    (folder / "another.gguf").hardlink_to(elsewhere if symbolic else first)
    for looked in (index, ModelIndex(cache)):
        (model,) = looked.look([folder]).models
        assert (model.model_id, model.aliases) == ("middle", ("another",))
    first.unlink()
    assert ids(index.look([folder])) == ["another"]
