"""Turns the bodies of chats and completions into requests to the engine."""

from __future__ import annotations

import json
from typing import Final

from preheat.inference import (
    ANY_JSON_OBJECT,
    Chat,
    Constraint,
    ContentPart,
    GenerateRequest,
    JsonObject,
    Role,
    ToolCall,
    ToolDefinition,
)
from preheat.inference import Message as ChatMessage
from preheat.server.openai.schema import ChatBody, CompletionBody, Message, ResponseFormat, Tool
from preheat.server.openai.tool_calls import forcing_schema

DEFAULT_COMPLETION_TOKENS: Final = 16
"""OpenAI's default, which its clients expect; -1 is up to the context length."""


def chat_requests(body: ChatBody) -> list[GenerateRequest]:
    """Return one request for each choice; raises InvalidRequestError if the tools cannot be forced together."""
    tools = offered_tools(body)
    constraint = (
        Constraint("json_schema", forcing_schema(_forced_tools(body, tools)))
        if is_forced(body)
        else _constraint(body.response_format)
    )
    limit = body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens
    chat = Chat(
        messages=tuple(map(_chat_message, body.messages)),
        tools=tuple(ToolDefinition(**tool["function"]) for tool in tools),
    )
    return [
        GenerateRequest(
            chat=chat,
            sampling=body.sampling(choice),
            max_tokens=_no_limit(limit),
            stop=body.stops,
            constraint=constraint,
            top_logprobs=(body.top_logprobs or 0) if body.logprobs else None,
        )
        for choice in range(body.choices)
    ]


def completion_requests(body: CompletionBody) -> list[GenerateRequest]:
    """Return one request for each choice of each prompt, prompt by prompt, as OpenAI numbers them."""
    limit = DEFAULT_COMPLETION_TOKENS if body.max_tokens is None else _no_limit(body.max_tokens)
    return [
        GenerateRequest(
            prompt=prompt if isinstance(prompt, str) else None,
            prompt_tokens=None if isinstance(prompt, str) else tuple(prompt),
            sampling=body.sampling(choice),
            max_tokens=limit,
            stop=body.stops,
            top_logprobs=body.logprobs,
        )
        for prompt in body.prompts
        for choice in range(body.choices)
    ]


def is_forced(body: ChatBody) -> bool:
    """Return whether the answer has to be a tool call."""
    return body.tool_choice == "required" or isinstance(body.tool_choice, Tool)


def offered_tools(body: ChatBody) -> tuple[JsonObject, ...]:
    """Return the tools that the template gets."""
    return () if body.tool_choice == "none" else tuple(map(_tool_json, body.tools or ()))


def _forced_tools(body: ChatBody, tools: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
    if not isinstance(body.tool_choice, Tool):
        return tools
    name = body.tool_choice.function.name
    return tuple(tool for tool in tools if tool["function"]["name"] == name)[:1]


def _tool_json(tool: Tool) -> JsonObject:
    function = tool.function.model_dump(include={"name", "description"}, exclude_none=True)
    function["parameters"] = tool.function.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _chat_message(message: Message) -> ChatMessage:
    content = message.content
    texts = [content or ""] if not isinstance(content, list) else [part.text or part.refusal or "" for part in content]
    calls = message.tool_calls or ()
    return ChatMessage(
        role=Role.SYSTEM if message.role == "developer" else Role(message.role),
        content=tuple(map(ContentPart, texts)),
        name=message.name or "",
        tool_calls=tuple(ToolCall(call.function.name, call.function.arguments, call.id or "") for call in calls),
        tool_call_id=message.tool_call_id or "",
    )


def _constraint(response_format: ResponseFormat | None) -> Constraint | None:
    if response_format is None or response_format.type == "text":
        return None
    if response_format.json_schema is not None:
        return Constraint("json_schema", json.dumps(response_format.json_schema.schema_))
    if response_format.schema_ is None:
        return ANY_JSON_OBJECT
    return Constraint("json_schema", json.dumps(response_format.schema_))


def _no_limit(max_tokens: int | None) -> int | None:
    """Return the limit; None is up to the context length (-1, as in llama.cpp and LM Studio)."""
    return None if max_tokens is None or max_tokens < 0 else max_tokens
