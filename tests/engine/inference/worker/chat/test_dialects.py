"""What a template and a vocabulary say about a model's forms."""

from __future__ import annotations

import pytest

from preheat.inference import Chat, Role, text_message
from preheat.inference.worker.chat.dialects import THINKING, CallForm, Thinking, dialect_of, prompted_thinking

THINK = THINKING[0]


@pytest.mark.parametrize(
    ("template", "control", "form"),
    [
        ("{{ messages }}", "", CallForm.HERMES),
        ("{{ messages }}", "[TOOL_CALLS]", CallForm.MISTRAL),
        ("<tool_call>\n", "", CallForm.HERMES),
        ("<tool_call>\n<function=a>\n<parameter=b>", "", CallForm.XML),
        ("[TOOL_CALLS][", "[TOOL_CALLS]", CallForm.MISTRAL),
        ("[TOOL_CALLS]a[ARGS]", "[TOOL_CALLS]", CallForm.MISTRAL_ARGS),
        ('{"name": "a", "parameters": {}}', "", CallForm.LLAMA),
        ("<|tool_call|>", "", CallForm.GRANITE),
        ("<function=a>", "", CallForm.FUNCTION),
        ("<｜tool▁call▁begin｜>a<｜tool▁sep｜>", "", CallForm.DEEPSEEK),
        ("<｜tool▁call▁begin｜>function<｜tool▁sep｜>a", "", CallForm.DEEPSEEK_FENCED),
    ],
)
def test_the_form_of_calls_is_that_of_the_template(template: str, control: str, form: CallForm) -> None:
    dialect = dialect_of(template, lambda text: 7 if text == control else None)
    assert dialect.form is form
    assert dict(dialect.control) == ({7: control} if control else {})


def test_thinking_and_channels_come_from_the_template_or_the_vocabulary() -> None:
    assert dialect_of("{{ '<think>' }}", lambda _: None).thinking == THINK
    assert dialect_of("", {"[THINK]": 3}.get).thinking == Thinking("[THINK]", "[/THINK]")
    assert dialect_of("", lambda _: None).thinking is None
    assert dialect_of("", {"<|channel|>": 3}.get).channels


@pytest.mark.parametrize(
    ("end", "last", "opened"),
    [
        ("<think>\n", "hi", True),
        ("<think>", "a <think> b", True),
        ("<think>\n\n</think>\n\n", "hi", False),
        ("", "what is <think>", False),
        ("", "<think>", False),
        ("<think>\n", "think", True),
        ("<think>\n", "n", True),
        ("<think>\n", "", True),
    ],
)
def test_thinking_is_begun_by_the_prompt_and_not_by_a_message(end: str, last: str, opened: bool) -> None:
    chat = Chat(messages=(text_message(Role.USER, last),))
    prompt = f"<|user|>{last}<|end|><|assistant|>{end}"
    assert prompted_thinking(prompt, chat) == (THINK if opened else None)


def test_a_continued_answer_may_be_inside_its_thinking() -> None:
    messages = (text_message(Role.USER, "hi"), text_message(Role.ASSISTANT, "<think>\nHm"))
    chat = Chat(messages=messages, continue_last=True)
    assert prompted_thinking("<|user|>hi<|end|><|assistant|><think>\nHm", chat) == THINK
    assert prompted_thinking("<|user|>hi<|end|><|assistant|><think>\nHm</think>Yes", chat) is None
