"""Prefix reuse with a real model: what is not computed again, which conversations are kept, and the same text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from preheat.inference import GenerateRequest, Sampling
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.prefixes.cells import Cells
from tests.engine.inference.text_runs import GREEDY, TextRun, ask, chat, load_options

SYSTEM = "You are the captain of a small ship that carries apples and oranges across the northern sea. "
LONG = SYSTEM + " ".join(f"On day {day} we saw {day * 3} birds." for day in range(1, 9))


def test_a_continued_conversation_is_not_computed_again(run: TextRun) -> None:
    first = run.one(ask(LONG, 8))
    assert first.usage.cached_tokens == 0
    second = run.one(ask(LONG + first.text + " And then", 8))
    # All but the tokens at the seam, which may be cut differently.
    assert second.usage.cached_tokens >= first.usage.prompt_tokens - 1
    assert second.usage.cached_tokens < second.usage.prompt_tokens


def test_the_same_prompt_again_computes_one_token(run: TextRun) -> None:
    run.one(ask(LONG, 4))
    again = run.one(ask(LONG, 4))
    assert again.usage.cached_tokens == again.usage.prompt_tokens - 1


def test_reuse_writes_the_same_text(new_run: Callable[..., TextRun]) -> None:
    prompt = LONG + " The capital of France is"
    fresh = new_run().one(ask(prompt, 6))
    run = new_run()
    run.one(ask(LONG, 2))
    reused = run.one(ask(prompt, 6))
    assert reused.usage.cached_tokens > 60
    assert reused.text == fresh.text


def test_a_copy_between_slots_writes_the_same_text(new_run: Callable[..., TextRun]) -> None:
    """Both share a long beginning and run at once, so one slot has to take it over from the other."""
    fresh = [new_run().one(ask(LONG + end, 6)) for end in (" The capital of France is", " 1, 2, 3, 4,")]
    run = new_run()
    run.one(ask(LONG, 2))
    both = run.all([ask(LONG + " The capital of France is", 6), ask(LONG + " 1, 2, 3, 4,", 6)])
    assert all(answer.usage.cached_tokens > 60 for answer in both)
    assert [answer.text for answer in both] == [answer.text for answer in fresh]


def test_a_running_request_lends_its_beginning(run: TextRun) -> None:
    first = run.submit(ask(LONG, 30))
    joined: list[int] = []

    def join() -> None:
        if run.steps == 2:
            joined.append(run.submit(ask(LONG + " Tell me more:", 4)))

    run.on_step = join
    run.run()
    assert run.answers[first].usage.completion_tokens == 30
    assert run.answers[joined[0]].usage.cached_tokens > 60


def test_a_shared_system_prompt_does_not_cost_a_long_conversation(run: TextRun) -> None:
    run.one(ask(LONG, 4))
    short = run.one(ask(SYSTEM + "What is an apple?", 4))
    assert short.usage.cached_tokens >= 8  # copied
    again = run.one(ask(LONG + " And then", 4))
    assert again.usage.cached_tokens > again.usage.prompt_tokens - 8


def test_a_warm_beginning_is_not_computed_by_the_first_chat(new_run: Callable[..., TextRun]) -> None:
    cold, warm = (new_run(warm_prefix=warm).one(chat("Hi", 6)) for warm in (False, True))
    assert cold.usage.cached_tokens == 0
    assert warm.usage.cached_tokens > 15
    assert warm.text == cold.text


def test_a_warm_beginning_longer_than_a_batch(chat_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = load_options(chat_model, context_length=64, warm_prefix=True)
    model = LlamaModel(options)
    monkeypatch.setattr(model, "chat_template", lambda *_: "x " * 100 + "{{ messages[0].content }}")
    assert TextRun(model, options).one(chat("Hi", 2)).usage.cached_tokens > 90


def test_with_one_slot_the_shared_beginning_is_still_used(new_run: Callable[..., TextRun]) -> None:
    run = new_run(parallel=1)
    run.one(ask(LONG, 4))
    short = run.one(ask(SYSTEM + "What is an apple?", 4))
    assert short.usage.cached_tokens >= 8


def test_a_seed_reuses_the_prompt_without_changing_a_bit(new_run: Callable[..., TextRun]) -> None:
    seeded = ask(LONG, 6, sampling=Sampling(seed=1), top_logprobs=3)
    fresh = new_run().one(seeded)
    run = new_run()
    run.one(ask(LONG, 4))
    reused = run.one(seeded)
    assert (fresh.usage.cached_tokens, reused.usage.cached_tokens) == (0, fresh.usage.prompt_tokens - 2)
    assert reused.logprobs == fresh.logprobs


def test_a_seeded_short_chat_after_a_warm_beginning_has_the_same_bits(new_run: Callable[..., TextRun]) -> None:
    seeded = chat("Hi", 6, sampling=Sampling(seed=1), top_logprobs=3)
    fresh, run = new_run().one(seeded), new_run(warm_prefix=True)
    warm, again = run.one(seeded), run.one(seeded)
    assert fresh.usage.cached_tokens == 0
    assert 15 < warm.usage.cached_tokens < again.usage.cached_tokens == fresh.usage.prompt_tokens - 2
    assert fresh.logprobs == warm.logprobs == again.logprobs


@pytest.mark.parametrize("seed", [None, 3])
def test_choices_of_one_request_share_its_prompt(new_run: Callable[..., TextRun], seed: int | None) -> None:
    choices = [
        ask(LONG, 6, sampling=Sampling(seed=None if seed is None else seed + choice, temperature=2, min_p=0))
        for choice in range(3)
    ]
    run = new_run()
    answers = run.all(choices)
    prompt_tokens = answers[0].usage.prompt_tokens
    shared = prompt_tokens - (1 if seed is None else 2)
    assert [answer.usage.cached_tokens for answer in answers] == [0, shared, shared]
    assert len({answer.text for answer in answers}) > 1
    if seed is not None:
        assert [answer.text for answer in new_run().all(choices)] == [answer.text for answer in answers]


def test_different_prompts_share_nothing(run: TextRun) -> None:
    run.one(GenerateRequest(prompt_tokens=(5,) * 50, max_tokens=1, sampling=GREEDY))
    assert run.one(GenerateRequest(prompt_tokens=(6,) * 50, max_tokens=1, sampling=GREEDY)).usage.cached_tokens == 0


def test_idle_conversations_take_half_the_cache_at_most(narrow_run: TextRun) -> None:
    for token in (50, 51, 52):
        narrow_run.one(GenerateRequest(prompt_tokens=(token,) * 70, max_tokens=1, sampling=GREEDY))
    kept = [
        narrow_run.one(GenerateRequest(prompt_tokens=(token,) * 70, max_tokens=1, sampling=GREEDY))
        for token in (52, 50)
    ]
    assert [answer.usage.cached_tokens for answer in kept] == [69, 0]


def test_two_programs_in_turns_keep_their_conversations(
    new_run: Callable[..., TextRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each one's cells are out of the KV cache while the other one is answered, and come back."""
    monkeypatch.setattr("preheat.inference.worker.scheduling.idle.PARK_S", 0.0)
    back: list[int] = []
    unpark = Cells.unpark

    def counted(cells: Cells, content: memoryview, sequence: int, length: int) -> bool:
        back.append(length)
        return unpark(cells, content, sequence, length)

    monkeypatch.setattr(Cells, "unpark", counted)
    run = new_run()
    talks = {"A": LONG + " A:", "B": SYSTEM * 4 + " B:"}
    lengths: dict[str, int] = {}
    for turn in range(4):
        for name, text in talks.items():
            answer = run.one(ask(text, 16))
            if turn:
                # All but the tokens at the seam.
                assert answer.usage.cached_tokens >= lengths[name] - 3
            lengths[name] = answer.usage.prompt_tokens + answer.usage.completion_tokens
            talks[name] = text + answer.text + " Next:"
    assert len(back) >= 6
    fresh = new_run().one(ask(talks["A"], 8))
    assert run.one(ask(talks["A"], 8)).text == fresh.text
