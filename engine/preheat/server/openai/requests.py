"""Turns the bodies of chats and completions into requests to the engine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from preheat.inference import (
    Chat,
    ContentPart,
    GenerateRequest,
    JsonObject,
    Role,
    ToolCall,
    ToolChoice,
    ToolDefinition,
)
from preheat.inference import Message as ChatMessage
from preheat.server.bodies import check_json_text, image_bytes, invalid
from preheat.server.openai.messages import CalledFunction, FunctionBody, ImageUrl, Message, Tool
from preheat.server.openai.schema import ChatBody, CompletionBody
from preheat.server.openai.thinking import thinking_of

DEFAULT_COMPLETION_TOKENS: Final = 16
"""OpenAI's default, which its clients expect; -1 is up to the context length."""

_NO_PARAMETERS: Final[JsonObject] = {"type": "object", "properties": {}}


def chat_requests(body: ChatBody) -> list[GenerateRequest]:
    """Return one request for each choice; raises InvalidRequestError for fields that contradict each other."""
    chat, constraint = chat_of(body), body.constraint
    return [
        GenerateRequest(
            chat=chat,
            sampling=body.sampling(choice),
            max_tokens=_no_limit(body.token_limit),
            stop=body.stops,
            constraint=constraint,
            cache_prompt=body.cache_prompt is not False,
            top_logprobs=(body.top_logprobs or 0) if body.logprobs else None,
            prediction=body.prediction.text if body.prediction is not None else "",
        )
        for choice in range(body.choices)
    ]


def chat_of(body: ChatBody) -> Chat:
    """Return a body's chat; raises InvalidRequestError."""
    tools = [tool.function for tool in body.tools or ()] or body.functions or []
    param = "tool_choice" if body.tools or not body.functions else "function_call"
    thinking = thinking_of(body)
    return Chat(
        messages=chat_messages(body.messages),
        tools=tuple(map(tool_definition, tools)),
        tool_choice=tool_choice(getattr(body, param), [tool.name for tool in tools], param),
        # The older form of calls has room for one.
        parallel_tool_calls=body.parallel_tool_calls is not False and param == "tool_choice",
        thinking=thinking.thinking,
        thinking_budget=thinking.budget,
        template_arguments=thinking.template_arguments,
        continue_last=_continues(body),
    )


def is_legacy(body: ChatBody) -> bool:
    """Return whether calls are answered in OpenAI's older form."""
    return bool(body.functions) and not body.tools


def completion_requests(body: CompletionBody) -> list[GenerateRequest]:
    """Return one request for each generation of each prompt, prompt by prompt, as OpenAI numbers them."""
    limit = DEFAULT_COMPLETION_TOKENS if body.token_limit is None else _no_limit(body.token_limit)
    constraint = body.constraint
    ranked = body.generated > body.choices
    return [
        GenerateRequest(
            prompt=prompt if isinstance(prompt, str) else None,
            prompt_tokens=None if isinstance(prompt, str) else tuple(prompt),
            suffix=body.suffix or None,
            sampling=body.sampling(choice),
            max_tokens=limit,
            stop=body.stops,
            constraint=constraint,
            cache_prompt=body.cache_prompt is not False,
            top_logprobs=body.logprobs if body.logprobs is not None else 0 if ranked else None,
            # The text of a prompt of tokens comes from its tokens' log probabilities.
            prompt_logprobs=body.echo is True and (body.logprobs is not None or not isinstance(prompt, str)),
        )
        for prompt in body.prompts
        for choice in range(body.generated)
    ]


def tool_definition(function: FunctionBody) -> ToolDefinition:
    """Return a tool that the model may call."""
    return ToolDefinition(
        name=function.name,
        description=function.description or "",
        parameters=function.parameters or _NO_PARAMETERS,
        strict=function.strict is True,
    )


def tool_choice(value: str | JsonObject | None, names: Sequence[str], param: str = "tool_choice") -> ToolChoice:
    """Return the choice among tools of these names, from all forms that clients send; raises InvalidRequestError."""
    mode: Any = value
    chosen: list[Any] = []
    if isinstance(value, dict):
        allowed = value.get("allowed_tools", value)
        if value.get("type") == "allowed_tools" and isinstance(allowed, dict):
            mode = allowed.get("mode") or "auto"
            chosen = [_named(tool) for tool in allowed.get("tools") or () if _is_function(tool)]
            if not chosen:  # only tools that are not offered
                mode = "none" if mode == "auto" else ""
        elif _is_function(value) and (name := _named(value)) is not None:
            mode, chosen = "required", [name]
        else:
            mode = value.get("type", "")
    match mode:
        case None | "auto":
            choice = ToolChoice("auto", tuple(chosen))
        case "none":
            choice = ToolChoice("none")
        case "required" | "any":
            choice = ToolChoice("required", tuple(chosen))
        case _:
            raise invalid(param, "must be none, auto, required, or name a function")
    if choice.mode == "required" and not names:
        raise invalid(param, "needs tools")
    if not set(choice.names) <= set(names):
        raise invalid(param, "names a function that is not among tools")
    return choice


def _is_function(value: Any) -> bool:
    """Return whether a choice is about a function, and not a tool of another type."""
    return isinstance(value, dict) and value.get("type", "function") in ("function", "tool")


def _named(value: Any) -> str | None:
    """Return the name of the function in ``{"type": "function", "function": {"name": …}}`` and flatter forms."""
    if not isinstance(value, dict):
        return None
    inner = value.get("function", value)
    name = inner.get("name") if isinstance(inner, dict) else inner
    return name if isinstance(name, str) else None


def chat_messages(messages: Iterable[Message]) -> tuple[ChatMessage, ...]:
    """Return the messages for the engine; raises InvalidRequestError for an image that cannot be read."""
    found: list[ChatMessage] = []
    call_id = ""  # of the latest call in OpenAI's older form, which has none
    for number, message in enumerate(messages):
        if message.function_call is not None:
            call_id = f"call_{number}"
        found.append(_chat_message(message, f"messages[{number}]", call_id))
    return tuple(found)


def _chat_message(message: Message, param: str, legacy_id: str) -> ChatMessage:
    calls = [
        tool_call(call.function, call.id or "", f"{param}.tool_calls[{number}].function.arguments")
        for number, call in enumerate(message.tool_calls or ())
    ]
    if message.function_call is not None:
        calls.append(tool_call(message.function_call, legacy_id, f"{param}.function_call.arguments"))
    thoughts = [part.thought for part in message.parts if part.is_thinking]
    return ChatMessage(
        role=_role(message.role),
        content=_content(message, param),
        name=message.name or "",
        reasoning=message.reasoning_content or message.reasoning or "\n".join(thoughts),
        tool_calls=tuple(calls),
        tool_call_id=message.tool_call_id or (legacy_id if message.role == "function" else ""),
    )


def _role(role: str) -> Role:
    """Return the role; ``developer`` and ``function`` are a newer and an older name."""
    return {"developer": Role.SYSTEM, "function": Role.TOOL}.get(role) or Role(role)


def _content(message: Message, param: str) -> tuple[ContentPart, ...]:
    if not message.parts and message.refusal:
        return (ContentPart(message.refusal),)
    parts = []
    for number, part in enumerate(message.parts):
        if part.is_image:
            url = part.image_url.url if isinstance(part.image_url, ImageUrl) else part.image_url or ""
            parts.append(ContentPart(image=image_bytes(url, f"{param}.content[{number}].image_url")))
        elif not part.is_thinking:
            parts.append(ContentPart(part.text or part.refusal or ""))
    return tuple(parts)


def tool_call(function: CalledFunction, call_id: str, param: str) -> ToolCall:
    """Return a call that the assistant made; raises InvalidRequestError for arguments that are too deep."""
    arguments = function.arguments
    if isinstance(arguments, str):
        check_json_text(arguments, param)
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments if arguments is not None else {}, ensure_ascii=False)
    return ToolCall(function.name, arguments, call_id)


def _continues(body: ChatBody) -> bool:
    last = body.messages[-1]
    if last.prefix and last.role != "assistant":
        raise invalid(f"messages[{len(body.messages) - 1}].prefix", "needs a message of the assistant")
    if body.continue_final_message and last.role != "assistant":
        raise invalid("continue_final_message", "needs a last message of the assistant")
    return bool(body.continue_final_message or last.prefix)


def _no_limit(max_tokens: int | None) -> int | None:
    """Return the limit; None is up to the context length (-1, as in llama.cpp and LM Studio)."""
    return None if max_tokens is None or max_tokens < 0 else max_tokens


def tools_of(tools: Iterable[Tool] | None) -> tuple[ToolDefinition, ...]:
    """Return the tools that the model may call."""
    return tuple(tool_definition(tool.function) for tool in tools or ())
