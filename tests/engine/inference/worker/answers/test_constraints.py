"""Constraints of calls that are compiled in the background."""

from __future__ import annotations

import threading

import pytest

from preheat.inference import Chat, Role, ToolDefinition, text_message
from preheat.inference.worker.answers.constraints import AnswerConstraints, BegunCall, Pending
from preheat.inference.worker.chat import CallForm, Dialect
from preheat.inference.worker.constraints import ConstraintCompiler, TokenMatcher
from preheat.inference.worker.llama_model import LlamaModel
from running_preheat import wait_until

BEGUN = '<tool_call>\n{"name": "get_time", "arg'
DIALECT = Dialect(form=CallForm.HERMES)


class HeldCompiler(ConstraintCompiler):
    """Compiles when it may."""

    def __init__(self, model: LlamaModel) -> None:
        super().__init__(model)
        self.may_compile = threading.Event()

    def lark_matcher(self, grammar: str, *, simple: bool) -> TokenMatcher:
        assert self.may_compile.wait(60)
        return super().lark_matcher(grammar, simple=simple)


@pytest.fixture
def compiler(chat_llama: LlamaModel) -> HeldCompiler:
    return HeldCompiler(chat_llama)


def begin(constraints: AnswerConstraints, name: str) -> BegunCall:
    tools = (ToolDefinition(name, parameters={"type": "object", "properties": {}}),)
    begun = constraints.begun_calls(Chat(messages=(text_message(Role.USER, "Hi"),), tools=tools), DIALECT)
    assert begun is not None
    return begun


def test_a_call_does_not_wait_while_others_run(chat_llama: LlamaModel, compiler: HeldCompiler) -> None:
    begun = begin(AnswerConstraints(chat_llama, compiler, is_alone=lambda: False), "get_time")
    assert begun(BEGUN) is Pending.PENDING
    compiler.may_compile.set()
    wait_until(lambda: begun(BEGUN) is not Pending.PENDING)
    matcher = begun(BEGUN)
    assert isinstance(matcher, TokenMatcher)
    assert not matcher.failure


def test_it_waits_for_a_moment_if_nobody_else_does(chat_llama: LlamaModel, compiler: HeldCompiler) -> None:
    polls = 0

    def is_alone() -> bool:
        nonlocal polls
        polls += 1
        if polls == 3:
            compiler.may_compile.set()
        return True

    begun = begin(AnswerConstraints(chat_llama, compiler, is_alone), "get_time")
    matcher = begun(BEGUN)
    if matcher is Pending.PENDING:  # the machine is busy
        wait_until(lambda: begun(BEGUN) is not Pending.PENDING)
        matcher = begun(BEGUN)
    assert isinstance(matcher, TokenMatcher)
    assert polls >= 3


def test_lists_of_tools_that_nobody_uses_any_more_are_not_compiled(
    chat_llama: LlamaModel, compiler: HeldCompiler
) -> None:
    constraints = AnswerConstraints(chat_llama, compiler, is_alone=lambda: False)
    calls = [begin(constraints, f"tool_{number}") for number in range(12)]
    compiler.may_compile.set()
    wait_until(lambda: calls[-1](BEGUN) is not Pending.PENDING)
    assert calls[1]("<tool_call>\n{") is None
