"""Sequences of the KV cache and what each still holds, so that a prompt's known beginning is not computed again.

Runs in the worker's decode thread only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from preheat.inference.worker.bindings import llama
from preheat.inference.worker.llama_model import LlamaModel


@dataclass(slots=True, eq=False)
class Slot:
    """One sequence of the KV cache.

    Attributes:
        index: The sequence id.
        cached: The tokens whose keys and values the cache holds, from position 0.
        used_at: Step in which it was last taken; orders idle slots.
        busy: A request has it.
    """

    index: int
    cached: list[int] = field(default_factory=list)
    used_at: int = 0
    busy: bool = False


class SlotPool:
    """All slots of one context over its unified KV cache."""

    def __init__(self, model: LlamaModel, count: int) -> None:
        self._model = model
        self._slots = [Slot(index) for index in range(count)]
        self._clock = 0

    def take(self, tokens: Sequence[int], *, reuse: bool) -> Slot | None:
        """Return a free slot for a request with these tokens, holding as much of their beginning as can be had.

        At least the last token is left to compute, since its logits are wanted.

        Args:
            reuse: Whether earlier computations may serve; without, every token is computed anew.
        """
        free = [slot for slot in self._slots if not slot.busy]
        if not free:
            return None
        if reuse:
            slot = self._take_sharing(free, tokens)
        else:
            slot = min(free, key=_worth)
            self.clear(slot)
        self._clock += 1
        slot.used_at = self._clock
        slot.busy = True
        self._bound_idle()
        return slot

    def _take_sharing(self, free: list[Slot], tokens: Sequence[int]) -> Slot:
        shared = {slot.index: shared_prefix(slot.cached, tokens) for slot in self._slots}
        best = max(free, key=lambda slot: (shared[slot.index], -len(slot.cached)))
        # Cutting a long conversation down to a system prompt that it happens to share would lose the conversation.
        if shared[best.index] * 2 >= len(best.cached) and shared[best.index] > 0:
            self._cut(best, min(shared[best.index], len(tokens) - 1))
            wanted = best
        else:
            wanted = min(free, key=_worth)
            self._cut(wanted, min(shared[wanted.index], len(tokens) - 1))
        donor = max(self._slots, key=lambda slot: shared[slot.index] if slot is not wanted else -1)
        length = min(shared[donor.index], len(tokens) - 1)
        if donor is not wanted and length > len(wanted.cached) and not self._model.recurrent:
            self._copy(donor, wanted, length)
        return wanted

    def release(self, slot: Slot) -> None:
        """Take the slot back; what it holds stays for a request that begins alike."""
        slot.busy = False

    def clear(self, slot: Slot) -> None:
        """Forget what the slot holds."""
        if slot.cached:
            llama.llama_memory_seq_rm(self._model.memory, slot.index, -1, -1)
            slot.cached.clear()

    def drop_oldest_idle(self) -> bool:
        """Forget the least recently used idle slot; return whether there was one that held anything."""
        idle = [slot for slot in self._slots if not slot.busy and slot.cached]
        if not idle:
            return False
        self.clear(min(idle, key=lambda slot: slot.used_at))
        return True

    def _bound_idle(self) -> None:
        # Attention passes over every used cell of the unified cache, whoever's it is: old conversations slow down
        # the new ones, so they may take half of it.
        while sum(len(slot.cached) for slot in self._slots if not slot.busy) > self._model.context_length // 2:
            self.drop_oldest_idle()

    def _cut(self, slot: Slot, length: int) -> None:
        """Shorten the slot to its first ``length`` tokens, or to none where the model cannot."""
        if length == len(slot.cached):
            return
        memory = self._model.memory
        if not llama.llama_memory_seq_rm(memory, slot.index, length, -1) or not self._complete(slot, length):
            self.clear(slot)
            return
        del slot.cached[length:]

    def _copy(self, donor: Slot, slot: Slot, length: int) -> None:
        """Let ``slot`` share the donor's first cells; in a unified cache nothing is moved."""
        self.clear(slot)
        llama.llama_memory_seq_cp(self._model.memory, donor.index, slot.index, 0, length)
        slot.cached = donor.cached[:length]
        if not self._complete(slot, length):
            self.clear(slot)

    def _complete(self, slot: Slot, length: int) -> bool:
        """Whether the cache still has all that position ``length`` attends to: a sliding window drops old cells."""
        first: int = llama.llama_memory_seq_pos_min(self._model.memory, slot.index)
        return length == 0 or first <= max(0, length - self._model.n_swa if self._model.n_swa else 0)


def _worth(slot: Slot) -> tuple[bool, int]:
    """Order of giving up idle slots: empty ones first, then the least recently used."""
    return (bool(slot.cached), slot.used_at)


def shared_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many tokens both begin with."""
    length = min(len(left), len(right))
    if left[:length] == right[:length]:  # a continued conversation: compared in C
        return length
    return next(at for at in range(length) if left[at] != right[at])
