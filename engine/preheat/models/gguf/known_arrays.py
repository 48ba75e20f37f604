"""Vocabularies that were read before.

Most of a header's time goes into its tokens and merges: a hundred thousand strings, each with the length to the next.
Models of one family have the same ones, so their bytes are compared by digest and skipped as a whole.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Final

_MAX_KNOWN: Final = 64
MAX_BYTES: Final = 1 << 24  # longer arrays are not remembered


class KnownArrays:
    """Digests of string arrays, by byte order, count and length. Any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def lengths(self, order: str, count: int) -> tuple[int, ...]:
        """Return the lengths in bytes of the known arrays with ``count`` strings."""
        return tuple(length for *known, length in list(self._known) if known == [order, count])

    def has(self, order: str, count: int, content: bytes) -> bool:
        """Return whether these bytes are a known array."""
        return self._known.get((order, count, len(content))) == _digest(content)

    def add(self, order: str, count: int, content: bytes) -> None:
        """Remember an array."""
        self._known[order, count, len(content)] = _digest(content)
        while len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=32).digest()  # a cryptographic one: the files come from strangers
