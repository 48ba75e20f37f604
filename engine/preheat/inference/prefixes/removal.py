"""Which blocks to remove when there is not enough room. Pure.

A block is worth the seconds of prefill that it saves per byte, and half of that after each ``HALF_LIFE_S`` without use.
Blocks that others continue stay until those are gone: so a conversation gets shorter from its end.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

HALF_LIFE_S: Final = 3 * 86_400.0

_ORPHAN_AFTER_S: Final = 3600.0
"""Time without use after which a block is worth nothing if the one before it is missing. It may be on its way."""


class Candidate(NamedTuple):
    """A block's file that may be removed."""

    key: bytes
    parent: bytes
    first: bool  # it is the first block of its prompt
    n_bytes: int
    seconds: float  # time of prefill that it saves
    used_at: float  # Unix time
    damaged: bool = False  # its header is not intact


def plan_removal(files: Sequence[Candidate], excess_bytes: int, now: float) -> list[int]:
    """Return the indices of the files to remove, in order, so that at least this much is freed, or all of them."""
    keys = {file.key for file in files}
    children = Counter(file.parent for file in files)
    by_key: dict[bytes, list[int]] = {}
    for index, file in enumerate(files):
        by_key.setdefault(file.key, []).append(index)
    heap = [(worth(file, now, keys), index) for index, file in enumerate(files) if not children[file.key]]
    heapq.heapify(heap)
    removed = []
    while heap and excess_bytes > 0:
        _, index = heapq.heappop(heap)
        removed.append(index)
        file = files[index]
        excess_bytes -= file.n_bytes
        children[file.parent] -= 1
        if not children[file.parent]:
            for parent in by_key.get(file.parent, ()):
                heapq.heappush(heap, (worth(files[parent], now, keys), parent))
    return removed


def worth(file: Candidate, now: float, keys: set[bytes]) -> float:
    """Return seconds saved per byte, less for a file that was not used for long. Times in the future count as now."""
    age = max(now - file.used_at, 0.0)
    if file.damaged or (not file.first and file.parent not in keys and age > _ORPHAN_AFTER_S):
        return 0.0
    return file.seconds / max(file.n_bytes, 1) * math.exp2(-age / HALF_LIFE_S)
