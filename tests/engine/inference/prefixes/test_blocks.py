"""Files with blocks: what was written comes back, and anything else is as if it were not there."""

from __future__ import annotations

import logging
import math
import os
import random
import stat
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from preheat.inference.prefixes import (
    BLOCK_TOKENS,
    Block,
    StoredBlock,
    list_blocks,
    mark_used,
    next_key,
    read_block,
    read_header,
    root_key,
    write_block,
)
from preheat.inference.prefixes.header import (
    FORMAT_VERSION,
    MAX_HEADER_BYTES,
    decode_head,
    decode_header,
    encode_header,
)

MODEL = b'{"files":[[1,2,"3"]],"kv_types":["f16","f16"]}'
OTHER = b'{"files":[[1,2,"4"]],"kv_types":["f16","f16"]}'
CELLS = bytes(range(256)) * 3


def a_block(tokens: tuple[int, ...] = tuple(range(40)), *, model: bytes = MODEL, seconds: float = 1.5) -> Block:
    parent = root_key(model)
    return Block(model, next_key(parent, tokens), parent, 0, tokens, True, seconds, 1_700_000_000.0)


def test_a_block_comes_back(tmp_path: Path) -> None:
    first = a_block()
    second = Block(MODEL, next_key(first.key, (7, -1)), first.key, 40, (7, -1), False, 0.25, 5.0)
    paths = [write_block(tmp_path / "model", block, CELLS) for block in (first, second)]
    assert [read_header(path) for path in paths] == [first, second]
    assert [(found.path, found.block) for found in sorted(list_blocks(tmp_path / "model"), key=at)] == [
        (paths[0], first),
        (paths[1], second),
    ]
    for path, block in zip(paths, (first, second), strict=True):
        found = read_block(path, MODEL)
        assert found is not None
        assert (found[0], bytes(found[1])) == (block, CELLS)
        assert read_block(path, OTHER) is None
    assert second.end == 42


def at(found: StoredBlock) -> int:
    return found.block.start


@pytest.mark.parametrize("payload", [b"", bytearray(b"x"), memoryview(bytes(100_000))])
def test_payloads_of_any_kind_and_length(payload: bytes | bytearray | memoryview, tmp_path: Path) -> None:
    path = write_block(tmp_path, a_block(), payload)
    found = read_block(path, MODEL)
    assert found is not None
    assert bytes(found[1]) == bytes(payload)


def test_a_header_longer_than_the_first_read(tmp_path: Path) -> None:
    block = a_block(tuple(range(50_000)))
    path = write_block(tmp_path, block, CELLS)
    found = read_block(path, MODEL)
    assert found is not None
    assert found[0] == block
    assert read_header(path) == block


def keys_of(model: bytes, tokens: Sequence[int]) -> list[bytes]:
    """Return the keys of a prompt's blocks."""
    keys, key = [], root_key(model)
    for start in range(0, len(tokens), BLOCK_TOKENS):
        key = next_key(key, tokens[start : start + BLOCK_TOKENS])
        keys.append(key)
    return keys


def test_the_same_beginning_has_the_same_keys() -> None:
    long, short = keys_of(MODEL, range(600)), keys_of(MODEL, range(512))
    assert (len(long), len(short)) == (3, 2)
    assert long[:2] == short
    assert keys_of(MODEL, [9, *range(599)])[0] != long[0]
    assert set(keys_of(OTHER, range(600))).isdisjoint(long)
    assert keys_of(MODEL, []) == []


def test_no_changed_file_is_accepted(tmp_path: Path) -> None:
    """Ten thousand changes of all kinds and places: none accepted, none fatal."""
    path = write_block(tmp_path, a_block(), CELLS)
    intact = path.read_bytes()
    randomly = random.Random(13)
    with path.open("r+b", buffering=0) as file:  # opening it each time would take most of the time
        for _ in range(10_000):
            changed = mutated(intact, randomly)
            replace_content(file.fileno(), changed)
            assert read_block(path, MODEL) is None or changed == intact
        replace_content(file.fileno(), intact)
    assert read_block(path, MODEL) is not None


def replace_content(handle: int, content: bytes) -> None:
    os.pwrite(handle, content, 0)
    os.ftruncate(handle, len(content))


def mutated(data: bytes, randomly: random.Random) -> bytes:
    """Return the data with bits flipped, cut off, longer, moved, repeated, or overwritten."""
    content = bytearray(data)
    # Half of the changes are in the header, which is a small part of the file.
    place = randomly.randrange(len(content) if randomly.random() < 0.5 else 300)
    length = randomly.choice([1, 2, 4, 8, 64])
    match randomly.randrange(6):
        case 0:
            content[place] ^= 1 << randomly.randrange(8)
        case 1:
            del content[place:]
        case 2:
            content += randomly.randbytes(length)
        case 3:
            content[place : place + length] = randomly.randbytes(min(length, len(content) - place))
        case 4:
            content[place : place + length] = b"\xff" * min(length, len(content) - place)
        case _:
            del content[place : place + length]
            content[randomly.randrange(len(content)) :] += bytes(randomly.randrange(2) * length)
    return bytes(content)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": bytes(16)},
        {"tokens": (5,)},
        {"tokens": ()},
        {"start": 256},
        {"parent": bytes(16)},
        {"seconds": math.nan},
        {"made_at": math.inf},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_a_header_that_contradicts_itself_is_not_accepted(changes: dict[str, Any], tmp_path: Path) -> None:
    path = write_block(tmp_path, a_block()._replace(**changes), CELLS)
    assert read_header(path) is None
    assert read_block(path, MODEL) is None


def test_lengths_are_checked_before_anything_is_read() -> None:
    intact = encode_header(a_block(), memoryview(CELLS))
    size = len(intact) + len(CELLS)
    assert decode_head(intact, size) is not None
    assert decode_header(intact, size) is not None
    assert decode_header(intact[:-1], size) is None
    for header_bytes in (0, 100, MAX_HEADER_BYTES + 1, 2**32 - 1):
        lengths = struct.pack("<8sIIQ", b"PREHEAT\0", FORMAT_VERSION, header_bytes, size)
        assert decode_head(lengths + intact[len(lengths) :], header_bytes + size) is None


@pytest.mark.parametrize("kind", ["folder", "link", "pipe", "empty", "foreign", "writable", "missing"])
def test_what_is_no_block_is_not_there(kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder, path = tmp_path / "model", write_block(tmp_path / "model", a_block(), CELLS)
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    match kind:
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(elsewhere)
        case "pipe":
            os.mkfifo(path)
        case "empty":
            path.touch(0o600)
        case "foreign":
            path.write_text("something else entirely " * 1000, encoding="utf-8")
        case "writable":
            elsewhere.rename(path)
            path.chmod(0o620)
    with caplog.at_level(logging.INFO):
        assert read_block(path, MODEL) is None
        assert read_header(path) is None
        assert list_blocks(folder) == []
        assert list_blocks(path) == []
    assert caplog.records == []


def test_a_huge_sparse_file_is_not_read(tmp_path: Path) -> None:
    path = write_block(tmp_path, a_block(), CELLS)
    os.truncate(path, 1 << 40)
    assert read_block(path, MODEL) is None


def test_a_file_of_another_user_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, owner = write_block(tmp_path, a_block(), CELLS), os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert read_block(path, MODEL) is None
    with pytest.raises(PermissionError):
        write_block(tmp_path, a_block(), CELLS)


def test_only_the_user_may_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = write_block(tmp_path / "new", a_block(), CELLS)
        (tmp_path / "open").mkdir(0o777)
        write_block(tmp_path / "open", a_block(), CELLS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "open")} == {0o700}


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = a_block()
    path = write_block(tmp_path, block, b"before")

    def no_space(handle: int, content: memoryview) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", no_space)
    with pytest.raises(OSError, match="No space"):
        write_block(tmp_path, block, CELLS)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == [path]
    assert read_block(path, MODEL) is not None


def test_use_is_noted(tmp_path: Path) -> None:
    path = write_block(tmp_path, a_block(), CELLS)
    os.utime(path, (1000.0, 1000.0))
    assert list_blocks(tmp_path)[0].used_at == 1000.0
    mark_used(path)
    assert list_blocks(tmp_path)[0].used_at > 1000.0
    mark_used(tmp_path / "missing")
