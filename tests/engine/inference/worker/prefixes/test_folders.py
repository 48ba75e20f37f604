"""What others do to the folders of a worker's model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from preheat.inference.prefixes import Block, PrefixOptions, copy_block, next_key, root_key, write_block
from preheat.inference.worker.prefixes.index import PrefixIndex
from preheat.inference.worker.prefixes.store import PrefixStore

MODEL = b"a model"


def a_block(number: int) -> Block:
    parent, tokens = root_key(MODEL), (number,) * 256
    return Block(MODEL, next_key(parent, tokens), parent, 0, tokens, False, 1.0)


def covers(index: PrefixIndex, block: Block) -> bool:
    return bool(index.chain(block.tokens, 1000))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "memory" / "chat", tmp_path / "disk" / "chat"


@pytest.fixture
def store(folders: tuple[Path, Path]) -> PrefixStore:
    for folder in folders:
        folder.parent.mkdir()
    options = PrefixOptions(str(folders[0]), str(folders[1]))
    return PrefixStore(options, lambda: MODEL, exact=False, is_beginning=lambda _: False, deliver=lambda _: None)


def test_what_others_remove_is_forgotten(store: PrefixStore, folders: tuple[Path, Path]) -> None:
    memory, disk = folders
    index = store.wait_open(10)
    assert index is not None
    paths = [write_block(memory, a_block(number), b"cells") for number in (1, 2)]
    store.refresh()
    assert all(covers(index, a_block(number)) for number in (1, 2))

    copy_block(paths[0], disk)
    for path in paths:
        path.unlink()
    store.refresh()
    assert covers(index, a_block(1)), "it was moved"
    assert not covers(index, a_block(2))
    assert len(index.missing(a_block(2).tokens, 0, 64)) == 1, "it is stored again"

    write_block(disk, a_block(2), b"cells")
    store.refresh()
    assert covers(index, a_block(2))


def test_other_files_come_and_go(store: PrefixStore, folders: tuple[Path, Path]) -> None:
    index = store.wait_open(10)
    assert index is not None
    write_block(folders[1], a_block(1), b"cells")
    foreign = folders[1] / "mine.prefix"
    foreign.touch()
    store.refresh()
    foreign.unlink()
    os.utime(folders[1], (1.0, 1.0))
    store.refresh()
    assert covers(index, a_block(1))
