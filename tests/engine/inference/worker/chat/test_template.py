"""Chat templates: what they get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from preheat.errors import ChatTemplateError, InvalidRequestError
from preheat.inference import (
    Chat,
    ContentPart,
    JsonObject,
    Message,
    Role,
    ToolCall,
    ToolChoice,
    ToolDefinition,
    chat_from_json,
    text_message,
)
from preheat.inference.worker.chat import template_abilities
from preheat.inference.worker.chat.traits import short_id
from preheat.inference.worker.llama_model import LlamaModel
from preheat.messages import msg
from tests.engine.inference.worker.chat.local_rendering import local_template
from tests.engine.inference.worker.chat.styles import BOS, EOS, STYLES

USER = {"role": "user", "content": "Hi"}
SYSTEM = {"role": "system", "content": "Be brief."}
ROLES = (Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.SYSTEM, Role.USER)
WEATHER = ToolDefinition("weather", "Tell the weather")


def render(template: str | None, *messages: JsonObject, **fields: object) -> str:
    chat = replace(chat_from_json(messages or (USER,)), **fields)  # type: ignore[arg-type] # fields of Chat
    return local_template(template, bos="<s>", eos="</s>").render(chat).text


def refusal(template: str | None, *messages: JsonObject) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        render(template, *messages)
    return caught.value


def test_without_a_template_chatml() -> None:
    assert render(None, SYSTEM, USER) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_the_starter_models_own_template(chat_llama: LlamaModel) -> None:
    chat = local_template(chat_llama.chat_template(), bos=chat_llama.bos_text)
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
        ("{{ 'x' * 100000 }}{{ messages[0].content }}", ""),
        ("{{ broken", ""),
    ],
)
def test_what_every_chat_begins_with(template: str | None, beginning: str) -> None:
    assert local_template(template, bos="<s>").fixed_beginning().text == beginning


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


def test_a_broken_template_is_refused() -> None:
    template = local_template("{% for %}")
    problem = template.learn()
    assert problem is not None
    assert problem.code == "template_broken"
    for _ in range(2):
        with pytest.raises(ChatTemplateError) as caught:
            template.render(Chat(messages=(text_message(Role.USER, "Hi"),)))
        assert caught.value.message == problem


def test_images_are_refused_by_name() -> None:
    chat = Chat(messages=(Message(role=Role.USER, content=(ContentPart("What is this?"), ContentPart(image=b"x"))),))
    with pytest.raises(InvalidRequestError, match="cannot see images"):
        local_template(None).render(chat)


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
    as_mapping = local_template(CALLS.replace("%s", "{{ c.function.arguments | tojson }}"))
    as_text = local_template(CALLS.replace("%s", "{{ ' ' + c.function.arguments }}"))
    assert as_mapping.render(chat).text == "Hif" + shown
    assert as_text.render(chat).text == "Hif " + (arguments if arguments.startswith('{"a') else shown)


def of_style(style: str, *messages: Message, **fields: object) -> str:
    chat = replace(Chat(messages=messages), **fields)  # type: ignore[arg-type] # fields of Chat
    return local_template(STYLES[style], bos=BOS, eos=EOS).render(chat).text


def test_a_later_system_message_stays_where_it_is() -> None:
    chat = [text_message(role, text) for role, text in zip(ROLES, "ABCDE", strict=True)]
    assert of_style("gemma", *chat) == (
        "<s><start_of_turn>user\nA\n\nB<end_of_turn>\n<start_of_turn>model\nC<end_of_turn>\n"
        "<start_of_turn>user\nD\n\nE<end_of_turn>\n<start_of_turn>model\n"
    )
    assert "<|im_start|>system\nA<|im_end|>\n<|im_start|>user\nB" in of_style("system_first", *chat)
    assert "<|im_start|>user\nD\n\nE<|im_end|>" in of_style("system_first", *chat)
    assert "<|im_start|>system\nD<|im_end|>\n<|im_start|>user\nE" in of_style("chatml", *chat)


def test_call_ids_of_nine_letters() -> None:
    call = Message(role=Role.ASSISTANT, tool_calls=(ToolCall("f", "{}", "call_0123456789"),))
    result = Message(role=Role.TOOL, content=(ContentPart("42"),), tool_call_id="call_0123456789")
    call_id = short_id("call_0123456789")
    assert of_style("mistral", text_message(Role.USER, "A"), call, result, text_message(Role.USER, "B")) == (
        f'<s>[INST]A[/INST][TOOL_CALLS][{{"name": "f", "arguments": {{}}, "id": "{call_id}"}}]</s>'
        f'[TOOL_RESULTS]{{"content": 42, "call_id": "{call_id}"}}[/TOOL_RESULTS]</s>[INST]B[/INST]'
    )


def test_a_system_message_that_a_template_moves_is_not_lost_in_a_tool_loop() -> None:
    chat = [text_message(role, text) for role, text in zip((*ROLES[:3], Role.USER), "ABCD", strict=True)]
    call = Message(role=Role.ASSISTANT, tool_calls=(ToolCall("f", "{}", "abcdefghi"),))
    begun = of_style("mistral", *chat)
    assert begun == "<s>[INST]B[/INST]C</s>[INST]A\n\nD[/INST]"
    assert of_style("mistral", *chat, call, text_message(Role.TOOL, "42")).startswith(begun + "[TOOL_CALLS]")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", ["The capital", "The capital \n", "\n The <b>", "é\"'{"])
def test_the_last_answer_is_continued(style: str, text: str) -> None:
    chat = (text_message(Role.USER, "Hi"), text_message(Role.ASSISTANT, text))
    prompt = of_style(style, *chat, continue_last=True)
    assert prompt.endswith(text.lstrip())
    assert prompt.count("The") == text.count("The")
    answered = of_style(style, chat[0])
    assert prompt.startswith(answered.removesuffix("<think>\n").rstrip())


def test_thinking_is_continued() -> None:
    thought = Message(role=Role.ASSISTANT, reasoning="Let me")
    prompt = of_style("qwen", text_message(Role.USER, "Hi"), thought, continue_last=True)
    assert prompt.endswith("<|im_start|>assistant\n<think>\nLet me")


@pytest.mark.parametrize(
    "last", [Message(role=Role.ASSISTANT, tool_calls=(ToolCall("f"),)), text_message(Role.USER, "A")]
)
def test_other_messages_are_not_continued(last: Message) -> None:
    assert of_style("qwen", text_message(Role.USER, "Hi"), last, continue_last=True).endswith("assistant\n")


def test_an_answer_that_the_template_cuts_is_continued() -> None:
    shown = "m.content[:9] if m.role == 'assistant' else m.content"
    template = f"{{% for m in messages %}}<{{{{ m.role }}}}>{{{{ {shown} }}}}{{% endfor %}}<assistant>"
    chat = replace(chat_from_json([USER, {"role": "assistant", "content": "A long answer"}]), continue_last=True)
    assert local_template(template).render(chat).text == "<user>Hi<assistant>A long answer"


@pytest.mark.parametrize(
    ("style", "fields", "ending"),
    [
        ("qwen", {}, "assistant\n"),
        ("qwen", {"thinking": True}, "assistant\n"),
        ("qwen", {"thinking": False}, "assistant\n<think>\n\n</think>\n\n"),
        ("qwen", {"template_arguments": {"enable_thinking": False}}, "assistant\n<think>\n\n</think>\n\n"),
        ("qwen", {"thinking": False, "template_arguments": {"enable_thinking": True}}, "assistant\n"),
        ("granite", {"thinking": True}, "assistant with thinking<|end_of_role|>"),
        ("granite", {"thinking": False}, "assistant<|end_of_role|>"),
        ("deepseek", {}, "<｜Assistant｜><think>\n"),
        ("deepseek", {"thinking": False}, "<｜Assistant｜><think>\n\n</think>\n\n"),
        ("chatml", {"thinking": False}, "assistant\n"),
    ],
)
def test_thinking_is_switched(style: str, fields: dict[str, object], ending: str) -> None:
    assert of_style(style, text_message(Role.USER, "Hi"), **fields).endswith(ending)


@pytest.mark.parametrize(("effort", "shown"), [("high", "high"), ("low", "high"), ("minimal", "none")])
def test_an_effort_that_a_template_does_not_know(effort: str, shown: str) -> None:
    template = (
        "{% if reasoning_effort not in ['none', 'high'] %}{{ raise_exception('effort') }}{% endif %}"
        "{{ messages[0].content }} {{ reasoning_effort }}"
    )
    assert render(template, USER, template_arguments={"reasoning_effort": effort}) == f"Hi {shown}"


def test_thinking_of_earlier_turns_is_given_to_the_template() -> None:
    call = Message(role=Role.ASSISTANT, reasoning="because", tool_calls=(ToolCall("f"),))
    prompt = of_style("qwen", text_message(Role.USER, "Hi"), call, text_message(Role.TOOL, "42"))
    assert "<think>\nbecause\n</think>\n\n\n<tool_call>" in prompt


@pytest.mark.parametrize("style", ["qwen", "chatml"])
@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (ToolChoice(), {"weather", "clock"}),
        (ToolChoice("none"), set()),
        (ToolChoice("required", ("clock",)), {"clock"}),
        (ToolChoice("auto", ("weather",)), {"weather"}),
    ],
)
def test_the_prompt_has_the_tools_that_may_be_called(style: str, choice: ToolChoice, names: set[str]) -> None:
    tools = (WEATHER, ToolDefinition("clock"))
    prompt = of_style(style, text_message(Role.USER, "Hi"), tools=tools, tool_choice=choice)
    assert {tool.name for tool in tools if f'"{tool.name}"' in prompt} == names


def test_tools_as_text_are_reported() -> None:
    chat = replace(Chat(messages=(text_message(Role.USER, "Hi"),)), tools=(WEATHER,))
    assert local_template(STYLES["chatml"]).render(chat).tools_as_text
    assert not local_template(STYLES["qwen"]).render(chat).tools_as_text
    # Llama 3.1 has no place for tools without a user's message.
    only_system = replace(chat, messages=(text_message(Role.SYSTEM, "Hi"),))
    assert local_template(STYLES["llama3"]).render(only_system).tools_as_text


def test_another_template_for_chats_with_tools() -> None:
    template = local_template(STYLES["chatml"], STYLES["hermes_tool_use"], bos=BOS)
    chat = Chat(messages=(text_message(Role.USER, "Hi"),))
    assert template.render(chat).text == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert "<tools>" in template.render(replace(chat, tools=(WEATHER,))).text
    assert "<tools>" not in template.render(replace(chat, tools=(WEATHER,), tool_choice=ToolChoice("none"))).text
    assert STYLES["hermes_tool_use"] in template.source


def test_texts_that_a_template_cuts_on_purpose_are_no_loss() -> None:
    answer = text_message(Role.ASSISTANT, "<think>hm</think>\n\nYes")
    assert of_style("qwen", text_message(Role.USER, "A"), answer, text_message(Role.USER, "B")) == (
        "<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n<|im_start|>user\nB<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    ("source", "tools", "thinks"),
    [
        (STYLES["qwen"], True, True),
        (STYLES["chatml"], False, False),
        (STYLES["deepseek"], False, True),
        (STYLES["mistral"], True, False),
        (None, False, False),
    ],
)
def test_abilities_of_a_template(source: str | None, tools: bool, thinks: bool) -> None:
    assert template_abilities(source) == (tools, thinks)
