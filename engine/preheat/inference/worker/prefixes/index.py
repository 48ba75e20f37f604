"""What is stored of one model's prompts, and how much of a prompt that covers. Pure, except for a lock."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from preheat.inference.prefixes import BLOCK_TOKENS, Block, next_key, root_key
from preheat.inference.worker.prefixes.shared import shared_prefix


class Tier(StrEnum):
    """Where a block is stored."""

    MEMORY = "memory"
    DISK = "disk"


class Stored(NamedTuple):
    """A stored block."""

    key: bytes
    parent: bytes
    start: int
    tokens: array[int]
    whole_chunks: bool
    seconds: float
    n_bytes: int
    tier: Tier

    @property
    def end(self) -> int:
        """Position after its last token."""
        return self.start + len(self.tokens)


class Link(NamedTuple):
    """A stored block, and how many of its first tokens a prompt uses."""

    stored: Stored
    tokens: int


class Missing(NamedTuple):
    """A block of a prompt that is not stored."""

    key: bytes
    parent: bytes
    start: int
    tokens: array[int]
    whole_chunks: bool

    @property
    def end(self) -> int:
        """Position after its last token."""
        return self.start + len(self.tokens)


class PrefixIndex:
    """The stored blocks of one model. Any thread.

    Args:
        model: The model's identity.
        exact: A state can only be used as a whole, as with recurrent models: a block begins at 0, and is used if the
            prompt begins with all of its tokens.
    """

    def __init__(self, model: bytes, *, exact: bool) -> None:
        self.model: Final = model
        self.exact: Final = exact
        self._root: Final = root_key(model)
        self._lock = threading.Lock()
        self._stored: dict[bytes, Stored] = {}
        self._children: dict[bytes, set[bytes]] = {}
        self._pending: dict[bytes, bool] = {}  # blocks that are being written, and whether in whole chunks

    def add(self, block: Block, n_bytes: int, tier: Tier) -> None:
        """Note a block that is stored now. Memory goes before disk."""
        stored = Stored(
            block.key,
            block.parent,
            block.start,
            array("i", block.tokens),
            block.whole_chunks,
            block.seconds,
            n_bytes,
            tier,
        )
        with self._lock:
            self._pending.pop(block.key, None)
            known = self._stored.get(block.key)
            if known is not None and known.tier is Tier.MEMORY and tier is Tier.DISK:
                return
            self._stored[block.key] = stored
            self._children.setdefault(block.parent, set()).add(block.key)

    def discard(self, key: bytes) -> None:
        """Note that a block is not stored, or not any more."""
        with self._lock:
            self._pending.pop(key, None)
            stored = self._stored.pop(key, None)
            if stored is not None:
                siblings = self._children[stored.parent]
                siblings.discard(key)
                if not siblings:
                    del self._children[stored.parent]

    def superseded(self, key: bytes) -> list[Stored]:
        """Return the blocks that a stored one makes useless: whoever uses them can use its first tokens."""
        with self._lock:
            block = self._stored.get(key)
            if block is None or self.exact:
                return []
            siblings = [self._stored[other] for other in self._children[block.parent] if other != key]
            return [
                other
                for other in siblings
                if other.whole_chunks <= block.whole_chunks and block.tokens[: len(other.tokens)] == other.tokens
            ]

    def write_begins(self, missing: Missing) -> None:
        """Note that a block is about to be written: it is not missing any more."""
        with self._lock:
            self._pending[missing.key] = missing.whole_chunks

    def write_failed(self, key: bytes) -> None:
        """Note that a block could not be written."""
        with self._lock:
            self._pending.pop(key, None)

    def chain(self, tokens: Sequence[int], limit: int, *, chunk: int = 1) -> list[Link]:
        """Return the stored blocks for the longest beginning of a prompt, in order.

        Args:
            tokens: The prompt.
            limit: How many of its tokens may be restored at most.
            chunk: 1 takes any block, others only those in whole chunks, up to a multiple of this size.
        """
        prompt = array("i", tokens[:limit])
        with self._lock:
            return self._exact(prompt, chunk) if self.exact else list(self._links(prompt, chunk))

    def _exact(self, prompt: array[int], chunk: int) -> list[Link]:
        children = [self._stored[key] for key in self._children.get(self._root, ())]
        for stored in sorted(children, key=lambda each: len(each.tokens), reverse=True):
            count = len(stored.tokens)
            if count <= len(prompt) and stored.tokens == prompt[:count] and (chunk == 1 or stored.whole_chunks):
                return [Link(stored, count)]
        return []

    def _links(self, prompt: array[int], chunk: int) -> Iterator[Link]:
        key = self._root
        for start in range(0, len(prompt), BLOCK_TOKENS):
            part = prompt[start : start + BLOCK_TOKENS]
            stored = self._stored.get(next_key(key, part))
            if stored is None or (chunk != 1 and not stored.whole_chunks) or len(part) < BLOCK_TOKENS:
                yield from self._part(key, part, chunk)
                return
            yield Link(stored, BLOCK_TOKENS)
            key = stored.key

    def _part(self, parent: bytes, part: array[int], chunk: int) -> Iterator[Link]:
        """Yield the block after ``parent`` that has the most of these tokens at its beginning, if any has."""
        best, most = None, 0
        for key in self._children.get(parent, ()):
            stored = self._stored[key]
            if chunk != 1 and not stored.whole_chunks:
                continue
            shared = shared_prefix(stored.tokens, part) // chunk * chunk
            if shared > most or (shared == most and best is not None and stored.n_bytes < best.n_bytes):
                best, most = stored, shared
        if best is not None:
            yield Link(best, most)

    def has(self, tokens: Sequence[int]) -> bool:
        """Return whether the whole prompt is stored."""
        return sum(link.tokens for link in self.chain(tokens, len(tokens))) == len(tokens)

    def longest(self, tokens: Sequence[int], is_wanted: Callable[[bytes], bool]) -> int:
        """Return the length of the longest stored beginning of a prompt with a key that ``is_wanted``; 0 if none is."""
        prompt, key, longest = array("i", tokens), self._root, 0
        with self._lock:
            for start in range(0, len(prompt), BLOCK_TOKENS):
                for child in self._children.get(key, ()):
                    part = self._stored[child].tokens
                    end = start + len(part)
                    if end > longest and part == prompt[start:end] and is_wanted(child):
                        longest = end
                key = next_key(key, prompt[start : start + BLOCK_TOKENS])
                if key not in self._stored:
                    break
        return longest

    def missing(self, tokens: Sequence[int], whole: int, chunk: int) -> list[Missing]:
        """Return the blocks of a prompt that are neither stored nor being written.

        Args:
            tokens: The prompt, without images.
            whole: How many of its first tokens were computed in whole chunks.
            chunk: The size of these chunks.
        """
        prompt, key = array("i", tokens), self._root
        size = len(prompt) if self.exact else BLOCK_TOKENS
        found = []
        for start in range(0, len(prompt), max(size, 1)):
            part = prompt[start : start + size]
            parent, key = key, next_key(key, part)
            is_whole = whole >= (start + len(part)) // chunk * chunk
            with self._lock:
                stored, pending = self._stored.get(key), self._pending.get(key)
            has = pending if stored is None else stored.whole_chunks or bool(pending)
            if has is None or has < is_whole:
                found.append(Missing(key, parent, start, part, is_whole))
        return found

    def tokens_of(self, key: bytes) -> list[int]:
        """Return all tokens of the prompt that ends with a stored block; empty if a part of it is not stored."""
        parts: list[array[int]] = []
        with self._lock:
            while key != self._root:
                stored = self._stored.get(key)
                if stored is None:
                    return []
                parts.append(stored.tokens)
                key = stored.parent
        return [token for part in reversed(parts) for token in part]

    def key_of(self, tokens: Sequence[int], model: bytes | None = None) -> bytes:
        """Return the key of a whole prompt, of this model or another one."""
        prompt, key = array("i", tokens), self._root if model is None else root_key(model)
        size = len(prompt) if self.exact else BLOCK_TOKENS
        for start in range(0, len(prompt), max(size, 1)):
            key = next_key(key, prompt[start : start + size])
        return key
