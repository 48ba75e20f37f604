"""Stored prompts in a scheduler's steps: what is copied out of slots, and what is put back. Pure.

While others decode, a step has at most one block of each. ``PrefixPlanner`` decides what is worth it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from preheat.inference.worker.prefixes import Copy, Missing, PrefixPlanner, Put, Restore, Tier
from preheat.inference.worker.scheduling.chunks import ChunkPlanner
from preheat.inference.worker.scheduling.generation import Beginning, Generation
from preheat.inference.worker.scheduling.slots import Slot, oldest_idle
from preheat.inference.worker.scheduling.steps import StepPlan, StepResult


class SlotStorage:
    """The stored prompts of a scheduler's slots. One thread only.

    Args:
        prefixes: Decides what is stored and restored.
        slots: The slots.
        chunks: Has the size of chunks and the speed of prefill.
        context_length: Size of the KV cache, in tokens.
        whole_states: States can be copied only as a whole.
    """

    def __init__(
        self,
        prefixes: PrefixPlanner,
        slots: Sequence[Slot],
        chunks: ChunkPlanner,
        context_length: int,
        *,
        whole_states: bool,
    ) -> None:
        self._prefixes: Final = prefixes
        self._slots = slots
        self._chunks = chunks
        self._context_length = context_length
        self._whole_states = whole_states or prefixes.exact

    @property
    def has_chores(self) -> bool:
        """Something is to be copied, and may be."""
        return self._prefixes.has_room and any(slot.to_store for slot in self._slots)

    def begins(self, generation: Generation, beginning: Beginning) -> None:
        """Take in where a generation's fixed beginning ends."""
        generation.beginning = beginning
        self._prefixes.count(beginning.id)
        if self._whole_states:  # it has to be copied exactly there
            wanted = not generation.seeded and self._wanted(generation, beginning)
            generation.stop_at = beginning.tokens if wanted else 0
        if generation.slot is not None:
            self.store_beginning(generation, generation.slot)

    def _wanted(self, generation: Generation, beginning: Beginning, whole: int = 0) -> list[Missing]:
        return self._prefixes.beginning(
            generation.tokens[: beginning.tokens],
            beginning.id,
            whole=whole,
            chunk=self._chunks.size,
            tokens_per_s=self._chunks.tokens_per_s,
            is_own=beginning.is_own,
        )

    def store_beginning(self, generation: Generation, slot: Slot) -> None:
        """Let a generation's beginning be stored as soon as the slot has it."""
        beginning = generation.beginning
        if beginning is None or generation.beginning_seen or generation.private or len(slot.cached) < beginning.tokens:
            return
        generation.beginning_seen = True
        if not self._prefixes.exact or len(slot.cached) == beginning.tokens:
            slot.to_store = self._wanted(generation, beginning, slot.whole)

    def restore(self, generation: Generation, kept: int, *, exact: bool) -> Restore | None:
        """Return what is put back for a generation, the slot of which has the first ``kept`` tokens."""
        if not generation.reusable or generation.images:
            return None
        return self._prefixes.restore(
            generation.tokens,
            kept,
            len(generation.tokens) - (not generation.restore_only),
            chunk=self._chunks.size if exact else 1,
            tokens_per_s=self._chunks.tokens_per_s,
        )

    def return_s(self, slot: Slot, now: float) -> float:
        """Return the time to store a slot's content, as far as that is missing, and to bring it back, in seconds."""
        return self._prefixes.return_s(slot, self._lost(slot, 0, now), tokens_per_s=self._chunks.tokens_per_s)

    def store_all(self, now: float, *, unloads: bool, hands_over: bool) -> None:
        """Let the conversations in the slots be stored, as far as that is worth it."""
        room = self._context_length - sum(slot.cells for slot in self._slots)
        for slot in self._slots:
            lost = self._lost(slot, 0, now, unloads=unloads, hands_over=hands_over)
            if slot.parked is not None and lost:
                room -= len(slot.cached)  # it is copied from the KV cache
            slot.to_store = (lost if slot.parked is None or room >= 0 else []) or slot.to_store

    def _lost(
        self, slot: Slot, keep: int, now: float, *, unloads: bool = False, hands_over: bool = False
    ) -> list[Missing]:
        return self._prefixes.lost(
            slot,
            keep,
            now,
            chunk=self._chunks.size,
            tokens_per_s=self._chunks.tokens_per_s,
            unloads=unloads,
            hands_over=hands_over,
        )

    def copies(self, step: StepPlan, now: float, most: int | None) -> tuple[tuple[Copy, ...], bool]:
        """Return the copies that a step has, and whether the step itself can be made: nothing more is to be copied.

        Args:
            step: The step.
            now: Time of the runner's clock, in seconds.
            most: Largest number of blocks.
        """
        copies: tuple[Copy, ...] = ()
        for slot, keep in _losses(step):
            lost = self._lost(slot, keep, now)
            due = self._prefixes.copies(slot, lost, most)
            if 0 < len(due) < len(lost) or (due and copies and most):
                return due, False
            copies += due
        return copies or self._prefixes.due((slot for slot in self._slots if slot.parked is None), most), True

    def to_unpark(self, step: StepPlan) -> Slot | None:
        """Return a parked conversation that is to be stored: it is copied from the KV cache."""
        parked = (slot for slot in self._slots if slot.parked is not None and slot.to_store and not slot.busy)
        taken = step.reuse.slot if step.reuse is not None else None
        return next((slot for slot in parked if slot is not taken and slot not in step.forget), None)

    def with_put(self, step: StepPlan, running: Sequence[Generation]) -> StepPlan:
        """Return the step with the next stored cells that have been read, and with room for them."""
        for generation in running:
            link = generation.restore.link if generation.restore is not None else None
            if link is None or generation.slot is None or generation is step.preempt:
                continue
            assert generation.restore is not None
            cells = sum(slot.cells for slot in self._slots if slot not in step.forget) + link.tokens
            idle = oldest_idle(slot for slot in self._slots if slot not in step.forget)
            if cells > self._context_length and idle is not None and step.reuse is None:
                step = step._replace(forget=(*step.forget, idle))
            put = Put(generation.slot, link, generation.restore.cells, self._prefixes.exact)
            return step._replace(put=put)
        return step

    def arrived(self, running: Sequence[Generation], restore: Restore, cells: memoryview | None, tier: Tier) -> None:
        """Take stored cells that were read; None for damaged ones."""
        if not restore.abandoned:
            restore.arrived(cells, tier)
            for generation in running:
                if generation.restore is restore and restore.done:
                    self.end(generation)

    def give_up(self, running: Sequence[Generation]) -> None:
        """Compute what was not read in time."""
        for generation in running:
            if generation.restore is not None:
                generation.restore.failed = True
                self.end(generation)

    def was_put(self, running: Sequence[Generation], put: Put, was_put: bool) -> None:
        """Take in that stored cells are in their slot, or that llama.cpp refused them."""
        slot, link = put.slot, put.link
        generation = next(each for each in running if each.slot is slot)
        assert generation.restore is not None
        start, end, held = link.stored.start, link.stored.start + link.tokens, len(slot.cached)
        slot.cut(min(start, held))
        if was_put:
            restored = generation.restore.was_put(held)
            slot.cached.extend(generation.tokens[start:end])
            if generation.restore_only:
                slot.preloaded_tokens, slot.preloaded_s = end, slot.preloaded_s + restored.saved_s
            if link.stored.whole_chunks and slot.whole == start:
                slot.whole = end // self._chunks.size * self._chunks.size
            if generation.began_at is None:
                generation.was_restored(restored)
        else:
            generation.restore.failed = True
        if generation.restore.done or not was_put:
            self.end(generation)

    @staticmethod
    def end(generation: Generation) -> None:
        """Let nothing further be put back for a generation."""
        if generation.restore is not None:
            generation.restore_failed |= generation.restore.failed
            generation.restore.end()
            generation.restore = None

    def was_copied(self, plan: StepPlan, result: StepResult) -> None:
        """Take in which cells have been copied."""
        for copy, was_copied in zip(plan.copies, result.copied, strict=True):
            copy.slot.to_store = [missing for missing in copy.slot.to_store if missing.key != copy.missing.key]
            copy.slot.storable &= was_copied


def _losses(step: StepPlan) -> Iterator[tuple[Slot, int]]:
    """Yield the idle slots that lose content in a step, and how much they keep."""
    if step.reuse is not None and step.reuse.held > step.reuse.keep and step.reuse.slot.parked is None:
        yield step.reuse.slot, step.reuse.keep
    yield from ((slot, 0) for slot in (*step.park, *step.forget) if not slot.busy and slot.parked is None)
