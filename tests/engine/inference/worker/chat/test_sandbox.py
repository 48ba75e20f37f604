"""Jinja's sandbox: what templates can use, and what a malicious one cannot do."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

import pytest

from preheat.inference.worker.chat.sandbox import CompiledTemplate, TemplateFault
from preheat.inference.worker.chat.values import wrap

USER = {"role": "user", "content": "Hi"}
SYSTEM = {"role": "system", "content": "Be brief."}


def render(template: str, *messages: dict[str, Any], **variables: Any) -> str:
    given = {"messages": wrap(list(messages) or [USER]), "tools": None, "add_generation_prompt": True, **variables}
    return CompiledTemplate(template, {"bos_token": "<s>", "eos_token": "</s>"}).render(given)


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
    assert render("{{ {'b': 1, 'a': 'ü'} | tojson(separators=(',', ':'), sort_keys=true, ensure_ascii=true) }}") == (
        r'{"a":"\u00fc","b":1}'
    )


NESTED: dict[str, Any] = {"a": True, "b": None, "c": [1, "ü'\""], "d": {}}
NESTED_JSON = '{"a": true, "b": null, "c": [1, "ü\'\\""], "d": {}}'


@pytest.mark.parametrize(
    "template",
    [
        "{{ value }}",
        "{{ value | tojson }}",
        "{{ value | string }}",
        "{{ '' ~ value }}",
        "{{ value | trim }}",
        "{{ [value] | join }}",
        "{% if value is mapping and value is not string %}{{ value }}{% endif %}",
        "{% macro show(it) %}{{ it }}{% endmacro %}{{ show(value) }}",
    ],
)
def test_values_print_as_json(template: str) -> None:
    assert render(template, value=wrap(NESTED)) == NESTED_JSON


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ value.a }} {{ value.b }} {{ value.c }} {{ value.c[0] }} {{ value.d }}", 'true null [1, "ü\'\\""] 1 {}'),
        ("{{ value.a | string ~ value.b }}", "truenull"),
        ("{{ value.a is boolean and value.a is true and value.a == true and value.a is not integer }}", "True"),
        ("{{ value.b is none and value.b == none and not value.b and value.b is defined }}", "True"),
        ("{{ value.c[0] is integer and 1 is integer and true is boolean and none is none }}", "True"),
        ("{{ false is false and true is true and 1 is not true and 0 is not false }}", "True"),
        (
            "{% for key, item in value | items %}{{ key }}={{ item }};{% endfor %}",
            'a=true;b=null;c=[1, "ü\'\\""];d={};',
        ),
        (
            "{{ {'name': 'f', 'arguments': value.d} }}{{ [1, none] }}{{ none }}",
            '{"name": "f", "arguments": {}}[1, null]',
        ),
        ("{{ {'b': value.a, 'n': value.b} | tojson }}", '{"b": true, "n": null}'),
        ("{{ (value.b or 'x') ~ (value.b | default('y', true)) }}", "xy"),
    ],
)
def test_values_behave_as_pythons(template: str, text: str) -> None:
    assert render(template, value=wrap(NESTED)) == text


def test_a_list_of_its_own() -> None:
    template = (
        "{% set ns = namespace(ids=[]) %}{% set _ = ns.ids.append('a') %}{{ ns.ids | length }}{{ ns.ids.pop(0) }}"
    )
    assert render(template) == "1a"


def test_strftime_now() -> None:
    years = {str(datetime.now().astimezone().year)}
    text = render("{{ strftime_now('%Y') }}")
    assert text in years | {str(datetime.now().astimezone().year)}


def test_raise_exception_is_a_fault() -> None:
    with pytest.raises(TemplateFault, match="roles must alternate"):
        render("{{ raise_exception('roles must alternate') }}")


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
    messages = [dict(USER)]
    before = copy.deepcopy(messages)
    with pytest.raises(TemplateFault):
        render(template, *messages)
    assert messages == before


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
def test_a_broken_template(template: str) -> None:
    with pytest.raises(TemplateFault):
        CompiledTemplate(template, {})


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
    with pytest.raises(TemplateFault):
        render(template, SYSTEM, USER)
