"""Messages and tools in the bodies of chats, in the forms that clients send."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from preheat.server.bodies import Calls, JsonBody, Label, Name, Parts, TokenCount

_TEXT_PARTS = ("text", "input_text", "output_text")
_IMAGE_PARTS = ("image_url", "input_image")
_THINKING_PARTS = ("thinking", "reasoning")


class ImageUrl(JsonBody):
    """The field ``image_url`` of a part."""

    url: str


class ContentPart(JsonBody):
    """One part of a message's content: text, an image, or the assistant's thinking."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    image_url: ImageUrl | str | None = None
    thinking: str | Parts[Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"type": "text", "text": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_known(self) -> ContentPart:
        if self.type not in ("", "refusal", *_TEXT_PARTS, *_IMAGE_PARTS, *_THINKING_PARTS):
            raise ValueError(f"parts of type {self.type[:40]!r} are not supported; only text and images are")
        if self.is_image and self.image_url is None:
            raise ValueError("an image part needs its field image_url")
        if not self.is_image and not self.is_thinking and self.text is None and self.refusal is None:
            raise ValueError("a text part needs its field text")
        return self

    @property
    def is_image(self) -> bool:
        """Whether it is an image."""
        return self.type in _IMAGE_PARTS

    @property
    def is_thinking(self) -> bool:
        """Whether it is the assistant's thinking."""
        return self.type in _THINKING_PARTS

    @property
    def thought(self) -> str:
        """The text of a thinking part."""
        pieces = self.thinking if isinstance(self.thinking, list) else [self.thinking or self.text or ""]
        return "".join(str(piece.get("text") or "") if isinstance(piece, dict) else str(piece) for piece in pieces)


class CalledFunction(JsonBody):
    """A function that the assistant called; ``arguments`` is JSON as text, an object, or nothing."""

    name: Name
    arguments: str | dict[str, Any] | list[Any] | None = None


class ToolCallBody(JsonBody):
    """A tool call in an assistant's message."""

    id: Label | None = None
    type: Literal["function"] | None = None
    function: CalledFunction


class Message(JsonBody):
    """One message of a chat. ``function`` and ``function_call`` are OpenAI's form before there were tools."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Parts[ContentPart] | ContentPart | None = None
    name: Label | None = None
    tool_calls: Calls[ToolCallBody] | None = None
    tool_call_id: Label | None = None
    function_call: CalledFunction | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    prefix: bool | None = Field(None, description="The answer continues this message, which is the last one.")
    audio: Any = None

    @model_validator(mode="before")
    @classmethod
    def _result_as_text(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("role") in ("tool", "function"):
            content = value.get("content")
            if content is not None and not isinstance(content, str) and not _is_parts(content):
                return {**value, "content": json.dumps(content, ensure_ascii=False)}
        return value

    @field_validator("audio")
    @classmethod
    def _no_audio(cls, value: Any) -> Any:
        if value is not None:
            raise ValueError("is not supported: only text and images are")
        return value

    @property
    def parts(self) -> list[ContentPart]:
        """The content as a list."""
        if isinstance(self.content, list):
            return self.content
        if isinstance(self.content, ContentPart):
            return [self.content]
        return [ContentPart(type="text", text=self.content)] if self.content else []


def _is_parts(content: Any) -> bool:
    """Return whether a tool's result is content, not a value of its own that some clients send."""
    parts = content if isinstance(content, list) else [content]
    return all(isinstance(part, str) or (isinstance(part, dict) and "type" in part) for part in parts)


class FunctionBody(JsonBody):
    """A function that the model may call; ``parameters`` is a JSON schema."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(JsonBody):
    """A tool; always a function. Its fields may also stand outside ``function``, as in other protocols."""

    type: Literal["function"] = "function"
    function: FunctionBody

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if value.get("type") is None:
            value = {**value, "type": "function"}
        if value["type"] != "function" or "function" in value or "name" not in value:
            return value
        parameters = value.get("parameters", value.get("input_schema"))
        return {"type": "function", "function": {**value, "parameters": parameters}}


class PredictedPart(JsonBody):
    """One text of a prediction."""

    type: Literal["text"] = "text"
    text: str


class PredictionBody(JsonBody):
    """``prediction``: the text that most of the answer will consist of, such as a file that is to be changed."""

    type: Literal["content"]
    content: str | Parts[PredictedPart]

    @property
    def text(self) -> str:
        """The whole text."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class StreamOptions(JsonBody):
    """``stream_options``."""

    include_usage: bool | None = None


class ThinkingBody(JsonBody):
    """``thinking`` and ``reasoning``: objects of other servers that switch thinking on and off or limit it."""

    model_config = ConfigDict(title="Thinking")

    type: Label | None = None
    enabled: bool | None = None
    effort: Label | None = None
    budget_tokens: TokenCount | None = None
    max_tokens: TokenCount | None = None
    exclude: bool | None = None
