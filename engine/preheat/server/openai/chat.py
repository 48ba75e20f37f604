"""POST /v1/chat/completions."""

from __future__ import annotations

import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from preheat.inference import ANY_JSON, GenerateRequest, JsonObject
from preheat.server.generation import Generator
from preheat.server.openai.formatting import ChatFormat
from preheat.server.openai.schema import ChatBody, Message, ResponseFormat, Tool, no_limit
from preheat.server.openai.tool_calls import forcing_schema
from preheat.server.openai.validation import parse_body


@dataclass(frozen=True, slots=True)
class ChatApi:
    """The chat endpoint."""

    generator: Generator

    async def create(self, request: Request) -> Response:
        """Answer a chat, whole or as a stream of events."""
        body = parse_body(ChatBody, await request.body())
        model_id = await self.generator.model_id(body.model)
        requests = generate_requests(body)
        form = ChatFormat(
            model_id,
            choices=body.choices,
            logprobs=bool(body.logprobs),
            tools=bool(_offered_tools(body)),
            forced=_is_forced(body),
            include_usage=body.include_usage,
        )
        return await self.generator.respond(request, model_id, requests, form, stream=bool(body.stream))


def generate_requests(body: ChatBody) -> list[GenerateRequest]:
    """Return one request for each choice.

    Raises:
        InvalidRequestError: The tools cannot be forced together.
    """
    tools = _offered_tools(body)
    schema = forcing_schema(_forced_tools(body, tools)) if _is_forced(body) else response_schema(body.response_format)
    limit = body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens
    messages = tuple(template_message(message) for message in body.messages)
    return [
        GenerateRequest(
            messages=messages,
            tools=tools,
            sampling=body.sampling(choice),
            max_tokens=no_limit(limit),
            stop=body.stops,
            json_schema=schema,
            top_logprobs=(body.top_logprobs or 0) if body.logprobs else None,
        )
        for choice in range(body.choices)
    ]


def template_message(message: Message) -> JsonObject:
    """Return a message with its content as one text; parts are joined by line breaks, as in llama.cpp and vLLM."""
    content = message.content
    if isinstance(content, list):
        content = "\n".join(part.text if part.text is not None else part.refusal or "" for part in content)
    result = message.model_dump(exclude_none=True, exclude={"content"})
    if not message.tool_calls:
        result.pop("tool_calls", None)
    return {**result, "content": content or ""}


def response_schema(response_format: ResponseFormat | None) -> str | None:
    """Return the JSON schema, as text, that the answer must follow; None for plain text."""
    if response_format is None or response_format.type == "text":
        return None
    if response_format.json_schema is not None:
        return json.dumps(response_format.json_schema.schema_)
    return ANY_JSON if response_format.schema_ is None else json.dumps(response_format.schema_)


def _is_forced(body: ChatBody) -> bool:
    return body.tool_choice == "required" or isinstance(body.tool_choice, Tool)


def _offered_tools(body: ChatBody) -> tuple[JsonObject, ...]:
    if body.tool_choice == "none":
        return ()
    return tuple(_tool_json(tool) for tool in body.tools or ())


def _tool_json(tool: Tool) -> JsonObject:
    function = tool.function.model_dump(include={"name", "description"}, exclude_none=True)
    function["parameters"] = tool.function.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _forced_tools(body: ChatBody, tools: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
    if not isinstance(body.tool_choice, Tool):
        return tools
    name = body.tool_choice.function.name
    return tuple(tool for tool in tools if tool["function"]["name"] == name)[:1]
