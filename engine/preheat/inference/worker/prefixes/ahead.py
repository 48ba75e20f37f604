"""Reads the blocks of likely prompts while a model is loaded for a request: on a core that the load leaves idle."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from preheat.inference import prefixes
from preheat.inference.prefixes import Block, PrefixOptions
from preheat.inference.worker.prefixes.index import Tier

MAX_BYTES: Final = 192 << 20
"""Cells that are read ahead at most, in bytes."""


class ReadBlock(NamedTuple):
    """A verified block, of the model that its file names."""

    block: Block
    cells: memoryview
    tier: Tier


class ReadAhead:
    """Blocks that were read before the model's identity is known. Any thread.

    Args:
        options: The folders, and the prompts that are likely to be wanted, the likeliest first.
    """

    def __init__(self, options: PrefixOptions) -> None:
        self._folders: Final = folders_of(options)
        self._wanted: Final = options.restore
        self._blocks: dict[bytes, ReadBlock] = {}
        self._changed = threading.Condition()
        self._reading: bytes | None = None  # key of the block that is being read
        self._ended = False
        self._thread: threading.Thread | None = None

    @property
    def count(self) -> int:
        """Number of blocks that can be taken."""
        return len(self._blocks)

    def start(self) -> None:
        """Begin to read, once."""
        with self._changed:
            if self._thread is None and not self._ended and self._wanted:
                self._thread = threading.Thread(target=self._run, daemon=True, name="read ahead")
                self._thread.start()

    def take(self, key: bytes) -> ReadBlock | None:
        """Return a block, once, and read no others ahead; None if it was not read."""
        with self._changed:
            self._ended = True
            self._changed.wait_for(lambda: self._reading != key)
            return self._blocks.pop(key, None)

    def close(self) -> None:
        """Forget what was read."""
        with self._changed:
            self._ended = True
            self._blocks.clear()

    def _run(self) -> None:
        n_bytes = 0
        for path, key, tier in self._files():
            with self._changed:
                if self._ended or n_bytes > MAX_BYTES:
                    return
                if key in self._blocks:
                    continue
                self._reading = key
            found = prefixes.read_block(path)
            with self._changed:
                self._reading = None
                if found is not None and found[0].key == key:
                    self._blocks[key] = ReadBlock(*found, tier)
                    n_bytes += found[1].nbytes
                self._changed.notify_all()

    def _files(self) -> Iterator[tuple[Path, bytes, Tier]]:
        """Yield the files of the wanted prompts, with their keys and tiers, each prompt from its beginning."""
        for prompt in self._wanted:
            chain: list[tuple[Path, bytes, Tier]] = []
            key = bytes.fromhex(prompt)
            while (found := self._header(key)) is not None:
                path, block, tier = found
                chain.append((path, key, tier))
                if block.start == 0:
                    yield from reversed(chain)
                    break
                key = block.parent  # a hash of it is in the key of its successor: no chain has a circle

    def _header(self, key: bytes) -> tuple[Path, Block, Tier] | None:
        for tier, folder in self._folders.items():
            path = prefixes.block_path(folder, key)
            block = prefixes.read_header(path)
            if block is not None:
                return path, block, tier
        return None


def folders_of(options: PrefixOptions) -> Mapping[Tier, Path]:
    """Return the folders of the tiers that are used."""
    named = ((Tier.MEMORY, options.memory_folder), (Tier.DISK, options.disk_folder))
    return {tier: Path(name) for tier, name in named if name}
