"""Turns the bodies of chats and completions into requests to the engine."""

from __future__ import annotations

import json
from typing import Final

from preheat.inference import ANY_JSON, GenerateRequest, JsonObject
from preheat.server.openai.schema import ChatBody, CompletionBody, Message, ResponseFormat, Tool
from preheat.server.openai.tool_calls import forcing_schema

DEFAULT_COMPLETION_TOKENS: Final = 16
"""OpenAI's default, which its clients expect; -1 is up to the context length."""


def chat_requests(body: ChatBody) -> list[GenerateRequest]:
    """Return one request for each choice; raises InvalidRequestError if the tools cannot be forced together."""
    tools = offered_tools(body)
    schema = forcing_schema(_forced_tools(body, tools)) if is_forced(body) else _schema(body.response_format)
    limit = body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens
    messages = tuple(map(_template_message, body.messages))
    return [
        GenerateRequest(
            messages=messages,
            tools=tools,
            sampling=body.sampling(choice),
            max_tokens=_no_limit(limit),
            stop=body.stops,
            json_schema=schema,
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


def _template_message(message: Message) -> JsonObject:
    """Return a message with its content as one text; parts are joined by line breaks, as in llama.cpp and vLLM."""
    content = message.content
    if isinstance(content, list):
        content = "\n".join(part.text if part.text is not None else part.refusal or "" for part in content)
    result = message.model_dump(exclude_none=True, exclude={"content"})
    if not message.tool_calls:
        result.pop("tool_calls", None)
    return {**result, "content": content or ""}


def _schema(response_format: ResponseFormat | None) -> str | None:
    if response_format is None or response_format.type == "text":
        return None
    if response_format.json_schema is not None:
        return json.dumps(response_format.json_schema.schema_)
    return ANY_JSON if response_format.schema_ is None else json.dumps(response_format.schema_)


def _no_limit(max_tokens: int | None) -> int | None:
    """Return the limit; None is up to the context length (-1, as in llama.cpp and LM Studio)."""
    return None if max_tokens is None or max_tokens < 0 else max_tokens
