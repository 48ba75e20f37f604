"""The stored prompts of a worker's model: opens the folders, reads and writes blocks on threads of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from preheat.clock import unix_time
from preheat.inference import prefixes
from preheat.inference.prefixes import Block, PrefixOptions
from preheat.inference.worker.prefixes.ahead import ReadAhead, folders_of
from preheat.inference.worker.prefixes.index import Link, PrefixIndex, Stored, Tier
from preheat.inference.worker.prefixes.restore import Copy, Restore
from preheat.inference.worker.prefixes.saver import Saved, Saver

logger = logging.getLogger(__name__)

_READERS: Final = 2
"""Threads that read and check blocks: one checks 0.6 to 0.9 GB/s."""


class BlockRead(NamedTuple):
    """A block of a restore; no cells if it is damaged or gone."""

    restore: Restore
    cells: memoryview | None
    tier: Tier


class PrefixStore:
    """The stored prompts of one model.

    Args:
        options: The folders.
        identify: Returns the model's identity; may take some milliseconds, and raise OSError.
        exact: See ``PrefixIndex``.
        deliver: Takes the blocks that were read, on the reading thread; None after one was written, on another one.
        is_beginning: Whether a key, as hex, is that of a prompt's fixed beginning, which others look for. Any thread.
        ahead: Blocks that were read before; forgotten by ``close_ahead``.
    """

    def __init__(
        self,
        options: PrefixOptions,
        identify: Callable[[], bytes],
        *,
        exact: bool,
        deliver: Callable[[BlockRead | None], None],
        is_beginning: Callable[[str], bool],
        ahead: ReadAhead | None = None,
    ) -> None:
        self._folders: Final = folders_of(options)
        self._ahead = ahead
        self._exact = exact
        self._deliver = deliver
        self._is_beginning = is_beginning
        self.index: PrefixIndex | None = None
        self.others: frozenset[bytes] = frozenset()
        """Identities of other models, or of other forms of this one, with prompts in the folders."""
        self.damaged = False
        """A stored block turned out to be damaged."""
        self._changes: dict[Tier, int] = {}
        self._known: set[Path] = set()
        self._lock = threading.Lock()
        self.saver: Final = Saver(dict(self._folders), prefixes.write_block, self._saved)
        self._opened = threading.Event()
        threading.Thread(target=self._open, args=(identify,), daemon=True, name="prefix index").start()

    def _open(self, identify: Callable[[], bytes]) -> None:
        try:
            index = PrefixIndex(identify(), exact=self._exact)
            self._list(index)
            self.index = index
        except OSError as error:
            logger.warning("prompts cannot be stored: %s", error)
        finally:
            self._opened.set()

    def wait_open(self, timeout: float) -> PrefixIndex | None:
        """Return the index, once the folders have been listed; None if they cannot be, or not in time. Any thread."""
        self._opened.wait(timeout)
        return self.index

    @property
    def is_opening(self) -> bool:
        """Whether the folders are still being listed."""
        return not self._opened.is_set()

    def refresh(self) -> None:
        """Take in what others have written to the folders or removed since. Any thread."""
        index = self.index
        if index is not None and self._changes != self._folder_times():
            self._list(index)

    def _folder_times(self) -> dict[Tier, int]:
        times = {}
        for tier, folder in self._folders.items():
            try:
                times[tier] = folder.stat().st_mtime_ns
            except OSError:
                times[tier] = 0
        return times

    def _list(self, index: PrefixIndex) -> None:
        with self._lock:
            self._changes = self._folder_times()
            others, seen = set(self.others), set[Path]()
            for tier, folder in self._folders.items():  # memory first: what is being moved is found in one of both
                for path in _files(folder):
                    seen.add(path)
                    if path in self._known:
                        continue
                    block = prefixes.read_header(path)
                    if block is None:
                        continue
                    if block.model != index.model:
                        others.add(block.model)
                        continue
                    with suppress(FileNotFoundError):
                        index.add(block, path.stat().st_size, tier)
            left = {path.stem for path in seen}
            for path in self._known - seen:  # removed for others, or by the user
                if path.stem not in left:
                    with suppress(ValueError):  # another program's file
                        index.discard(bytes.fromhex(path.stem))
            self._known = seen
            self.others = frozenset(others)

    def read(self, restore: Restore) -> None:
        """Read the blocks of a restore in order. Decode thread."""
        assert self.index is not None
        # A thread of its own: one that is started during a preload has the preload's low priority.
        threading.Thread(target=self._read_all, args=(restore, self.index), daemon=True, name="prefix restore").start()

    def _read_all(self, restore: Restore, index: PrefixIndex) -> None:
        from concurrent.futures import Future, ThreadPoolExecutor  # only workers that restore something need it

        reading: deque[Future[tuple[memoryview | None, Tier]]] = deque()
        with ThreadPoolExecutor(_READERS, "prefix reader") as readers:
            for link in restore.rest:
                restore.window.acquire()
                if restore.abandoned:
                    break
                reading.append(readers.submit(self._read, link, index))
                if len(reading) == _READERS:
                    self._deliver(BlockRead(restore, *reading.popleft().result()))
            for read in reading:
                self._deliver(BlockRead(restore, *read.result()))

    def _read(self, link: Link, index: PrefixIndex) -> tuple[memoryview | None, Tier]:
        """Return a block's cells, from whichever tier has them now, and the tier."""
        key = link.stored.key
        ahead = self._ahead.take(key) if self._ahead is not None else None
        if ahead is not None and ahead.block.model == index.model:
            prefixes.mark_used(prefixes.block_path(self._folders[ahead.tier], key))
            return ahead.cells, ahead.tier
        is_there = False
        for tier in (link.stored.tier, *(other for other in self._folders if other is not link.stored.tier)):
            if tier not in self._folders:
                continue
            path = prefixes.block_path(self._folders[tier], key)
            found = prefixes.read_block(path, index.model)
            if found is not None and found[0].key == key and tuple(found[0].tokens) == tuple(link.stored.tokens):
                prefixes.mark_used(path)
                return found[1], tier
            is_there |= os.path.lexists(path)
        self.damaged |= is_there
        index.discard(key)
        return None, link.stored.tier

    def close_ahead(self) -> None:
        """Forget what was read ahead: the request that the load was for has what it needs."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def save(self, copy: Copy, cells: memoryview, tokens_per_s: float) -> None:
        """Store copied cells. Decode thread."""
        assert self.index is not None
        missing = copy.missing
        self.index.write_begins(missing)
        block = Block(
            self.index.model,
            missing.key,
            missing.parent,
            missing.start,
            tuple(missing.tokens),
            missing.whole_chunks,
            len(missing.tokens) / tokens_per_s,
            unix_time(),
        )
        self.saver.save(block, cells)

    def _saved(self, saved: Saved) -> None:
        assert self.index is not None
        if saved.tier is None:
            self.index.write_failed(saved.block.key)
        else:
            with self._lock:
                self._known.add(prefixes.block_path(self._folders[saved.tier], saved.block.key))
                self.index.add(saved.block, saved.n_bytes, saved.tier)
            for other in self.index.superseded(saved.block.key):
                if not self._is_beginning(other.key.hex()):
                    self._remove(other)
        self._deliver(None)

    def _remove(self, stored: Stored) -> None:
        """Remove the shorter end of a conversation that has gone on since."""
        assert self.index is not None
        self.index.discard(stored.key)
        for folder in self._folders.values():
            with suppress(OSError):
                prefixes.block_path(folder, stored.key).unlink()


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == prefixes.SUFFIX]
    except OSError:
        return []
