"""Blocks that are read while a model is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat.inference.prefixes import Block, PrefixOptions, next_key, root_key, write_block
from preheat.inference.worker.prefixes import Tier, ahead
from preheat.inference.worker.prefixes.ahead import ReadAhead
from tests.engine.application import eventually

MODEL = b"a model"


@pytest.fixture
def keys(tmp_path: Path) -> list[bytes]:
    """The keys of a prompt of three blocks, of which the first is on the disk only."""
    keys, parent = [], root_key(MODEL)
    for number in range(3):
        tokens = tuple(range(number * 256, number * 256 + 256))
        key = next_key(parent, tokens)
        folder = tmp_path / ("disk" if number == 0 else "memory")
        folder.parent.mkdir(exist_ok=True)
        write_block(folder, Block(MODEL, key, parent, number * 256, tokens), bytes([number]) * 1000)
        keys.append(key)
        parent = key
    return keys


def reading(tmp_path: Path, *wanted: bytes) -> ReadAhead:
    return ReadAhead(PrefixOptions(str(tmp_path / "memory"), str(tmp_path / "disk"), 0, tuple(k.hex() for k in wanted)))


def wait_for(read: ReadAhead, count: int) -> None:
    eventually(lambda: read.count >= count, f"{count} blocks read")


def test_the_blocks_of_a_prompt_are_read_from_its_beginning(tmp_path: Path, keys: list[bytes]) -> None:
    read = reading(tmp_path, bytes(16), keys[-1])  # the first prompt is not there
    read.start()
    read.start()
    wait_for(read, 3)
    found = [read.take(key) for key in keys]
    assert [(each.block.key, each.tier) for each in found if each is not None] == [
        (keys[0], Tier.DISK),
        (keys[1], Tier.MEMORY),
        (keys[2], Tier.MEMORY),
    ]
    assert [bytes(each.cells[:1]) for each in found if each is not None] == [b"\0", b"\1", b"\2"]
    assert read.take(keys[0]) is None  # once


def test_a_damaged_block_and_those_beyond_the_limit_are_not_read(
    tmp_path: Path, keys: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "MAX_BYTES", 1500)
    damaged = tmp_path / "disk" / f"{keys[0].hex()}.prefix"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + b"x")
    read = reading(tmp_path, keys[-1])
    read.start()
    wait_for(read, 2)
    assert [read.take(key) is not None for key in keys] == [False, True, True]

    damaged.write_bytes(content)
    read = reading(tmp_path, keys[-1])
    read.start()
    wait_for(read, 2)
    assert [read.take(key) is not None for key in keys] == [True, True, False]


def test_nothing_is_read_after_the_end(tmp_path: Path, keys: list[bytes]) -> None:
    read = reading(tmp_path, keys[-1])
    read.close()
    read.start()
    assert read.take(keys[0]) is None
