"""Continuous batching: all running generations advance together, one ``llama_decode`` per step.

A generation is a list of tokens, prompt and output alike; its slot's KV cache holds the beginning of that list. Each
step evaluates missing tokens: one for a generation that decodes, a chunk for one in prefill. After its last token has
been evaluated, the next one is sampled. Joining, leaving, prefix reuse and restarting after the cache was full are all
the same operation.

``Scheduler.plan`` decides a step, ``ModelRunner.run`` executes it, ``Scheduler.update`` takes in the result. Nothing in
this module calls llama.cpp, reads a clock or takes a lock.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import accumulate
from typing import Final, NamedTuple

from preheat.inference import UBATCH_TOKENS, FinishReason, GenerationChunk, TokenLogprob, Usage
from preheat.inference.worker.slots import PrefixReuse, Slot, oldest_idle, plan_reuse
from preheat.inference.worker.text_stream import TextStream

logger = logging.getLogger(__name__)

SEEDED_CHUNK_TOKENS: Final = 64
"""Prefill chunk of generations with a seed: the same prompt is always computed in the same pieces."""

MIN_CHUNK_TOKENS: Final = 32

_STEP_WITH_DECODING_S: Final = 0.25
"""Maximum delay of decoding generations by prefill, per step."""

_STEP_ALONE_S: Final = 1.0
"""Longest step of prefill alone: a cancellation or a new request waits for it."""

_RATE_WEIGHT: Final = 0.3


class DecodeError(Exception):
    """llama.cpp failed; the context cannot be trusted any more and the process has to end."""


class Status(Enum):
    """Result of a step. Only ``DONE`` has changed the KV cache."""

    DONE = "done"
    NO_ROOM = "no_room"
    INTERRUPTED = "interrupted"


class Sampled(NamedTuple):
    """A sampled token. ``end`` is set if it ends the text without being part of it, ``last`` if nothing may follow."""

    token: int
    piece: bytes
    end: bool = False
    logprob: TokenLogprob | None = None
    last: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Generation:
    """One request in progress."""

    request_id: int
    tokens: list[int]  # the prompt, then what was generated
    prompt_tokens: int = field(init=False)
    text: TextStream
    sample: Callable[[int], Sampled]  # samples the next token from the logits at this index of the batch
    max_tokens: int | None  # maximum of generated tokens; None is the context length
    chunk_tokens: int | None = None  # fixed size of prefill chunks; None takes what the step's time budget allows
    reuse: bool = True  # its prompt may be served from what slots hold
    cached_tokens: int = 0  # prompt tokens that were not computed
    held_logprobs: list[TokenLogprob] = field(default_factory=list)  # of tokens that belong to text still held back
    slot: Slot | None = None
    started: bool = False

    def __post_init__(self) -> None:
        self.prompt_tokens = len(self.tokens)

    @property
    def missing(self) -> int:
        """Tokens that have to be evaluated before the next one can be sampled."""
        return len(self.tokens) - (len(self.slot.cached) if self.slot else 0)


class Chunk(NamedTuple):
    """Tokens of one generation to evaluate in a step; ``last`` if they complete what it has."""

    generation: Generation
    slot: Slot
    start: int
    tokens: Sequence[int]
    last: bool

    @property
    def samples(self) -> bool:
        """The generation's next token is wanted."""
        return self.last and self.generation.max_tokens != 0


class StepPlan(NamedTuple):
    """One step, executed in the order of the attributes."""

    # the generation that gets a slot. Its chunks are in the next plan, which knows what the slot holds.
    admit: Generation | None = None
    reuse: PrefixReuse | None = None  # how that slot gets the prompt's beginning
    preempt: Generation | None = None  # the generation that gives up its slot and starts over later
    forget: tuple[Slot, ...] = ()  # slots to empty
    chunks: tuple[Chunk, ...] = ()  # what to evaluate in one decode

    @property
    def tokens(self) -> int:
        """Tokens in the batch."""
        return sum(len(chunk.tokens) for chunk in self.chunks)


class StepResult(NamedTuple):
    """The result of a step: tokens in the admitted slot, and one sampled token for each chunk that ``samples``."""

    status: Status = Status.DONE
    kept: int = 0
    sampled: Sequence[Sampled] = ()
    seconds: float = 0.0


class Scheduler:
    """Plans each step. One thread only.

    Args:
        parallel: Generations that run at once; more wait.
        batch_tokens: Maximum tokens of one decode.
        context_length: Prompt plus completion limit, in tokens; also the size of the shared KV cache.
        recurrent: The model's state can be neither cut nor shared.
        tokens_per_s: A first guess at the speed of prefill.
    """

    def __init__(
        self, *, parallel: int, batch_tokens: int, context_length: int, recurrent: bool, tokens_per_s: float
    ) -> None:
        self.slots: Final = tuple(Slot(index) for index in range(parallel))
        self._batch_tokens = batch_tokens
        self._context_length = context_length
        self._recurrent = recurrent
        self._prefill_rate = tokens_per_s
        self._waiting: deque[Generation] = deque()
        self._running: list[Generation] = []
        self._admissions = 0
        self._cache_full = False
        self._crowded = False
        """A generation was preempted; until another one ends there is no room for it."""

    @property
    def idle(self) -> bool:
        """No generation is running or waiting."""
        return not self._running and not self._waiting

    def add(self, generation: Generation) -> None:
        """Queue a generation."""
        self._waiting.append(generation)

    def cancel(self, request_id: int) -> None:
        """Drop a generation, if it has not ended yet."""
        for generation in (*self._running, *self._waiting):
            if generation.request_id == request_id:
                self._leave(generation)

    def plan(self) -> StepPlan:
        """Return the next step. Changes nothing.

        Raises:
            DecodeError: The KV cache is full with a single generation.
        """
        if self._cache_full:
            return self._plan_with_room()
        if self._waiting and not self._crowded:
            generation = self._waiting[0]
            allowed = generation.reuse or generation.started
            reuse = plan_reuse(self.slots, generation.tokens, reuse=allowed, recurrent=self._recurrent)
            if reuse is not None:
                return StepPlan(admit=generation, reuse=reuse, forget=self._excess_idle(reuse.slot))
        return StepPlan(chunks=self._plan_chunks(self._running))

    def _plan_with_room(self) -> StepPlan:
        """Free cells of the KV cache: an idle slot's, else those of the youngest generation."""
        idle = oldest_idle(self.slots)
        if idle is not None:
            return StepPlan(forget=(idle,), chunks=self._plan_chunks(self._running))
        *others, youngest = self._running
        if not others or youngest.slot is None:
            raise DecodeError(f"no room in the KV cache for {youngest.missing} tokens of one request")
        return StepPlan(preempt=youngest, forget=(youngest.slot,), chunks=self._plan_chunks(others))

    def _excess_idle(self, taken: Slot) -> tuple[Slot, ...]:
        """Return the idle slots to forget, oldest first, so that they hold at most half of the cache.

        Attention passes over every used cell of the unified cache: old conversations slow down new ones.
        """
        idle = sorted(
            (slot for slot in self.slots if slot.cached and not slot.busy and slot is not taken),
            key=lambda slot: slot.used_at,
        )
        lengths = [len(slot.cached) for slot in idle]
        excess = sum(lengths) - self._context_length // 2
        freed_before = accumulate(lengths, initial=0)
        return tuple(slot for slot, freed in zip(idle, freed_before, strict=False) if freed < excess)

    def _plan_chunks(self, running: Sequence[Generation]) -> tuple[Chunk, ...]:
        decoding = [generation for generation in running if generation.missing == 1]
        prefilling = [generation for generation in running if generation.missing > 1]
        seconds = _STEP_WITH_DECODING_S if decoding else _STEP_ALONE_S
        budget = min(UBATCH_TOKENS, max(MIN_CHUNK_TOKENS, int(self._prefill_rate * seconds)))
        room = self._batch_tokens
        chunks = []
        for generation in (*decoding, *prefilling):
            missing = count = generation.missing
            if missing > 1:
                fixed = generation.chunk_tokens
                count = min(missing, budget if fixed is None else min(fixed, self._batch_tokens))
                if fixed is not None and count > room:
                    continue  # a smaller chunk would round differently
                budget = max(budget - count, 0)
            count = min(count, room)
            if count > 0:
                chunks.append(_chunk(generation, count))
                room -= count
        return tuple(chunks)

    def update(self, plan: StepPlan, result: StepResult) -> list[tuple[int, GenerationChunk]]:
        """Take in the result of a step; return the output of each generation that has any."""
        if plan.admit is not None and plan.reuse is not None:
            self._admit(plan.admit, plan.reuse.slot, result.kept)
        if plan.preempt is not None:
            self._preempt(plan.preempt)
        for slot in plan.forget:
            slot.cached.clear()
        self._cache_full = result.status is Status.NO_ROOM
        if result.status is not Status.DONE or not plan.chunks:
            return []
        tokens = plan.tokens
        if tokens >= MIN_CHUNK_TOKENS and result.seconds > 0:
            self._prefill_rate += _RATE_WEIGHT * (tokens / result.seconds - self._prefill_rate)
        return list(self._advance_all(plan.chunks, iter(result.sampled)))

    def _advance_all(
        self, chunks: Sequence[Chunk], sampled: Iterator[Sampled]
    ) -> Iterator[tuple[int, GenerationChunk]]:
        for chunk in chunks:
            chunk.slot.cached.extend(chunk.tokens)
            generation = chunk.generation
            if chunk.samples:
                output = self._advance(generation, next(sampled))
                if output is not None:
                    yield generation.request_id, output
            elif chunk.last:
                yield generation.request_id, self._finish(generation, FinishReason.LENGTH)

    def _admit(self, generation: Generation, slot: Slot, kept: int) -> None:
        self._waiting.remove(generation)
        self._running.append(generation)
        self._admissions += 1
        slot.cached = generation.tokens[:kept]
        slot.used_at = self._admissions
        slot.busy = True
        generation.slot = slot
        if not generation.started:
            generation.started = True
            generation.cached_tokens = kept

    def _preempt(self, generation: Generation) -> None:
        self._running.remove(generation)
        self._waiting.appendleft(generation)
        self._free_slot(generation)
        self._crowded = True
        logger.info("request %d waits for room in the KV cache", generation.request_id)

    def _advance(self, generation: Generation, sampled: Sampled) -> GenerationChunk | None:
        if sampled.end:
            return self._finish(generation, FinishReason.STOP)
        if sampled.logprob is not None:
            generation.held_logprobs.append(sampled.logprob)
        tokens, stream = generation.tokens, generation.text
        tokens.append(sampled.token)
        text = stream.feed(sampled.piece)
        if stream.stopped or sampled.last:
            return self._finish(generation, FinishReason.STOP, text)
        if len(tokens) - generation.prompt_tokens == generation.max_tokens or len(tokens) >= self._context_length:
            return self._finish(generation, FinishReason.LENGTH, text)
        if not text:
            return None
        return GenerationChunk(text, () if stream.holding else _take_logprobs(generation))

    def _finish(self, generation: Generation, reason: FinishReason, text: str = "") -> GenerationChunk:
        self._leave(generation)
        if generation.text.stopped:
            generation.held_logprobs = _covered_by(text, generation.held_logprobs)
        completion_tokens = len(generation.tokens) - generation.prompt_tokens
        return GenerationChunk(
            text + generation.text.finish(),
            _take_logprobs(generation),
            reason,
            Usage(generation.prompt_tokens, completion_tokens, generation.cached_tokens),
        )

    def _leave(self, generation: Generation) -> None:
        if generation.slot is not None:
            self._running.remove(generation)
            self._free_slot(generation)
        else:
            self._waiting.remove(generation)
        self._crowded = self._cache_full = False

    def _free_slot(self, generation: Generation) -> None:
        assert generation.slot is not None
        generation.slot.busy = False
        generation.slot = None


def _chunk(generation: Generation, count: int) -> Chunk:
    assert generation.slot is not None
    start = len(generation.slot.cached)
    end = start + count
    return Chunk(generation, generation.slot, start, generation.tokens[start:end], end == len(generation.tokens))


def _take_logprobs(generation: Generation) -> tuple[TokenLogprob, ...]:
    logprobs, generation.held_logprobs = tuple(generation.held_logprobs), []
    return logprobs


def _covered_by(text: str, logprobs: Sequence[TokenLogprob]) -> list[TokenLogprob]:
    """Return the first entries, as far as the text contains their tokens; a stop string's tokens are left out."""
    ends = accumulate(len(entry.token) for entry in logprobs)
    return [entry for entry, end in zip(logprobs, ends, strict=True) if end <= len(text)]
