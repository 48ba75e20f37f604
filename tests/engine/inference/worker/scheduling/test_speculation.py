"""Drafts with a real model: the same text as without, whatever decides the next token.

Contexts stay below 512 tokens. From there on, llama.cpp's attention adds in another order for one token than for
several, which changes the last bits.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preheat.inference import Chat, Constraint, GenerateRequest, Role, Sampling, ToolDefinition, text_message
from preheat.inference.worker.llama_model import LlamaModel
from tests.engine.inference.text_runs import GREEDY, Answer, FreeDrafts, TextRun, ask, chat, load_options

POEM = "The sun is up, the sky is blue, the birds are singing songs for you, and all the world is fresh and new."
CODE = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n\n\ndef mul(a, b):\n    return a * b\n"
PROMPTS = [
    f"{POEM}\n{POEM}\n{POEM}\n",
    f"```python\n{CODE}```\nThe same with other names:\n```python\n{CODE.replace('add', 'plus')[:60]}",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8,",
    "to be or not to be or not to be or not to be or not to be or",
    "{'a': 1, 'b': 2, 'c': 3}, {'a': 1, 'b': 2, 'c': 3}, {'a': 1, 'b': 2, 'c': 4}, {'a': 1,",
]


@pytest.fixture
def both(chat_llama: LlamaModel, chat_model: Path) -> Callable[[list[GenerateRequest]], tuple[list[Answer], Answer]]:
    """Return the answers to requests without drafts, and check that they are the same with drafts."""

    def answer(requests: list[GenerateRequest]) -> tuple[list[Answer], Answer]:
        plain, drafted = (
            _answers(chat_llama, chat_model, requests, speculation=speculation) for speculation in (False, True)
        )
        for without, with_drafts in zip(plain, drafted, strict=True):
            assert with_drafts.text == without.text
            assert with_drafts.finish_reason == without.finish_reason
            assert with_drafts.logprobs == without.logprobs
            assert with_drafts.usage.completion_tokens == without.usage.completion_tokens
            assert without.usage.draft_tokens == 0
        return drafted, max(drafted, key=lambda answer: answer.usage.accepted_tokens)

    return answer


Both = Callable[[list[GenerateRequest]], tuple[list[Answer], Answer]]


def _answers(model: LlamaModel, path: Path, requests: list[GenerateRequest], *, speculation: bool) -> list[Answer]:
    run = TextRun(model, load_options(path, speculation=speculation), FreeDrafts())
    answers = []
    for number, request in enumerate(requests):
        random.seed(number)  # the samplers' seeds come from here
        answers.append(run.one(request))
    return answers


def test_the_same_greedy_texts(both: Both) -> None:
    answers, _ = both([ask(prompt, 24) for prompt in PROMPTS])
    assert sum(answer.usage.accepted_tokens > 0 for answer in answers) == len(answers)
    assert all(answer.usage.accepted_tokens <= answer.usage.draft_tokens for answer in answers)


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=1.5, top_k=0, min_p=0.02),
        Sampling(temperature=0.7, repetition_penalty=1.02, presence_penalty=0.1, frequency_penalty=0.02),
        Sampling(temperature=0.9, logit_bias={260: 2.0, 28: -1.0}),
    ],
)
def test_the_same_random_texts(both: Both, sampling: Sampling) -> None:
    answers, _ = both([ask(prompt, 16, sampling=sampling) for prompt in PROMPTS[3:4]])
    assert sum(answer.usage.draft_tokens for answer in answers) > 0


def test_the_same_log_probabilities(both: Both) -> None:
    _, best = both([ask(PROMPTS[3], 16, top_logprobs=3)])
    assert best.usage.accepted_tokens > 8
    assert len(best.logprobs) == best.usage.completion_tokens


def test_the_same_text_that_follows_a_constraint(both: Both) -> None:
    schema = Constraint("regex", r"(\{'a': \d, 'b': \d, 'c': \d\}(, )?){4}")
    _, best = both([ask(PROMPTS[4].removesuffix(" {'a': 1,"), 60, constraint=schema, sampling=GREEDY)])
    assert best.usage.accepted_tokens > 8


def test_the_same_stop_string_and_limit(both: Both) -> None:
    _, best = both([ask(PROMPTS[3], 60, stop=("be or not to be or",)), ask(PROMPTS[3], 13)])
    assert best.usage.accepted_tokens > 4


def test_the_same_chat_with_tools(both: Both) -> None:
    tools = (ToolDefinition("add", "Add two numbers.", {"type": "object", "properties": {"a": {"type": "number"}}}),)
    messages = (text_message(Role.SYSTEM, POEM), text_message(Role.USER, f"Repeat this twice: {POEM}"))
    both(
        [
            GenerateRequest(chat=Chat(messages=messages, tools=given), max_tokens=24, sampling=GREEDY)
            for given in ((), tools)
        ]
    )


def test_a_prediction(both: Both, chat_llama: LlamaModel, chat_model: Path) -> None:
    request: dict[str, Any] = {"text": "Write a short poem about the sun.", "max_tokens": 24}
    expected = _answers(chat_llama, chat_model, [chat(**request)], speculation=False)[0].text
    right, wrong = (chat(**request, prediction=text) for text in (expected, f"No. {expected}"))
    answers, _ = both([right, wrong])
    assert answers[0].usage.accepted_tokens > 16
    assert answers[1].usage.accepted_tokens < answers[0].usage.accepted_tokens


def test_two_at_once(chat_llama: LlamaModel, chat_model: Path) -> None:
    requests = [ask(prompt, 24) for prompt in PROMPTS[3:]]
    plain, drafted = (
        TextRun(chat_llama, load_options(chat_model, speculation=speculation), FreeDrafts()).all(requests)
        for speculation in (False, True)
    )
    assert [answer.text for answer in plain] == [answer.text for answer in drafted]
    assert all(answer.usage.accepted_tokens for answer in drafted)


@pytest.mark.parametrize(
    "fields", [{"sampling": Sampling(seed=1)}, {"prompt_logprobs": True, "top_logprobs": 0}, {"max_tokens": 8}]
)
def test_requests_without_drafts(chat_llama: LlamaModel, chat_model: Path, fields: dict[str, Any]) -> None:
    answer = _answers(chat_llama, chat_model, [ask(PROMPTS[3], **{"max_tokens": 16, **fields})], speculation=True)[0]
    assert answer.usage.draft_tokens == 0


def test_a_model_that_cannot_drop_tokens_gets_no_drafts(
    chat_llama: LlamaModel, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_llama, "can_cut", False)
    answer = _answers(chat_llama, chat_model, [ask(PROMPTS[3], 16)], speculation=True)[0]
    assert answer.usage.draft_tokens == 0


def test_a_conversation_goes_on_after_rejected_drafts(chat_llama: LlamaModel, chat_model: Path) -> None:
    run = TextRun(chat_llama, load_options(chat_model, speculation=True), FreeDrafts())
    first = run.one(ask(PROMPTS[4], 20))
    assert first.usage.draft_tokens > first.usage.accepted_tokens
    longer = PROMPTS[4] + first.text + " and then"
    again = run.one(ask(longer, 12))
    assert again.usage.cached_tokens > 40
    assert again.text == TextRun(chat_llama, load_options(chat_model)).one(ask(longer, 12)).text
