"""Text with a real model: joining and leaving a batch, stop conditions, a full KV cache."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from preheat.errors import ContextLengthExceededError, InvalidRequestError, UnsupportedOperationError
from preheat.inference import FinishReason, GenerateRequest, Priority, Sampling
from preheat.inference.protocol import Embed
from preheat.inference.worker.llama_model import LlamaModel
from preheat.messages import msg
from tests.engine.inference.text_runs import GREEDY, TextRun, ask, chat, load_options

STORY = "Once upon a time there was a little fox who lived in the forest. Every morning the fox"
PROMPTS = ["The capital of France is", "1, 2, 3, 4, 5,", STORY, "Monday, Tuesday,", "def add(a, b):", "Water is"]


def test_a_chat_is_answered(run: TextRun) -> None:
    answer = run.one(chat("Hi", 60))
    assert answer.text
    assert "<|" not in answer.text
    assert answer.finish_reason is FinishReason.STOP


def test_a_prompt_is_continued(run: TextRun) -> None:
    assert "Paris" in run.one(ask("The capital of France is")).text


def test_max_tokens(run: TextRun) -> None:
    answer = run.one(ask(STORY, 5))
    assert answer.finish_reason is FinishReason.LENGTH
    assert answer.usage.completion_tokens == 5


def test_no_tokens_at_all(run: TextRun) -> None:
    answer = run.one(ask(STORY, 0))
    assert (answer.text, answer.finish_reason) == ("", FinishReason.LENGTH)
    assert answer.usage.completion_tokens == 0


def test_the_context_ends_a_generation(narrow_run: TextRun) -> None:
    endless = Sampling(temperature=0, logit_bias=_no_end(narrow_run))
    answer = narrow_run.one(GenerateRequest(prompt_tokens=(60,) * 230, sampling=endless))
    assert answer.finish_reason is FinishReason.LENGTH
    assert answer.usage.prompt_tokens + answer.usage.completion_tokens == 256


def _no_end(run: TextRun) -> dict[int, float]:
    """Ban the tokens that end a text."""
    model = run.model
    return {token: -100.0 for token in range(20) if model.is_end(token)}


def test_a_prompt_as_long_as_the_context_is_refused(narrow_run: TextRun) -> None:
    answer = narrow_run.one(GenerateRequest(prompt_tokens=(5,) * 256))
    assert isinstance(answer.error, ContextLengthExceededError)
    assert answer.error.message == msg("prompt_too_long", tokens=256, limit=256)
    assert narrow_run.one(GenerateRequest(prompt_tokens=(5,) * 255, sampling=GREEDY)).usage.completion_tokens == 1


def test_requests_together_write_what_each_writes_alone(new_run: Callable[..., TextRun]) -> None:
    # Sequences with an obvious next token: other batch sizes round differently, which may turn a near tie.
    prompts = ["1, 2, 3, 4, 5,", "Monday, Tuesday,", "A, B, C, D, E,", "2, 4, 6, 8, 10,"]
    alone = [new_run().one(ask(prompt, 8)).text for prompt in prompts]
    together = new_run().all([ask(prompt, 8) for prompt in prompts])
    assert [answer.text for answer in together] == alone


def test_more_requests_than_slots(new_run: Callable[..., TextRun]) -> None:
    run = new_run(parallel=2)
    most = 0
    running: set[int] = set()

    def look() -> None:
        nonlocal most
        running.clear()
        running.update(at for at, answer in run.answers.items() if answer.chunks and not answer.done)
        most = max(most, len(running))

    run.on_step = look
    answers = run.all([ask(prompt, 6) for prompt in PROMPTS])
    assert [answer.usage.completion_tokens for answer in answers] == [6] * len(PROMPTS)
    assert most == 2


def test_a_request_joins_a_running_batch(run: TextRun) -> None:
    first = run.submit(ask(STORY, 20))
    joined: list[int] = []

    def join_at_fifth_step() -> None:
        if run.steps == 5:
            joined.append(run.submit(ask(PROMPTS[1], 3)))

    run.on_step = join_at_fifth_step
    run.run()
    assert run.answers[first].usage.completion_tokens == 20
    assert run.answers[joined[0]].usage.completion_tokens == 3
    # It did not wait for the first one's end: a step of prefill, then three with both.
    assert run.steps <= 22


def test_a_cancelled_request_is_gone_with_the_next_step(run: TextRun) -> None:
    doomed, other = run.submit(ask(STORY, 500)), run.submit(ask(PROMPTS[1], 12))
    seen: list[int] = []
    doomed_answer = run.answers[doomed]

    def cancel_at_third() -> None:
        if run.steps == 3:
            run.cancel(doomed)
            seen.append(len(doomed_answer.chunks))

    run.on_step = cancel_at_third
    run.run()
    assert run.answers[other].usage.completion_tokens == 12
    assert len(doomed_answer.chunks) == seen[0]
    assert run.steps < 20


def test_a_waiting_request_can_be_cancelled(new_run: Callable[..., TextRun]) -> None:
    run = new_run(parallel=1)
    first, waiting = run.submit(ask(STORY, 5)), run.submit(ask(PROMPTS[0], 5))
    run.cancel(waiting)
    run.run()
    assert run.answers[first].usage.completion_tokens == 5


def test_cancelling_what_is_over_does_nothing(run: TextRun) -> None:
    first = run.submit(ask(STORY, 2))
    run.run()
    run.cancel(first)
    run.cancel(run.submit(ask(STORY, 500)))
    assert run.one(ask(STORY, 2)).usage.completion_tokens == 2


def test_long_generations_share_a_small_kv_cache(narrow_run: TextRun, narrow_llama: LlamaModel) -> None:
    """Three times 100 tokens do not fit into 256: one waits and starts over, none is lost or cut."""
    endless = Sampling(temperature=0, logit_bias=_no_end(narrow_run))
    answers = narrow_run.all([ask(prompt, 95, sampling=endless) for prompt in PROMPTS[:3]])
    assert [answer.usage.completion_tokens for answer in answers] == [95] * 3
    assert [answer.finish_reason for answer in answers] == [FinishReason.LENGTH] * 3
    assert "6, 7, 8, 9, 10, 11, 12" in answers[1].text
    # Nothing of a text is shown twice after starting over.
    for answer in answers:
        tokens = narrow_llama.tokenize(answer.text, add_special=False)
        assert len(tokens) <= 97


def test_prompts_that_together_exceed_the_batch(narrow_run: TextRun) -> None:
    """One decode takes as many tokens as the context has: more, and llama.cpp aborts the process."""
    requests = [GenerateRequest(prompt_tokens=(token,) * 135, max_tokens=2, sampling=GREEDY) for token in (50, 51)]
    assert [answer.usage.completion_tokens for answer in narrow_run.all(requests)] == [2] * 2


def test_a_full_cache_forgets_idle_conversations_first(narrow_run: TextRun) -> None:
    narrow_run.one(GenerateRequest(prompt_tokens=(60,) * 100, max_tokens=1, sampling=GREEDY))
    answers = narrow_run.all(
        [GenerateRequest(prompt_tokens=(token,) * 70, max_tokens=20, sampling=GREEDY) for token in (70, 80)]
    )
    assert all(answer.usage.completion_tokens for answer in answers)


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        ((" 8",), "1, 2, 3, 4, 5, 6, 7,"),
        ((", 9", "10"), "1, 2, 3, 4, 5, 6, 7, 8"),
        (("7, 8, 9, 1",), "1, 2, 3, 4, 5, 6, "),
    ],
)
def test_stop_strings(run: TextRun, stop: tuple[str, ...], text: str) -> None:
    prompt = "1, 2, 3, 4, 5, 6,"
    answer = run.one(ask(prompt, 20, stop=stop))
    assert prompt + answer.text == text
    assert answer.finish_reason is FinishReason.STOP
    for chunk in answer.chunks:
        assert not any(chunk.text.endswith(stop[0][:length]) for length in range(2, len(stop[0])))


def test_the_stop_string_is_named(run: TextRun) -> None:
    assert run.one(ask("1, 2, 3, 4, 5, 6,", 20, stop=("!", " 8"))).chunks[-1].stop_text == " 8"


def test_log_probabilities_of_a_prompt_are_those_of_writing_it(new_run: Callable[..., TextRun]) -> None:
    prompt = "The capital of France is"
    written = new_run().one(ask(prompt, 12, top_logprobs=2))
    whole = prompt + written.text
    answer = new_run().one(ask(whole, 2, prompt_logprobs=True, top_logprobs=2))
    entries = answer.chunks[0].prompt_logprobs
    assert "".join(entry.token for entry in entries) == whole
    assert not any(chunk.prompt_logprobs for chunk in answer.chunks[1:])
    for read, wrote in zip(entries[-len(written.logprobs) :], written.logprobs, strict=True):
        assert read.token == wrote.token
        assert read.logprob == pytest.approx(wrote.logprob, abs=0.05)
        assert read.top[0][0] == wrote.top[0][0]


def test_log_probabilities_of_long_prompts_together(new_run: Callable[..., TextRun]) -> None:
    """Their rows of logits are computed in several steps."""
    alone = new_run().one(ask(STORY * 3, 0, prompt_logprobs=True)).chunks[0].prompt_logprobs
    run = new_run()
    answers = run.all([ask(STORY * 3, 0, prompt_logprobs=True), ask(STORY, 8), ask(STORY, 1, prompt_logprobs=True)])
    together = answers[0].chunks[0].prompt_logprobs
    assert [entry.token for entry in together] == [entry.token for entry in alone]
    assert [entry.logprob for entry in together] == pytest.approx([entry.logprob for entry in alone], abs=0.05)
    assert answers[0].finish_reason is FinishReason.LENGTH


def test_the_progress_of_a_prompt(run: TextRun) -> None:
    answer = run.one(GenerateRequest(prompt_tokens=(50,) * 1200, max_tokens=1, report_progress=True))
    progress = [chunk.progress for chunk in answer.chunks if chunk.progress is not None]
    assert progress
    assert {each.total_tokens for each in progress} == {1200}
    assert answer.text
    assert answer.usage.prefill_s > 0
    short = run.one(ask(PROMPTS[0], 2, report_progress=True))
    assert [chunk.progress is not None for chunk in short.chunks[:2]] == [True, False]


def test_prefill_ends_when_all_of_its_requests_are_cancelled(run: TextRun, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = GenerateRequest(prompt_tokens=(50,) * 400, max_tokens=1)
    doomed = run.submit(prompt)
    interrupt_when = run.model.interrupt_when

    def cancel_during_decode(asked: Callable[[], bool] | None) -> None:
        def cancel_and_ask() -> bool:
            run.service.cancel(doomed)
            return asked is not None and asked()

        interrupt_when(cancel_and_ask)

    monkeypatch.setattr(run.model, "interrupt_when", cancel_during_decode)
    run.run()
    assert not run.answers[doomed].chunks
    monkeypatch.undo()
    assert run.one(prompt).usage.cached_tokens == 0  # the decode was not finished


def test_low_priority_pauses(run: TextRun) -> None:
    bulk = run.submit(ask(STORY, 30, priority=Priority.BULK))
    chat_ended: list[int] = []
    interactive = run.submit(ask(PROMPTS[1], 12))

    def look() -> None:
        if run.answers[interactive].done and not chat_ended:
            chat_ended.append(len(run.answers[bulk].chunks))

    run.on_step = look
    run.run()
    assert chat_ended == [0]
    assert run.answers[bulk].usage.completion_tokens == 30


def test_a_model_without_tokens_for_infill(run: TextRun) -> None:
    answer = run.one(ask("def add(a, b):", suffix="    return total"))
    assert isinstance(answer.error, UnsupportedOperationError)
    assert answer.error.message == msg("model_without_infill")


def test_a_suffix_is_placed_after_the_prompt(run: TextRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.model, "infill", (4, 5, 6))
    prompt, suffix = "def add(a, b):", "<|im_end|>"
    answer = run.one(ask(prompt, 1, suffix=suffix, prompt_logprobs=True))
    pieces = [entry.token for entry in answer.chunks[0].prompt_logprobs]
    tokens = [run.model.tokenize(text, parse_special=False) for text in (prompt, suffix)]
    assert len(tokens[1]) > 1  # no control token
    expected = [4, *tokens[0], 5, *tokens[1], 6]
    assert pieces == [run.model.piece(token).decode() for token in expected]


def test_a_chat_has_no_suffix(run: TextRun) -> None:
    assert isinstance(run.one(chat("Hi", suffix="x")).error, InvalidRequestError)


def test_characters_arrive_whole(run: TextRun) -> None:
    tokens = run.model.tokenize("🦊", add_special=False)
    assert len(tokens) > 1
    # Each of its tokens, and nothing else, once and in this order: the first has the highest bias, and each use costs.
    bias = {token: 1000.0 - 50 * at for at, token in enumerate(tokens)}
    once = Sampling(temperature=0, logit_bias=bias, presence_penalty=500.0, penalty_last_n=-1)
    answer = run.one(ask(STORY, len(tokens), sampling=once))
    assert answer.text == "🦊"
    assert [chunk.text for chunk in answer.chunks] == ["🦊"]


def test_a_character_cut_off_by_max_tokens_is_replaced(run: TextRun) -> None:
    first = run.model.tokenize("🦊", add_special=False)[0]
    answer = run.one(ask(STORY, 1, sampling=Sampling(temperature=0, logit_bias={first: 1000.0})))
    assert answer.text == "\ufffd"


@pytest.mark.parametrize("token", [-1, 49_152, 10**9])
def test_tokens_that_do_not_exist(run: TextRun, token: int) -> None:
    answer = run.one(GenerateRequest(prompt_tokens=(5, token)))
    assert isinstance(answer.error, InvalidRequestError)
    assert answer.error.message == msg("token_unknown", token=token, last=49_151)
    assert answer.error.param == "prompt"


def test_an_empty_prompt_starts_at_the_start_token(run: TextRun) -> None:
    assert run.one(ask("", 3)).usage.prompt_tokens == 1


def test_a_text_model_makes_no_embeddings(run: TextRun) -> None:
    with pytest.raises(UnsupportedOperationError):
        run.service.submit(Embed(1, ["a"]))


def test_a_broken_template_costs_one_request(
    chat_llama: LlamaModel, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_llama, "chat_template", lambda *_: "{{ messages.nothing.there }}")
    run = TextRun(chat_llama, load_options(chat_model))
    answer = run.one(chat("Hi", 2))
    assert answer.done
    assert run.one(ask(STORY, 2)).usage.completion_tokens == 2


if sys.platform == "linux":

    def test_idle_time_gives_unused_memory_back(chat_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("preheat.inference.worker.unused_memory.GIVE_BACK_AFTER_S", 0.01)
        options = load_options(chat_model)
        model = LlamaModel(options)
        run = TextRun(model, options)
        before = run.one(ask(STORY, 8)).text
        assert model.unused_memory
        while model.unused_memory:
            run.service.step(wait=True)
        assert run.one(ask(STORY, 8)).text == before
        assert run.one(ask(STORY + STORY, 8)).usage.cached_tokens
        model.close()
