"""What is learned about the templates of model families."""

from __future__ import annotations

from dataclasses import replace

import pytest

from preheat.inference import Role
from preheat.inference.worker.chat.probes import learn
from preheat.inference.worker.chat.sandbox import CompiledTemplate
from preheat.inference.worker.chat.traits import ArgumentsForm, EmptyContent, Step, TemplateTraits
from tests.engine.inference.worker.chat.styles import BOS, EOS, STYLES

USUAL = TemplateTraits()
NO_TOOLS = replace(USUAL, tools_variable="", steps=frozenset({Step.CALLS_AS_TEXT, Step.RESULTS_AS_USER}))
ONE_SYSTEM = {Step.JOIN_FIRST_SYSTEM, Step.FOLD_LATER_SYSTEM}
STRICT_TURNS = {Step.JOIN_NEIGHBOURS, Step.USER_FIRST}
ALL_ROLES = frozenset({Role.SYSTEM, Role.USER, Role.ASSISTANT})

LEARNED = {
    "chatml": NO_TOOLS,
    "deepseek": replace(
        USUAL,
        arguments=ArgumentsForm.TEXT,
        empty_content=EmptyContent.NULL,
        tools_variable="",
        steps=frozenset(ONE_SYSTEM | {Step.CALLS_APART}),
    ),
    "gemma": replace(NO_TOOLS, steps=NO_TOOLS.steps | ONE_SYSTEM | STRICT_TURNS | {Step.FOLD_FIRST_SYSTEM}),
    "granite": replace(USUAL, steps=frozenset({Step.CALLS_AS_LIST})),
    "hermes_tool_use": replace(USUAL, needs_tools=True, steps=frozenset({Step.CALLS_APART})),
    "llama3": replace(USUAL, steps=frozenset({Step.ONE_CALL_A_MESSAGE, Step.CALLS_APART})),
    "mistral": replace(
        USUAL,
        short_ids=True,
        moves_system=True,
        steps=frozenset(ONE_SYSTEM | STRICT_TURNS | {Step.ANSWER_RESULTS}),
    ),
    "mistral_7": replace(
        USUAL,
        tools_variable="tools",
        steps=frozenset(ONE_SYSTEM | STRICT_TURNS | {Step.ACKNOWLEDGE_RESULTS}),
    ),
    "mixed": replace(NO_TOOLS, typed_parts=frozenset({Role.USER})),
    "phi": NO_TOOLS,
    "printed": USUAL,
    "qwen": USUAL,
    "qwen_coder": USUAL,
    "system_first": replace(NO_TOOLS, steps=NO_TOOLS.steps | ONE_SYSTEM),
    "typed": replace(NO_TOOLS, typed_parts=ALL_ROLES),
}


def traits(template: str) -> TemplateTraits:
    return learn(CompiledTemplate(template, {"bos_token": BOS, "eos_token": EOS}))


@pytest.mark.parametrize("style", STYLES)
def test_what_a_family_accepts(style: str) -> None:
    assert traits(STYLES[style]) == LEARNED[style]


@pytest.mark.parametrize(
    ("template", "changes"),
    [
        ("{% for m in messages %}{{ m.content }}{{ m.thinking }}{% endfor %}", {"reasoning_key": "thinking"}),
        ("{% for m in messages %}{{ m.content }}{{ m.reasoning }}{% endfor %}", {"reasoning_key": "reasoning"}),
        ("{% for m in messages %}{{ m.name }}: {{ m.content }}{% endfor %}", {"names": True}),
        (
            "{{ xml_tools }}{% for m in messages %}{{ m.content }}{% endfor %}",
            {"tools_variable": "xml_tools", "steps": frozenset({Step.CALLS_AS_TEXT})},
        ),
        (
            "{% for t in tools or [] %}{{ t.name ~ t.parameters }}{% endfor %}{% for m in messages %}{{ m.content }}"
            "{% endfor %}",
            {"tools_variable": "tools", "flat_tools": True, "steps": frozenset({Step.CALLS_AS_TEXT})},
        ),
        (
            "{% for m in messages %}{{ m.content + '' }}{% for c in m.tool_calls or [] %}{{ c.function.name }}"
            "{{ c.function.arguments.replace('a', 'a') }}{% endfor %}{% endfor %}",
            {"arguments": ArgumentsForm.TEXT, "steps": frozenset()},
        ),
        (
            "{% for m in messages %}{% if m.content is defined %}{{ m.content }}{% else %}{{ m.tool_calls }}{% endif %}"
            "{% endfor %}",
            {"empty_content": EmptyContent.ABSENT, "steps": frozenset({Step.CALLS_APART})},
        ),
    ],
)
def test_what_a_template_accepts(template: str, changes: dict[str, object]) -> None:
    assert traits(template) == replace(NO_TOOLS, **changes)  # type: ignore[arg-type] # its fields


@pytest.mark.parametrize("template", ["{{ raise_exception('no') }}", "nothing of the chat"])
def test_a_template_that_accepts_nothing(template: str) -> None:
    assert traits(template).steps >= {Step.CALLS_AS_TEXT, Step.FOLD_FIRST_SYSTEM}
