"""Chats as a model reads and writes them: its chat template, and its forms of tool calls and thinking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.inference.worker.chat.dialects import THINKING as THINKING
    from preheat.inference.worker.chat.dialects import CallForm as CallForm
    from preheat.inference.worker.chat.dialects import Dialect as Dialect
    from preheat.inference.worker.chat.dialects import Thinking as Thinking
    from preheat.inference.worker.chat.dialects import dialect_of as dialect_of
    from preheat.inference.worker.chat.dialects import prompted_thinking as prompted_thinking
    from preheat.inference.worker.chat.dialects import thinking_openings as thinking_openings
    from preheat.inference.worker.chat.parsing import AnswerParser as AnswerParser
    from preheat.inference.worker.chat.parts import Part as Part
    from preheat.inference.worker.chat.prompt import ChatTokens as ChatTokens
    from preheat.inference.worker.chat.prompt import beginning_tokens as beginning_tokens
    from preheat.inference.worker.chat.prompt import chat_tokens as chat_tokens
    from preheat.inference.worker.chat.prompt import fixed_tokens as fixed_tokens
    from preheat.inference.worker.chat.remote_template import renderer_pool as renderer_pool
    from preheat.inference.worker.chat.template import ChatTemplate as ChatTemplate
    from preheat.inference.worker.chat.template import Prompt as Prompt
    from preheat.inference.worker.chat.template import template_abilities as template_abilities
    from preheat.inference.worker.chat.tool_constraints import arguments_schema as arguments_schema
    from preheat.inference.worker.chat.tool_constraints import calls_grammar as calls_grammar
    from preheat.inference.worker.chat.tool_constraints import optional_thinking as optional_thinking
else:
    # The process that renders templates imports only what it needs.
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.inference.worker.chat.dialects": (
                "THINKING CallForm Dialect Thinking dialect_of prompted_thinking thinking_openings"
            ),
            "preheat.inference.worker.chat.parsing": "AnswerParser",
            "preheat.inference.worker.chat.parts": "Part",
            "preheat.inference.worker.chat.prompt": "ChatTokens beginning_tokens chat_tokens fixed_tokens",
            "preheat.inference.worker.chat.remote_template": "renderer_pool",
            "preheat.inference.worker.chat.template": "ChatTemplate Prompt template_abilities",
            "preheat.inference.worker.chat.tool_constraints": "arguments_schema calls_grammar optional_thinking",
        },
    )
