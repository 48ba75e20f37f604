"""What to store and what to restore. Pure: neither files nor llama.cpp."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from preheat.inference.worker.prefixes.index import Missing, PrefixIndex
from preheat.inference.worker.prefixes.restore import Copy, Restore

if TYPE_CHECKING:
    from preheat.inference.worker.scheduling import Slot

MIN_HANDED_S: Final = 0.05
"""Shortest prefill, in seconds, for which a worker hands a prompt over to the one that takes its place."""

MIN_SAVED_S: Final = 1.0
"""Time of prefill from which storing a prompt is worth it, in seconds."""

MIN_ADDED_S: Final = 0.1
"""The same, before an unload, for what a conversation has more than what is stored of it already."""

CONVERSATION_S: Final = 3600.0
"""Age, in seconds, up to which a conversation is stored when its slot is needed."""

MIN_SEEN: Final = 2
"""Requests with the same fixed beginning from which it is stored."""

TINY_TOKENS: Final = 256
"""Length up to which the template's own beginning is always stored."""

RESTORE_BYTES_PER_S: Final = 400e6
"""First guess at the speed of reading, checking and putting back."""

COPY_BYTES_PER_S: Final = 2e9
"""Speed of copying cells that are to be stored."""

RESTORE_S: Final = 0.003
"""Time of a restore besides that."""

_RATE_WEIGHT: Final = 0.3


class PrefixPlanner:
    """Decides for the scheduler. Decode thread only.

    Args:
        exact: See ``PrefixIndex``.
        seen: The ids of beginnings that requests have had before.

    Attributes:
        index: What is stored; None until the folders have been listed, or if nothing is stored.
        room: Bytes of copies that may wait for being written, besides those that wait already.
        enabled: Something may be stored now.
    """

    def __init__(self, *, exact: bool = False, seen: Iterable[str] = ()) -> None:
        self.exact: Final = exact
        self.index: PrefixIndex | None = None
        self.enabled = False
        self.room = 0
        self._bytes_per_token = 0.0
        self._restore_rate = RESTORE_BYTES_PER_S
        self._seen = Counter(seen)

    @property
    def has_room(self) -> bool:
        """Cells may be copied now."""
        return self.index is not None and self.enabled and self.room > 0

    def restore(
        self, tokens: Sequence[int], held: int, limit: int, *, chunk: int, tokens_per_s: float
    ) -> Restore | None:
        """Return the stored blocks to put back, if that is cheaper than computing.

        Args:
            tokens: The prompt.
            held: Its first tokens that a slot has.
            limit: How many of its tokens may be restored at most.
            chunk: See ``PrefixIndex.chain``.
            tokens_per_s: Speed of prefill.
        """
        if self.index is None:
            return None
        restore = Restore(self.index.chain(tokens, limit, chunk=chunk))
        if not restore.begin(held):
            return None
        n_bytes = sum(link.stored.n_bytes for link in restore.rest)
        cost = RESTORE_S + n_bytes / self._restore_rate
        return restore if (restore.length - held) / tokens_per_s > cost else None

    def restored(self, n_bytes: int, seconds: float) -> None:
        """Learn how long a restore took."""
        if n_bytes and seconds > 0:
            self._restore_rate += _RATE_WEIGHT * (n_bytes / seconds - self._restore_rate)

    def count(self, prefix: str) -> None:
        """Count a request with this fixed beginning."""
        self._seen[prefix] += 1

    def was_seen(self, prefix: str) -> bool:
        """Return whether a request before had this fixed beginning."""
        return self._seen[prefix] >= MIN_SEEN

    def knows(self, prefix: str) -> bool:
        """Return whether any request had this fixed beginning."""
        return prefix in self._seen

    def copied(self, missing: Missing, n_bytes: int) -> None:
        """Learn the size of a block."""
        self._bytes_per_token = n_bytes / len(missing.tokens)

    def lost(
        self,
        slot: Slot,
        keep: int,
        now: float,
        *,
        chunk: int,
        tokens_per_s: float,
        unloads: bool = False,
        hands_over: bool = False,
    ) -> list[Missing]:
        """Return the blocks to store before a slot loses all but its first ``keep`` tokens, or the model is unloaded.

        Only recent conversations are stored, and only if that saves enough time. If the whole prompt stays, only the
        answer is lost, and the next prompt does not need it. A worker that hands over to another one also stores short
        conversations.
        """
        least_s = MIN_HANDED_S if hands_over else MIN_SAVED_S
        tokens = slot.cached
        if self.index is None or not tokens or not slot.storable or now - slot.used_s > CONVERSATION_S:
            return []
        if keep > max(slot.prompt_tokens - chunk, 0) or len(tokens) / tokens_per_s < least_s or not self.has_room:
            return []  # of a prompt that stays, the last chunk is computed again
        if min(tokens) < 0:  # there are images
            return []
        covered = sum(link.tokens for link in self.index.chain(tokens, len(tokens)))
        if (len(tokens) - max(keep, covered)) / tokens_per_s < min(least_s, MIN_ADDED_S if unloads else MIN_SAVED_S):
            return []
        return self.index.missing(tokens, slot.whole, chunk)

    def return_s(self, slot: Slot, lost: Sequence[Missing], *, tokens_per_s: float) -> float:
        """Return the time to store the ``lost`` blocks of a conversation that leaves its slot, and to bring it back.

        What is neither stored nor lost in that way is computed again. In seconds; infinite for images.
        """
        tokens = slot.cached
        if min(tokens, default=0) < 0:
            return math.inf
        computed_s = len(tokens) / tokens_per_s
        if self.index is None:
            return computed_s
        links = self.index.chain(tokens, len(tokens))
        lost_tokens = sum(len(block.tokens) for block in lost)
        lost_bytes = lost_tokens * self._bytes_per_token
        n_bytes = sum(link.stored.n_bytes for link in links) + lost_bytes
        rest = max(len(tokens) - sum(link.tokens for link in links) - lost_tokens, 0)
        stored_s = RESTORE_S + n_bytes / self._restore_rate + lost_bytes / COPY_BYTES_PER_S + rest / tokens_per_s
        return min(computed_s, stored_s)

    def beginning(
        self, tokens: Sequence[int], prefix: str, *, whole: int, chunk: int, tokens_per_s: float, is_own: bool
    ) -> list[Missing]:
        """Return the blocks of a prompt's fixed beginning that are worth being stored and are not yet.

        Args:
            tokens: The beginning.
            prefix: Its id.
            whole: See ``PrefixIndex.missing``.
            chunk: The same.
            tokens_per_s: Speed of prefill.
            is_own: The template writes it in each chat.
        """
        if self.index is None or not self.has_room or min(tokens, default=-1) < 0:
            return []
        is_tiny = is_own and len(tokens) <= TINY_TOKENS
        if not is_tiny and (len(tokens) / tokens_per_s < MIN_SAVED_S or not self.was_seen(prefix)):
            return []
        return self.index.missing(tokens, whole, chunk)

    def copies(self, slot: Slot, blocks: Sequence[Missing], most: int | None) -> tuple[Copy, ...]:
        """Return the copies of the first of these blocks, up to ``most``, that there is room for."""
        found: list[Copy] = []
        room = self.room
        for block in blocks[:most]:
            if self.exact and block.end != len(slot.cached):
                continue
            room -= int(len(block.tokens) * self._bytes_per_token)
            if found and room < 0:
                break
            found.append(Copy(slot, block, self.exact))
        return tuple(found)

    def due(self, slots: Iterable[Slot], most: int | None) -> tuple[Copy, ...]:
        """Return the copies to make now of what the slots have to store."""
        slot = next((slot for slot in slots if slot.to_store), None)
        return self.copies(slot, slot.to_store, most) if slot is not None and self.has_room else ()
