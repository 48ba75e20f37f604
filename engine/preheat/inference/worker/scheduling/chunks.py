"""Which tokens of the running generations a step evaluates. Pure.

Prompts are cut at multiples of ``CHUNK_TOKENS``, as many chunks a step as its time budget allows. Generations of low
priority pause while others run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from preheat.inference import UBATCH_TOKENS
from preheat.inference.worker.scheduling.generation import Chunk, Generation
from preheat.inference.worker.scheduling.slots import CHUNK_TOKENS
from preheat.inference.worker.scheduling.speculation import Speculation
from preheat.inference.worker.scheduling.steps import StepPlan, StepResult

MIN_CHUNK_TOKENS: Final = 32

SCORED_TOKENS: Final = 16
"""Most prompt tokens with log probabilities in one step. Each needs a row of logits in memory."""

BULK_PAUSE_STEPS: Final = 16
"""Interval, in steps, at which generations of low priority advance while others run."""

_STEP_WITH_DECODING_S: Final = 0.25
"""Maximum delay of decoding generations by prefill, per step."""

_STEP_ALONE_S: Final = 1.5
"""Longest step of prefill alone: a cancellation or a new request waits for it."""

_RATE_WEIGHT: Final = 0.3


class ChunkPlanner:
    """Plans what to evaluate. One thread only.

    Args:
        batch_tokens: Maximum tokens of one decode.
        tokens_per_s: A first guess at the speed of prefill.
        speculation: Adds drafts.

    Attributes:
        size: Tokens of a chunk.
    """

    def __init__(self, batch_tokens: int, tokens_per_s: float, speculation: Speculation) -> None:
        self._batch_tokens = batch_tokens
        self.size: Final = max(1, min(CHUNK_TOKENS, batch_tokens // 2))  # leaves room for decoding
        self.tokens_per_s = tokens_per_s
        """Speed of prefill."""
        self._speculation = speculation
        self._paused_steps = 0
        """Steps since generations of low priority took part in one."""

    def plan(self, running: Sequence[Generation]) -> tuple[Chunk, ...]:
        """Return the chunks of the next step. Changes nothing."""
        running = [generation for generation in running if generation.restore is None]
        interactive = [generation for generation in running if not generation.in_bulk]
        if interactive and self._paused_steps < BULK_PAUSE_STEPS:
            running = interactive
        decoding: list[Generation] = []
        prefilling: list[Generation] = []
        for generation in running:
            (decoding if generation.missing == 1 else prefilling).append(generation)
        chunks = [_chunk(generation, 1) for generation in decoding[: self._batch_tokens]]
        if not prefilling:
            return self._speculation.with_drafts(chunks)
        prefilling.sort(key=lambda each: each.level)
        seconds = _STEP_WITH_DECODING_S if decoding else _STEP_ALONE_S
        budget = min(UBATCH_TOKENS, max(MIN_CHUNK_TOKENS, int(self.tokens_per_s * seconds)))
        for generation in prefilling:
            if (span := generation.image_due) is not None:  # llama.cpp decodes it in batches of its own
                return (_chunk(generation, span.image.positions)._replace(image=span.image),)
        room, scored = self._batch_tokens - len(chunks), SCORED_TOKENS
        for generation in prefilling:
            limit = room if generation.score is None else min(room, scored)
            count = self._prefill_count(generation, budget, limit, first=len(chunks) == len(decoding))
            if count > 0:
                chunk = _chunk(generation, count)
                chunks.append(chunk)
                room, budget, scored = room - count, budget - count, scored - len(chunk.scored)
        return tuple(chunks)

    def _prefill_count(self, generation: Generation, budget: int, limit: int, *, first: bool) -> int:
        """Return how many tokens of a prompt to evaluate: whole chunks, and its last tokens in a step of their own.

        ``budget`` is what there is time for, ``limit`` what is possible. The ``first`` prompt of a step always
        advances: with a seed by a whole chunk, otherwise by the budget. Where a beginning ends inside a chunk, the
        budget counts.
        """
        assert generation.slot is not None
        missing, start = generation.missing - generation.ends_alone, len(generation.slot.cached)
        size = self.size
        if generation.max_chunk is not None:
            budget = min(budget, generation.max_chunk)
        count = min(missing, max(budget, 0), limit, generation.text_due)
        if generation.images or generation.stop_at > start:
            return count
        if generation.score is not None or generation.max_chunk is not None:
            return count
        if missing < size and (generation.seeded or (count == missing and start == generation.slot.whole)):
            return missing if missing <= limit else 0
        if start != generation.slot.whole:
            return count
        whole = count // size * size
        if whole or not first:
            return whole
        return min(size, limit) // size * size if generation.seeded else count

    def evaluated(self, plan: StepPlan, result: StepResult) -> None:
        """Take in that the chunks of a step have been evaluated, and its time."""
        tokens = plan.tokens
        if tokens >= MIN_CHUNK_TOKENS and result.seconds > 0 and plan.chunks[0].image is None:
            self.tokens_per_s += _RATE_WEIGHT * (tokens / result.seconds - self.tokens_per_s)
        self._speculation.evaluated(plan.chunks, result.seconds)
        bulk_ran = any(chunk.generation.in_bulk for chunk in plan.chunks)
        self._paused_steps = 0 if bulk_ran else self._paused_steps + 1


def _chunk(generation: Generation, count: int) -> Chunk:
    assert generation.slot is not None
    start = len(generation.slot.cached)
    end = start + count
    return Chunk(generation, generation.slot, start, generation.tokens[start:end], end == len(generation.tokens))
