"""Drafts in a scheduler's steps: which generations get one, and whether it was right. Pure.

A step evaluates a draft together with the last token of its generation, and keeps the logits of all of them. Then the
next token is sampled as always. While it is the drafted one, the logits for the token after it are there already: a
step without a decode follows. The other drafted tokens are removed from the KV cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from preheat.inference.worker.drafts import Offer, StepCosts
from preheat.inference.worker.scheduling.generation import Chunk, Draft, Generation

MAX_DRAFTING: Final = 2
"""Running generations up to which there are drafts: more of them use the processor well without."""


class Speculation:
    """Adds drafts to steps. One thread only.

    Args:
        context_length: Prompt plus completion limit, in tokens.
        max_drafted: Maximum drafted tokens in a step: each one's logits take memory.
        costs: What steps cost; measured by default.
    """

    def __init__(self, context_length: int, max_drafted: int, costs: StepCosts | None = None) -> None:
        self._context_length = context_length
        self._max_drafted = max_drafted
        self._costs = costs or StepCosts()
        self._crowded = False
        """The KV cache had no room for a draft; there are none until a generation ends."""

    def with_drafts(self, chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
        """Return the chunks of a step in which each generation decodes, with drafts where they pay."""
        if self._crowded or not 0 < len(chunks) <= MAX_DRAFTING or not self._costs.may_pay(len(chunks)):
            return tuple(chunks)
        drafts = [self._draft(chunk.generation, self._max_drafted) for chunk in chunks]
        offers = [
            Offer(len(draft), chunk.generation.drafter.acceptance if chunk.generation.drafter else 0.0)
            for chunk, draft in zip(chunks, drafts, strict=True)
        ]
        lengths = self._costs.lengths(len(chunks), offers)
        return tuple(
            chunk._replace(draft=tuple(draft[:length])) if length else chunk
            for chunk, draft, length in zip(chunks, drafts, lengths, strict=True)
        )

    def _draft(self, generation: Generation, most: int) -> Sequence[int]:
        if generation.drafter is None or generation.score is not None:
            return ()
        # The last token that may follow is sampled from the logits of the one before it.
        most = min(most, self._context_length - len(generation.tokens) - 1)
        if generation.max_tokens is not None:
            most = min(most, generation.prompt_tokens + generation.max_tokens - len(generation.tokens) - 1)
        return generation.drafter.draft(generation.tokens, most)

    def no_room(self) -> None:
        """Note that the KV cache had no room for a step with drafts."""
        self._crowded = True

    def has_room(self) -> None:
        """Note that a generation ended."""
        self._crowded = False

    def evaluated(self, chunks: Sequence[Chunk], seconds: float) -> None:
        """Note which drafts a step has evaluated, and its time."""
        if len(chunks) > MAX_DRAFTING:
            return
        row = 0
        for chunk in chunks:
            if chunk.draft:
                chunk.slot.ahead = len(chunk.draft)
                chunk.generation.draft = Draft(chunk.draft, row + 1)
                chunk.generation.draft_tokens += len(chunk.draft)
            row += chunk.rows
        if all(len(chunk.tokens) == 1 for chunk in chunks):
            self._costs.observe(row, seconds)


def verification(generation: Generation) -> Chunk | None:
    """Return the chunk that samples the token after a drafted one; None if the last token was no drafted one."""
    draft, slot = generation.draft, generation.slot
    if draft is None or slot is None:
        return None
    start = len(slot.cached)
    return Chunk(generation, slot, start, generation.tokens[start:], True, row=draft.row)


def accept(generation: Generation) -> None:
    """Take in that the generation's last token has been evaluated as part of a draft."""
    draft, slot = generation.draft, generation.slot
    assert draft is not None
    assert slot is not None
    slot.ahead -= 1
    generation.accepted_tokens += 1
    generation.draft = Draft(draft.tokens, draft.row + 1, draft.accepted + 1)


def settle(generation: Generation) -> None:
    """Compare the token just sampled with the drafted one; forget the draft if they differ, or if it is over."""
    draft = generation.draft
    assert draft is not None
    over = draft.accepted == len(draft.tokens)
    if over or generation.slot is None or generation.tokens[-1] != draft.tokens[draft.accepted]:
        generation.draft = None
        if generation.drafter is not None:
            generation.drafter.verified(len(draft.tokens), draft.accepted)
