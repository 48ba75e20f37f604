"""Reading blocks: only if every bit is right.

Whatever is wrong with a file means that there is none: another model, version or user, a truncated or changed file, a
link, a pipe, a folder. ``llama_state_seq_load_file`` is not used, because it aborts the process on a truncated file.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from preheat.inference.prefixes.blocks import Block
from preheat.inference.prefixes.header import HEAD_BYTES, Header, decode_head, decode_header, digest_of

logger = logging.getLogger(__name__)

SUFFIX: Final = ".prefix"
"""Of the files; the rest of a name is the block's key in hex."""

_FIRST_READ: Final = 4096
"""Long enough for the header of most blocks."""

_OPEN: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)  # a link of another program must not lead elsewhere
    | getattr(os, "O_NONBLOCK", 0)  # a pipe must not block
    | getattr(os, "O_BINARY", 0)
)


class StoredBlock(NamedTuple):
    """A block's file."""

    path: Path
    block: Block
    n_bytes: int  # size of the file
    used_at: float  # Unix time of its last use, by the file's time


def block_path(folder: Path, key: bytes) -> Path:
    """Return the path of a block's file in a model's folder."""
    return folder / f"{key.hex()}{SUFFIX}"


def read_header(path: Path) -> Block | None:
    """Return the block of a file with an intact header; None for anything else. Does not read the cells."""
    found = _stored(path)
    return None if found is None else found.block


def read_block(path: Path, model: bytes | None = None) -> tuple[Block, memoryview] | None:
    """Return a block of this model, or of any, and its cells, all verified; None for anything else. Never raises.

    The cells are a copy in memory, not a mapping: after the check nothing can change them, and a disk error or a file
    that is cut off meanwhile does not end the process with SIGBUS.
    """
    try:
        with _opened(path) as (handle, status):
            header = _read_header(handle, status.st_size)
            if header is None or model not in (None, header.block.model):
                return None
            os.lseek(handle, header.header_bytes, os.SEEK_SET)
            cells = _read(handle, status.st_size - header.header_bytes)
    except (OSError, MemoryError, ValueError) as error:
        logger.debug("%s cannot be read: %s", path.name, error)
        return None
    if cells is None or digest_of(cells) != header.payload_digest:
        return None
    return header.block, memoryview(cells).toreadonly()


def list_blocks(folder: Path) -> list[StoredBlock]:
    """Return the files with intact headers in a model's folder, in no order. Blocks on the disk; never raises."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == SUFFIX]
    except OSError:
        return []
    return [found for path in paths if (found := _stored(path)) is not None]


def mark_used(path: Path) -> None:
    """Note that a block has just been used: those that were not used for long are removed first."""
    with suppress(OSError):
        os.utime(path)


def _stored(path: Path) -> StoredBlock | None:
    try:
        with _opened(path) as (handle, status):
            header = _read_header(handle, status.st_size)
    except (OSError, MemoryError, ValueError):
        return None
    return None if header is None else StoredBlock(path, header.block, status.st_size, status.st_mtime)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, os.stat_result]]:
    handle = os.open(path, _OPEN)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not is_private(status):
            raise OSError("not a file that only this user can write")
        yield handle, status
    finally:
        os.close(handle)


def is_private(status: os.stat_result) -> bool:
    """Return whether a file belongs to this user and no other may write it."""
    if not hasattr(os, "geteuid"):
        return True  # Windows: the folder's access list decides
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read_header(handle: int, file_bytes: int) -> Header | None:
    data = os.read(handle, _FIRST_READ)
    head = decode_head(data[:HEAD_BYTES], file_bytes)
    if head is None:
        return None
    if head.header_bytes > len(data):
        rest = _read(handle, head.header_bytes - len(data))
        if rest is None:
            return None
        data += rest
    return decode_header(data, file_bytes)


def _read(handle: int, count: int) -> bytearray | None:
    """Return the next ``count`` bytes; None if the file ends before."""
    buffer = bytearray(count)
    rest = memoryview(buffer)
    with open(handle, "rb", buffering=0, closefd=False) as file:
        while rest:
            n_bytes = file.readinto(rest)
            if not n_bytes:
                return None
            rest = rest[n_bytes:]
    return buffer
