"""Continuous batching: all running generations advance together, one ``llama_decode`` per step.

A generation is a list of tokens, prompt and output alike; its slot's KV cache holds the beginning of that list. Each
step evaluates missing tokens: one for a generation that decodes, a chunk for one in prefill. After its last token has
been evaluated, the next one is sampled. Joining, leaving, prefix reuse and restarting after the cache was full are all
the same operation. Where drafts pay, a step also evaluates the likely next tokens: see ``speculation``.

Cells that are to be stored are copied between steps, and stored ones are put back into the slot of a generation that
waits for them. While others decode, a step has at most one block of each (``PrefixPlanner`` decides which).

Prompts are cut at multiples of ``CHUNK_TOKENS``, as many chunks a step as its time budget allows. Generations of low
priority pause while others run, and give up their slot if it is wanted; what they computed stays in the cache as long
as there is room.

``Scheduler.plan`` decides a step, ``ModelRunner.run`` executes it, ``Scheduler.update`` takes in the result. Nothing in
this module calls llama.cpp, reads a clock or takes a lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NoReturn

from preheat.inference import UBATCH_TOKENS, FinishReason, GenerationChunk, Priority, TokenLogprob
from preheat.inference.worker.drafts import StepCosts
from preheat.inference.worker.prefixes import Copy, Missing, PrefixPlanner, Put, Restore, Tier, shared_prefix
from preheat.inference.worker.scheduling.generation import Beginning, Chunk, Generation, Sampled
from preheat.inference.worker.scheduling.slots import CHUNK_TOKENS, PrefixReuse, Slot, oldest_idle, plan_reuse
from preheat.inference.worker.scheduling.speculation import Speculation, accept, settle, verification
from preheat.inference.worker.scheduling.steps import DecodeError, Status, StepPlan, StepResult
from preheat.inference.worker.scheduling.waiting import WaitingQueue

logger = logging.getLogger(__name__)

MIN_CHUNK_TOKENS: Final = 32

SCORED_TOKENS: Final = 16
"""Prompt tokens in one step whose log probabilities are wanted: each has a row of logits in memory."""

BULK_PAUSE_STEPS: Final = 16
"""Interval, in steps, at which generations of low priority advance while others run."""

KEPT_IDLE: Final = 4
"""Idle conversations that may have half of the KV cache."""

SHORT_IDLE_TOKENS: Final = 512
"""Tokens of idle conversations up to which there may be more."""

_STEP_WITH_DECODING_S: Final = 0.25
"""Maximum delay of decoding generations by prefill, per step."""

_STEP_ALONE_S: Final = 1.0
"""Longest step of prefill alone: a cancellation or a new request waits for it."""

_RATE_WEIGHT: Final = 0.3


def _raise(_request_id: int, error: Exception) -> NoReturn:
    raise error


class Scheduler:
    """Plans each step. One thread only.

    Args:
        parallel: Generations that run at once; more wait.
        slots: Sequences of the KV cache, at least ``parallel``; further ones hold idle conversations.
        batch_tokens: Maximum tokens of one decode.
        context_length: Prompt plus completion limit, in tokens; also the size of the shared KV cache.
        recurrent: The model's state can be neither cut nor shared.
        even_step: See ``LlamaModel``.
        tokens_per_s: A first guess at the speed of prefill.
        prefixes: Decides what is stored and restored; None stores nothing.
        costs: What steps cost; measured by default.
        failed: Called with the id of a request that was dropped because of an exception, and with the exception.
    """

    def __init__(
        self,
        *,
        parallel: int,
        slots: int,
        batch_tokens: int,
        context_length: int,
        recurrent: bool,
        tokens_per_s: float,
        even_step: int = 0,
        costs: StepCosts | None = None,
        prefixes: PrefixPlanner | None = None,
        failed: Callable[[int, Exception], None] = _raise,
    ) -> None:
        self._failed = failed
        self.slots: Final = tuple(Slot(index) for index in range(slots))
        self._parallel = parallel
        self._batch_tokens = batch_tokens
        self._chunk_tokens = max(1, min(CHUNK_TOKENS, batch_tokens // 2))  # leaves room for decoding
        self.context_length: Final = context_length
        self._recurrent = recurrent
        self._even_step = even_step
        self._may_be_even = False  # the last step was less than a chunk
        self.tokens_per_s = tokens_per_s
        """Speed of prefill."""
        self._prefixes = prefixes or PrefixPlanner()
        self._speculation = Speculation(context_length, SCORED_TOKENS - 1, costs)
        self._waiting = WaitingQueue()
        self._running: list[Generation] = []  # the longest running first
        self._admissions = 0
        self._paused_steps = 0
        """Steps since generations of low priority took part in one."""
        self._cache_full = False
        self._crowded = False
        """A generation was preempted for lack of room; until another one ends there is none for it."""

    @property
    def idle(self) -> bool:
        """Nothing is left to do."""
        return not self._running and not self._waiting and not self._has_chores

    @property
    def _has_chores(self) -> bool:
        private = any(slot.private and slot.cached for slot in self.slots)
        return private or (self._prefixes.has_room and any(slot.to_store for slot in self.slots))

    @property
    def requests(self) -> int:
        """Number of generations that are running or waiting."""
        return len(self._running) + len(self._waiting)

    def add(self, generation: Generation) -> None:
        """Queue a generation."""
        if not self._recurrent and generation.reusable:
            self._find_leader(generation)
        self._waiting.add(generation)
        if generation.beginning is not None:
            self.begins(generation, generation.beginning)

    def begins(self, generation: Generation, beginning: Beginning) -> None:
        """Take in where a generation's fixed beginning ends, at any time before the generation has ended."""
        generation.beginning = beginning
        self._prefixes.count(beginning.id)
        if self._recurrent or self._prefixes.exact:  # its state has to be copied exactly there
            wanted = not generation.seeded and self._wanted(generation, beginning)
            generation.stop_at = beginning.tokens if wanted else 0
        if generation.slot is not None:
            self._store_beginning(generation, generation.slot)

    def _wanted(self, generation: Generation, beginning: Beginning, whole: int = 0) -> list[Missing]:
        return self._prefixes.beginning(
            generation.tokens[: beginning.tokens],
            beginning.id,
            whole=whole,
            chunk=self._chunk_tokens,
            tokens_per_s=self.tokens_per_s,
            is_own=beginning.is_own,
        )

    def _store_beginning(self, generation: Generation, slot: Slot) -> None:
        """Let a generation's beginning be stored as soon as the slot has it."""
        beginning = generation.beginning
        if beginning is None or generation.beginning_seen or generation.private or len(slot.cached) < beginning.tokens:
            return
        generation.beginning_seen = True
        if not self._prefixes.exact or len(slot.cached) == beginning.tokens:
            slot.to_store = self._wanted(generation, beginning, slot.whole)

    def _find_leader(self, generation: Generation) -> None:
        """Note which earlier generation is to compute the longest part of the same prompt."""
        for other in (*self._running, *self._waiting):
            if other.private:
                continue
            shared = min(shared_prefix(other.tokens, generation.tokens), len(generation.tokens) - 1)
            if shared >= self._chunk_tokens and shared > generation.shared:
                generation.leader, generation.shared = other, shared
            if shared == len(generation.tokens) - 1:
                return  # none shares more

    def cancel(self, request_id: int) -> None:
        """Drop a generation, if it has not ended yet."""
        for generation in (*self._running, *self._waiting):
            if generation.request_id == request_id:
                self._leave(generation)

    @property
    def verifying(self) -> bool:
        """The next step verifies drafts: it needs the logits of the last one."""
        return any(generation.draft is not None for generation in self._running)

    def plan(self, now: float = 0.0) -> StepPlan:
        """Return the next step at a time of the runner's clock, in seconds. Changes nothing.

        Raises:
            DecodeError: The KV cache is full with a single generation.
        """
        if self.verifying:
            return StepPlan(chunks=tuple(filter(None, map(verification, self._running))))
        step = self._with_put(self._plan_step())
        has_chores = any(slot.private or slot.ahead or slot.to_store for slot in self.slots)
        if not has_chores and step == StepPlan(chunks=step.chunks):
            return step  # decodes or prefills, as nearly all do
        taken = step.reuse.slot if step.reuse is not None else None
        private = tuple(
            slot
            for slot in self.slots
            if slot.private and slot.cached and not slot.busy and slot is not taken and slot not in step.forget
        )
        step = step._replace(forget=(*step.forget, *private))
        most = 1 if any(each.missing == 1 for each in self._running) else None
        cut = tuple(slot for slot in self.slots if slot.ahead)
        copies: tuple[Copy, ...] = ()
        for slot, keep in _losses(step):
            lost = self._prefixes.lost(slot, keep, now, chunk=self._chunk_tokens, tokens_per_s=self.tokens_per_s)
            due = self._prefixes.copies(slot, lost, most)
            if 0 < len(due) < len(lost) or (due and copies and most):
                # The content is needed for one more step.
                return StepPlan(
                    copies=due, cut=cut, chunks=() if self._cache_full else self._plan_chunks(self._running)
                )
            copies += due
        return step._replace(copies=copies or self._prefixes.due(self.slots, most), cut=cut)

    def _with_put(self, step: StepPlan) -> StepPlan:
        """Return the step with the next stored cells that have been read, and with room for them."""
        for generation in self._running:
            link = generation.restore.link if generation.restore is not None else None
            if link is None or generation.slot is None or generation is step.preempt:
                continue
            assert generation.restore is not None
            cells = sum(len(slot.cached) for slot in self.slots if slot not in step.forget) + link.tokens
            idle = oldest_idle(slot for slot in self.slots if slot not in step.forget)
            if cells > self.context_length and idle is not None and step.reuse is None:
                step = step._replace(forget=(*step.forget, idle))
            put = Put(generation.slot, link, generation.restore.cells, self._prefixes.exact)
            return step._replace(put=put)
        return step

    def store_all(self, now: float, *, unloads: bool = False, hands_over: bool = False) -> bool:
        """Let the conversations in the slots be stored, as far as that is worth it; return whether any is."""
        for slot in self.slots:
            lost = self._prefixes.lost(
                slot,
                0,
                now,
                chunk=self._chunk_tokens,
                tokens_per_s=self.tokens_per_s,
                unloads=unloads,
                hands_over=hands_over,
            )
            slot.to_store = lost or slot.to_store
        return self._has_chores

    def arrived(self, restore: Restore, cells: memoryview | None, tier: Tier) -> None:
        """Take stored cells that were read; None for damaged ones."""
        if not restore.abandoned:
            restore.arrived(cells, tier)
            for generation in self._running:
                if generation.restore is restore and restore.done:
                    self._end_restore(generation)

    def give_up_restores(self) -> None:
        """Compute what was not read in time."""
        for generation in self._running:
            if generation.restore is not None:
                generation.restore.failed = True
                self._end_restore(generation)

    def _plan_step(self) -> StepPlan:
        if self._cache_full:
            return self._plan_with_room()
        waiting = self._waiting.in_turn(self._running) if self._waiting else ()
        generation = next((each for each in waiting if not each.follows), None)
        if generation is not None:
            if len(self._running) < self._parallel and not self._crowded:
                return self._plan_admission(generation)
            victim = max(self._running, key=lambda each: (each.level, each.admitted))
            if victim.level > generation.level and victim.slot is not None:
                others = [each for each in self._running if each is not victim]
                forget = (victim.slot,) if self._crowded else ()
                return StepPlan(preempt=victim, forget=forget, chunks=self._plan_chunks(others))
        return StepPlan(chunks=self._plan_chunks(self._running))

    def _plan_admission(self, generation: Generation) -> StepPlan:
        exact = _is_exact(generation)
        reuse = plan_reuse(
            self.slots,
            generation.tokens,
            reuse=generation.reusable,
            recurrent=self._recurrent,
            chunk=self._chunk_tokens if exact or not self._prefixes.exact else 0,
            exact=exact,
            even_step=self._even_step,
        )
        assert reuse is not None, "fewer generations run than there are slots"
        return StepPlan(admit=generation, reuse=reuse, forget=self._excess_idle(reuse.slot))

    def _plan_with_room(self) -> StepPlan:
        """Free cells of the KV cache: an idle slot's, else those of the youngest generation of the lowest priority."""
        idle = oldest_idle(self.slots)
        if idle is not None:
            return StepPlan(forget=(idle,), chunks=self._plan_chunks(self._running))
        youngest = max(self._running, key=lambda each: (each.level, each.admitted))
        others = [each for each in self._running if each is not youngest]
        if not others or youngest.slot is None:
            raise DecodeError(f"no room in the KV cache for {youngest.missing} tokens of one request")
        return StepPlan(preempt=youngest, forget=(youngest.slot,), chunks=self._plan_chunks(others))

    def _excess_idle(self, taken: Slot) -> tuple[Slot, ...]:
        """Return the idle slots to forget, oldest first.

        Attention passes over every used cell of the unified cache: 4,000 cells of old conversations make each step 10 %
        longer. So the last few conversations may have half of the cache, and older ones stay only if all are short.
        """
        idle = [slot for slot in self.slots if slot.cached and not slot.busy and slot is not taken]
        idle.sort(key=lambda slot: slot.used_at, reverse=True)
        cells = accumulate(len(slot.cached) for slot in idle)
        half = self.context_length // 2
        kept = sum(held <= (half if n < KEPT_IDLE else min(half, SHORT_IDLE_TOKENS)) for n, held in enumerate(cells))
        return tuple(reversed(idle[kept:]))

    def _plan_chunks(self, running: Sequence[Generation]) -> tuple[Chunk, ...]:
        running = [generation for generation in running if generation.restore is None]
        interactive = [generation for generation in running if generation.level is Priority.INTERACTIVE]
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
        size = self._chunk_tokens
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

    def update(self, plan: StepPlan, result: StepResult) -> list[tuple[int, GenerationChunk]]:
        """Take in the result of a step; return the output of each generation that has any."""
        for copy, was_copied in zip(plan.copies, result.copied, strict=True):
            copy.slot.to_store = [missing for missing in copy.slot.to_store if missing.key != copy.missing.key]
            copy.slot.storable &= was_copied
        if plan.admit is not None and plan.reuse is not None:
            self._admit(plan.admit, plan.reuse, result.kept)
        if plan.preempt is not None:
            self._preempt(plan.preempt, crowded=self._cache_full)
        for slot in plan.cut:
            slot.ahead = 0
        for slot in plan.forget:
            slot.clear()
        if plan.put is not None:
            self._was_put(plan.put, result.was_put)
        outputs = self._end_restored(result.ended_at)
        if plan.verifies:
            return outputs + self._advance_all(plan.chunks, result)
        if plan.chunks or not plan.copies:
            self._cache_full = result.status is Status.NO_ROOM
        if self._cache_full and any(chunk.draft for chunk in plan.chunks):
            self._cache_full = False
            self._speculation.no_room()
        if result.status is not Status.DONE or not plan.chunks:
            return outputs
        tokens = plan.tokens
        self._may_be_even = self._even_step > 0 and tokens < self._chunk_tokens
        if tokens >= MIN_CHUNK_TOKENS and result.seconds > 0 and plan.chunks[0].image is None:
            self.tokens_per_s += _RATE_WEIGHT * (tokens / result.seconds - self.tokens_per_s)
        self._speculation.evaluated(plan.chunks, result.seconds)
        bulk_ran = any(chunk.generation.level is not Priority.INTERACTIVE for chunk in plan.chunks)
        self._paused_steps = 0 if bulk_ran else self._paused_steps + 1
        return outputs + self._advance_all(plan.chunks, result)

    def _was_put(self, put: Put, was_put: bool) -> None:
        """Take in that stored cells are in their slot, or that llama.cpp refused them."""
        slot, link = put.slot, put.link
        generation = next(each for each in self._running if each.slot is slot)
        assert generation.restore is not None
        start, end, held = link.stored.start, link.stored.start + link.tokens, len(slot.cached)
        slot.cut(min(start, held))
        if was_put:
            restored = generation.restore.was_put(held)
            slot.cached.extend(generation.tokens[start:end])
            if link.stored.whole_chunks and slot.whole == start:
                slot.whole = end // self._chunk_tokens * self._chunk_tokens
            if generation.began_at is None:
                generation.was_restored(restored)
        else:
            generation.restore.failed = True
        if generation.restore.done or not was_put:
            self._end_restore(generation)

    def _end_restore(self, generation: Generation) -> None:
        if generation.restore is not None:
            generation.restore_failed |= generation.restore.failed
            generation.restore.end()
            generation.restore = None

    def _end_restored(self, now: float) -> list[tuple[int, GenerationChunk]]:
        """End the generations that only put stored tokens into a slot."""
        outputs = []
        for generation in [each for each in self._running if each.restore_only and each.restore is None]:
            self._leave(generation)
            outputs.append((generation.request_id, generation.finish(FinishReason.LENGTH, now)))
        return outputs

    def _advance_all(self, chunks: Sequence[Chunk], result: StepResult) -> list[tuple[int, GenerationChunk]]:
        all_outputs: list[tuple[int, GenerationChunk]] = []
        sampled, scores = iter(result.sampled), iter(result.scores)
        for chunk in chunks:
            generation = chunk.generation
            token = next(sampled) if chunk.samples else None
            try:
                outputs = self._advance(chunk, token, next(scores, ()), result)
            except Exception as error:
                self._leave(generation)
                self._failed(generation.request_id, error)
                continue
            if outputs and outputs[-1].finish_reason is not None:
                self._leave(generation)
            elif generation.draft is not None:
                settle(generation)
            for output in outputs:
                all_outputs.append((generation.request_id, output))
        return all_outputs

    def _advance(
        self,
        chunk: Chunk,
        sampled: Sampled | Exception | None,
        scores: Sequence[TokenLogprob] | Exception,
        result: StepResult,
    ) -> list[GenerationChunk]:
        """Take in what a chunk brought for its generation; return the output. Raises what sampling raised."""
        slot, generation = chunk.slot, chunk.generation
        first = generation.began_at is None
        if first:
            generation.began_at = result.ended_at - result.seconds
        if chunk.row is not None:
            accept(generation)
        if slot.whole == chunk.start:
            slot.whole += len(chunk.tokens) // self._chunk_tokens * self._chunk_tokens
        if self._may_be_even and len(chunk.tokens) >= self._even_step and chunk.start == max(slot.whole, slot.even):
            slot.even = chunk.start + len(chunk.tokens)
        if self._prefixes.exact:
            slot.to_store = []  # the state of a moment ago
        slot.cached.extend(chunk.tokens)
        slot.used_s = result.ended_at
        if not generation.beginning_seen:
            self._store_beginning(generation, slot)
        if isinstance(scores, Exception):
            raise scores
        for at, score in enumerate(scores, chunk.start + 1) if scores else ():
            if at == len(generation.prompt_logprobs):  # otherwise known from before it was preempted
                generation.prompt_logprobs.append(score)
        outputs = []
        if (first or not chunk.last) and (progress := generation.progress()) is not None:
            outputs.append(progress)
        output = None
        if isinstance(sampled, Exception):
            raise sampled
        if sampled is not None:
            output = generation.advance(sampled, self.context_length, result.ended_at)
        elif chunk.last:
            output = generation.finish(FinishReason.LENGTH, result.ended_at)
        if output is not None:
            outputs.append(output)
        return outputs

    def _admit(self, generation: Generation, reuse: PrefixReuse, kept: int) -> None:
        self._admissions += 1
        self._waiting.admit(generation, self._admissions)
        self._running.append(generation)
        slot = reuse.slot
        if _is_exact(generation):
            others = (each.usable(generation.tokens, chunk=0) for each in self.slots)
            generation.in_other_pieces = max(others, default=0) > kept
        whole, even = reuse.whole(kept, self._chunk_tokens), reuse.even(kept, self._chunk_tokens)
        slot.cut(min(kept, reuse.keep))
        slot.whole, slot.even, slot.cached = whole, even, generation.tokens[:kept]
        slot.prompt_tokens = generation.prompt_tokens
        slot.private, slot.storable = generation.private, not generation.private
        slot.used_at = generation.admitted = self._admissions
        slot.busy = True
        generation.slot = slot
        generation.leader = None
        if generation.reusable and not generation.images:
            generation.restore = self._prefixes.restore(
                generation.tokens,
                kept,
                len(generation.tokens) - (not generation.restore_only),
                chunk=self._chunk_tokens if _is_exact(generation) else 1,
                tokens_per_s=self.tokens_per_s,
            )
        if generation.began_at is None:
            generation.cached_tokens, generation.saved_s = kept, 0.0
            generation.tier_tokens.clear()
        generation.started = True

    def _preempt(self, generation: Generation, *, crowded: bool) -> None:
        self._end_restore(generation)
        self._running.remove(generation)
        self._waiting.put_back(generation)
        self._free_slot(generation)
        self._crowded = crowded
        logger.info("request %d waits for %s", generation.request_id, "room in the KV cache" if crowded else "others")

    def _leave(self, generation: Generation) -> None:
        self._end_restore(generation)
        if generation.slot is not None:
            self._running.remove(generation)
            self._free_slot(generation)
        else:
            self._waiting.remove(generation)
        self._speculation.has_room()
        self._waiting.forget_clients(self._running)
        self._crowded = self._cache_full = False

    def _free_slot(self, generation: Generation) -> None:
        assert generation.slot is not None
        generation.slot.busy = False
        generation.slot = generation.draft = None


def _is_exact(generation: Generation) -> bool:
    """Return whether a prompt has to get the same bits each time. What it has computed itself is used in any case."""
    return generation.seeded and not generation.started


def _losses(step: StepPlan) -> Iterator[tuple[Slot, int]]:
    """Yield the idle slots that lose content in a step, and how much they keep."""
    if step.reuse is not None and step.reuse.held > step.reuse.keep:
        yield step.reuse.slot, step.reuse.keep
    yield from ((slot, 0) for slot in step.forget if not slot.busy)


def _chunk(generation: Generation, count: int) -> Chunk:
    assert generation.slot is not None
    start = len(generation.slot.cached)
    end = start + count
    return Chunk(generation, generation.slot, start, generation.tokens[start:end], end == len(generation.tokens))
