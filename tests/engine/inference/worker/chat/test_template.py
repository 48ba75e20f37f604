"""Chat templates: what they get, and what a malicious one cannot do."""

from __future__ import annotations

import copy
import threading
from dataclasses import replace
from datetime import datetime

import pytest

from preheat.errors import InvalidRequestError
from preheat.inference import JsonObject, ToolDefinition, chat_from_json
from preheat.inference.worker.chat import ChatTemplate
from preheat.inference.worker.llama_model import LlamaModel
from preheat.messages import msg
from tests.engine.application import eventually

USER = {"role": "user", "content": "Hi"}
SYSTEM = {"role": "system", "content": "Be brief."}
LIMIT_S = 0.3


def render(
    template: str | None, *messages: JsonObject, tools: list[JsonObject] | None = None, limit_s: float = 60.0
) -> str:
    chat = ChatTemplate(template, bos="<s>", eos="</s>", limit_s=limit_s)
    return chat.render(replace(chat_from_json(messages or (USER,)), tools=tuple(map(_tool, tools or ()))))


def _tool(value: JsonObject) -> ToolDefinition:
    return ToolDefinition(**value["function"])


def test_without_a_template_chatml() -> None:
    assert render(None, SYSTEM, USER) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_the_starter_models_own_template(chat_llama: LlamaModel) -> None:
    chat = ChatTemplate(chat_llama.chat_template(), bos=chat_llama.bos_text)
    own_system = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    rest = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert chat.render(chat_from_json([USER])) == own_system + rest
    assert chat.render(chat_from_json([SYSTEM, USER])) == "<|im_start|>system\nBe brief.<|im_end|>\n" + rest
    assert chat.fixed_beginning() == own_system + "<|im_start|>user\n"


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
    assert ChatTemplate(template, bos="<s>").fixed_beginning() == beginning


def test_special_tokens_and_the_generation_prompt() -> None:
    assert (
        render("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ add_generation_prompt }}") == "<s>Hi</s>True"
    )


def test_blocks_leave_no_white_space_behind() -> None:
    template = "  {% for m in messages %}\n{{ m.content }}\n  {% endfor %}\nend"
    assert render(template) == "Hi\nend"


def test_loop_controls() -> None:
    template = "{% for m in messages %}{% if loop.index == 2 %}{% break %}{% endif %}{{ m.content }}{% endfor %}"
    assert render(template, USER, USER, USER) == "Hi"


def test_generation_marks_are_passed_over() -> None:
    template = "{% for m in messages %}{% generation %}[{{ m.content }}]{% endgeneration %}{% endfor %}"
    assert render(template) == "[Hi]"


def test_tojson_writes_plain_json() -> None:
    assert render("{{ messages[0].content | tojson }}", {"role": "user", "content": "<ü> & 'a'"}) == "\"<ü> & 'a'\""
    assert render("{{ {'a': [1]} | tojson(indent=2) }}") == '{\n  "a": [\n    1\n  ]\n}'


def test_tools_are_none_when_there_are_none() -> None:
    template = "{% if tools is none %}none{% else %}{{ tools[0].function.name }}{% endif %}"
    assert render(template) == "none"
    assert render(template, tools=[{"type": "function", "function": {"name": "weather"}}]) == "weather"


def test_tool_call_arguments_arrive_as_objects() -> None:
    call: JsonObject = {
        "id": "1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city": "Paris"}'},
    }
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    template = "{% for m in messages %}{{ m.content }}|{{ m.tool_calls[0].function.arguments.city }}{% endfor %}"
    assert render(template, message) == "|Paris"
    assert call["function"]["arguments"] == '{"city": "Paris"}'


@pytest.mark.parametrize("arguments", ["{broken", "5", "[" * 100_000, {"city": "Paris"}, None])
def test_tool_call_arguments_that_are_no_json_text_stay(arguments: object) -> None:
    message = {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}
    template = "{{ messages[0].tool_calls[0].function.arguments }}"
    assert render(template, message) == str(arguments)


def test_the_developer_role_is_system() -> None:
    assert render("{{ messages[0].role }}", {"role": "developer", "content": "x"}) == "system"


def test_missing_content_is_empty_text() -> None:
    assert render("[{{ messages[0].content }}]", {"role": "assistant", "content": None}) == "[]"


def test_strftime_now() -> None:
    years = {str(datetime.now().astimezone().year)}
    text = render("{{ strftime_now('%Y') }}")
    assert text in years | {str(datetime.now().astimezone().year)}


REFUSES_SYSTEM = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "<{{ m.role }}>{{ m.content }}{% endfor %}"
)


def test_a_refused_system_message_is_put_before_the_users() -> None:
    assert render(REFUSES_SYSTEM, SYSTEM, USER) == "<user>Be brief.\n\nHi"


def test_a_refused_system_message_without_a_users_is_an_error() -> None:
    with pytest.raises(InvalidRequestError, match="no system role"):
        render(REFUSES_SYSTEM, SYSTEM)


def test_raise_exception_reaches_the_client() -> None:
    with pytest.raises(InvalidRequestError, match="roles must alternate") as caught:
        render("{{ raise_exception('roles must alternate') }}", SYSTEM, USER)
    assert caught.value.param == "messages"
    assert caught.value.hint


def until_no_timers() -> None:
    eventually(lambda: not any(isinstance(thread, threading.Timer) for thread in threading.enumerate()), "no timers")


ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def test_an_endless_template_is_stopped_and_the_thread_lives_on() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        render(ENDLESS, limit_s=LIMIT_S)
    assert caught.value.message == msg("template_too_slow", limit_s=LIMIT_S)
    until_no_timers()  # nothing is left that would interrupt this thread later
    assert render(None).endswith("assistant\n")


def test_an_endless_template_is_stopped_in_any_thread() -> None:
    outcomes: list[object] = []

    def work() -> None:
        for template, limit_s in ((ENDLESS, LIMIT_S), (None, 60.0)):
            try:
                outcomes.append(render(template, limit_s=limit_s))
            except InvalidRequestError as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == sorted(["invalid_request", render(None)] * 3)


def test_a_template_just_inside_its_limit_leaves_no_timer_behind() -> None:
    for _ in range(50):
        render(None)
    until_no_timers()


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ messages.__init__.__globals__ }}",
        "{{ raise_exception.__globals__.items() }}",
        "{{ strftime_now.__globals__['sys'] }}",
        "{{ (messages|attr('__class__')).__mro__[1] }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ '{a.__class__.__mro__}'.format_map({'a': 1}) }}",
        "{{ cycler.__init__.__globals__.os.getcwd() }}",
        "{{ 'x' * 9999999999 }}",
        "{{ 9999999999 * 'x' }}",
        "{{ messages * 999999999 }}",
        "{% set many = 9999999999 %}{{ 'x' * many }}",
        "{{ 9 ** 999999999 }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ messages.append(1) }}",
        "{{ messages.clear() }}",
        "{{ messages[0].update({'role': 'system'}) }}",
        "{{ messages[0].pop('role') }}",
        "{% do messages.append(1) %}",
        "{{ range(999999999) | list }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
    ],
)
def test_forbidden_template_operations(template: str) -> None:
    chat = chat_from_json([USER])
    before = copy.deepcopy(chat)
    with pytest.raises(InvalidRequestError):
        ChatTemplate(template).render(chat)
    assert chat == before


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 1000 }}",
        "{{ 3 * 4 }}",
        "{{ 7 % 2 }}",
        "{{ '=' * (messages | length) }}",
    ],
)
def test_allowed_template_operations(template: str) -> None:
    assert render(template)


@pytest.mark.parametrize(
    "template",
    [
        "{% for %}",
        "{{ messages | nosuchfilter }}",
        "{% endfor %}",
        "{{",
        "{% generation %}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,  # more nested blocks than Python takes
    ],
)
def test_a_broken_template_fails_when_it_is_used(template: str) -> None:
    chat = ChatTemplate(template)  # the model still serves plain completions
    with pytest.raises(InvalidRequestError) as caught:
        chat.render(chat_from_json([USER]))
    assert caught.value.message.code == "template_failed"


@pytest.mark.parametrize(
    "template",
    [
        "{{ nothing.at.all }}",
        "{{ 1 / 0 }}",
        "{{ messages[0].content + 1 }}",
        "{{ 5 | wordwrap }}",
        "{{ 'a' | xmlattr }}",
        "{{ {}.missing() }}",
        "{{ messages | sort }}",
        "{{ strftime_now(5) }}",
        "{{ [1].index(2) }}",
        "{{ lipsum | tojson }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
)
def test_a_failing_template_costs_only_its_request(template: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        render(template, SYSTEM, USER)
    assert caught.value.message.code == "template_failed"
