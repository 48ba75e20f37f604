"""Turns the items of a conversation and the fields of a response into a request to the engine."""

from __future__ import annotations

import json
from collections.abc import Sequence

from preheat.inference import ANY_JSON_OBJECT, Chat, Constraint, GenerateRequest
from preheat.server.bodies import invalid
from preheat.server.openai.requests import tool_choice, tool_definition
from preheat.server.openai.responses.messages import chat_messages
from preheat.server.openai.responses.schema import InputBody, InputItem, MessageItem, ResponseBody
from preheat.server.openai.thinking import thinking_of


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
        cache_prompt=body.cache_prompt is not False,
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


def _constraint(body: ResponseBody) -> Constraint | None:
    form, other = body.format, body.constraint
    if form.type == "text":
        return other
    if other is not None:
        raise invalid("text.format", "cannot be combined with another form of the answer")
    return ANY_JSON_OBJECT if form.schema_ is None else Constraint("json_schema", json.dumps(form.schema_))
