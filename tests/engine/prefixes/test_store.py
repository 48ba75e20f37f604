"""The folders of stored prompts, their limits and their files."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Literal

import pytest

from preheat.inference.prefixes import NoRoomError, read_block, read_limits, write_block
from preheat.prefixes import PrefixFigures, PrefixStore, folder_name
from preheat.settings import Settings, Size
from tests.engine.application import eventually
from tests.engine.prefixes.places import CELLS, MODEL, Place, a_block, options_of, save

FILE_BYTES = len(CELLS) + 1400
"""At most, with its header."""


def test_prompts_move_from_memory_to_the_disk(place: Place) -> None:
    store = place.store()
    first = a_block(1)
    second = a_block(2, first)
    save(store, second)
    path = save(store, first)
    os.utime(path, (1e9, 1e9))
    assert [file.path.name[:32] for file in store.waiting()] == [first.key.hex(), second.key.hex()]
    place.move_all(store)
    assert place.in_memory() == []
    moved = Path(options_of(store).disk_folder) / path.name
    found = read_block(moved, MODEL)
    assert found is not None
    assert found[0] == first
    assert moved.stat().st_mtime == 1e9, "the last use is not forgotten"
    figures = store.refresh()
    assert 2 * len(CELLS) < figures.disk_bytes == figures.written_today_bytes < 2 * FILE_BYTES
    assert figures.memory_bytes == 0
    assert figures.disk_limit_bytes > 0


def test_only_the_user_may_enter(place: Place) -> None:
    before = os.umask(0)
    try:
        store = place.store()
        save(store, a_block(1))
        place.move_all(store)
        save(store, a_block(2))
    finally:
        os.umask(before)
    found = [place.disk, *place.disk.rglob("*"), *place.memory.rglob("*")]
    assert len(found) > 8
    assert [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.parametrize("mode", ["memory", "off"])
def test_a_change_of_the_setting_applies_at_once(mode: Literal["memory", "off"], place: Place) -> None:
    store = place.store()
    save(store, a_block(1))
    place.move_all(store)
    save(store, a_block(2))
    store.settings = Settings(prefix_cache=mode)
    store.refresh()
    assert place.on_disk() == []
    assert len(place.in_memory()) == (1 if mode == "memory" else 0)
    assert store.waiting() == []
    with pytest.raises(NoRoomError):
        write_block(place.disk / "chat", a_block(3), CELLS)  # a worker that was loaded before
    options = store.options("chat")
    if mode == "off":
        assert options is None
    else:
        assert options is not None
        assert options.disk_folder == ""


def test_a_smaller_budget_applies_at_once(place: Place) -> None:
    store = place.store()
    for number in range(10):
        save(store, a_block(number))
    place.move_all(store)
    store.settings = Settings(prefix_cache_disk=Size("350kB"))
    assert 200_000 < store.refresh().disk_bytes <= 350_000


def test_battery(place: Place) -> None:
    place.on_battery = True
    store = place.store()
    save(store, a_block(1))
    assert not store.move(store.waiting()[0])
    assert len(place.in_memory()) == 1
    place.on_battery = False
    store.refresh()
    assert store.move(store.waiting()[0])


def test_what_the_disk_does_not_take_today_stays_in_memory(place: Place) -> None:
    store = place.store(Settings(prefix_cache_daily=Size("150kB")))
    for number in range(3):
        save(store, a_block(number))
    moved = [store.move(file) for file in store.waiting()]
    assert moved[:2] == [True, False]
    assert len(place.in_memory()) == 2
    store.refresh()
    memory = next(place.memory.iterdir())
    limits = read_limits(memory)
    assert limits is not None
    assert limits.evicts, "otherwise nothing new would be kept until midnight"


def test_memory_gives_way(place: Place) -> None:
    store = place.store(Settings(prefix_cache="memory"))
    for number in range(10):
        save(store, a_block(number, seconds=number))
    freed = store.shrink_memory(250_000)
    assert freed >= 250_000
    assert len(place.in_memory()) == 7
    assert f"{a_block(9, seconds=9).key.hex()}.prefix" in place.in_memory()
    assert store.shrink_memory(0) == 0
    assert store.shrink_memory(10**12) == 7 * freed // 3
    assert place.in_memory() == []


def test_memory_that_shrinks_moves_to_the_disk_first(place: Place) -> None:
    store = place.store()
    for number in range(4):
        save(store, a_block(number))
    store.allowed_bytes = 500_000
    figures = store.refresh()
    assert figures.memory_bytes <= figures.memory_limit_bytes <= 250_000
    assert len(place.on_disk()) + len(place.in_memory()) == 4


def test_a_full_disk_leaves_nothing_over(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = place.store()
    save(store, a_block(1))
    place.move_all(store)
    before = place.on_disk()
    for number in (2, 3):
        save(store, a_block(number))
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(os, "posix_fallocate", _no_space)
        assert [store.move(file) for file in store.waiting()] == [False, False]
    assert place.on_disk() == before
    assert len(place.in_memory()) == 2
    assert len(caplog.records) == 1, "once, not for each attempt"
    assert "No space left" in str(store.refresh().problem)
    place.move_all(store)
    assert len(place.on_disk()) == 3
    assert store.refresh().problem is None


def _no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_clearing(place: Place) -> None:
    store = place.store()
    for model_id, number in (("chat", 1), ("other", 2)):
        save(store, a_block(number), model_id)
    place.move_all(store)
    save(store, a_block(3), "chat")
    (place.disk / "chat" / "notes.txt").write_text("not ours", encoding="utf-8")
    assert [found.folder for found in store.contents()] == ["chat", "other"]
    assert 2 * len(CELLS) < store.clear("chat") < 2 * FILE_BYTES
    assert [found.folder for found in store.contents()] == ["other"]
    assert (place.disk / "chat" / "notes.txt").exists()
    assert store.clear() > 0
    assert store.contents() == []
    assert store.clear() == 0
    save(store, a_block(4))
    place.move_all(store)
    assert len(place.on_disk()) == 1, "and on it goes"


def test_contents(place: Place) -> None:
    store = place.store()
    first = a_block(1)
    for block in (first, a_block(2, first), a_block(3, first)):
        save(store, block)
    store.move(store.waiting()[0])
    (found,) = store.contents()
    assert (found.folder, found.prompts, found.tokens) == ("chat", 2, 3 * 256)
    assert len(CELLS) < found.disk_bytes < found.memory_bytes


def test_clearing_while_others_read_and_write(place: Place) -> None:
    store = place.store()
    problems: list[object] = []
    done = threading.Event()

    def read_and_write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            path = write_block(place.disk / "chat", a_block(number % 7), CELLS)
            found = read_block(path, MODEL)
            if found is not None and bytes(found[1]) != CELLS:
                problems.append(number)

    threads = [threading.Thread(target=read_and_write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        eventually(lambda: store.clear() > 0, "something to clear")
    done.set()
    for thread in threads:
        thread.join()
    assert problems == []
    store.clear()
    assert place.on_disk() == []


ENGINE = """
import sys
from pathlib import Path
from preheat.inference.prefixes import Block, next_key, root_key, write_block
from preheat.prefixes import PrefixStore
from preheat.settings import Settings
disk, memory, first = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
store = PrefixStore(Settings(prefix_cache_disk="1MB"), lambda: False, disk=disk, memory_root=memory)
store.allowed_bytes = 10**9
store.refresh()
for number in range(first, first + 30):
    tokens = (number,)
    block = Block(b"a model", next_key(root_key(b"a model"), tokens), root_key(b"a model"), 0, tokens, False, 1.0, 0.0)
    write_block(Path(store.options("chat").memory_folder), block, bytes(100_000))
    if number % 2:
        for file in store.waiting():
            assert store.move(file)
        store.refresh()
print("written", flush=True)
sys.stdin.readline()
store.close()
"""


def start_engine(place: Place, first: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", ENGINE, str(place.disk), str(place.memory), str(first)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_two_engines_share_one_folder(place: Place) -> None:
    engines = [start_engine(place, first) for first in (0, 1000)]
    for engine in engines:
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"written\n"
    assert 5 <= len(place.on_disk()) <= 9, "one megabyte for both together"
    assert len(list(place.memory.iterdir())) == 2
    for engine in engines:
        engine.communicate(b"\n")
        assert engine.returncode == 0
    assert list(place.memory.iterdir()) == []
    assert not any(name.endswith(".tmp") for name in place.on_disk())


def test_the_prompts_of_a_killed_engine_are_kept(place: Place) -> None:
    engine = start_engine(place, 1)  # an odd number of blocks is moved, the last one stays in memory
    assert engine.stdout is not None
    engine.stdout.readline()
    left = place.in_memory()
    assert len(left) == 1
    store = place.store()
    assert store.waiting() == [], "its engine lives"
    engine.kill()
    engine.communicate()
    next_store = place.store()
    assert [file.path.name for file in next_store.waiting()] == left
    assert len(list(place.memory.iterdir())) == 2


def test_they_are_kept_before_the_room_in_memory_is_known(place: Place) -> None:
    engine = start_engine(place, 1)
    assert engine.stdout is not None
    engine.stdout.readline()
    engine.kill()
    engine.communicate()
    store = PrefixStore(Settings(), lambda: True, disk=place.disk, memory_root=place.memory)
    place.stores.append(store)
    figures = store.refresh()
    assert 0 < figures.memory_bytes == figures.memory_limit_bytes
    assert len(store.waiting()) == 1


def test_nothing_of_a_killed_engine_stays_where_nothing_is_kept(place: Place) -> None:
    engine = start_engine(place, 1)
    assert engine.stdout is not None
    engine.stdout.readline()
    engine.kill()
    engine.communicate()
    place.store(Settings(prefix_cache="off"))
    assert list(place.memory.iterdir()) == []
    assert place.on_disk() == []


def test_a_killed_engine_with_another_cache_folder(place: Place, tmp_path: Path) -> None:
    """Its prompts are its own: they are only removed when it does not come back."""
    engine = start_engine(place, 1)
    assert engine.stdout is not None
    engine.stdout.readline()
    engine.kill()
    engine.communicate()
    (left,) = place.memory.iterdir()
    other = Place(tmp_path / "other")
    other.memory = place.memory
    assert other.store().waiting() == []
    assert left.exists()
    os.utime(left, (1e9, 1e9))
    assert other.store().waiting() == []
    assert not left.exists()
    for store in other.stores:
        store.close()


def test_folders_of_others_are_left_alone(place: Place) -> None:
    for name in ("preheat-0-1-other", f"preheat-{os.geteuid()}-new", "something"):
        (place.memory / name).mkdir()
    (place.memory / f"preheat-{os.geteuid()}-link").symlink_to(place.memory / "something")
    (place.memory / "something" / ".owner").touch()
    place.store()
    assert (place.memory / "something" / ".owner").exists()
    assert len(list(place.memory.iterdir())) == 5


def test_without_a_file_system_in_memory(place: Place) -> None:
    store = PrefixStore(Settings(), lambda: False, disk=place.disk)
    figures = store.refresh()
    assert (figures.memory_limit_bytes, figures.memory_bytes) == (0, 0)
    options = options_of(store)
    assert (options.memory_folder, options.memory_bytes) == ("", 0)
    write_block(Path(options.disk_folder), a_block(1), CELLS)
    store.settings = Settings(prefix_cache="memory")
    assert store.options("chat") is None


def test_a_folder_that_cannot_be_made_is_no_error(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.disk.parent.mkdir()
    place.disk.write_text("in the way", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        store = place.store()
        assert store.refresh().disk_limit_bytes == 0
        save(store, a_block(1))
    assert len(place.in_memory()) == 1
    assert len(caplog.records) == 1


def test_the_folder_comes_back_when_it_was_removed(place: Place) -> None:
    store = place.store()
    shutil.rmtree(place.disk.parent)
    store.refresh()
    save(store, a_block(1))
    place.move_all(store)
    assert len(place.on_disk()) == 1


def test_figures_before_the_first_look() -> None:
    assert PrefixFigures() == PrefixFigures(mode="off")


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("smollm2-135m-instruct.q4_1", "smollm2-135m-instruct.q4_1"),
        ("folder/model", "folder-model~"),
        ("..", "~"),
        ("größe", "gr-e~"),
        ("a" * 300, "a" * 60 + "~"),
        ("con trol\n", "con-trol~"),
    ],
)
def test_names_of_folders(model_id: str, name: str) -> None:
    found = folder_name(model_id)
    assert found.startswith(name)
    assert len(found) <= 100
    assert "/" not in found
