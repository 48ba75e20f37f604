"""The scheduler with a model in Python: what each step computes, and arbitrary sequences of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from preheat.inference import FinishReason, GenerationChunk, TokenLogprob
from preheat.inference.worker.scheduler import (
    MIN_CHUNK_TOKENS,
    SEEDED_CHUNK_TOKENS,
    DecodeError,
    Generation,
    Sampled,
    Scheduler,
    Status,
    StepPlan,
    StepResult,
)
from preheat.inference.worker.text_stream import TextStream

END = 26


def letter(tokens: Sequence[int]) -> Sampled:
    """Return the next token of the model in Python: a letter that depends on all tokens before it."""
    token = (sum(tokens) * 7 + len(tokens)) % 26
    return Sampled(token, chr(ord("a") + token).encode(), logprob=TokenLogprob(chr(ord("a") + token), b"", -1.0))


def never(_index: int) -> NoReturn:
    raise AssertionError("the scheduler samples nothing itself")


def generation(
    request_id: int,
    tokens: Sequence[int],
    max_tokens: int | None = 4,
    *,
    seeded: bool = False,
    stop: Sequence[str] = (),
) -> Generation:
    return Generation(
        request_id=request_id,
        tokens=list(tokens),
        text=TextStream(stop),
        sample=never,
        max_tokens=max_tokens,
        chunk_tokens=SEEDED_CHUNK_TOKENS if seeded else None,
        reuse=not seeded,
    )


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

    def run(self, plan: StepPlan) -> StepResult:
        kept = self._reuse(plan)
        for slot in plan.forget:
            self.cache[slot.index] = []
        if not plan.chunks:
            return StepResult(kept=kept)
        assert 0 < plan.tokens <= self.batch_tokens
        if sum(map(len, self.cache.values())) + plan.tokens > self.cells:
            return StepResult(Status.NO_ROOM)
        self.plans.append(plan)
        sampled = []
        for chunk in plan.chunks:
            cached = self.cache[chunk.slot.index]
            assert len(cached) == chunk.start
            cached.extend(chunk.tokens)
            assert chunk.last == (cached == chunk.generation.tokens)
            if chunk.samples:
                sampled.append(self._sample(chunk.generation))
        return StepResult(sampled=sampled, seconds=0.01)

    def _reuse(self, plan: StepPlan) -> int:
        if plan.reuse is None:
            return 0
        assert not plan.chunks
        cached = self.cache[plan.reuse.slot.index]
        assert len(cached) == plan.reuse.held
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
        cells: int = 1000,
        batch_tokens: int = 512,
        rate: float = 1000.0,
        can_cut: bool = True,
    ) -> None:
        self.scheduler = Scheduler(
            parallel=parallel,
            batch_tokens=batch_tokens,
            context_length=cells,
            recurrent=not can_cut,
            tokens_per_s=rate,
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
    known = list(tokens)
    for _ in range(count):
        known.append(letter(known).token)
    return "".join(chr(ord("a") + token) for token in known[len(tokens) :])


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
    """A second alone, a quarter of one next to requests that decode."""
    bench = Bench(rate=200)
    bench.add(generation(1, range(300), 1))
    bench.step()
    bench.step()
    assert bench.sizes(1) == [200]
    bench = Bench(rate=200)
    bench.add(generation(1, [1], 50))
    bench.step()
    bench.step()
    bench.add(generation(2, range(2, 300), 1))
    bench.step()
    bench.step()
    assert bench.sizes(2) == [50]
    assert bench.sizes(1) == [1, 1]


def test_prefill_is_never_cut_too_small() -> None:
    bench = Bench(rate=1)
    bench.add(generation(1, range(100), 1))
    bench.step()
    bench.step()
    assert bench.sizes(1) == [MIN_CHUNK_TOKENS]


def test_prompts_share_the_budget_of_a_step() -> None:
    bench = Bench(rate=100)
    bench.add(generation(1, range(80), 1), generation(2, range(500, 580), 1), generation(3, range(800, 880), 1))
    for _ in range(4):
        bench.step()
    assert (bench.sizes(1), bench.sizes(2), bench.sizes(3)) == ([80], [20], [])


def test_the_measured_speed_decides_the_next_steps() -> None:
    bench = Bench(rate=100, cells=5000)
    bench.add(generation(1, range(600), 1))
    bench.finish()
    first, second, *_ = bench.sizes(1)
    assert (first, second) == (100, 500)  # 100 tokens in 0.01 s are 10,000 a second


@pytest.mark.parametrize("rate", [10, 100, 10_000])
@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_seeded_prompt_is_always_cut_at_the_same_places(rate: float, others: int) -> None:
    bench = Bench(rate=rate, cells=5000)
    for at in range(others):
        bench.add(generation(10 + at, range(at, 2000, 5), 3))
    bench.add(generation(1, range(150), 2, seeded=True))
    bench.finish()
    assert bench.sizes(1) == [64, 64, 22, 1]


def test_a_seeded_chunk_fits_a_small_batch() -> None:
    bench = Bench(batch_tokens=32)
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
    assert [(chunk.generation.request_id, len(chunk.tokens)) for chunk in plan.chunks] == [(1, 1), (2, 1), (3, 6)]


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


class AnyCourse(RuleBasedStateMachine):
    """Requests, cancellations and steps in any order, on a cache that is often full."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(parallel=3, cells=60, batch_tokens=16, rate=20)
        self.requests: list[tuple[list[int], int]] = []
        self.cancelled: set[int] = set()

    @rule(
        start=st.integers(0, 3),
        length=st.integers(1, 40),
        max_tokens=st.integers(0, 12),
        seeded=st.booleans(),
    )
    def request(self, start: int, length: int, max_tokens: int, seeded: bool) -> None:
        tokens = [start * 100 + token for token in range(length)]
        self.bench.add(generation(len(self.requests), tokens, max_tokens, seeded=seeded))
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
            assert slot.cached == self.bench.runner.cache[slot.index]

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


@given(st.lists(st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 10)), max_size=6))
def test_requests_together_write_what_each_writes_alone(requests: list[tuple[list[int], int]]) -> None:
    bench = Bench(parallel=3, cells=60, batch_tokens=16, rate=20)
    bench.add(*(generation(at, tokens, count) for at, (tokens, count) in enumerate(requests)))
    bench.finish()
    assert [bench.text(at) for at in range(len(requests))] == [expected(tokens, count) for tokens, count in requests]
