"""Blocks on their way to files and back."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest

from preheat.inference.prefixes import Block, PrefixOptions
from preheat.inference.worker.prefixes import Copy, PrefixIndex, Restore, Tier
from preheat.inference.worker.prefixes.ahead import ReadAhead
from preheat.inference.worker.prefixes.saver import MAX_PENDING_BYTES, Saved, Saver
from preheat.inference.worker.prefixes.store import BlockRead, PrefixStore
from preheat.inference.worker.scheduling.slots import Slot
from tests.engine.application import eventually

MODEL = b"model"
PROMPT = list(range(300))
WAIT_S = 20.0


class Client:
    """A store, and what it delivers."""

    def __init__(
        self, memory: Path | None, disk: Path | None, model: bytes = MODEL, ahead: ReadAhead | None = None
    ) -> None:
        self.delivered: SimpleQueue[BlockRead | None] = SimpleQueue()
        names = ["" if folder is None else str(folder) for folder in (memory, disk)]
        self.store = PrefixStore(
            PrefixOptions(names[0], names[1], memory_bytes=1 << 20),
            lambda: model,
            exact=False,
            deliver=self.delivered.put,
            is_beginning=lambda _key: False,
            ahead=ahead,
        )
        index = self.store.wait_open(WAIT_S)
        assert index is not None
        self.index: PrefixIndex = index

    def save(self, tokens: list[int]) -> None:
        for missing in self.index.missing(tokens, len(tokens), 64):
            cells = memoryview(bytearray(f"cells of {missing.start}".encode()))
            self.store.save(Copy(Slot(0), missing, False), cells, 100.0)
        assert self.store.saver.wait(time.monotonic() + WAIT_S)

    def read(self, tokens: list[int]) -> list[tuple[bytes | None, Tier]]:
        restore = Restore(self.index.chain(tokens, len(tokens)))
        assert restore.begin(0)
        while not self.delivered.empty():
            self.delivered.get()
        self.store.read(restore)
        found: list[tuple[bytes | None, Tier]] = []
        while len(found) < len(restore.links) and (not found or found[-1][0] is not None):
            read = self.delivered.get(timeout=WAIT_S)
            assert read is not None
            found.append((None if read.cells is None else bytes(read.cells), read.tier))
        return found


def test_what_another_worker_has_stored_is_found(tmp_path: Path) -> None:
    first, second = Client(tmp_path / "memory", tmp_path / "disk"), Client(tmp_path / "memory", tmp_path / "disk")
    first.save(PROMPT)
    assert second.index.chain(PROMPT, 300) == []
    second.store.refresh()
    assert second.read(PROMPT) == [(b"cells of 0", Tier.MEMORY), (b"cells of 256", Tier.MEMORY)]


def test_what_was_read_ahead_is_used(tmp_path: Path) -> None:
    folders = tmp_path / "memory", tmp_path / "disk"
    first = Client(*folders)
    first.save(PROMPT)
    last = first.index.chain(PROMPT, 300)[-1].stored.key
    ahead = ReadAhead(PrefixOptions(str(folders[0]), str(folders[1]), 0, (last.hex(),)))
    ahead.start()
    eventually(lambda: ahead.count == 2, "two blocks read")
    second = Client(*folders, ahead=ahead)
    for path in folders[0].iterdir():
        path.write_bytes(b"harm")
    assert second.read(PROMPT) == [(b"cells of 0", Tier.MEMORY), (b"cells of 256", Tier.MEMORY)]
    second.store.close_ahead()
    assert ahead.count == 0


def test_a_block_is_read_from_where_it_is_now(tmp_path: Path) -> None:
    client = Client(tmp_path / "memory", tmp_path / "disk")
    client.save(PROMPT)
    (tmp_path / "disk").mkdir(mode=0o700)
    for path in (tmp_path / "memory").iterdir():
        path.rename(tmp_path / "disk" / path.name)
    assert [tier for _, tier in client.read(PROMPT)] == [Tier.DISK] * 2


def test_a_block_that_is_gone_is_not_damaged(tmp_path: Path) -> None:
    client = Client(None, tmp_path / "disk")
    client.save(PROMPT)
    for path in (tmp_path / "disk").iterdir():
        path.unlink()
    assert client.read(PROMPT)[0] == (None, Tier.DISK)
    assert not client.store.damaged
    assert client.index.chain(PROMPT, 300) == []


def test_another_models_prompts_are_not_used(tmp_path: Path) -> None:
    Client(None, tmp_path / "disk", b"before").save(PROMPT)
    client = Client(None, tmp_path / "disk")
    assert client.index.chain(PROMPT, 300) == []
    assert client.store.others == {b"before"}


def test_a_conversation_that_goes_on_leaves_no_ends(tmp_path: Path) -> None:
    client = Client(None, tmp_path / "disk")
    for length in (280, 290, 300):
        client.save(PROMPT[:length])
    assert len(list((tmp_path / "disk").glob("*.prefix"))) == 2


@pytest.fixture
def full() -> Callable[[Path, Block, memoryview], Path]:
    """Writing to a full tier."""

    def write(folder: Path, block: Block, cells: memoryview) -> Path:
        raise OSError(errno.ENOSPC, "full")

    return write


def test_nothing_is_copied_while_nothing_can_be_written(
    tmp_path: Path, full: Callable[[Path, Block, memoryview], Path]
) -> None:
    done: SimpleQueue[Saved] = SimpleQueue()
    saver = Saver({Tier.MEMORY: tmp_path, Tier.DISK: tmp_path}, full, done.put)
    assert saver.enabled
    block = Block(MODEL, b"key", b"parent", 0, (1, 2))
    saver.save(block, memoryview(bytes(10)))
    assert done.get(timeout=WAIT_S) == Saved(block, None, 0)
    assert saver.wait(time.monotonic() + WAIT_S)
    assert not saver.enabled
    assert saver.room == MAX_PENDING_BYTES
