"""The body of POST /v1/responses, and the items of its input.

Fields as in https://platform.openai.com/docs/api-reference/responses/create. ``null`` always means "not given", and
unknown fields are ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from preheat.inference import JsonObject, Sampling
from preheat.server.bodies import JsonBody

MAX_ITEMS: Final = 8192
"""Items in one input."""

TEXT_PARTS: Final = ("input_text", "output_text", "text", "summary_text", "reasoning_text", "refusal")

_ITEM_KINDS: Final = {
    "message": "message",
    "function_call": "function_call",
    "custom_tool_call": "custom_tool_call",
    "function_call_output": "call_output",
    "custom_tool_call_output": "call_output",
    "reasoning": "reasoning",
    "item_reference": "item_reference",
}

Text: TypeAlias = Annotated[str, Field(min_length=1)]


def _refused(instead: str) -> Any:
    """Return a field that has to be absent: it would change the answer and is not implemented."""
    return Field(None, description=f"Not supported: {instead}")


class ImageUrl(JsonBody):
    """The URL of an image, in the form of chats."""

    url: str


class Part(JsonBody):
    """One part of a message's content, or of a function's output: text, or an image as data URI."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | ImageUrl | None = None

    @model_validator(mode="after")
    def _known(self) -> Part:
        if self.type in TEXT_PARTS:
            if self.text is None and self.refusal is None:
                raise ValueError("a text part needs its field text")
        elif self.type not in ("input_image", "image_url"):
            raise ValueError(f"parts of type {self.type[:40]!r} are not supported; only text and images are")
        elif self.image_url is None:
            raise ValueError("an image needs its field image_url, as a data URI; uploaded files are not supported")
        return self

    @property
    def image(self) -> str | None:
        """The image's URL, if the part is one."""
        return self.image_url.url if isinstance(self.image_url, ImageUrl) else self.image_url


class Item(JsonBody):
    """One item of an input or an output. All fields are kept, as the item is returned later."""

    model_config = ConfigDict(extra="allow")

    id: str | None = None


class MessageItem(Item):
    """A message; the type may be missing."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part] | None = None


class FunctionCallItem(Item):
    """A function call of the assistant; ``arguments`` is JSON as text, or an object."""

    name: Text
    arguments: str | dict[str, Any] | None = None
    call_id: str | None = None


class CustomToolCallItem(Item):
    """A call of a tool that takes text."""

    name: Text
    input: str = ""
    call_id: str | None = None


class CallOutputItem(Item):
    """The result of a call: text, parts, or any other JSON."""

    call_id: str | None = None
    output: str | list[Part] | dict[str, Any] | None = None


class ReasoningItem(Item):
    """The assistant's thinking; the text is in ``content`` or in ``summary``."""

    content: list[Part] | None = None
    summary: list[Part] | None = None


class ItemReference(Item):
    """Stands for an item of a stored response."""

    id: Text


class OtherItem(Item):
    """An item of an unknown type; passed over."""


def _item_kind(value: Any) -> str:
    if not isinstance(value, dict):
        return "message"
    kind = value.get("type")
    if kind is None:
        return "item_reference" if "id" in value and not {"role", "content"} & value.keys() else "message"
    return _ITEM_KINDS.get(str(kind), "other")


InputItem: TypeAlias = Annotated[
    Annotated[MessageItem, Tag("message")]
    | Annotated[FunctionCallItem, Tag("function_call")]
    | Annotated[CustomToolCallItem, Tag("custom_tool_call")]
    | Annotated[CallOutputItem, Tag("call_output")]
    | Annotated[ReasoningItem, Tag("reasoning")]
    | Annotated[ItemReference, Tag("item_reference")]
    | Annotated[OtherItem, Tag("other")],
    Discriminator(_item_kind),
]

ITEM: Final[TypeAdapter[InputItem]] = TypeAdapter(InputItem)
"""Reads an item that has been stored."""


class ToolBody(JsonBody):
    """A tool. Only those of type ``function`` are offered to the model; the others are left out."""

    type: str
    name: Text | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    @model_validator(mode="after")
    def _has_name(self) -> ToolBody:
        if self.type == "function" and self.name is None:
            raise ValueError("a function needs its field name")
        return self


class NamedFunction(JsonBody):
    """The name of a function, in the form of chats."""

    name: Text


class ChosenTool(JsonBody):
    """A tool choice, or one of its allowed tools: a function, or a tool of another type."""

    type: str
    name: str | None = None
    function: NamedFunction | None = None
    mode: Literal["auto", "required"] | None = None
    tools: list[ChosenTool] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the chosen functions."""
        if self.type == "allowed_tools":
            return tuple(name for tool in self.tools or () for name in tool.names)
        name = self.function.name if self.function is not None else self.name
        return (name,) if self.type == "function" and name else ()


class TextFormat(JsonBody):
    """``text.format``."""

    model_config = ConfigDict(populate_by_name=True)

    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema_: dict[str, Any] | None = Field(None, alias="schema")
    strict: bool | None = None

    @model_validator(mode="after")
    def _has_schema(self) -> TextFormat:
        if self.type == "json_schema" and self.schema_ is None:
            raise ValueError("type json_schema needs the field schema")
        return self


class TextBody(JsonBody):
    """``text``."""

    format: TextFormat | None = None
    verbosity: str | None = None


class ReasoningBody(JsonBody):
    """``reasoning``."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: str | None = None
    generate_summary: str | None = None  # the former name of ``summary``


class InputBody(JsonBody):
    """What a response is made from; POST /v1/responses/input_tokens counts its tokens."""

    model: Text
    input: str | Annotated[list[InputItem], Field(max_length=MAX_ITEMS)] | None = None
    instructions: str | Annotated[list[InputItem], Field(max_length=MAX_ITEMS)] | None = None
    previous_response_id: str | None = None
    tools: Annotated[list[ToolBody], Field(max_length=512)] | None = None
    tool_choice: Literal["none", "auto", "required", "any"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    reasoning: ReasoningBody | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    conversation: Any = _refused("use previous_response_id")
    prompt: Any = _refused("there are no stored prompts; use instructions and input")

    @field_validator("conversation", "prompt", "background", "response_format", "moderation", check_fields=False)
    @classmethod
    def _absent(cls, value: Any, info: ValidationInfo) -> Any:
        if value:
            assert info.field_name is not None
            description = cls.model_fields[info.field_name].description or ""
            raise ValueError(f"is not supported{description.removeprefix('Not supported')}")
        return value

    @field_validator("tool_choice")
    @classmethod
    def _can_be_chosen(cls, value: str | ChosenTool | None, info: ValidationInfo) -> str | ChosenTool | None:
        offered = {tool.name for tool in info.data.get("tools") or () if tool.type == "function"}
        if value in ("required", "any") and not offered:
            raise ValueError("needs a tool of type function")
        allows = isinstance(value, ChosenTool) and value.type == "allowed_tools" and value.mode != "required"
        if isinstance(value, ChosenTool) and not value.names and not allows:
            raise ValueError(f"tools of type {value.type[:40]!r} are not supported; only functions are")
        if isinstance(value, ChosenTool) and (missing := sorted(set(value.names) - offered)):
            raise ValueError(f"names {missing[0][:80]!r}, a function that is not among tools")
        return value

    @property
    def functions(self) -> list[ToolBody]:
        """The tools that the model can call."""
        return [tool for tool in self.tools or () if tool.type == "function"]


class ResponseBody(InputBody):
    """POST /v1/responses."""

    max_output_tokens: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    text: TextBody | None = None
    include: list[str] | None = None
    store: bool | None = None
    stream: bool | None = None
    truncation: str | None = None
    metadata: dict[str, Any] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    service_tier: str | None = None
    max_tool_calls: int | None = None
    background: Any = _refused("leave it out, or set stream")
    response_format: Any = _refused("use text.format")
    moderation: Any = _refused("there is no moderation model")

    @property
    def logprobs(self) -> int | None:
        """How many alternatives to report with each token's log probability; None reports none."""
        wanted = bool(self.top_logprobs) or "message.output_text.logprobs" in (self.include or ())
        return (self.top_logprobs or 0) if wanted else None

    @property
    def summary(self) -> bool:
        """Whether thinking is reported as a summary, which clients show."""
        return self.reasoning is not None and bool(self.reasoning.summary or self.reasoning.generate_summary)

    @property
    def format(self) -> TextFormat:
        """The answer's format."""
        return (self.text.format if self.text is not None else None) or TextFormat(type="text", schema=None)

    @property
    def sampling(self) -> Sampling:
        """The sampling; missing fields take llama.cpp's defaults."""
        given: JsonObject = {"temperature": self.temperature, "top_p": self.top_p}
        return Sampling(**{name: value for name, value in given.items() if value is not None})
