"""Stored blocks on their way back into a slot, and copies of cells on their way out. Pure values."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from threading import Semaphore
from typing import TYPE_CHECKING, Final, NamedTuple

from preheat.inference.worker.prefixes.index import Link, Missing, Tier

if TYPE_CHECKING:
    from preheat.inference.worker.scheduling import Slot


_READ_AHEAD: Final = 6
"""Blocks that may be in memory between file and slot."""


class Restored(NamedTuple):
    """Tokens that a block brought into a slot, and the time of prefill that they save."""

    tier: Tier
    tokens: int
    saved_s: float


class Restore:
    """The stored blocks that one generation gets, in order. Decode thread only, except ``window`` and ``abandoned``.

    Attributes:
        links: The blocks; each one continues the one before it.
        length: Tokens of the prompt that are in the slot after the last block.
        window: Acquired by the reading thread before each block.
        abandoned: Further blocks are not needed.
        failed: A block was damaged, or llama.cpp refused it.
    """

    def __init__(self, links: Sequence[Link]) -> None:
        self.links: Final = tuple(links)
        self.length: Final = sum(link.tokens for link in links)
        self.window: Final = Semaphore(_READ_AHEAD)
        self.abandoned = False
        self.failed = False
        self.first = 0
        """Number of the first block that is needed."""
        self._next = 0
        self._ready: deque[tuple[memoryview, Tier]] = deque()

    def begin(self, held: int) -> bool:
        """Skip the blocks of the tokens that the slot holds already; return whether any is left."""
        end = 0
        for number, link in enumerate(self.links):
            end += link.tokens
            if end > held:
                self.first = self._next = number
                return True
        return False

    @property
    def rest(self) -> Sequence[Link]:
        """The blocks that are needed from ``begin`` on."""
        return self.links[self.first :]

    @property
    def link(self) -> Link | None:
        """The next block, if it has been read."""
        return self.links[self._next] if self._ready else None

    @property
    def cells(self) -> memoryview:
        """The next block's cells."""
        return self._ready[0][0]

    @property
    def done(self) -> bool:
        """No further block comes."""
        return self._next == len(self.links) or (self.failed and not self._ready)

    def arrived(self, cells: memoryview | None, tier: Tier) -> None:
        """Take a block that was read; None for one that is damaged or gone."""
        if cells is None:
            self.failed = True
        else:
            self._ready.append((cells, tier))

    def was_put(self, held: int) -> Restored:
        """Note that the next block is in the slot, which held this many tokens before it; return what it brought."""
        link, (_, tier) = self.links[self._next], self._ready.popleft()
        self._next += 1
        self.window.release()
        count = link.stored.start + link.tokens - held
        return Restored(tier, count, link.stored.seconds * count / len(link.stored.tokens))

    def end(self) -> None:
        """Let no further block be read."""
        self.abandoned = True
        self.window.release()


class Copy(NamedTuple):
    """Cells of a slot to copy in a step, because they are to be stored."""

    slot: Slot
    missing: Missing
    exact: bool  # the whole state of the slot, which ends with these tokens


class Put(NamedTuple):
    """A block to put into a slot in a step."""

    slot: Slot
    link: Link
    cells: memoryview
    exact: bool
