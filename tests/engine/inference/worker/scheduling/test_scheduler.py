"""The scheduler with a model in Python: what each step computes, and arbitrary sequences of events."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from preheat.inference import FinishReason, GenerationChunk, Priority, PromptProgress, TokenLogprob, Usage
from preheat.inference.worker.drafts import Drafter
from preheat.inference.worker.scheduling.chunks import BULK_PAUSE_STEPS, MIN_CHUNK_TOKENS, SCORED_TOKENS
from preheat.inference.worker.scheduling.generation import MAX_PASSED, Generation, ImageSpan, Sampled
from preheat.inference.worker.scheduling.idle import KEPT_IDLE, CellCosts
from preheat.inference.worker.scheduling.scheduler import Scheduler
from preheat.inference.worker.scheduling.slots import Slot
from preheat.inference.worker.scheduling.steps import DecodeError, Status, StepPlan, StepResult
from preheat.inference.worker.text_stream import TextStream
from tests.engine.inference.text_runs import FreeDrafts

END = 26


def letter(tokens: Sequence[int]) -> Sampled:
    """Return the next token of the model in Python: a letter that depends on all tokens before it."""
    token = (sum(tokens) * 7 + len(tokens)) % 26
    return Sampled(token, chr(ord("a") + token).encode(), logprob=TokenLogprob(chr(ord("a") + token), b"", -1.0))


def never(*_arguments: int) -> NoReturn:
    raise AssertionError("the scheduler samples nothing itself")


def generation(
    request_id: int,
    tokens: Sequence[int],
    max_tokens: int | None = 4,
    *,
    stop: Sequence[str] = (),
    scored: bool = False,
    **fields: Any,
) -> Generation:
    return Generation(
        request_id=request_id,
        tokens=list(tokens),
        text=TextStream(stop),
        sample=never,
        max_tokens=max_tokens,
        score=never if scored else None,
        prompt_logprobs=[entry(tokens[0])] if scored else [],
        **fields,
    )


def entry(token: int) -> TokenLogprob:
    """Return a log probability that shows which token it is of."""
    return TokenLogprob(str(token), b"", -1.0)


@dataclass(frozen=True)
class Picture:
    """An encoded image of some positions, and as many cells again."""

    key: int
    positions: int

    @property
    def cells(self) -> int:
        return 2 * self.positions


def parked(tokens: Sequence[int]) -> memoryview:
    """Return what stands for the cells of these tokens."""
    return memoryview(array("i", tokens)).cast("B")


def unparked(cells: memoryview) -> list[int]:
    """Return the tokens of parked cells."""
    return array("i", cells.tobytes()).tolist()


class PythonRunner:
    """Executes plans with a KV cache of ``cells``, and checks that each plan can be executed.

    Attributes:
        can_cut: The model can drop the end of a sequence.
        plans: The plans with chunks that were executed.
    """

    def __init__(self, scheduler: Scheduler, cells: int, batch_tokens: int, *, can_cut: bool = True) -> None:
        self.scheduler = scheduler
        self.cells = cells
        self.batch_tokens = batch_tokens
        self.can_cut = can_cut
        self.end_at: dict[int, int] = {}
        self.cache: dict[int, list[int]] = {slot.index: [] for slot in scheduler.slots}
        self.plans: list[StepPlan] = []
        self.rows: list[list[int]] = []  # what the logits of the last batch are for: all tokens before
        self.now = 100.0

    def run(self, plan: StepPlan) -> StepResult:
        if plan.verifies:
            assert plan == StepPlan(chunks=plan.chunks)
            for chunk in plan.chunks:
                assert chunk.row is not None
                assert self.rows[chunk.row] == chunk.generation.tokens
            return StepResult(sampled=[self._sample(chunk.generation) for chunk in plan.chunks], ended_at=self.now)
        for slot in plan.cut:
            del self.cache[slot.index][len(slot.cached) :]
        parked = tuple(self._park(slot) for slot in plan.park)
        for slot in plan.forget:
            self.cache[slot.index] = []
        unparked = plan.unpark is not None and self._unpark(plan.unpark)
        kept = self._reuse(plan, dict(zip(plan.park, parked, strict=True)))
        if not plan.chunks:
            return StepResult(kept=kept, parked=parked, unparked=unparked)
        assert 0 < plan.tokens <= self.batch_tokens
        if sum(map(len, self.cache.values())) + sum(chunk.rows for chunk in plan.chunks) > self.cells:
            return StepResult(Status.NO_ROOM)
        self.plans.append(plan)
        sampled: list[Sampled] = []
        scores: list[list[TokenLogprob]] = []
        assert sum(len(chunk.scored) + len(chunk.draft) for chunk in plan.chunks) <= SCORED_TOKENS
        self.rows.clear()
        for chunk in plan.chunks:
            scores.append(list(map(entry, chunk.scored)))
            cached = self.cache[chunk.slot.index]
            assert len(cached) == chunk.start
            cached.extend(chunk.tokens)
            assert chunk.last == (cached == chunk.generation.tokens)
            if chunk.samples:
                sampled.append(self._sample(chunk.generation))
            self.rows += [cached[: end + 1] for end in range(chunk.start, len(cached))]
            for token in chunk.draft:
                cached.append(token)
                self.rows.append(list(cached))
        self.now += 0.02
        return StepResult(sampled=sampled, scores=scores, seconds=0.01, ended_at=self.now)

    @property
    def used(self) -> int:
        return sum(map(len, self.cache.values()))

    def _park(self, slot: Slot) -> memoryview:
        assert slot.parked is None
        assert self.cache[slot.index] == slot.cached
        self.cache[slot.index] = []
        return parked(slot.cached)

    def _unpark(self, slot: Slot) -> bool:
        assert slot.parked is not None
        if self.used + len(slot.cached) > self.cells:
            return False
        self.cache[slot.index] = unparked(slot.parked)
        return True

    def _reuse(self, plan: StepPlan, just_parked: Mapping[Slot, memoryview]) -> int:
        if plan.reuse is None:
            return 0
        assert not plan.chunks
        source = plan.reuse.source
        if (copy := just_parked.get(source) or source.parked) is not None:
            tokens = unparked(copy)
            held = tokens[: max(plan.reuse.keep, plan.reuse.shared)]
            self.cache[plan.reuse.slot.index] = held = held if self.used + len(tokens) <= self.cells else []
            return len(held)
        cached = self.cache[plan.reuse.slot.index]
        assert len(cached) == (plan.reuse.held if plan.reuse.slot.parked is None else 0)
        kept = plan.reuse.keep
        if kept != plan.reuse.held and not self.can_cut:
            kept = 0
        held = cached[:kept]
        if plan.reuse.donor is not None and plan.reuse.shared > kept:
            held = self.cache[plan.reuse.donor.index][: plan.reuse.shared]
        self.cache[plan.reuse.slot.index] = list(held)
        return len(held)

    def _sample(self, of: Generation) -> Sampled:
        if self.end_at.get(of.request_id) == len(of.tokens) - of.prompt_tokens:
            return Sampled(END, b"", end=True)
        return letter(of.tokens)


class Bench:
    """A scheduler with a runner; collects what each request got."""

    def __init__(
        self,
        *,
        parallel: int = 4,
        slots: int | None = None,
        cells: int = 1000,
        batch_tokens: int = 512,
        rate: float = 1000.0,
        can_cut: bool = True,
        even_step: int = 0,
        costs: CellCosts | None = None,
    ) -> None:
        self.scheduler = Scheduler(
            parallel=parallel,
            slots=slots or parallel,
            batch_tokens=batch_tokens,
            context_length=cells,
            recurrent=not can_cut,
            tokens_per_s=rate,
            even_step=even_step,
            costs=FreeDrafts(),
            cells=costs,
        )
        self.runner = PythonRunner(self.scheduler, cells, batch_tokens, can_cut=can_cut)
        self.chunks: dict[int, list[GenerationChunk]] = {}

    def add(self, *generations: Generation) -> None:
        for each in generations:
            self.scheduler.add(each)
            self.chunks[each.request_id] = []

    def step(self) -> StepPlan:
        plan = self.scheduler.plan()
        assert self.scheduler.plan() == plan, "planning changes something"
        for request_id, chunk in self.scheduler.update(plan, self.runner.run(plan)):
            self.chunks[request_id].append(chunk)
        return plan

    def finish(self) -> None:
        while not self.scheduler.idle:
            self.step()

    def text(self, request_id: int) -> str:
        return "".join(chunk.text for chunk in self.chunks[request_id])

    def end(self, request_id: int) -> GenerationChunk:
        assert all(chunk.finish_reason is None for chunk in self.chunks[request_id][:-1])
        return self.chunks[request_id][-1]

    def sizes(self, request_id: int) -> list[int]:
        """Return how many tokens of a request each step computed."""
        return [
            len(chunk.tokens)
            for plan in self.runner.plans
            for chunk in plan.chunks
            if chunk.generation.request_id == request_id
        ]


def expected(tokens: Sequence[int], count: int) -> str:
    """Return what the model in Python writes after these tokens."""
    return "".join(chr(ord("a") + token) for token in continued(tokens, count))


def continued(tokens: Sequence[int], count: int) -> list[int]:
    """Return the next tokens of the model in Python."""
    known = list(tokens)
    for _ in range(count):
        known.append(letter(known).token)
    return known[len(tokens) :]


def drafter(tokens: Sequence[int], prediction: Sequence[int | None]) -> Drafter:
    """Return a drafter with a prediction of the answer; None stands for the right token."""
    right = continued(tokens, len(prediction))
    predicted = [is_right if token is None else token for token, is_right in zip(prediction, right, strict=True)]
    return Drafter(tokens, predicted)


def pictured(request_id: int, *parts: int | Picture, **fields: Any) -> Generation:
    """Return a generation for a prompt with pictures."""
    tokens: list[int] = []
    spans: list[ImageSpan] = []
    for part in parts:
        if isinstance(part, int):
            tokens.append(part)
        else:
            spans.append(ImageSpan(len(tokens), part))
            tokens += [part.key] * part.positions
    return generation(request_id, tokens, images=tuple(spans), **fields)


def test_pictures_are_computed_as_a_whole_and_alone() -> None:
    bench = Bench()
    bench.add(generation(1, [5], None))
    bench.step()
    bench.step()
    bench.add(pictured(2, 1, 2, Picture(-7, 3), Picture(-8, 2), 3))
    while not bench.chunks[2]:
        bench.step()
    steps = [
        [(chunk.generation.request_id, len(chunk.tokens), chunk.image) for chunk in plan.chunks]
        for plan in bench.runner.plans
    ]
    ours = [step for step in steps if any(request_id == 2 for request_id, _, _ in step)]
    assert ours[:4] == [
        [(1, 1, None), (2, 2, None)],
        [(2, 3, Picture(-7, 3))],
        [(2, 2, Picture(-8, 2))],
        [(1, 1, None), (2, 1, None)],
    ]
    bench.scheduler.cancel(1)
    bench.finish()
    usage = bench.end(2).usage
    assert usage is not None
    assert usage.prompt_tokens == 3 + 2 * 5  # cells count, not positions


def test_a_picture_is_not_computed_again() -> None:
    bench = Bench()
    picture = Picture(-7, 4)
    for request_id, parts in enumerate([(1, picture, 2), (1, picture, 3), (1, picture), (1, Picture(-9, 4), 2)]):
        bench.add(pictured(request_id, *parts, max_tokens=1))
        bench.finish()
    cached = [end.cached_tokens for end in (bench.end(request_id).usage for request_id in range(4)) if end]
    assert cached == [0, 5, 1, 1]  # never a part of a picture


def test_a_prompt_is_continued() -> None:
    bench = Bench()
    bench.add(generation(1, [5, 6, 7]))
    bench.finish()
    end = bench.end(1)
    assert bench.text(1) == expected([5, 6, 7], 4)
    assert end.finish_reason is FinishReason.LENGTH
    assert end.usage is not None
    assert (end.usage.prompt_tokens, end.usage.completion_tokens, end.usage.cached_tokens) == (3, 4, 0)
    assert bench.sizes(1) == [3, 1, 1, 1]


def test_no_tokens_at_all() -> None:
    bench = Bench()
    bench.add(generation(1, [5, 6, 7], 0))
    bench.finish()
    assert [(chunk.text, chunk.finish_reason) for chunk in bench.chunks[1]] == [("", FinishReason.LENGTH)]


def test_the_models_end() -> None:
    bench = Bench()
    bench.runner.end_at[1] = 2
    bench.add(generation(1, [5], None))
    bench.finish()
    assert (bench.text(1), bench.end(1).finish_reason) == (expected([5], 2), FinishReason.STOP)


def test_the_context_length_ends_a_generation() -> None:
    bench = Bench(cells=20)
    bench.add(generation(1, [5] * 15, None))
    bench.finish()
    assert (bench.text(1), bench.end(1).finish_reason) == (expected([5] * 15, 5), FinishReason.LENGTH)


def test_a_stop_string_is_left_out_with_its_log_probabilities() -> None:
    text = expected([5], 6)
    bench = Bench()
    bench.add(generation(1, [5], 6, stop=[text[2:4]]))
    bench.finish()
    assert (bench.text(1), bench.end(1).finish_reason) == (text[:2], FinishReason.STOP)
    assert "".join(entry.token for chunk in bench.chunks[1] for entry in chunk.logprobs) == text[:2]


def test_log_probabilities_wait_for_text_that_is_held_back() -> None:
    text = expected([5], 6)
    bench = Bench()
    bench.add(generation(1, [5], 6, stop=[text[2:4] + "!"]))
    bench.finish()
    assert bench.text(1) == text
    for chunk in bench.chunks[1]:
        assert len(chunk.logprobs) in (0, len(chunk.text), len(chunk.text) + 1)
    assert "".join(entry.token for chunk in bench.chunks[1] for entry in chunk.logprobs) == text


def test_log_probabilities_of_text_before_a_stop_string_are_shown() -> None:
    text = expected([5], 6)
    bench = Bench()
    bench.add(generation(1, [5], 6, stop=[text[1] + "!", text[2]]))
    bench.finish()
    assert bench.text(1) == text[:2]
    assert "".join(entry.token for chunk in bench.chunks[1] for entry in chunk.logprobs) == text[:2]


def test_half_a_character_is_no_output() -> None:
    bench = Bench()
    bench.add(generation(1, [5], 2))
    bench.step()
    for piece, output in ((b"\xc3", []), (b"\xbc", ["ü"])):
        plan = bench.scheduler.plan()
        chunks = bench.scheduler.update(plan, StepResult(sampled=[Sampled(1, piece)]))
        assert [chunk.text for _, chunk in chunks] == output


def test_prefill_takes_what_the_step_has_time_for() -> None:
    """1.5 seconds alone, a quarter of one next to requests that decode: as many whole chunks as fit."""
    bench = Bench(rate=133)
    bench.add(generation(1, range(300), 1))
    bench.step()
    bench.step()
    assert bench.sizes(1) == [192]
    bench = Bench(rate=600)
    bench.add(generation(1, [1], 50))
    bench.step()
    bench.step()
    bench.add(generation(2, range(2, 300), 1))
    bench.step()
    bench.step()
    assert bench.sizes(2) == [128]
    assert bench.sizes(1) == [1, 1]


def test_prefill_is_never_cut_too_small() -> None:
    bench = Bench(rate=1)
    bench.add(generation(1, range(100), 1))
    bench.step()
    bench.step()
    assert bench.sizes(1) == [MIN_CHUNK_TOKENS]


def test_prompts_share_the_budget_of_a_step() -> None:
    bench = Bench(rate=67)
    bench.add(generation(1, range(80), 1), generation(2, range(500, 580), 1), generation(3, range(800, 810), 1))
    for _ in range(5):
        bench.step()
    assert (bench.sizes(1), bench.sizes(2), bench.sizes(3)) == ([64, 16], [64], [10])


def test_the_measured_speed_decides_the_next_steps() -> None:
    bench = Bench(rate=67, cells=5000)
    bench.add(generation(1, range(600), 1))
    bench.finish()
    first, second, *_ = bench.sizes(1)
    assert (first, second) == (64, 512)  # 64 tokens in 0.01 s are 10,000 a second


@pytest.mark.parametrize("rate", [10, 100, 10_000])
@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_seeded_prompt_is_always_cut_at_the_same_places(rate: float, others: int) -> None:
    bench = Bench(rate=rate, cells=5000)
    for at in range(others):
        bench.add(generation(10 + at, range(at, 2000, 5), 3))
    bench.add(generation(1, range(150), 2, seeded=True))
    bench.finish()
    sizes = bench.sizes(1)
    assert sizes[-2:] == [22, 1]
    assert sizes[:-2] in ([128], [64, 64])


def test_chunks_fit_a_small_batch() -> None:
    bench = Bench(batch_tokens=32, rate=10)
    bench.add(generation(1, range(100), 1, seeded=True))
    bench.finish()
    assert bench.sizes(1) == [32, 32, 32, 4]


def test_decoding_goes_before_prefill() -> None:
    bench = Bench(batch_tokens=8, rate=1)
    bench.add(generation(1, [1], 9), generation(2, [2], 9))
    for _ in range(3):
        bench.step()
    bench.add(generation(3, range(3, 40), 1))
    bench.step()
    plan = bench.step()
    assert [(chunk.generation.request_id, len(chunk.tokens)) for chunk in plan.chunks] == [(1, 1), (2, 1), (3, 4)]


def test_more_requests_than_slots() -> None:
    bench = Bench(parallel=2)
    bench.add(*(generation(at, [at], 3) for at in range(5)))
    bench.finish()
    assert [bench.text(at) for at in range(5)] == [expected([at], 3) for at in range(5)]
    assert max(len(plan.chunks) for plan in bench.runner.plans) == 2


def test_a_cancelled_request_is_gone_with_the_next_step() -> None:
    bench = Bench(parallel=1)
    bench.add(generation(1, [1], 50), generation(2, [2], 50), generation(3, [3], 2))
    bench.step()
    bench.step()
    bench.scheduler.cancel(1)
    bench.scheduler.cancel(2)
    bench.scheduler.cancel(99)
    bench.finish()
    assert len(bench.chunks[1]) == 1
    assert bench.chunks[2] == []
    assert bench.text(3) == expected([3], 2)


def test_a_conversation_is_continued_without_computing_it_again() -> None:
    bench = Bench()
    bench.add(generation(1, range(50), 3))
    bench.finish()
    bench.add(generation(2, range(60), 1))
    bench.finish()
    usage = bench.end(2).usage
    assert usage is not None
    assert usage.cached_tokens == 50


def test_a_model_that_cannot_be_cut_computes_the_prompt_again() -> None:
    bench = Bench(parallel=1, can_cut=False)
    bench.add(generation(1, range(50), 3), generation(2, range(50), 3))
    bench.finish()
    usage = bench.end(2).usage
    assert usage is not None
    assert usage.cached_tokens == 0
    assert bench.text(2) == bench.text(1)


def test_idle_slots_hold_half_of_the_cache_at_most() -> None:
    bench = Bench(cells=100)
    for at in range(3):
        bench.add(generation(at, [at * 100 + token for token in range(24)], 1))
        bench.finish()
    bench.add(generation(3, [7], 1))
    plan = bench.step()
    assert [slot.index for slot in plan.forget] == [0]
    assert sum(len(slot.cached) for slot in bench.scheduler.slots if not slot.busy) == 48


@pytest.mark.parametrize(("length", "kept"), [(50, 10), (150, KEPT_IDLE)])
def test_old_conversations_stay_only_if_all_are_short(length: int, kept: int) -> None:
    """Each used cell makes all steps longer."""
    bench = Bench(cells=10_000, slots=16)
    for at in range(16):
        bench.add(generation(at, [at * 1000 + token for token in range(length)], 1))
        bench.finish()
    bench.add(generation(16, [7], 1))
    bench.step()
    assert sum(bool(slot.cached) for slot in bench.scheduler.slots if not slot.busy) == kept


def test_a_full_cache_forgets_idle_conversations_first() -> None:
    bench = Bench(cells=100)
    bench.add(generation(1, range(40), 1))
    bench.finish()
    bench.add(generation(2, range(100, 150), 20))
    bench.finish()
    assert bench.text(2) == expected(range(100, 150), 20)
    assert not bench.scheduler.slots[0].cached


def test_a_crowded_cache_restarts_the_youngest_without_showing_anything_twice() -> None:
    bench = Bench(cells=100)
    prompts = [[at * 100 + token for token in range(5)] for at in range(3)]
    bench.add(*(generation(at, prompt, 50) for at, prompt in enumerate(prompts)))
    preempted = []
    while not bench.scheduler.idle:
        plan = bench.step()
        if plan.preempt is not None:
            preempted.append(plan.preempt.request_id)
    assert preempted[0] == 2
    assert [bench.text(at) for at in range(3)] == [expected(prompt, 50) for prompt in prompts]


def test_one_request_that_does_not_fit_is_an_error() -> None:
    bench = Bench(cells=100)
    bench.runner.cells = 10
    bench.add(generation(1, range(20), 1))
    bench.step()
    bench.step()
    with pytest.raises(DecodeError):
        bench.step()


def test_an_interrupted_step_is_planned_again() -> None:
    bench = Bench()
    bench.add(generation(1, [1, 2, 3], 1))
    bench.step()
    plan = bench.scheduler.plan()
    assert bench.scheduler.update(plan, StepResult(Status.INTERRUPTED)) == []
    assert bench.scheduler.plan() == plan


def test_a_warm_up_is_cut_into_short_steps() -> None:
    bench = Bench()
    bench.add(generation(1, range(40), 0, max_chunk=16))
    bench.finish()
    assert bench.sizes(1) == [16, 16, 8]


def test_a_seed_reuses_whole_chunks_only() -> None:
    bench = Bench()
    bench.add(generation(1, range(150), 3))
    bench.finish()
    bench.add(generation(2, range(150), 3, seeded=True))
    bench.finish()
    assert usage(bench, 2).cached_tokens == 128
    assert bench.sizes(2) == [22, 1, 1]


@pytest.mark.parametrize(
    ("step", "before", "prompt", "reused"),
    [
        (2, 150, 150, 148),
        (2, 150, 170, 150),
        (2, 150, 200, 128),  # 192 of them are in whole chunks
        (2, 40, 50, 40),
        (8, 150, 150, 142),
        (8, 150, 132, 128),
        (8, 7, 50, 0),
        (0, 150, 150, 128),
    ],
)
def test_a_seed_reuses_even_steps_after_the_whole_chunks(step: int, before: int, prompt: int, reused: int) -> None:
    bench = Bench(even_step=step)
    bench.add(generation(1, range(before), 1))
    bench.finish()
    bench.add(generation(2, range(prompt), 1, seeded=True))
    bench.finish()
    assert usage(bench, 2).cached_tokens == reused


def test_a_long_prompt_stays_in_whole_chunks() -> None:
    bench = Bench()
    bench.add(generation(1, range(7), 1))  # such as what a template writes before each chat
    bench.finish()
    bench.add(generation(2, range(700), 1))
    bench.finish()
    bench.add(generation(3, range(700), 1, seeded=True))
    bench.finish()
    assert (usage(bench, 2).cached_tokens, usage(bench, 3).cached_tokens) == (0, 640)


def test_a_seed_reuses_nothing_that_was_computed_in_other_pieces() -> None:
    bench = Bench(rate=27)  # too slow for a chunk in a step
    bench.add(generation(1, range(150), 3))
    bench.step()
    bench.step()
    assert bench.sizes(1) == [40]
    bench.finish()
    seeded = generation(2, range(150), 3, seeded=True)
    bench.add(seeded)
    bench.finish()
    assert usage(bench, 2).cached_tokens == 0
    assert seeded.in_other_pieces


def test_a_seed_does_not_reuse_what_was_written_token_by_token() -> None:
    bench = Bench()
    bench.add(generation(1, range(60), 70))
    bench.finish()
    written = [*range(60), *(ord(letter) - ord("a") for letter in bench.text(1))]
    bench.add(generation(2, written, 1, seeded=True), generation(3, [*written, 1], 1))
    bench.finish()
    assert (usage(bench, 2).cached_tokens, usage(bench, 3).cached_tokens) == (0, 130)


@pytest.mark.parametrize(
    ("length", "fields", "sizes"),
    [(300, {}, [256, 43, 1]), (300, {"seeded": True}, [256, 44]), (250, {}, [192, 58])],
    ids=["long", "seed", "short"],
)
def test_the_last_token_of_a_long_prompt_is_computed_as_after_a_restore(
    length: int, fields: dict[str, Any], sizes: list[int]
) -> None:
    bench = Bench()
    bench.add(generation(1, range(length), 1, **fields))
    bench.finish()
    assert bench.sizes(1) == sizes


def test_the_same_prompt_twice_is_computed_once() -> None:
    bench = Bench(rate=86)
    bench.add(generation(1, range(300), 3), generation(2, range(300), 3), generation(3, [7, 8], 3))
    bench.finish()
    assert bench.sizes(1) == [128, 128, 43, 1, 1, 1]
    assert bench.sizes(2) == [1, 1, 1]
    assert bench.text(1) == bench.text(2)
    # The one that shares nothing does not wait.
    assert any({chunk.generation.request_id for chunk in plan.chunks} == {1, 3} for plan in bench.runner.plans)


def test_a_shared_beginning_is_waited_for_only_as_far_as_it_goes() -> None:
    bench = Bench(rate=64, cells=5000)
    bench.add(generation(1, range(600), 1), generation(2, [*range(70), *range(1000, 1010)], 1))
    for _ in range(5):
        bench.step()
    assert bench.sizes(1)[:2] == [64, 512]
    assert bench.sizes(2) == [10]


def test_nobody_waits_for_a_beginning_that_was_cancelled() -> None:
    bench = Bench(rate=64)
    bench.add(generation(1, range(300), 3), generation(2, range(300), 3))
    for _ in range(3):
        bench.step()
    bench.scheduler.cancel(1)
    bench.finish()
    assert usage(bench, 2).cached_tokens == 64 + 236 - sum(bench.sizes(2)[:-2])


def test_clients_take_turns() -> None:
    bench = Bench(parallel=1)
    bench.add(*(generation(at, [at], 1, client="many") for at in range(4)))
    bench.add(generation(10, [10], 1, client="few"), generation(11, [11], 1, client="few"))
    bench.finish()
    assert order(bench) == [0, 10, 1, 11, 2, 3]


def test_the_client_with_fewer_running_requests_goes_first() -> None:
    bench = Bench(parallel=3)
    bench.add(*(generation(at, [at], 9, client="many") for at in range(4)), generation(10, [10], 1, client="few"))
    bench.finish()
    assert order(bench)[:3] == [0, 10, 1]


def test_interactive_requests_go_first() -> None:
    bench = Bench(parallel=1)
    bench.add(generation(1, [1], 1, priority=Priority.BULK), generation(2, [2], 1))
    bench.finish()
    assert order(bench) == [2, 1]


def test_an_interactive_request_takes_the_slot_of_a_bulk_one_which_continues_later() -> None:
    bench = Bench(parallel=1, slots=2)
    bench.add(generation(1, range(50), 6, priority=Priority.BULK))
    for _ in range(3):
        bench.step()
    bench.add(generation(2, [7], 2))
    assert bench.step().preempt is not None
    bench.finish()
    assert (bench.text(1), bench.text(2)) == (expected(range(50), 6), expected([7], 2))
    # Nothing is computed twice: its cells stayed.
    assert bench.sizes(1) == [50, 1, 1, 1, 1, 1]


def test_a_bulk_request_pauses_while_an_interactive_one_runs() -> None:
    bench = Bench(parallel=2)
    bench.add(generation(1, range(50), 90, priority=Priority.BULK), generation(2, [7], 80))
    while not bench.chunks[2] or bench.end(2).finish_reason is None:
        bench.step()
    assert len(bench.sizes(1)) == 80 // (BULK_PAUSE_STEPS + 1)
    bench.finish()
    assert (bench.text(1), bench.text(2)) == (expected(range(50), 90), expected([7], 80))


def test_a_bulk_request_waits_for_a_limited_number_of_others() -> None:
    bench = Bench(parallel=1)
    bench.add(generation(100, [1], 1, priority=Priority.BULK), *(generation(at, [at], 1) for at in range(30)))
    bench.finish()
    assert order(bench).index(100) == MAX_PASSED


def test_a_high_priority_goes_first_but_takes_no_slot() -> None:
    bench = Bench(parallel=1)
    bench.add(generation(1, [1], 5))
    bench.step()
    bench.add(generation(2, [2], 1), generation(3, [3], 1, priority=Priority.HIGH))
    bench.add(generation(4, [4], 1, priority=Priority.BULK))
    bench.finish()
    assert order(bench) == [1, 3, 2, 4]


def test_no_priority_waits_for_ever() -> None:
    bench = Bench(parallel=1)
    bench.add(generation(100, [1], 1), generation(200, [1], 1, priority=Priority.BULK))
    bench.add(*(generation(at, [at], 1, priority=Priority.HIGH) for at in range(40)))
    bench.finish()
    assert order(bench).index(100) == MAX_PASSED
    assert order(bench).index(200) <= 2 * MAX_PASSED + 1


def test_a_crowded_cache_gives_up_bulk_requests_first() -> None:
    bench = Bench(parallel=2, cells=100)
    bench.add(generation(1, range(10), 60, priority=Priority.BULK))
    bench.step()
    bench.step()
    bench.add(generation(2, range(100, 120), 75))
    preempted = []
    while not bench.scheduler.idle:
        plan = bench.step()
        if plan.preempt is not None:
            preempted.append(plan.preempt.request_id)
    assert set(preempted) == {1}
    assert (bench.text(1), bench.text(2)) == (expected(range(10), 60), expected(range(100, 120), 75))


def test_an_interactive_request_gets_the_room_of_a_bulk_one() -> None:
    bench = Bench(parallel=3, cells=100)
    bench.add(*(generation(at, range(at * 100, at * 100 + 30), 60, priority=Priority.BULK) for at in (1, 2)))
    while bench.step().preempt is None:
        pass
    bench.add(generation(3, range(30), 5))
    bench.finish()
    assert bench.text(3) == expected(range(30), 5)
    assert [bench.text(at) for at in (1, 2)] == [expected(range(at * 100, at * 100 + 30), 60) for at in (1, 2)]


def test_the_progress_of_a_long_prompt() -> None:
    bench = Bench(cells=5000)
    bench.add(generation(1, range(200), 2))
    bench.finish()
    bench.add(generation(2, [*range(100), *range(500, 1500)], 2, report_progress=True))
    bench.add(generation(3, range(900, 910), 2, report_progress=True))
    bench.finish()
    progress = [chunk.progress for chunk in bench.chunks[2] if chunk.progress is not None]
    assert all((each.total_tokens, each.cached_tokens) == (1100, 100) for each in progress)
    assert [each.done_tokens for each in progress] == [612, 1099]
    assert all(chunk.progress is None for chunk in bench.chunks[1])
    assert [chunk.progress for chunk in bench.chunks[3]][:2] == [PromptProgress(10, 10), None]


def test_a_restarted_generation_reports_no_further_progress() -> None:
    bench = Bench(cells=100)
    bench.add(*(generation(at, [at], 90, report_progress=True) for at in range(2)))
    bench.finish()
    for at in range(2):
        assert [chunk.progress for chunk in bench.chunks[at] if chunk.progress is not None] == [PromptProgress(1, 1)]


def test_the_times_of_prefill_and_decode() -> None:
    bench = Bench(rate=64)
    bench.add(generation(1, range(200), 3))
    bench.finish()
    steps = len(bench.sizes(1))
    assert usage(bench, 1).prefill_s == pytest.approx((steps - 2) * 0.02 - 0.01)
    assert usage(bench, 1).decode_s == pytest.approx(2 * 0.02)
    bench.add(generation(2, range(500, 510), 0))
    bench.finish()
    assert [usage(bench, 2).prefill_s, usage(bench, 2).decode_s] == pytest.approx([0.01, 0])


def test_the_stop_string_that_was_found() -> None:
    text = expected([5], 6)
    bench = Bench()
    bench.add(generation(1, [5], 6, stop=["!", text[2:4]]), generation(2, [5], 6))
    bench.finish()
    assert (bench.end(1).stop_text, bench.end(2).stop_text) == (text[2:4], None)


@pytest.mark.parametrize("max_tokens", [0, 3])
def test_log_probabilities_of_the_prompt_come_once_and_in_the_first_chunk(max_tokens: int) -> None:
    bench = Bench()
    bench.add(generation(1, range(100), 3))
    bench.finish()
    bench.add(generation(2, range(100), max_tokens, scored=True, report_progress=True), generation(3, [7], 40))
    bench.add(generation(4, range(200, 250), 2, scored=True))
    bench.finish()
    assert (usage(bench, 2).cached_tokens, usage(bench, 2).prompt_tokens) == (0, 100)
    for at, prompt in ((2, range(100)), (4, range(200, 250))):
        first, *others = [chunk for chunk in bench.chunks[at] if chunk.progress is None]
        assert [logprob.token for logprob in first.prompt_logprobs] == [str(token) for token in prompt]
        assert not any(chunk.prompt_logprobs for chunk in others)
    assert bench.text(2) == expected(range(100), max_tokens)


def test_log_probabilities_of_a_prompt_that_starts_over() -> None:
    bench = Bench(parallel=1, slots=2, cells=100)
    bench.add(generation(1, range(60), 2, scored=True, priority=Priority.BULK))
    for _ in range(3):
        bench.step()
    bench.add(generation(2, range(100, 180), 2))
    bench.finish()
    [first, *_] = bench.chunks[1]
    assert [logprob.token for logprob in first.prompt_logprobs] == [str(token) for token in range(60)]


def usage(bench: Bench, request_id: int) -> Usage:
    found = bench.end(request_id).usage
    assert found is not None
    return found


def order(bench: Bench) -> list[int]:
    """Return the requests in the order in which they ran first."""
    return list(dict.fromkeys(chunk.generation.request_id for plan in bench.runner.plans for chunk in plan.chunks))


class AnyCourse(RuleBasedStateMachine):
    """Requests, cancellations and steps in any order, on a cache that is often full."""

    costs: CellCosts | None = None

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(parallel=3, slots=5, cells=60, batch_tokens=16, rate=20, costs=self.costs)
        self.requests: list[tuple[list[int], int]] = []
        self.cancelled: set[int] = set()

    @rule(
        start=st.integers(0, 3),
        length=st.integers(1, 40),
        max_tokens=st.integers(0, 12),
        seeded=st.booleans(),
        scored=st.booleans(),
        priority=st.sampled_from(Priority),
        client=st.sampled_from("ab"),
        prediction=st.none() | st.lists(st.none() | st.integers(0, 25), max_size=12),
    )
    def request(
        self, start: int, length: int, max_tokens: int, prediction: list[int | None] | None, **fields: Any
    ) -> None:
        tokens = [start * 100 + token for token in range(length)]
        if prediction is not None:
            fields["drafter"] = drafter(tokens, prediction)
        self.bench.add(generation(len(self.requests), tokens, max_tokens, report_progress=True, **fields))
        self.requests.append((tokens, max_tokens))

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        request_id = data.draw(st.integers(0, len(self.requests) - 1))
        self.bench.scheduler.cancel(request_id)
        self.cancelled.add(request_id)

    @rule(count=st.integers(1, 5))
    def steps(self, count: int) -> None:
        for _ in range(count):
            self.bench.step()

    @invariant()
    def slots_hold_what_the_cache_has(self) -> None:
        for slot in self.bench.scheduler.slots:
            held = self.bench.runner.cache[slot.index]
            if slot.parked is not None:
                assert not held
                held = unparked(slot.parked)
            assert slot.cached == held[: len(held) - slot.ahead]

    def teardown(self) -> None:
        self.bench.finish()
        for request_id, (tokens, max_tokens) in enumerate(self.requests):
            whole = expected(tokens, max_tokens)
            if request_id in self.cancelled:
                assert whole.startswith(self.bench.text(request_id))
            else:
                assert self.bench.text(request_id) == whole
                assert self.bench.end(request_id).finish_reason is FinishReason.LENGTH
        assert not any(slot.busy for slot in self.bench.scheduler.slots)


TestAnyCourse = AnyCourse.TestCase


class AnyCourseWithParking(AnyCourse):
    """The same, where cells cost so much that idle conversations leave the cache."""

    costs = CellCosts(step_s=0.001, n_bytes=4)


TestAnyCourseWithParking = AnyCourseWithParking.TestCase


@given(st.lists(st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 10)), max_size=6))
def test_requests_together_write_what_each_writes_alone(requests: list[tuple[list[int], int]]) -> None:
    bench = Bench(parallel=3, cells=60, batch_tokens=16, rate=20)
    bench.add(*(generation(at, tokens, count) for at, (tokens, count) in enumerate(requests)))
    bench.finish()
    assert [bench.text(at) for at in range(len(requests))] == [expected(tokens, count) for tokens, count in requests]


@pytest.mark.parametrize("scored", [False, True])
def test_a_failure_of_one_request_ends_it_alone(scored: bool) -> None:
    failures: list[int] = []
    scheduler = Scheduler(
        parallel=2,
        slots=2,
        batch_tokens=512,
        context_length=1000,
        recurrent=False,
        tokens_per_s=1000.0,
        failed=lambda request_id, _: failures.append(request_id),
    )
    scheduler.add(generation(1, [1, 2, 3], scored=scored))
    plan = scheduler.plan()
    while not plan.chunks:
        list(scheduler.update(plan, StepResult()))
        plan = scheduler.plan()
    error = ValueError("a bug")
    result = StepResult(sampled=[letter([1])] if scored else [error], scores=[error] if scored else [])
    assert list(scheduler.update(plan, result)) == []
    assert failures == [1]
    assert scheduler.idle


def test_a_failure_is_raised_where_nobody_takes_it() -> None:
    bench = Bench()
    bench.add(generation(1, [1, 2, 3]))
    plan = bench.scheduler.plan()
    while not plan.chunks:
        list(bench.scheduler.update(plan, bench.runner.run(plan)))
        plan = bench.scheduler.plan()
    with pytest.raises(ValueError, match="a bug"):
        list(bench.scheduler.update(plan, StepResult(sampled=[ValueError("a bug")])))


RIGHT = [None] * 40
"""A prediction of right tokens."""


def drafted(bench: Bench) -> list[list[int]]:
    """Return how many drafted tokens of each generation each step evaluated."""
    return [[len(chunk.draft) for chunk in plan.chunks] for plan in bench.runner.plans]


def test_a_right_draft_needs_few_steps() -> None:
    bench = Bench()
    bench.add(generation(1, [1, 2, 3], max_tokens=33, drafter=drafter([1, 2, 3], RIGHT)))
    bench.finish()
    assert bench.text(1) == expected([1, 2, 3], 33)
    assert drafted(bench) == [[0], [15], [15]]  # of the prompt, of 16 tokens, of the rest
    assert usage(bench, 1).draft_tokens == usage(bench, 1).accepted_tokens == 30


def test_a_wrong_token_ends_a_draft() -> None:
    bench = Bench()
    bench.add(generation(1, [1, 2, 3], max_tokens=20, drafter=drafter([1, 2, 3], [None] * 4 + [99] + [None] * 20)))
    bench.step()
    bench.step()
    plan = bench.step()
    assert [len(chunk.draft) for chunk in plan.chunks] == [15]
    while bench.scheduler.verifying:
        bench.step()
    assert bench.text(1) == expected([1, 2, 3], 5)
    plan = bench.step()
    assert [slot.index for slot in plan.cut] == [0]
    bench.finish()
    assert bench.text(1) == expected([1, 2, 3], 20)
    assert usage(bench, 1).draft_tokens - usage(bench, 1).accepted_tokens >= 12
    assert usage(bench, 1).completion_tokens == 20


def test_the_end_of_the_text_inside_a_draft() -> None:
    bench = Bench()
    bench.add(generation(1, [1, 2, 3], max_tokens=40, drafter=drafter([1, 2, 3], RIGHT)))
    bench.runner.end_at[1] = 7
    bench.finish()
    assert bench.text(1) == expected([1, 2, 3], 7)
    bench.add(generation(2, [1, 2, 3, *continued([1, 2, 3], 7), 5]))
    bench.finish()
    assert usage(bench, 2).cached_tokens == 10
    assert bench.text(2) == expected([1, 2, 3, *continued([1, 2, 3], 7), 5], 4)


def test_a_stop_string_inside_a_draft() -> None:
    text = expected([1, 2, 3], 12)
    assert text.index(text[6:9]) == 2
    bench = Bench()
    bench.add(generation(1, [1, 2, 3], max_tokens=40, stop=[text[6:9]], drafter=drafter([1, 2, 3], RIGHT)))
    bench.finish()
    assert bench.text(1) == text[:2]


def test_log_probabilities_of_drafted_tokens() -> None:
    bench = Bench()
    bench.add(generation(1, [1, 2, 3], max_tokens=12, drafter=drafter([1, 2, 3], RIGHT)))
    bench.finish()
    assert "".join(each.token for chunk in bench.chunks[1] for each in chunk.logprobs) == expected([1, 2, 3], 12)


def test_two_generations_share_the_drafted_tokens_of_a_step() -> None:
    bench = Bench()
    bench.add(*(generation(at, [at, 2, 3], max_tokens=16, drafter=drafter([at, 2, 3], RIGHT)) for at in (1, 2)))
    bench.finish()
    assert [7, 7] in drafted(bench)
    assert [bench.text(at) for at in (1, 2)] == [expected([at, 2, 3], 16) for at in (1, 2)]


def test_no_drafts_for_three_generations() -> None:
    bench = Bench()
    bench.add(*(generation(at, [at, 2, 3], max_tokens=16, drafter=drafter([at, 2, 3], RIGHT)) for at in (1, 2, 3)))
    for _ in range(10):
        assert not any(chunk.draft for chunk in bench.step().chunks)


def test_a_cache_without_room_for_a_draft() -> None:
    bench = Bench(cells=30)
    bench.add(*(generation(at, [at, 2, 3], max_tokens=12, drafter=drafter([at, 2, 3], RIGHT)) for at in (1, 2)))
    bench.finish()
    assert [bench.text(at) for at in (1, 2)] == [expected([at, 2, 3], 12) for at in (1, 2)]
    assert len([plan for plan in bench.runner.plans if plan.preempt]) == 0


def test_cancelled_in_the_middle_of_a_draft() -> None:
    bench = Bench(parallel=1)
    bench.add(generation(1, [1, 2, 3], max_tokens=40, drafter=drafter([1, 2, 3], RIGHT)))
    while not bench.scheduler.verifying:
        bench.step()
    bench.step()
    bench.scheduler.cancel(1)
    bench.add(generation(2, [1, 2, 3, *continued([1, 2, 3], 3), 7]))
    bench.finish()
    assert bench.text(2) == expected([1, 2, 3, *continued([1, 2, 3], 3), 7], 4)


def test_drafts_do_not_change_the_distribution_of_texts() -> None:
    """Chi-square over the tokens that follow each token of a random text, with drafts of the text so far."""
    chances = {0: (0.1, 0.8, 0.1), 1: (0.05, 0.05, 0.9), 2: (0.9, 0.02, 0.08)}
    chance = Random(11)

    class RandomText(PythonRunner):
        def _sample(self, of: Generation) -> Sampled:
            (token,) = chance.choices(range(3), chances[of.tokens[-1]])
            return Sampled(token, b"x")

    prompt = [0, 1, 2] * 8
    followers: dict[int, Counter[int]] = {token: Counter() for token in chances}
    accepted = 0
    for _ in range(300):
        bench = Bench(parallel=1)
        bench.runner = RandomText(bench.scheduler, 1000, 512)
        asked = generation(1, prompt, max_tokens=40, drafter=Drafter(prompt))
        bench.add(asked)
        bench.finish()
        accepted += usage(bench, 1).accepted_tokens
        for before, after in pairwise(asked.tokens[len(prompt) - 1 :]):
            followers[before][after] += 1
    assert accepted > 1000
    for before, expected_shares in chances.items():
        total = followers[before].total()
        statistic = sum(
            (followers[before][token] - total * share) ** 2 / (total * share)
            for token, share in enumerate(expected_shares)
        )
        assert statistic < 13.8, (before, followers[before])  # 0.1 % for two degrees of freedom


def test_a_draft_that_has_no_room_is_left_out() -> None:
    bench = Bench(parallel=2, cells=100)
    first, second = [1] * 48, [2] * 48
    bench.add(generation(1, first, 2))
    bench.finish()
    bench.add(generation(2, second, 5, drafter=drafter(second, [None, *[25] * 12])))
    plans = []
    while not bench.scheduler.idle:
        plans.append(bench.step())
    refused = next(at for at, plan in enumerate(plans) if any(chunk.draft for chunk in plan.chunks))
    assert plans[refused] not in bench.runner.plans
    assert not plans[refused + 1].forget
    assert not any(chunk.draft for chunk in plans[refused + 1].chunks)
    assert bench.text(2) == expected(second, 5)
