"""Continuous batching: all running generations advance together, one ``llama_decode`` per step.

A generation is a list of tokens, prompt and output alike; its slot's KV cache holds the beginning of that list. Each
step evaluates missing tokens: one for a generation that decodes, a chunk for one in prefill. After its last token has
been evaluated, the next one is sampled. Joining, leaving, prefix reuse and restarting after the cache was full are all
the same operation. Where drafts pay, a step also evaluates the likely next tokens: see ``speculation``.

Cells that are to be stored are copied between steps, and stored ones are put back into the slot of a generation that
waits for them: see ``storing``. ``chunks`` plans what is evaluated, and ``idle`` which conversations leave the cache.
Generations of low priority pause while others run, and give up their slot if it is wanted.

``Scheduler.plan`` decides a step, ``ModelRunner.run`` executes it, ``Scheduler.update`` takes in the result. Nothing in
this module calls llama.cpp, reads a clock or takes a lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from preheat.inference import FinishReason, GenerationChunk, TokenLogprob
from preheat.inference.worker.drafts import StepCosts
from preheat.inference.worker.prefixes import PrefixPlanner, Restore, Tier, shared_prefix
from preheat.inference.worker.scheduling.chunks import SCORED_TOKENS, ChunkPlanner
from preheat.inference.worker.scheduling.generation import Beginning, Chunk, Generation, Sampled
from preheat.inference.worker.scheduling.idle import USUAL_TOKENS, CellCosts, IdleRule
from preheat.inference.worker.scheduling.slots import PrefixReuse, Slot, oldest_idle, plan_reuse
from preheat.inference.worker.scheduling.speculation import Speculation, accept, settle, verification
from preheat.inference.worker.scheduling.steps import DecodeError, Status, StepPlan, StepResult
from preheat.inference.worker.scheduling.storing import SlotStorage
from preheat.inference.worker.scheduling.waiting import WaitingQueue

logger = logging.getLogger(__name__)

_USUAL_WEIGHT: Final = 0.1


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
        cells: What cells of the KV cache cost; by default nothing is parked.
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
        cells: CellCosts | None = None,
        prefixes: PrefixPlanner | None = None,
        failed: Callable[[int, Exception], None] = _raise,
    ) -> None:
        self._failed = failed
        self.slots: Final = tuple(Slot(index) for index in range(slots))
        self._parallel = parallel
        self.context_length: Final = context_length
        self._recurrent = recurrent
        self._even_step = even_step
        self._may_be_even = False  # the last step was less than a chunk
        self._speculation = Speculation(context_length, SCORED_TOKENS - 1, costs)
        self._chunks = ChunkPlanner(batch_tokens, tokens_per_s, self._speculation)
        self._prefixes = prefixes = prefixes or PrefixPlanner()
        self._storage = SlotStorage(prefixes, self.slots, self._chunks, context_length, whole_states=recurrent)
        costs_nothing = recurrent or prefixes.exact or cells is None
        self._idle_rule = IdleRule(
            CellCosts() if costs_nothing or cells is None else cells, context_length, self._storage.return_s
        )
        self._usual_tokens: float = USUAL_TOKENS
        self._waiting = WaitingQueue()
        self._running: list[Generation] = []  # the longest running first
        self._admissions = 0
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
        return private or self._storage.has_chores

    @property
    def tokens_per_s(self) -> float:
        """Speed of prefill."""
        return self._chunks.tokens_per_s

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
        self._storage.begins(generation, beginning)

    def _find_leader(self, generation: Generation) -> None:
        """Note which earlier generation is to compute the longest part of the same prompt."""
        for other in (*self._running, *self._waiting):
            if other.private:
                continue
            shared = min(shared_prefix(other.tokens, generation.tokens), len(generation.tokens) - 1)
            if shared >= self._chunks.size and shared > generation.shared:
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
        step = self._storage.with_put(self._plan_step(now), self._running)
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
        copies, complete = self._storage.copies(step, now, most)
        if not complete:  # the content is needed for one more step
            return StepPlan(copies=copies, cut=cut, chunks=() if self._cache_full else self._chunks.plan(self._running))
        return step._replace(copies=copies, cut=cut, unpark=self._storage.to_unpark(step))

    def store_all(self, now: float, *, unloads: bool = False, hands_over: bool = False) -> bool:
        """Let the conversations in the slots be stored, as far as that is worth it; return whether any is."""
        self._storage.store_all(now, unloads=unloads, hands_over=hands_over)
        return self._has_chores

    def arrived(self, restore: Restore, cells: memoryview | None, tier: Tier) -> None:
        """Take stored cells that were read; None for damaged ones."""
        self._storage.arrived(self._running, restore, cells, tier)

    def give_up_restores(self) -> None:
        """Compute what was not read in time."""
        self._storage.give_up(self._running)

    def _plan_step(self, now: float) -> StepPlan:
        if self._cache_full:
            return self._plan_with_room()
        waiting = self._waiting.in_turn(self._running) if self._waiting else ()
        generation = next((each for each in waiting if not each.follows), None)
        if generation is not None:
            if len(self._running) < self._parallel and not self._crowded:
                return self._plan_admission(generation, now)
            victim = max(self._running, key=lambda each: (each.level, each.admitted))
            if victim.in_bulk and not generation.in_bulk and victim.slot is not None:
                others = [each for each in self._running if each is not victim]
                forget = (victim.slot,) if self._crowded else ()
                return StepPlan(preempt=victim, forget=forget, chunks=self._chunks.plan(others))
        return StepPlan(chunks=self._chunks.plan(self._running))

    def _plan_admission(self, generation: Generation, now: float) -> StepPlan:
        exact = _is_exact(generation)
        reuse = plan_reuse(
            self.slots,
            generation.tokens,
            reuse=generation.reusable,
            recurrent=self._recurrent,
            chunk=self._chunks.size if exact or not self._prefixes.exact else 0,
            exact=exact,
            even_step=self._even_step,
        )
        assert reuse is not None, "fewer generations run than there are slots"
        idle = [slot for slot in self.slots if slot.cached and not slot.busy and slot is not reuse.slot]
        leaving = self._idle_rule.leaving(
            idle,
            *self._expected(generation, reuse),
            busy=sum(slot.cells for slot in self.slots if slot.busy),
            now=now,
            spared=reuse.source,
        )
        return StepPlan(admit=generation, reuse=reuse, park=leaving.park, forget=leaving.forget)

    def _expected(self, generation: Generation, reuse: PrefixReuse) -> tuple[float, int]:
        """Return how many tokens a request's answer is expected to have, and those of its prompt to be computed."""
        most = self.context_length if generation.max_tokens is None else generation.max_tokens
        return min(most, self._usual_tokens), len(generation.tokens) - max(reuse.keep, reuse.shared)

    def _plan_with_room(self) -> StepPlan:
        """Free cells of the KV cache: an idle slot's, else those of the youngest generation of the lowest priority."""
        idle = oldest_idle(self.slots)
        if idle is not None:
            return StepPlan(forget=(idle,), chunks=self._chunks.plan(self._running))
        youngest = max(self._running, key=lambda each: (each.level, each.admitted))
        others = [each for each in self._running if each is not youngest]
        if not others or youngest.slot is None:
            raise DecodeError(f"no room in the KV cache for {youngest.missing} tokens of one request")
        return StepPlan(preempt=youngest, forget=(youngest.slot,), chunks=self._chunks.plan(others))

    def update(self, plan: StepPlan, result: StepResult) -> list[tuple[int, GenerationChunk]]:
        """Take in the result of a step; return the output of each generation that has any."""
        self._storage.was_copied(plan, result)
        for slot, parked in zip(plan.park, result.parked, strict=True):
            slot.parked = parked
        if plan.admit is not None and plan.reuse is not None:
            self._admit(plan.admit, plan.reuse, result.kept)
        if plan.unpark is not None:
            plan.unpark.unparked(there=result.unparked)
        if plan.preempt is not None:
            self._preempt(plan.preempt, crowded=self._cache_full)
        for slot in plan.cut:
            slot.ahead = 0
        for slot in plan.forget:
            slot.clear()
        if plan.put is not None:
            self._storage.was_put(self._running, plan.put, result.was_put)
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
        self._may_be_even = self._even_step > 0 and plan.tokens < self._chunks.size
        self._chunks.evaluated(plan, result)
        return outputs + self._advance_all(plan.chunks, result)

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
                answer = len(generation.tokens) - generation.prompt_tokens
                self._usual_tokens += _USUAL_WEIGHT * (answer - self._usual_tokens)
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
            slot.whole += len(chunk.tokens) // self._chunks.size * self._chunks.size
        if self._may_be_even and len(chunk.tokens) >= self._even_step and chunk.start == max(slot.whole, slot.even):
            slot.even = chunk.start + len(chunk.tokens)
        if self._prefixes.exact:
            slot.to_store = []  # the state of a moment ago
        slot.cached.extend(chunk.tokens)
        slot.used_s = result.ended_at
        if not generation.beginning_seen:
            self._storage.store_beginning(generation, slot)
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
        saved_s = 0.0 if generation.restore_only else reuse.source.claim_saved_s(kept)
        whole, even = reuse.whole(kept, self._chunks.size), reuse.even(kept, self._chunks.size)
        slot.cut(min(kept, reuse.keep))
        slot.whole, slot.even, slot.cached = whole, even, generation.tokens[:kept]
        slot.prompt_tokens = generation.prompt_tokens
        slot.private, slot.storable = generation.private, not generation.private
        slot.used_at = generation.admitted = self._admissions
        slot.busy = True
        slot.parked, slot.rent_s = None, 0.0
        for other in self.slots:
            if not other.busy:
                other.rent_s += self._idle_rule.rent_s(other, *self._expected(generation, reuse))
        generation.slot = slot
        generation.leader = None
        generation.restore = self._storage.restore(generation, kept, exact=_is_exact(generation))
        if generation.began_at is None:
            generation.cached_tokens, generation.saved_s = kept, saved_s
            generation.tier_tokens.clear()
        generation.started = True

    def _preempt(self, generation: Generation, *, crowded: bool) -> None:
        self._storage.end(generation)
        self._running.remove(generation)
        self._waiting.put_back(generation)
        self._free_slot(generation)
        self._crowded = crowded
        logger.info("request %d waits for %s", generation.request_id, "room in the KV cache" if crowded else "others")

    def _leave(self, generation: Generation) -> None:
        self._storage.end(generation)
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
