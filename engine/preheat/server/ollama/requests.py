"""Turns the bodies of chat and generate into requests to the engine."""

from __future__ import annotations

import json
from typing import Any

from preheat.inference import (
    ANY_JSON_OBJECT,
    Chat,
    Constraint,
    ContentPart,
    GenerateRequest,
    Message,
    Role,
    ToolCall,
    ToolDefinition,
)
from preheat.server.bodies import check_json_text, image_bytes
from preheat.server.ollama.context import from_context
from preheat.server.ollama.schema import AnswerBody, GenerateBody, MessageBody, OllamaChatBody, ToolBody


def chat_request(body: OllamaChatBody) -> GenerateRequest:
    """Return the request of a chat; raises InvalidRequestError for an unusable image."""
    messages = tuple(_message(message, f"messages[{at}]") for at, message in enumerate(body.messages or ()))
    tools = tuple(map(_tool, body.tools or ()))
    # An assistant's message at the end is continued, as in Ollama.
    continues = messages[-1].role is Role.ASSISTANT and not messages[-1].tool_calls
    return _request(body, chat=_chat(body, messages, tools=tools, continue_last=continues))


def generate_request(body: GenerateBody, *, chat_template: bool) -> GenerateRequest:
    """Return the request of a generate.

    Args:
        chat_template: Whether the model has one, which writes the prompt as a chat of one message.

    Raises:
        InvalidRequestError: An image or the context is unusable.
    """
    prompt = body.prompt or ""
    if body.raw or body.suffix:
        return _request(body, prompt=prompt, suffix=body.suffix or None)
    messages = generate_messages(body)
    if chat_template or any(part.image for part in messages[-1].content):
        return _request(body, chat=_chat(body, messages))
    return _request(body, prompt="\n\n".join(message.text for message in messages))


def generate_messages(body: GenerateBody) -> tuple[Message, ...]:
    """Return the conversation of a generate: its context, and the prompt as the user's message."""
    images = [ContentPart(image=image_bytes(image, f"images[{at}]")) for at, image in enumerate(body.images or ())]
    user = Message(role=Role.USER, content=(ContentPart(body.prompt or ""), *images))
    earlier = from_context(body.context or ())
    if not body.system:
        return (*earlier, user)
    system = Message(role=Role.SYSTEM, content=(ContentPart(body.system),))
    return (system, *(message for message in earlier if message.role is not Role.SYSTEM), user)


def _request(body: AnswerBody, **prompt: Any) -> GenerateRequest:
    options = body.chosen
    return GenerateRequest(
        **prompt,
        sampling=options.sampling(),
        max_tokens=options.max_tokens,
        stop=options.stops,
        constraint=_constraint(body),
        top_logprobs=(body.top_logprobs or 0) if body.logprobs else None,
    )


def _chat(body: AnswerBody, messages: tuple[Message, ...], **more: Any) -> Chat:
    effort = body.think if isinstance(body.think, str) and body.think else None
    return Chat(
        messages=messages,
        thinking=True if effort else body.think if isinstance(body.think, bool) else None,
        template_arguments={"reasoning_effort": effort} if effort else {},
        **more,
    )


def _message(message: MessageBody, place: str) -> Message:
    images = [
        ContentPart(image=image_bytes(image, f"{place}.images[{at}]")) for at, image in enumerate(message.images or ())
    ]
    text = message.content or ""
    calls = tuple(
        ToolCall(call.function.name, _arguments(call.function.arguments), call.id or "")
        for call in message.tool_calls or ()
    )
    return Message(
        role=Role.SYSTEM if message.role == "developer" else Role(message.role),
        content=(*((ContentPart(text),) if text or not images else ()), *images),
        name=message.tool_name or message.name or "",
        reasoning=message.thinking or "",
        tool_calls=calls,
        tool_call_id=message.tool_call_id or "",
    )


def _arguments(arguments: dict[str, Any] | str | None) -> str:
    if isinstance(arguments, str):
        check_json_text(arguments, "messages")
        return arguments
    return json.dumps(arguments or {}, ensure_ascii=False)


def _tool(tool: ToolBody) -> ToolDefinition:
    function = tool.function
    definition = ToolDefinition(function.name, function.description or "")
    if function.parameters is None:
        return definition
    return ToolDefinition(function.name, function.description or "", function.parameters)


def _constraint(body: AnswerBody) -> Constraint | None:
    if not body.format:
        # An empty schema allows any JSON value.
        return Constraint("json_schema", "{}") if body.format == {} else None
    if body.format == "json":
        return ANY_JSON_OBJECT
    return Constraint("json_schema", json.dumps(body.format))
