"""How much a model may think, from the fields of several servers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import Field

from preheat.inference import JsonObject
from preheat.server.bodies import JsonBody, Label, TokenCount, invalid
from preheat.server.openai.messages import ThinkingBody

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_OFF: Final = ("none", "minimal")
_BUDGETS: Final = {"low": 1024, "medium": 8192}
"""Maximum tokens of thinking by effort. The higher ones have no limit."""


class ThinkingFields(JsonBody):
    """Fields of several servers about thinking."""

    reasoning_effort: Label | None = Field(
        None, description="none and minimal switch thinking off; low and medium limit it; templates get the word."
    )
    enable_thinking: bool | None = Field(None, description="Switches thinking on or off.")
    thinking: ThinkingBody | None = Field(None, description="type enabled or disabled, budget_tokens.")
    reasoning: ThinkingBody | None = Field(None, description="enabled, effort, max_tokens, exclude.")
    thinking_budget: TokenCount | None = Field(None, description="Maximum tokens of thinking; 0 switches it off.")
    thinking_budget_tokens: TokenCount | None = Field(None, description="Like thinking_budget.")
    reasoning_budget: TokenCount | None = Field(None, description="Like thinking_budget.")
    chat_template_kwargs: dict[str, Any] | None = Field(None, description="Variables for the model's template.")


@dataclass(frozen=True, slots=True)
class Thinking:
    """The fields of ``Chat`` about thinking."""

    thinking: bool | None = None
    budget: int | None = None
    template_arguments: JsonObject = field(default_factory=dict)


def thinking_of(body: ThinkingFields) -> Thinking:
    """Return how much the model may think. A switch goes before a budget, and that before an effort.

    Raises:
        InvalidRequestError: An effort is unknown.
    """
    arguments = dict(body.chat_template_kwargs or {})
    effort = _effort(body)
    if effort is not None:
        arguments.setdefault("reasoning_effort", effort)
    budget = next(_budgets(body), None)
    switch = next(_switches(body, arguments), None)
    if switch is None:
        if budget is not None:
            switch = budget != 0
        elif effort is not None:
            switch = effort not in _OFF
    if budget is None and effort is not None:
        budget = _BUDGETS.get(effort)
    return Thinking(switch, None if not switch or budget is None or budget <= 0 else budget, arguments)


def _effort(body: ThinkingFields) -> str | None:
    reasoning = body.reasoning.effort if body.reasoning is not None else None
    for param, effort in (("reasoning_effort", body.reasoning_effort), ("reasoning.effort", reasoning)):
        if effort is not None:
            if effort.lower() not in EFFORTS:
                raise invalid(param, f"must be one of {', '.join(EFFORTS)}")
            return effort.lower()
    return None


def _switches(body: ThinkingFields, arguments: JsonObject) -> Iterator[bool]:
    """Yield the explicit switches; those among the template's arguments move from there."""
    if body.enable_thinking is not None:
        yield body.enable_thinking
    for name in ("enable_thinking", "thinking"):
        if isinstance(arguments.get(name), bool):
            yield arguments.pop(name) if name == "enable_thinking" else arguments[name]
    if body.thinking is not None and body.thinking.type in ("enabled", "disabled"):
        yield body.thinking.type == "enabled"
    if body.reasoning is not None and body.reasoning.enabled is not None:
        yield body.reasoning.enabled


def _budgets(body: ThinkingFields) -> Iterator[int]:
    thinking, reasoning = body.thinking, body.reasoning
    for budget in (
        body.thinking_budget,
        body.thinking_budget_tokens,
        body.reasoning_budget,
        thinking.budget_tokens if thinking is not None else None,
        reasoning.max_tokens if reasoning is not None else None,
    ):
        if budget is not None:
            yield budget
