"""Vocabularies that were walked through once.

A header's time goes into its tokens and merges: a hundred thousand texts, each of which says where the next begins.
Models of one family have the very same ones, so their bytes are compared by digest and passed over as a whole.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Final

_MAX_KNOWN: Final = 64
MAX_BYTES: Final = 1 << 24
"""Longer arrays are walked through each time."""


class KnownArrays:
    """Digests of arrays of texts, by byte order, count and length. Any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def lengths(self, order: str, count: int) -> tuple[int, ...]:
        """Return how long the known arrays of so many texts are, in bytes."""
        return tuple(
            length for known_order, known, length in list(self._known) if (known_order, known) == (order, count)
        )

    def has(self, order: str, count: int, content: bytes) -> bool:
        """Whether these bytes are such an array."""
        return self._known.get((order, count, len(content))) == digest(content)

    def add(self, order: str, count: int, content: bytes) -> None:
        """Remember an array that was walked through."""
        self._known[order, count, len(content)] = digest(content)
        while len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)


def digest(content: bytes) -> bytes:
    """Return what only the same bytes have: the files come from strangers."""
    return blake2b(content, digest_size=32).digest()
