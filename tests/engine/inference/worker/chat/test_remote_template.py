"""What becomes of a template that its process cannot run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from preheat.errors import ChatTemplateError, ChatTemplateTooSlowError, ChatTemplateUnavailableError, EngineError
from preheat.inference import Chat, Role, text_message
from preheat.inference.worker.chat import ChatTemplate, questions, remote_template
from preheat.inference.worker.chat.renderer import Renderer
from preheat.inference.worker.guarded_process import HelperFailed, Reason

CHAT = Chat(messages=(text_message(Role.USER, "Hello"),))
PLAIN = "{% for m in messages %}{{ m.content }}{% endfor %}"


class Helper:
    """A renderer that fails as told, and is then replaced."""

    def __init__(self) -> None:
        self.renderer = Renderer()
        self.asked: list[str] = []
        self.failures: list[Reason | None] = []

    @contextmanager
    def borrow(self) -> Iterator[Helper]:
        yield self

    def ask(self, question: bytes, timeout_s: float) -> bytes:
        self.asked.append("learn" if "learn" in questions.decoded(question) else "render")
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            self.renderer = Renderer()
            raise HelperFailed(failure)
        return self.renderer.answer(question)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def helper() -> Helper:
    return Helper()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(remote_template, "time", clock)
    return clock


def error_of(template: ChatTemplate) -> EngineError:
    with pytest.raises(EngineError) as caught:
        template.render(CHAT)
    return caught.value


def test_a_template_is_learned_once(helper: Helper) -> None:
    template = ChatTemplate(PLAIN, helpers=helper)
    assert template.learn() is None
    assert template.learn() is None
    assert [template.render(CHAT).text for _ in range(2)] == ["Hello", "Hello"]
    assert helper.asked == ["learn", "render", "render"]


def test_a_replaced_process_learns_it_again(helper: Helper) -> None:
    template = ChatTemplate(PLAIN, helpers=helper)
    template.render(CHAT)
    helper.renderer = Renderer()
    assert template.render(CHAT).text == "Hello"
    assert helper.asked == ["render", "learn", "render"] * 2


@pytest.mark.parametrize(
    ("reason", "code", "attempts"),
    [
        (Reason.TIMEOUT, "template_unusable_slow", 1),
        (Reason.MEMORY, "template_unusable_memory", 1),
        (Reason.DIED, "template_unusable_crash", 2),
    ],
)
def test_one_that_cannot_be_learned_is_not_tried_with_each_chat(
    helper: Helper, clock: Clock, reason: Reason, code: str, attempts: int
) -> None:
    template = ChatTemplate(PLAIN, helpers=helper)
    helper.failures = [reason] * attempts
    problem = template.learn()
    assert problem is not None
    assert problem.code == code
    for _ in range(3):
        error = error_of(template)
        assert isinstance(error, ChatTemplateError)
        assert error.message == problem
    assert helper.asked == ["learn"] * attempts
    clock.now += 61
    helper.failures = [None, *[reason] * attempts]
    assert error_of(template).message == problem
    clock.now += 61  # the second pause is longer
    assert error_of(template).message == problem
    clock.now += 61
    assert template.render(CHAT).text == "Hello"
    assert template.learn() is None


@pytest.mark.parametrize(
    ("reason", "kind", "code"),
    [
        (Reason.TIMEOUT, ChatTemplateTooSlowError, "template_too_slow"),
        (Reason.MEMORY, ChatTemplateError, "template_too_large"),
        (Reason.DIED, ChatTemplateError, "template_crashed"),
        (Reason.NOT_STARTED, ChatTemplateUnavailableError, "template_process_not_started"),
    ],
)
def test_a_failure_with_one_chat_costs_only_that_chat(
    helper: Helper, reason: Reason, kind: type[EngineError], code: str
) -> None:
    template = ChatTemplate(PLAIN, helpers=helper)
    template.learn()
    for _ in range(5):
        helper.failures = [reason, reason] if reason is Reason.DIED else [reason]
        error = error_of(template)
        assert type(error) is kind
        assert error.message.code == code
    assert template.render(CHAT).text == "Hello"
    assert template.learn() is None


def test_a_process_that_does_not_start_says_nothing_about_the_template(helper: Helper) -> None:
    template = ChatTemplate(PLAIN, helpers=helper)
    helper.failures = [Reason.NOT_STARTED]
    assert template.learn() is None
    assert template.render(CHAT).text == "Hello"


@pytest.mark.parametrize("reason", [Reason.DIED, Reason.HUNG])
def test_a_process_that_is_killed_or_stopped_from_outside_is_asked_again(helper: Helper, reason: Reason) -> None:
    template = ChatTemplate(PLAIN, helpers=helper)
    helper.failures = [reason]
    assert template.learn() is None
    helper.failures = [reason]
    assert template.render(CHAT).text == "Hello"


def test_a_template_that_was_learned_before_gets_a_second_chance(helper: Helper) -> None:
    template = ChatTemplate(PLAIN, helpers=helper)
    template.learn()
    helper.renderer = Renderer()
    helper.failures = [None, Reason.TIMEOUT]
    assert error_of(template).message.code == "template_too_slow"
    assert template.render(CHAT).text == "Hello"
    helper.renderer = Renderer()
    helper.failures = [None, Reason.TIMEOUT, None, Reason.TIMEOUT]
    assert [error_of(template).message.code for _ in range(2)] == ["template_too_slow", "template_unusable_slow"]


def test_a_very_long_template_is_not_tried(helper: Helper) -> None:
    template = ChatTemplate("x" * 2_000_000, helpers=helper)
    problem = template.learn()
    assert problem is not None
    assert problem.code == "template_too_long"
    assert error_of(template).message == problem
    assert helper.asked == []


def test_one_that_makes_its_process_too_large_is_unusable(helper: Helper) -> None:
    class Forgetful(Helper):
        def ask(self, question: bytes, timeout_s: float) -> bytes:
            answer = super().ask(question, timeout_s)
            self.renderer = Renderer()
            return answer

    template = ChatTemplate(PLAIN, helpers=Forgetful())
    assert error_of(template).message.code == "template_unusable_memory"


def test_the_template_for_tools_is_learned_too(helper: Helper) -> None:
    template = ChatTemplate(PLAIN, "{% for %}", helpers=helper)
    problem = template.learn()
    assert problem is not None
    assert problem.code == "template_broken"
    assert template.render(CHAT).text == "Hello"


def test_a_prompt_that_is_much_too_long(helper: Helper) -> None:
    template = ChatTemplate(PLAIN + "{{ 'x' * 100 }}", helpers=helper, max_characters=25)
    assert error_of(template).message.code == "template_failed"
    assert len(ChatTemplate(PLAIN + "{{ 'x' * 95 }}", helpers=helper, max_characters=25).render(CHAT).text) == 100


def test_texts_that_are_no_unicode(helper: Helper) -> None:
    template = ChatTemplate("{% for m in messages %}{{ m.content }}{{ '\\ud800' }}{% endfor %}", helpers=helper)
    assert template.render(Chat(messages=(text_message(Role.USER, "a\udfffb\0c" * 5),))).text == "a?b\0c" * 5 + "?"
