"""Turns the items of a conversation and the fields of a response into a request to the engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from preheat.inference import (
    ANY_JSON_OBJECT,
    Chat,
    Constraint,
    ContentPart,
    GenerateRequest,
    Message,
    Role,
    ToolCall,
)
from preheat.server.bodies import invalid
from preheat.server.images import image_bytes
from preheat.server.openai.requests import tool_choice, tool_definition
from preheat.server.openai.responses.schema import (
    CallOutputItem,
    CustomToolCallItem,
    FunctionCallItem,
    InputBody,
    InputItem,
    MessageItem,
    Part,
    ReasoningItem,
    ResponseBody,
)
from preheat.server.openai.thinking import thinking_of

_ROLES: Final = {"developer": Role.SYSTEM}


def response_request(body: ResponseBody, items: Sequence[InputItem], earlier: int = 0) -> GenerateRequest:
    """Return the request for the answer to a conversation, of which ``earlier`` items were not in the request.

    Raises:
        InvalidRequestError: There is no message, or fields contradict each other.
    """
    return GenerateRequest(
        chat=response_chat(body, items, earlier),
        sampling=body.sampling(0),
        max_tokens=token_limit(body),
        stop=body.stops,
        constraint=_constraint(body),
        top_logprobs=body.logprobs,
    )


def response_chat(body: InputBody, items: Sequence[InputItem], earlier: int = 0) -> Chat:
    """Return the chat of a conversation; raises InvalidRequestError as ``response_request`` does."""
    instructions = body.instructions or ()
    if isinstance(instructions, str):
        instructions = [MessageItem(role="system", content=instructions)]
    messages = chat_messages([*instructions, *items], len(instructions) + earlier)
    if not messages:
        raise invalid("input", "needs a message")
    functions, thinking = body.functions, thinking_of(body)
    return Chat(
        messages=messages,
        tools=tuple(map(tool_definition, functions)),
        tool_choice=tool_choice(body.tool_choice, [function.name for function in functions]),
        parallel_tool_calls=body.parallel_tool_calls is not False,
        thinking=thinking.thinking,
        thinking_budget=thinking.budget,
        template_arguments=thinking.template_arguments,
    )


def token_limit(body: ResponseBody) -> int | None:
    """Return the maximum of generated tokens; None is up to the context length."""
    return None if body.token_limit is None or body.token_limit < 0 else body.token_limit


def chat_messages(items: Sequence[InputItem], earlier: int = 0) -> tuple[Message, ...]:
    """Return the messages of a conversation, of which ``earlier`` items were not in the request's input.

    Thinking, text and calls that follow each other are one message of the assistant. Items of unknown types are passed
    over.
    """
    messages: list[Message] = []
    names: dict[str, str] = {}  # of the called functions, by the id of the call

    def assistant(can_continue: bool, message: Message) -> None:
        """Start a message of the assistant, or continue the last one."""
        if messages and messages[-1].role is Role.ASSISTANT and can_continue:
            last = messages[-1]
            messages[-1] = replace(
                last,
                content=last.content + message.content,
                tool_calls=last.tool_calls + message.tool_calls,
                reasoning="\n".join(filter(None, (last.reasoning, message.reasoning))),
            )
        else:
            messages.append(message)

    for position, item in enumerate(items, -earlier):
        last = messages[-1] if messages else None
        thought = last is not None and not last.content and not last.tool_calls
        if isinstance(item, MessageItem):
            content = _parts(item.content, position)
            if item.role == "assistant":
                assistant(thought, Message(role=Role.ASSISTANT, content=content))
            else:
                messages.append(Message(role=_ROLES.get(item.role) or Role(item.role), content=content))
        elif isinstance(item, FunctionCallItem | CustomToolCallItem):
            call = ToolCall(item.name, _arguments(item), item.call_id or item.id or "")
            names[call.call_id] = call.name
            assistant(True, Message(role=Role.ASSISTANT, tool_calls=(call,)))
        elif isinstance(item, CallOutputItem):
            call_id = item.call_id or ""
            content = _parts(item.output if not isinstance(item.output, dict) else json.dumps(item.output), position)
            messages.append(Message(role=Role.TOOL, content=content, tool_call_id=call_id, name=names.get(call_id, "")))
        elif isinstance(item, ReasoningItem) and (text := _reasoning(item)):
            assistant(thought, Message(role=Role.ASSISTANT, reasoning=text))
    # Thinking without what it led to, as of an answer that was cut off, is not repeated.
    return tuple(each for each in messages if not each.reasoning or each.content or each.tool_calls)


def _parts(content: str | Sequence[Part] | None, position: int) -> tuple[ContentPart, ...]:
    if isinstance(content, str):
        return (ContentPart(content),) if content else ()
    parts = []
    for index, part in enumerate(content or ()):
        if part.image is None:
            parts.append(ContentPart(part.text if part.text is not None else part.refusal or ""))
        else:
            parts.append(ContentPart(image=image_bytes(part.image, f"input[{position}].content[{index}].image_url")))
    return tuple(parts)


def _arguments(item: FunctionCallItem | CustomToolCallItem) -> str:
    if isinstance(item, CustomToolCallItem):
        return json.dumps({"input": item.input}, ensure_ascii=False)
    if isinstance(item.arguments, dict):
        return json.dumps(item.arguments, ensure_ascii=False)
    return item.arguments or "{}"


def _reasoning(item: ReasoningItem) -> str:
    return "\n".join(part.text for part in item.content or item.summary or () if part.text)


def _constraint(body: ResponseBody) -> Constraint | None:
    form, other = body.format, body.constraint
    if form.type == "text":
        return other
    if other is not None:
        raise invalid("text.format", "cannot be combined with another form of the answer")
    return ANY_JSON_OBJECT if form.schema_ is None else Constraint("json_schema", json.dumps(form.schema_))
