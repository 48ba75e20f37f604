"""Turns Anthropic's bodies into requests to the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from preheat.inference import (
    Chat,
    Constraint,
    GenerateRequest,
    JsonObject,
    Message,
    Role,
    Sampling,
    ToolChoice,
    ToolDefinition,
)
from preheat.server.anthropic.client_tools import CLIENT_TOOLS
from preheat.server.anthropic.content import chat_messages
from preheat.server.anthropic.schema import MessagesBody, TokenCountBody, ToolBody, ToolChoiceBody

_MODES: Final[Mapping[str, Literal["auto", "none", "required"]]] = {
    "auto": "auto",
    "any": "required",
    "tool": "required",
    "none": "none",
}
_THINKING: Final = {"enabled": True, "disabled": False}

NO_PARAMETERS: Final[JsonObject] = {"type": "object", "properties": {}}

_EFFORTS: Final = {"xhigh": "high", "max": "high"}
"""Names of efforts that chat templates do not have."""


def generate_request(body: MessagesBody) -> GenerateRequest:
    """Return the request for a message; raises InvalidRequestError for content that is not in the body."""
    sampling: dict[str, Any] = {
        "temperature": body.temperature,
        "top_p": body.top_p,
        "top_k": None if body.top_k is None else max(body.top_k, 0),  # -1 is "all" elsewhere
    }
    return GenerateRequest(
        chat=chat_of(body),
        sampling=Sampling(**{name: value for name, value in sampling.items() if value is not None}),
        max_tokens=body.max_tokens,
        stop=tuple(filter(None, body.stop_sequences or ())),
        constraint=_constraint(body),
    )


def chat_of(body: TokenCountBody) -> Chat:
    """Return the chat; raises InvalidRequestError for content that is not in the body."""
    messages = chat_messages(body.system, body.messages)
    if messages[-1:] == (Message(role=Role.ASSISTANT),):  # clients send an empty message to be continued
        messages = messages[:-1]
    effort = body.output_config.effort if body.output_config is not None else None
    thinking, choice = body.thinking, body.tool_choice
    return Chat(
        messages=messages,
        tools=tuple(map(_tool, body.offered_tools)),
        tool_choice=_tool_choice(choice),
        parallel_tool_calls=choice is None or not choice.disable_parallel_tool_use,
        thinking=_THINKING.get(thinking.type) if thinking is not None else None,
        thinking_budget=thinking.budget_tokens if thinking is not None else None,
        template_arguments={} if effort is None else {"reasoning_effort": _EFFORTS.get(effort, effort)},
        continue_last=bool(messages) and messages[-1].role is Role.ASSISTANT and not messages[-1].tool_calls,
    )


def _tool(tool: ToolBody) -> ToolDefinition:
    description, schema = CLIENT_TOOLS.get(tool.known_as or "", ("", NO_PARAMETERS))
    return ToolDefinition(
        tool.name or "", tool.description or description, tool.input_schema or schema, strict=bool(tool.strict)
    )


def _tool_choice(choice: ToolChoiceBody | None) -> ToolChoice:
    if choice is None:
        return ToolChoice()
    return ToolChoice(_MODES[choice.type], (choice.name or "",) if choice.type == "tool" else ())


def _constraint(body: MessagesBody) -> Constraint | None:
    config = body.output_config
    form = (config.format if config is not None else None) or body.output_format
    return None if form is None else Constraint("json_schema", json.dumps(form.schema_))
