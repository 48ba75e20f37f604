"""The scheduler with stored prompts: any sequence of requests, evictions and failures, with a model in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from preheat.inference import Priority, Usage
from preheat.inference.prefixes import BLOCK_TOKENS, Block
from preheat.inference.worker.prefixes import Copy, Link, PrefixIndex, PrefixPlanner, Put, Restore, Tier
from preheat.inference.worker.scheduling.generation import Beginning, Generation, Sampled
from preheat.inference.worker.scheduling.scheduler import Scheduler
from preheat.inference.worker.scheduling.steps import Status, StepPlan, StepResult
from preheat.inference.worker.text_stream import TextStream

CONTEXT = 2000
ROOM = 1 << 30
MODEL = b"model"
SYSTEMS = [[letter] * 300 for letter in range(3)]
"""More than a block each."""


def never(_index: int) -> Sampled:
    raise AssertionError("the scheduler samples nothing itself")


def generation(request_id: int, tokens: Sequence[int], beginning: int = 0, **fields: Any) -> Generation:
    return Generation(
        request_id=request_id,
        tokens=list(tokens),
        text=TextStream(),
        sample=never,
        **{"max_tokens": 3, **fields},
        beginning=Beginning(str(tokens[:beginning]), beginning, False) if beginning else None,
    )


class Machine:
    """A KV cache, files and a scheduler. Cells are their tokens.

    Attributes:
        files: The stored cells, by key.
        usages: Of the generations that have ended, by request id.
        put_tokens: Stored tokens that were put into slots.
    """

    def __init__(self, *, exact: bool = False, slots: int = 3, parallel: int = 2) -> None:
        self.index = PrefixIndex(MODEL, exact=exact)
        self.planner = PrefixPlanner(exact=exact)
        self.planner.index, self.planner.enabled, self.planner.room = self.index, True, ROOM
        self.scheduler = Scheduler(
            parallel=parallel,
            slots=slots,
            batch_tokens=512,
            context_length=CONTEXT,
            recurrent=exact,
            tokens_per_s=50.0,
            prefixes=self.planner,
        )
        self.exact = exact
        self.files: dict[bytes, tuple[int, ...]] = {}
        self.cache: dict[int, list[int]] = {slot.index: [] for slot in self.scheduler.slots}
        self.reading: list[tuple[Restore, list[Link]]] = []
        self.usages: dict[int, Usage] = {}
        self.put_tokens = 0
        self.now = 0.0
        self.refuses = False  # llama.cpp refuses what is put
        self.copies_a_step = 0
        """Most copies of a step beside a decoding generation."""

    def step(self) -> None:
        plan = self.scheduler.plan(self.now)
        assert plan.empty or not self.scheduler.idle
        copied = [self._copy(copy) for copy in plan.copies]
        kept = self._reuse(plan)
        for slot in plan.forget:
            self.cache[slot.index] = []
        was_put = plan.put is not None and self._put(plan.put)
        result = StepResult(copied=copied, kept=kept, was_put=was_put, ended_at=self.now)
        if plan.chunks:
            self.now += 1
            result = self._decode(plan, result)
            if any(chunk.decodes for chunk in plan.chunks):
                self.copies_a_step = max(self.copies_a_step, len(plan.copies))
        for request_id, chunk in self.scheduler.update(plan, result):
            if chunk.finish_reason is not None:
                assert chunk.usage is not None
                self.usages[request_id] = chunk.usage
        if plan.admit is not None and plan.admit.restore is not None:
            self.reading.append((plan.admit.restore, list(plan.admit.restore.rest)))

    def _copy(self, copy: Copy) -> bool:
        missing = copy.missing
        cells = self.cache[copy.slot.index]
        assert cells[missing.start : missing.end] == list(missing.tokens)
        assert not self.exact or len(cells) == missing.end
        self.files[missing.key] = tuple(missing.tokens)
        self.planner.copied(missing, 1000 * len(missing.tokens))
        key, parent, start, tokens, whole_chunks = missing
        self.index.add(Block(MODEL, key, parent, start, tuple(tokens), whole_chunks, 9.0), 1000, Tier.DISK)
        return True

    def _reuse(self, plan: StepPlan) -> int:
        if plan.reuse is None:
            return 0
        cells, reuse = self.cache[plan.reuse.slot.index], plan.reuse
        assert len(cells) == reuse.held
        held = [] if self.exact and reuse.keep != reuse.held else cells[: reuse.keep]
        if reuse.donor is not None and reuse.shared > len(held):
            held = self.cache[reuse.donor.index][: reuse.shared]
        self.cache[reuse.slot.index] = held[:]
        return len(held)

    def _put(self, put: Put) -> bool:
        cells, start = self.cache[put.slot.index], put.link.stored.start
        assert start <= len(cells)
        assert sum(map(len, self.cache.values())) - len(cells) + start + put.link.tokens <= CONTEXT + BLOCK_TOKENS
        del cells[0 if self.exact else start :]
        if not self.refuses:
            cells.extend(put.cells.tolist()[: put.link.tokens])
            self.put_tokens += put.link.tokens
        return not self.refuses

    def _decode(self, plan: StepPlan, result: StepResult) -> StepResult:
        if sum(map(len, self.cache.values())) + plan.tokens > CONTEXT:
            return result._replace(status=Status.NO_ROOM)
        sampled = []
        for chunk in plan.chunks:
            cells = self.cache[chunk.slot.index]
            assert len(cells) == chunk.start
            cells.extend(chunk.tokens)
            if chunk.samples:
                sampled.append(Sampled(sum(cells) % 7, b"x"))
        return result._replace(sampled=sampled, seconds=1.0, ended_at=self.now)

    def read(self, *, fails: bool = False) -> None:
        """Deliver one block."""
        restore, links = self.reading[0]
        link = links.pop(0)
        if not links:
            del self.reading[0]
        cells = None if fails else memoryview(bytearray(self.files[link.stored.key]))
        self.scheduler.arrived(restore, cells, link.stored.tier)
        if fails and links:
            del self.reading[0]

    def run(self) -> None:
        for _ in range(2000):
            if self.scheduler.idle:
                return
            if self.reading:
                self.read()
            self.step()
        raise AssertionError("it does not end")

    def answer(self, request: Generation) -> Usage:
        self.scheduler.add(request)
        self.run()
        return self.usages[request.request_id]


def with_stored(prompt: Sequence[int], *, seeded: bool = False) -> Machine:
    """Return a machine that has just started, for which a prompt was stored before."""
    before, after = Machine(), Machine()
    before.answer(generation(1, prompt, seeded=seeded))
    before.scheduler.store_all(before.now)
    before.run()
    after.files, after.index, after.planner.index = before.files, before.index, before.index
    return after


class Requests(RuleBasedStateMachine):
    """Requests with common beginnings come, go, are read and damaged."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = Machine()
        self.ids = 0
        self.prompts: dict[int, Generation] = {}

    @rule(
        system=st.sampled_from(SYSTEMS),
        more=st.lists(st.integers(0, 2), min_size=1, max_size=3),
        repeat=st.sampled_from([1, 200]),
        seeded=st.booleans(),
        private=st.booleans(),
    )
    def request(self, system: list[int], more: list[int], repeat: int, seeded: bool, private: bool) -> None:
        self.ids += 1
        tokens = [*system, *(more * repeat)]
        self.prompts[self.ids] = made = generation(self.ids, tokens, len(system), seeded=seeded, private=private)
        self.machine.scheduler.add(made)

    @precondition(lambda self: self.prompts)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.machine.scheduler.cancel(data.draw(st.sampled_from(sorted(self.prompts))))

    @rule()
    def step(self) -> None:
        if not self.machine.scheduler.idle:
            self.machine.step()

    @precondition(lambda self: self.machine.reading)
    @rule(fails=st.booleans())
    def read(self, fails: bool) -> None:
        self.machine.read(fails=fails)

    @rule(refuses=st.booleans(), room=st.sampled_from([0, ROOM]))
    def change(self, refuses: bool, room: int) -> None:
        self.machine.refuses, self.machine.planner.room = refuses, room

    @rule()
    def store(self) -> None:
        self.machine.scheduler.store_all(self.machine.now)

    @invariant()
    def slots_have_what_the_cache_has(self) -> None:
        for slot in self.machine.scheduler.slots:
            assert slot.cached == self.machine.cache[slot.index]
            assert slot.whole <= len(slot.cached)

    def teardown(self) -> None:
        self.machine.planner.room = ROOM
        self.machine.run()
        assert self.machine.copies_a_step <= 1
        for request_id, usage in self.machine.usages.items():
            assert usage.cached_tokens < usage.prompt_tokens
            assert usage.memory_tokens + usage.disk_tokens <= usage.cached_tokens
            assert not self.prompts[request_id].private or usage.cached_tokens == 0
        assert not any(slot.private and slot.cached for slot in self.machine.scheduler.slots)


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_a_beginning_is_stored_at_its_second_request() -> None:
    machine = Machine()
    machine.answer(generation(1, [*SYSTEMS[0], 1], 300))
    assert not machine.files
    machine.answer(generation(2, [*SYSTEMS[0], 2], 300))
    assert sorted(map(len, machine.files.values())) == [44, 256]


def test_a_beginning_that_is_known_late_is_stored_too() -> None:
    machine = Machine()
    for number in (1, 2):
        request = generation(number, [*SYSTEMS[0], number])
        machine.scheduler.add(request)
        while request.first_token_at is None:
            machine.step()
        machine.scheduler.begins(request, Beginning("system", 300, False))
        machine.run()
    assert sorted(map(len, machine.files.values())) == [44, 256]


def test_a_stored_prompt_is_put_back_block_by_block() -> None:
    prompt = [*SYSTEMS[0], *SYSTEMS[1]]
    usage = with_stored(prompt).answer(generation(1, prompt))
    assert (usage.cached_tokens, usage.disk_tokens) == (599, 599)
    assert usage.saved_s > 20


def test_whole_chunks_are_put_back_for_a_seed() -> None:
    machine = with_stored(SYSTEMS[0], seeded=True)
    assert machine.answer(generation(1, SYSTEMS[0], seeded=True)).disk_tokens == 256
    assert machine.answer(generation(2, SYSTEMS[0], seeded=True)).cached_tokens >= 256


def test_a_private_prompt_is_not_waited_for() -> None:
    machine = Machine()
    requests = [generation(number, SYSTEMS[0], private=number == 1) for number in (1, 2)]
    for request in requests:
        machine.scheduler.add(request)
    machine.step()
    machine.step()
    assert all(request.started for request in requests)


def test_blocks_that_are_not_read_in_time_are_computed() -> None:
    machine = with_stored(SYSTEMS[0])
    waits, computes = generation(1, [*SYSTEMS[0], 4]), generation(2, SYSTEMS[1])
    machine.scheduler.add(computes)
    machine.scheduler.add(waits)
    while not machine.reading:
        machine.step()
    assert machine.scheduler.requests == 2
    machine.scheduler.give_up_restores()
    machine.run()  # the blocks come too late
    assert machine.put_tokens == machine.usages[1].cached_tokens == 0
    assert (waits.restore_failed, computes.restore_failed) == (True, False)


def test_blocks_that_llama_cpp_refuses_are_computed() -> None:
    machine = with_stored(SYSTEMS[0])
    machine.refuses = True
    request = generation(1, [*SYSTEMS[0], 4])
    assert machine.answer(request).cached_tokens == 0
    assert request.restore_failed


def test_what_follows_a_damaged_block_is_computed() -> None:
    machine = with_stored(SYSTEMS[0])
    request = generation(1, [*SYSTEMS[0], 4])
    machine.scheduler.add(request)
    machine.step()
    machine.read()
    machine.step()
    machine.read(fails=True)
    machine.run()
    assert machine.usages[1].disk_tokens == 256
    assert request.restore_failed


def test_an_idle_conversation_makes_room_for_a_stored_one() -> None:
    stored = SYSTEMS[0] * 4
    machine = with_stored(stored)
    for number in (1, 2):
        machine.answer(generation(number, SYSTEMS[number] + [number] * 150))
    assert machine.answer(generation(3, [*stored, 4])).disk_tokens == 1200
    assert sum(map(len, machine.cache.values())) < 2000


def test_what_a_generation_computed_itself_is_put_back_but_not_counted() -> None:
    machine = Machine(slots=1, parallel=1)
    machine.scheduler.add(generation(1, SYSTEMS[0], max_tokens=20, priority=Priority.BULK))
    while machine.now < 10:
        machine.step()
    machine.answer(generation(2, [*SYSTEMS[1], 5]))  # takes the only slot
    assert machine.put_tokens >= 300
    usage = machine.usages[1]
    assert (usage.completion_tokens, usage.cached_tokens, usage.saved_s) == (20, 0, 0)


def test_a_conversation_is_stored_before_it_is_overwritten() -> None:
    machine = Machine(slots=1, parallel=1)
    machine.answer(generation(1, SYSTEMS[0]))
    usage = machine.answer(generation(2, [*SYSTEMS[1], 5]))
    assert usage.cached_tokens == 0
    assert machine.answer(generation(3, [*SYSTEMS[0], 7])).disk_tokens == 300


def test_beside_a_decoding_generation_it_is_stored_block_by_block() -> None:
    machine = Machine(slots=2)
    machine.answer(generation(1, [*SYSTEMS[0], *SYSTEMS[1]]))
    decoding = generation(2, [9, 9], max_tokens=40)
    machine.scheduler.add(decoding)
    while decoding.first_token_at is None:
        machine.step()
    machine.answer(generation(3, [*SYSTEMS[2], 5]))
    assert sorted(map(len, machine.files.values())) == [90, 256, 256]
    assert machine.copies_a_step == 1


def test_a_continued_conversation_is_not() -> None:
    machine = Machine(slots=1, parallel=1)
    machine.answer(generation(1, SYSTEMS[0], max_tokens=200))
    assert machine.answer(generation(2, [*SYSTEMS[0], 9])).cached_tokens == 300
    assert not machine.files


def test_an_old_conversation_is_not() -> None:
    machine = Machine(slots=1, parallel=1)
    machine.answer(generation(1, SYSTEMS[0]))
    machine.now += 3601
    machine.answer(generation(2, [*SYSTEMS[1], 5]))
    assert not machine.files


def test_a_whole_state_is_copied_exactly_at_its_boundary() -> None:
    machine = Machine(exact=True)
    for number in range(2):
        machine.answer(generation(number, [*SYSTEMS[0], number, *SYSTEMS[1]], 300))
    assert sorted(map(len, machine.files.values())) == [300]
    machine.answer(generation(3, [9, 9]))
    machine.answer(generation(4, [8, 8]))
    machine.answer(generation(5, [7, 7]))
    assert machine.answer(generation(6, [*SYSTEMS[0], 9, 9], 300)).disk_tokens == 300


def test_resting_tokens_are_put_back_without_computing() -> None:
    machine = with_stored(SYSTEMS[0])
    before = machine.now
    usage = machine.answer(generation(-2, SYSTEMS[0], max_tokens=0, restore_only=True))
    assert usage.cached_tokens == 300
    assert machine.answer(generation(-3, SYSTEMS[1], max_tokens=0, restore_only=True)).cached_tokens == 0
    assert machine.now == before
    assert machine.answer(generation(2, [*SYSTEMS[0], 4])).memory_tokens == 0
