"""Blocks: the KV cells of a range of a prompt's tokens, and the keys that name them.

The key of a block covers the model and all tokens up to the block's end, because each cell depends on them. Keys are
chained: a longer prompt with the same beginning has the same first keys.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

BLOCK_TOKENS: Final = 256
"""Tokens of a block that is not the last one of its prompt."""

KEY_BYTES: Final = 16


class PrefixOptions(NamedTuple):
    """Where a worker keeps the prompts of its model. A folder "" means that this tier is not used."""

    memory_folder: str = ""  # on a file system in memory
    disk_folder: str = ""
    memory_bytes: int = 0  # room in the memory folder at the time of the load; ``write_block`` knows the room now
    restore: tuple[str, ...] = ()  # keys, in hex, of the prompt beginnings to put back after the load, in this order
    seen: tuple[str, ...] = ()  # keys, in hex, of prompt beginnings that requests have had before


class Block(NamedTuple):
    """What is known about a block besides its cells."""

    model: bytes  # ``model_identity`` of the model that computed it
    key: bytes  # ``next_key(parent, tokens)``
    parent: bytes  # key of the block before it; ``root_key(model)`` for the first one
    start: int  # position of its first token
    tokens: tuple[int, ...]
    whole_chunks: bool = False  # computed in the same pieces as the prompts of requests with a seed
    seconds: float = 0.0  # time of its prefill, which restoring it saves
    made_at: float = 0.0  # Unix time

    @property
    def end(self) -> int:
        """Position after its last token."""
        return self.start + len(self.tokens)


def root_key(model: bytes) -> bytes:
    """Return the key of the empty prompt of a model."""
    return blake2b(model, digest_size=KEY_BYTES).digest()


def next_key(parent: bytes, tokens: Sequence[int]) -> bytes:
    """Return the key of the block with these tokens that follows ``parent``."""
    return blake2b(parent + packed(tokens), digest_size=KEY_BYTES).digest()


def packed(tokens: Sequence[int]) -> bytes:
    """Return token ids as bytes."""
    return struct.pack(f"<{len(tokens)}i", *tokens)
