"""How much two lists of tokens have in common at their beginnings. Pure."""

from __future__ import annotations

from array import array
from typing import Final

_BLOCK: Final = 1024


def shared_prefix(left: list[int] | array[int], right: list[int] | array[int]) -> int:
    """Return the number of tokens that both begin with. Both are lists, or both arrays."""
    length = min(len(left), len(right))
    for start in range(0, length, _BLOCK):  # compared in C
        end = min(start + _BLOCK, length)
        if left[start:end] != right[start:end]:
            return next(at for at in range(start, end) if left[at] != right[at])
    return length
