"""Chat templates that eat time or memory, in a model file: they cost only the chats of that model."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from preheat.errors import ChatTemplateError, InvalidRequestError
from preheat.inference import Chat, Role, text_message
from preheat.inference.worker.chat import renderer_pool
from preheat.inference.worker.chat.remote_template import RemoteTemplate
from preheat.inference.worker.guarded_process import GuardedPool
from running_preheat import Preheat, running_preheat, wait_until
from scripted_models import TEMPLATES, write_scripted_model

LIMIT_S: Final = 0.2
TEXTS: Final = "{% for m in messages %}{{ m.content }}{% endfor %}"
CHAT: Final = Chat(messages=(text_message(Role.USER, "Hello there"),))


def doubled(expression: str, first: str = "'aa'") -> str:
    """Return a template that replaces ``a`` by the expression again and again."""
    return (
        f"{{% set ns = namespace(a={first}) %}}{{% for i in range(99) %}}{{% set ns.a = {expression} %}}{{% endfor %}}"
        "{{ ns.a | string | length }}"
    )


LOOP: Final = "{% for a in range(99999) %}{% for b in range(99999) %}%s{% endfor %}{% endfor %}"

HOSTILE: Final[Mapping[str, str]] = {
    # texts that are wide, or grow
    "ljust": "{{ messages[0].content.ljust(10**10) }}",
    "rjust": "{{ messages[0].content.rjust(2**40) }}",
    "center": "{{ messages[0].content | center(10**9) }}",
    "zfill": "{{ messages[0].content.zfill(3 * 10**9) }}",
    "format": "{{ '{:>9999999999}'.format(messages[0].content) }}",
    "percent": "{{ '%9999999999d' % 1 }}",
    "format filter": "{{ '%999999999s' | format(messages[0].content) }}",
    "indent": "{{ (messages[0].content ~ '\nb') | indent(10**9) }}",
    "wordwrap": "{{ ('a ' * 10**7) | wordwrap(1) }}",
    "expandtabs": "{{ '\t'.expandtabs(2 * 10**9) }}",
    "tojson": "{{ messages | tojson(indent=10**9) }}",
    "product": "{{ 9999999999 * messages[0].content }}",
    "translate": "{{ 'a'.translate({97: messages[0].content * 10**9}) }}",
    "truncate": "{{ messages[0].content | truncate(10**9, end='b' * 10**9) }}",
    "plus": doubled("ns.a + ns.a"),
    "tilde": doubled("ns.a ~ ns.a"),
    "replace": doubled("ns.a.replace('a', 'aaa')"),
    "join": doubled("[ns.a, ns.a] | join(ns.a)"),
    "set block": "{% set x %}" + LOOP.replace("%s", "{{ 'x' * 10000 }}") + "{% endset %}{{ x }}",
    "filter block": "{% filter upper %}" + LOOP.replace("%s", "{{ 'x' * 10000 }}") + "{% endfilter %}",
    "megabytes": "{{ 'x' * 17 * 2**20 }}" + TEXTS,
    "strftime": "{{ strftime_now('%Y' * 10**7) }}",
    # lists and numbers
    "list": "{{ messages * 999999999 }}",
    "doubled list": doubled("ns.a + ns.a", "[1]"),
    "doubled dict": doubled("{'a': ns.a, 'b': ns.a}", "{}"),
    "batch": "{{ messages | batch(10**9, 0) | list | length }}",
    "slice": "{{ messages | slice(10**9) | list | length }}",
    "append": "{% set l = [] %}" + LOOP.replace("%s", "{% set _ = l.append('a' * 999) %}"),
    "itself": "{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}",
    "power": "{% set n = 9 %}{{ n ** 999999999 }}",
    "squares": doubled("ns.a * ns.a", "3"),
    "digits": "{{ ('9' * 10**6) | int }}" + TEXTS,
    # time
    "endless": LOOP.replace("%s", ""),
    "recursion": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "tree": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "recursive loop": "{% for i in range(99999) recursive %}{{ loop(range(99999)) }}{% endfor %}",
    "sort": "{% for a in range(99999) %}{% set x = range(99999) | sort(reverse=true) %}{% endfor %}",
    "groupby": "{% for a in range(99999) %}{% set x = messages * 9999 | groupby('role') %}{% endfor %}",
    "unique": "{% for a in range(99999) %}{% set x = range(99999) | unique | list %}{% endfor %}",
    "lipsum": "{{ lipsum(n=10**6) }}",
    "cycler": LOOP.replace("%s", "{{ cycler(*range(999)).next() }}"),
    "urlize": "{{ ('http://a.b/(' * 10**6) | urlize }}",
    # large or deep programs
    "200,000 expressions": "{{1}}" * 200_000,
    "200,000 terms": "{{ " + "+".join("1" * 200_000) + " }}",
    "16 MB": "text " * (16 << 18),
    "tags": "{% if a %}{% endif %}" * 45_000,
    "parentheses": "{{ " + "(" * 100_000 + "1" + ")" * 100_000 + " }}",
    "blocks": "{% if 1 %}" * 100_000 + "{% endif %}" * 100_000,
    "loops": "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
    "minus": "{{ " + "-" * 100_000 + "1 }}",
    "filters": "{{ 1" + "|abs" * 100_000 + " }}",
    "calls": "{{ a" + "()" * 100_000 + " }}",
    "unclosed": "{{" * 100_000,
    "names": "".join(f"{{% set a{number} = 1 %}}" for number in range(40_000)),
    # ways out
    "class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "attr": "{{ (messages | attr('__class__')).__mro__[1].x }}",
    "format string": "{{ '{0.__class__.__mro__}'.format(messages) }}",
    "format_map": "{{ '{a.__class__.__mro__}'.format_map({'a': 1}) }}",
    "globals": "{{ raise_exception.__globals__.items() }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}{{ os.getcwd() }}",
    "mutation": "{% do messages.clear() %}",
    "raise": "{{ raise_exception(messages[0].content * 10**5) }}",
}


@pytest.fixture(scope="module")
def pool() -> Iterator[GuardedPool]:
    pool = renderer_pool()
    yield pool
    pool.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_costs_only_its_chats(pool: GuardedPool, name: str) -> None:
    honest = RemoteTemplate(TEXTS, "", "", pool)
    hostile = RemoteTemplate(HOSTILE[name], "", "", pool, learn_limit_s=LIMIT_S, render_limit_s=LIMIT_S)
    with contextlib.suppress(InvalidRequestError, ChatTemplateError):
        text, _ = hostile.prompt(CHAT, "nonce")
        assert "Hello there" in text  # it does no harm
    assert honest.prompt(CHAT, "nonce") == ("Hello there", False)


MODELS: Final = {
    "good": TEMPLATES["tools"],
    "endless": HOSTILE["endless"],
    "wide": HOSTILE["ljust"],
    "large": HOSTILE["200,000 expressions"],
    "broken": "{% for %}",
    "sometimes": "{% for m in messages %}{% if 'boom' in m.content %}"
    + HOSTILE["endless"]
    + "{% endif %}{% endfor %}"
    + TEMPLATES["plain"],
}
REASONS: Final = {
    "endless": "template_unusable_slow",
    "wide": "template_unusable_memory",
    "large": "template_unusable_slow",
    "broken": "template_broken",
}


@pytest.fixture(scope="module")
def preheat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preheat]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    for name, template in MODELS.items():
        write_scripted_model(folder / f"{name}.gguf", template)
    with running_preheat(tmp_path_factory.mktemp("home"), folder) as running:
        yield running


def chat(preheat: Preheat, model: str, text: str = "Hello") -> tuple[int, dict[str, Any]]:
    body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 2}
    answer = preheat.ask("POST", "/v1/chat/completions", body)
    return answer.status, answer.body


def renderers(preheat: Preheat, worker: psutil.Process | None = None) -> list[psutil.Process]:
    parent = worker or psutil.Process(preheat.process.pid)
    return [child for child in parent.children(recursive=True) if is_renderer(child)]


def is_renderer(process: psutil.Process) -> bool:
    try:
        return "preheat.inference.worker.chat.renderer" in process.cmdline()
    except psutil.Error:  # it has ended
        return False


@pytest.mark.parametrize("model", REASONS)
def test_such_a_model_becomes_hot_and_completes(preheat: Preheat, model: str) -> None:
    assert preheat.post(f"/preheat/v1/models/{model}/load")["state"] == "hot"
    completion = {"model": model, "prompt": "x", "max_tokens": 2}
    assert preheat.ask("POST", "/v1/completions", completion).status == 200
    for _ in range(3):
        status, answer = chat(preheat, model)
        assert (status, answer["error"]["code"]) == (422, "chat_template_failed")
        assert answer["error"]["details"]["code"] == REASONS[model]
    wait_until(lambda: preheat.model(model)["warning"])
    assert preheat.model(model)["warning_message"]["code"] == REASONS[model]
    assert chat(preheat, "good")[0] == 200
    assert preheat.model("good")["warning"] is None


def test_slow_chats_do_not_delay_others_of_the_same_model(preheat: Preheat) -> None:
    assert chat(preheat, "sometimes")[0] == 200
    statuses: list[tuple[int, str]] = []

    def boom() -> None:
        status, answer = chat(preheat, "sometimes", "boom")
        statuses.append((status, answer["error"]["code"]))

    threads = [threading.Thread(target=boom) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        assert chat(preheat, "sometimes")[0] == 200
    for thread in threads:
        thread.join()
    assert statuses == [(422, "chat_template_too_slow")] * 2
    assert chat(preheat, "sometimes")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_renderer_that_is_killed_or_stopped_is_replaced(preheat: Preheat, number: signal.Signals) -> None:
    assert chat(preheat, "good")[0] == 200
    stopped = renderers(preheat)
    for renderer in stopped:
        with contextlib.suppress(psutil.NoSuchProcess):
            renderer.send_signal(number)
    assert chat(preheat, "good")[0] == 200
    for renderer in stopped:  # also of models that were not asked
        with contextlib.suppress(psutil.NoSuchProcess):
            renderer.send_signal(signal.SIGCONT)


def test_no_renderer_outlives_a_killed_worker(preheat: Preheat) -> None:
    assert chat(preheat, "good")[0] == 200
    for worker in preheat.workers():
        left: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):  # evicted, or never a worker
            left = renderers(preheat, worker)
            worker.kill()
        psutil.wait_procs(left, timeout=30)
        assert not any(renderer.is_running() for renderer in left)
    assert chat(preheat, "good")[0] == 200
