"""Constraints of chats' answers: required calls, an answer or a call, and calls once they have begun."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import Final

from preheat.errors import InvalidRequestError
from preheat.inference import Chat, Constraint, ToolDefinition
from preheat.inference.worker.chat import (
    CallForm,
    Dialect,
    Thinking,
    arguments_schema,
    calls_grammar,
    optional_thinking,
)
from preheat.inference.worker.constraints import (
    ConstraintCompiler,
    GrammarError,
    SchemaError,
    TokenMatcher,
    check_schema,
)
from preheat.inference.worker.llama_model import LlamaModel
from preheat.messages import msg

logger = logging.getLogger(__name__)

_REMEMBERED_TOOLS: Final = 8
"""Number of grammars to keep, one for each list of tools."""

_MAX_SIMPLE_TOOLS: Final = 64
"""The grammar for more tools is compiled as a trial first."""

_TOOLS_S: Final = 1.0
"""Time to find out which tools of a list cannot be followed. Then, the rest may have any arguments."""

_BEGUN_S: Final = 0.5
"""Longest wait of a begun call for its grammar, while no other request needs the decode thread."""

_POLL_S: Final = 0.005


class Pending(Enum):
    """A matcher is not compiled yet."""

    PENDING = "pending"


BegunCall = Callable[[str], TokenMatcher | Pending | None]
"""Returns the matcher for the rest of a call, from the text of its beginning; None if it has another form."""


class AnswerConstraints:
    """Makes the matchers for one model's answers. ``whole`` and ``begun_calls``: any thread that does not decode.

    Args:
        model: The model.
        compiler: Its compiler.
        is_alone: Returns whether no request but one is in progress, and none waits. Decode thread.
    """

    def __init__(self, model: LlamaModel, compiler: ConstraintCompiler, is_alone: Callable[[], bool]) -> None:
        self._model = model
        self._compiler = compiler
        self._is_alone = is_alone
        self._background = ThreadPoolExecutor(1, "constraints")
        self._lock = threading.Lock()
        # By form and tools, least recently used first: clients send the same tools with each request.
        self._compiled_calls: dict[tuple[CallForm, str], Future[TokenMatcher | None]] = {}

    def is_quick(self, chat: Chat, constraint: Constraint | None) -> bool:
        """Return whether ``whole`` takes some milliseconds at most. Takes less itself."""
        if chat.tool_choice.mode == "required" or (constraint is not None and chat.tools):
            return False
        return constraint is None or self._compiler.is_quick(constraint)

    def whole(
        self, chat: Chat, constraint: Constraint | None, dialect: Dialect, thinking: Thinking | None
    ) -> TokenMatcher | None:
        """Return what the answer has to follow, perhaps after thinking: calls, the request's constraint, or either.

        Raises:
            InvalidRequestError: The constraint, or a tool's schema, cannot be used.
        """
        choice = chat.tool_choice
        answer: Constraint | None = None
        if constraint is not None and choice.mode != "required":
            matcher = self._compiler.matcher(constraint)
            if thinking is None and not chat.tools:
                return matcher
            answer = constraint
        if choice.mode == "required" or (answer is not None and chat.tools and choice.mode == "auto"):
            tools = [tool for tool in chat.tools if not choice.names or tool.name in choice.names]
            for tool in tools:
                _check_well_formed(tool)
            return self._either(tools, chat, dialect, answer, thinking)
        return None if answer is None else self._either((), chat, dialect, answer, thinking)

    def _either(
        self,
        tools: Sequence[ToolDefinition],
        chat: Chat,
        dialect: Dialect,
        answer: Constraint | None,
        thinking: Thinking | None,
    ) -> TokenMatcher:
        """Return what allows calls of these tools, if there are any, or the answer."""
        options = ["answer"] * (answer is not None) + ["calls"] * bool(tools)
        start = f"start: {'thinking? ' if thinking is not None else ''}({' | '.join(options)})\n"

        def compile_with(tools: Sequence[ToolDefinition]) -> TokenMatcher:
            rules = _Rules(self._compiler)
            text = start
            if answer is not None:
                text += f"answer: {rules.add(answer.kind, answer.text)}\n"
            if tools:
                text += self._calls(tools, dialect, rules, parallel=chat.parallel_tool_calls and len(tools) > 1)
            if thinking is not None:
                text += optional_thinking(thinking, self._mark)
            return self._compiler.lark_matcher(text, simple=rules.simple)

        try:
            return self._with_usable(tools, compile_with)
        except (SchemaError, GrammarError) as error:
            raise _unusable(error) from error

    def _with_usable(
        self, tools: Sequence[ToolDefinition], compile_with: Callable[[Sequence[ToolDefinition]], TokenMatcher]
    ) -> TokenMatcher:
        """Compile with the tools. Those that are not strict get any arguments if their schema cannot be followed."""
        for tool in tools:
            self._check_strict(tool)
        try:
            return compile_with(tools)
        except (SchemaError, GrammarError, RecursionError):
            deadline = time.monotonic() + _TOOLS_S
            usable = [tool if self._is_usable(tool, deadline) else _with_any_arguments(tool) for tool in tools]
            return compile_with(usable)

    def _check_strict(self, tool: ToolDefinition) -> None:
        if tool.strict:
            try:
                self._compiler.matcher(Constraint("json_schema", _schema(tool)))
            except SchemaError as error:
                raise _of_tool(tool, str(error)) from error
            except InvalidRequestError as error:
                raise _of_tool(tool, str(error.message.params["reason"])) from error

    def _is_usable(self, tool: ToolDefinition, deadline: float) -> bool:
        if tool.strict:
            return True
        if time.monotonic() > deadline:
            return False
        try:
            rules = _Rules(self._compiler)
            rule = rules.add_arguments(_schema(tool))
            self._compiler.lark_matcher(f"start: {rule}", simple=rules.simple)
        except (SchemaError, GrammarError):
            return False
        return True

    def _calls(self, tools: Sequence[ToolDefinition], dialect: Dialect, rules: _Rules, *, parallel: bool) -> str:
        rules.simple &= len(tools) <= _MAX_SIMPLE_TOOLS
        return calls_grammar(tools, dialect, parallel=parallel, mark=self._mark, rule=rules.add_arguments)

    def _mark(self, text: str) -> str:
        token = self._compiler.special_token(text)
        return json.dumps(text, ensure_ascii=False) if token is None else f"<[{token}]>"

    def begun_calls(self, chat: Chat, dialect: Dialect) -> BegunCall | None:
        """Return how calls that the model makes by itself are constrained; None if they are not.

        The grammar is compiled in the background, so that the answer's first token does not wait for it.
        """
        names = chat.tool_choice.names
        tools = [tool for tool in chat.tools if not names or tool.name in names]
        if not tools or chat.tool_choice.mode != "auto":
            return None
        key = (dialect.form, json.dumps([(tool.name, tool.parameters, tool.strict) for tool in tools]))
        with self._lock:
            compiled = self._compiled_calls.pop(key, None)
            if compiled is None or compiled.cancelled():
                compiled = self._background.submit(self._call_matcher, tools, dialect)
            self._compiled_calls[key] = compiled
            if len(self._compiled_calls) > _REMEMBERED_TOOLS:
                self._compiled_calls.pop(next(iter(self._compiled_calls))).cancel()
        return partial(self._begun, compiled)

    def _call_matcher(self, tools: list[ToolDefinition], dialect: Dialect) -> TokenMatcher | None:
        def compile_with(tools: Sequence[ToolDefinition]) -> TokenMatcher:
            rules = _Rules(self._compiler)
            text = self._calls(tools, dialect, rules, parallel=False)
            return self._compiler.lark_matcher(f"start: calls\n{text}", simple=rules.simple)

        try:
            return self._with_usable(tools, compile_with)
        except (SchemaError, GrammarError, InvalidRequestError):
            logger.info("calls are not constrained: a tool's schema cannot be followed")
            return None

    def _begun(self, compiled: Future[TokenMatcher | None], text: str) -> TokenMatcher | Pending | None:
        deadline = time.monotonic() + _BEGUN_S
        while not compiled.done():
            if time.monotonic() > deadline or not self._is_alone():
                return Pending.PENDING
            wait([compiled], _POLL_S)
        matcher = None if compiled.cancelled() else compiled.result()
        return self.advanced(matcher.copy(), text) if matcher is not None else None

    def advanced(self, matcher: TokenMatcher, text: str) -> TokenMatcher | None:
        """Return the matcher past the text, which has been written already; None if it does not allow the text."""
        tokens = self._model.tokenize(text, add_special=False)
        return matcher if all(map(matcher.accept, tokens)) else None


class _Rules:
    """Makes the expressions of one grammar, and notes whether all are simple."""

    def __init__(self, compiler: ConstraintCompiler) -> None:
        self._compiler = compiler
        self.simple = True

    def add(self, kind: str, text: str, *, lenient: bool = False) -> str:
        """Return the expression for a constraint; raises SchemaError or GrammarError."""
        rule, simple = self._compiler.rule(kind, text, lenient=lenient)
        self.simple &= simple
        return rule

    def add_arguments(self, schema: str) -> str:
        """Return the expression for a tool's arguments. What cannot be kept of the schema is left out.

        A strict tool's schema has been checked before.
        """
        return self.add("json_schema", schema, lenient=True)


def _schema(tool: ToolDefinition) -> str:
    try:
        return json.dumps(arguments_schema(tool))
    except RecursionError as error:
        raise SchemaError("it is nested too deeply") from error


def _check_well_formed(tool: ToolDefinition) -> None:
    try:
        check_schema(tool.parameters)
    except SchemaError as error:
        raise _of_tool(tool, str(error)) from error


def _of_tool(tool: ToolDefinition, reason: str) -> InvalidRequestError:
    return InvalidRequestError(msg("schema_unusable", reason=f"{tool.name[:64]}: {reason}"), param="tools")


def _with_any_arguments(tool: ToolDefinition) -> ToolDefinition:
    return replace(tool, parameters={"type": "object"})


def _unusable(error: Exception) -> InvalidRequestError:
    return InvalidRequestError(msg("grammar_unusable", reason=str(error)[:200]), param="tools")
