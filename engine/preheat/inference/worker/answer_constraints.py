"""Constraints of chats' answers: required calls, an answer or a call, and calls once they have begun."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
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
    constraint_rule,
    json_rule,
)
from preheat.inference.worker.llama_model import LlamaModel
from preheat.messages import msg

logger = logging.getLogger(__name__)

_REMEMBERED_TOOLS: Final = 8
"""Number of grammars to keep, one for each list of tools."""

# What cannot be kept of a tool's schema is left out; a strict tool's schema has been checked before.
_arguments_rule = partial(json_rule, lenient=True)

BegunCall = Callable[[str], TokenMatcher | None]
"""Returns the matcher for the rest of a call, from the text of its beginning; None if it has another form."""


class AnswerConstraints:
    """Makes the matchers for one model's answers. ``whole`` and ``begun_calls`` run on the reading thread."""

    def __init__(self, model: LlamaModel, compiler: ConstraintCompiler) -> None:
        self._model = model
        self._compiler = compiler
        self._background = ThreadPoolExecutor(1, "constraints")
        # By form and tools, least recently used first: clients send the same tools with each request.
        self._compiled_calls: dict[tuple[CallForm, str], Future[TokenMatcher | None]] = {}

    def whole(
        self, chat: Chat, constraint: Constraint | None, dialect: Dialect, thinking: Thinking | None
    ) -> TokenMatcher | None:
        """Return what the answer has to follow, perhaps after thinking: calls, the request's constraint, or either."""
        choice = chat.tool_choice
        rules = []
        options = []
        if constraint is not None and choice.mode != "required":
            matcher = self._compiler.matcher(constraint)
            if thinking is None and not chat.tools:
                return matcher
            options.append("answer")
            rules.append(f"answer: {constraint_rule(constraint)}\n")
        if choice.mode == "required" or (options and chat.tools and choice.mode == "auto"):
            tools = [self._usable(tool) for tool in chat.tools if not choice.names or tool.name in choice.names]
            parallel = chat.parallel_tool_calls and len(tools) > 1
            options.append("calls")
            rules.append(self._calls(tools, dialect, parallel=parallel))
        if not options:
            return None
        if thinking is not None:
            rules.append(optional_thinking(thinking, self._mark))
        start = f"start: {'thinking? ' if thinking is not None else ''}({' | '.join(options)})\n"
        try:
            return self._compiler.lark_matcher(start + "".join(rules))
        except GrammarError as error:
            raise _unusable(error) from error

    def _calls(self, tools: Sequence[ToolDefinition], dialect: Dialect, *, parallel: bool) -> str:
        try:
            return calls_grammar(tools, dialect, parallel=parallel, mark=self._mark, rule=_arguments_rule)
        except SchemaError as error:
            raise _unusable(error) from error

    def _usable(self, tool: ToolDefinition) -> ToolDefinition:
        """Return the tool; with any arguments, if its schema cannot be followed and does not have to be."""
        schema = json.dumps(arguments_schema(tool))
        try:
            if tool.strict:
                self._compiler.matcher(Constraint("json_schema", schema))
            else:
                self._compiler.lark_matcher(f"start: {_arguments_rule(schema)}")
        except InvalidRequestError as error:
            raise InvalidRequestError(error.message, param="tools") from error
        except (SchemaError, GrammarError):
            return replace(tool, parameters={"type": "object"})
        return tool

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
        compiled = self._compiled_calls.pop(key, None) or self._background.submit(self._call_matcher, tools, dialect)
        self._compiled_calls[key] = compiled
        if len(self._compiled_calls) > _REMEMBERED_TOOLS:
            del self._compiled_calls[next(iter(self._compiled_calls))]
        return partial(self._begun, compiled)

    def _call_matcher(self, tools: list[ToolDefinition], dialect: Dialect) -> TokenMatcher | None:
        try:
            usable = [self._usable(tool) for tool in tools]
            rules = calls_grammar(
                usable, dialect, parallel=False, mark=self._mark, rule=partial(json_rule, lenient=True)
            )
            return self._compiler.lark_matcher(f"start: calls\n{rules}")
        except (GrammarError, InvalidRequestError):
            logger.info("calls are not constrained: a tool's schema cannot be followed")
            return None

    def _begun(self, compiled: Future[TokenMatcher | None], text: str) -> TokenMatcher | None:
        matcher = compiled.result()
        return self.advanced(matcher.copy(), text) if matcher is not None else None

    def advanced(self, matcher: TokenMatcher, text: str) -> TokenMatcher | None:
        """Return the matcher past the text, which has been written already; None if it does not allow the text."""
        tokens = self._model.tokenize(text, add_special=False)
        return matcher if all(map(matcher.accept, tokens)) else None


def _unusable(error: Exception) -> InvalidRequestError:
    return InvalidRequestError(msg("grammar_unusable", reason=str(error)[:200]), param="tools")
