"""What the size of a request shows, before a worker gets it."""

from __future__ import annotations

from typing import Any

import pytest

from preheat.errors import ContextLengthExceededError, EngineError, InvalidRequestError
from preheat.inference import (
    Chat,
    ContentPart,
    GenerateRequest,
    Message,
    Role,
    ToolCall,
    ToolDefinition,
    text_message,
    with_joined_texts,
)
from preheat.inference.request_size import (
    check_inputs,
    check_request,
    check_text_to_count,
    check_token_count,
    is_quick,
    json_size,
    longest_prompt,
    max_characters,
)

CONTEXT = 4096
LONG = "x" * (max_characters(CONTEXT) + 1)


def chat(*messages: Message, **fields: Any) -> GenerateRequest:
    return GenerateRequest(chat=Chat(messages=messages, **fields))


def asked(text: str = "Hi") -> Message:
    return text_message(Role.USER, text)


TOO_LONG = [
    GenerateRequest(prompt=LONG),
    GenerateRequest(prompt="a", suffix=LONG),
    GenerateRequest(prompt_tokens=(1,) * CONTEXT),
    chat(asked(LONG)),
    chat(*[asked()] * (CONTEXT // 2)),
    chat(Message(role=Role.USER, content=(ContentPart("ab"),) * (len(LONG) // 2 + 1))),
    chat(Message(role=Role.ASSISTANT, reasoning=LONG)),
    chat(Message(role=Role.ASSISTANT, tool_calls=(ToolCall("f", LONG),))),
    chat(asked(), tools=(ToolDefinition("f", LONG),)),
    chat(asked(), tools=(ToolDefinition("f", parameters={"a": [{"enum": [LONG]}]}),)),
    chat(asked(), tools=(ToolDefinition("f", parameters={LONG: {}}),)),
    chat(asked(), template_arguments={"a": [1] * len(LONG)}),
]


@pytest.mark.parametrize("request_", TOO_LONG)
def test_a_prompt_that_cannot_fit_is_refused(request_: GenerateRequest) -> None:
    with pytest.raises(ContextLengthExceededError):
        check_request(request_, CONTEXT, CONTEXT)


def test_what_may_fit_is_not_refused() -> None:
    for request in (
        GenerateRequest(prompt="x " * CONTEXT),
        GenerateRequest(prompt_tokens=(1,) * (CONTEXT - 1)),
        chat(*[asked()] * 100, tools=(ToolDefinition("f", "x" * 1000),)),
    ):
        check_request(request, CONTEXT, CONTEXT)


def test_a_prompt_that_the_model_was_trained_for_is_left_to_the_worker() -> None:
    longest = longest_prompt(CONTEXT, 32 * CONTEXT)
    for request in (GenerateRequest(prompt=LONG), chat(asked(LONG)), chat(*[asked()] * (CONTEXT // 2))):
        check_request(request, CONTEXT, longest)
    with pytest.raises(ContextLengthExceededError):  # its tokens are counted already
        check_request(GenerateRequest(prompt_tokens=(1,) * CONTEXT), CONTEXT, longest)
    assert (longest_prompt(CONTEXT, 512), longest_prompt(CONTEXT, 2**30)) == (CONTEXT, 2**18)


def test_other_sizes() -> None:
    tests: list[tuple[Any, Any, type[EngineError]]] = [
        (check_inputs, ["a", LONG], ContextLengthExceededError),
        (check_inputs, [(1,) * (CONTEXT + 1)], ContextLengthExceededError),
    ]
    for check, value, error in tests:
        with pytest.raises(error):
            check(value, CONTEXT)
    with pytest.raises(InvalidRequestError):
        check_token_count(range(1 << 19))
    with pytest.raises(InvalidRequestError):
        check_text_to_count("x" * (1 << 23))
    with pytest.raises(InvalidRequestError):
        check_request(GenerateRequest(prompt="a", stop=("x" * 40_000, "y" * 40_000)), CONTEXT, CONTEXT)


def test_small_requests_are_quick() -> None:
    assert is_quick(chat(asked("x" * 1000), tools=(ToolDefinition("f"),)))
    assert is_quick(GenerateRequest(prompt="x" * 1000, stop=("a",)))
    assert not is_quick(GenerateRequest(prompt="x" * 100_000))
    assert not is_quick(chat(*[asked()] * 500))


def test_nesting_does_not_matter_for_size() -> None:
    value: Any = "abc"
    for _ in range(50_000):
        value = [value]
    assert json_size(value, 60_000) == 50_003
    assert json_size(value, 100) == 101


def test_neighbouring_texts_are_joined() -> None:
    image = ContentPart(image=b"x")
    parts = (ContentPart("a"), ContentPart(""), image, image, ContentPart("b"), ContentPart("c"))
    [message] = with_joined_texts(Chat(messages=(Message(role=Role.USER, content=parts),))).messages
    assert message.content == (ContentPart("a\n"), image, image, ContentPart("b\nc"))
    assert message.text == Message(role=Role.USER, content=parts).text
