"""Chat templates: what they get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from preheat.errors import InvalidRequestError
from preheat.inference import Chat, ContentPart, JsonObject, Message, Role, ToolCall, ToolDefinition, chat_from_json
from preheat.inference.worker.chat import ChatTemplate
from preheat.inference.worker.llama_model import LlamaModel
from preheat.messages import msg

USER = {"role": "user", "content": "Hi"}
SYSTEM = {"role": "system", "content": "Be brief."}
LIMIT_S = 0.3
WEATHER = ToolDefinition("weather", "Tell the weather")


def render(template: str | None, *messages: JsonObject, limit_s: float = 60.0, **fields: object) -> str:
    chat = replace(chat_from_json(messages or (USER,)), **fields)  # type: ignore[arg-type] # fields of Chat
    return ChatTemplate(template, bos="<s>", eos="</s>", limit_s=limit_s).render(chat).text


def refusal(template: str | None, *messages: JsonObject, limit_s: float = 60.0) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        render(template, *messages, limit_s=limit_s)
    return caught.value


def test_without_a_template_chatml() -> None:
    assert render(None, SYSTEM, USER) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_the_starter_models_own_template(chat_llama: LlamaModel) -> None:
    chat = ChatTemplate(chat_llama.chat_template(), bos=chat_llama.bos_text)
    own_system = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    rest = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert chat.render(chat_from_json([USER])).text == own_system + rest
    assert chat.render(chat_from_json([SYSTEM, USER])).text == "<|im_start|>system\nBe brief.<|im_end|>\n" + rest
    assert chat.fixed_beginning().text == own_system + "<|im_start|>user\n"


@pytest.mark.parametrize(
    ("template", "beginning"),
    [
        (None, "<|im_start|>user\n"),
        ("{{ bos_token }}{{ messages[0].content }}", "<s>"),
        ("{{ messages[0].content }}", ""),
        ("nothing of the chat", ""),
        ("{{ raise_exception('no') }}", ""),
        ("{{ broken", ""),
    ],
)
def test_what_every_chat_begins_with(template: str | None, beginning: str) -> None:
    assert ChatTemplate(template, bos="<s>").fixed_beginning().text == beginning


def test_tools_are_none_when_there_are_none() -> None:
    template = "{{ messages[0].content }}{% if tools is none %}none{% else %}{{ tools }}{% endif %}"
    assert render(template) == "Hinone"
    assert render(template, tools=(WEATHER,)) == (
        'Hi[{"type": "function", "function": {"name": "weather", "description": "Tell the weather", '
        '"parameters": {"type": "object", "properties": {}}}}]'
    )


def test_missing_content_is_empty_text() -> None:
    assert render("{% for m in messages %}[{{ m.content }}]{% endfor %}", USER, {"role": "assistant"}) == "[Hi][]"


def test_a_reason_of_the_template_reaches_the_client() -> None:
    error = refusal("{{ raise_exception('roles must alternate') }}", SYSTEM, USER)
    assert error.message == msg("template_failed", reason="roles must alternate")
    assert error.param == "messages"


def test_a_text_that_no_form_shows_is_an_error() -> None:
    assert refusal("A poem:", USER).message == msg("template_leaves_out_text")


def test_an_endless_template_is_refused() -> None:
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    assert refusal(endless, limit_s=LIMIT_S).message == msg("template_too_slow", limit_s=LIMIT_S)


def test_a_broken_template_is_refused() -> None:
    assert refusal("{% for %}").message.code == "template_failed"


def test_images_are_refused_by_name() -> None:
    chat = Chat(messages=(Message(role=Role.USER, content=(ContentPart("What is this?"), ContentPart(image=b"x"))),))
    with pytest.raises(InvalidRequestError, match="cannot see images"):
        ChatTemplate(None).render(chat)


@pytest.mark.parametrize("name", ["messages", "tools", "add_generation_prompt", "bos_token"])
def test_the_templates_own_variables_cannot_be_set(name: str) -> None:
    with pytest.raises(InvalidRequestError, match=name):
        render(None, template_arguments={name: 1})


CALLS = (
    "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls %}{{ c.function.name }}%s{% endfor %}{% endfor %}"
)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ('{"city": "Paris"}', '{"city": "Paris"}'),
        ('{"a":true,"b":null}', '{"a": true, "b": null}'),
        ("", "{}"),
        ("  ", "{}"),
        ("null", "{}"),
        (r'"{\"city\": \"Paris\"}"', '{"city": "Paris"}'),
        ("[1, 2]", '{"arguments": [1, 2]}'),
        ("5", '{"arguments": 5}'),
        ('{"broken": ', r'{"arguments": "{\"broken\": "}'),
        ("[" * 100_000, '{"arguments": "' + "[" * 100_000 + '"}'),
    ],
)
def test_arguments_of_any_kind_are_json(arguments: str, shown: str) -> None:
    chat = Chat(
        messages=(
            *chat_from_json([USER]).messages,
            Message(role=Role.ASSISTANT, tool_calls=(ToolCall("f", arguments),)),
        )
    )
    as_mapping = ChatTemplate(CALLS.replace("%s", "{{ c.function.arguments | tojson }}"))
    as_text = ChatTemplate(CALLS.replace("%s", "{{ ' ' + c.function.arguments }}"))
    assert as_mapping.render(chat).text == "Hif" + shown
    assert as_text.render(chat).text == "Hif " + (arguments if arguments.startswith('{"a') else shown)
