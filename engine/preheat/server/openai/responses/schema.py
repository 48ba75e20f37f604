"""The bodies of Responses, and the items of their input.

Fields as in https://platform.openai.com/docs/api-reference/responses/create.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag, TypeAdapter, model_validator

from preheat.server.bodies import MAX_MESSAGES, Calls, Int, JsonBody, Label, Labels, Name, Parts, Refused, Tools
from preheat.server.openai.known_fields import IGNORED, REFUSED
from preheat.server.openai.messages import CalledFunction, FunctionBody, ImageUrl, ThinkingBody, ToolCallBody
from preheat.server.openai.schema import SamplingBody
from preheat.server.openai.thinking import ThinkingFields

MAX_METADATA: Final = 64
MAX_METADATA_CHARACTERS: Final = 4096

MetadataValue: TypeAlias = (
    Annotated[str, Field(max_length=MAX_METADATA_CHARACTERS)]
    | bool
    | Annotated[int, Field(ge=-(2**63), lt=2**63)]
    | float
    | None
)
Metadata: TypeAlias = Annotated[dict[Label, MetadataValue], Field(max_length=MAX_METADATA)]

_TEXT_PARTS: Final = ("input_text", "output_text", "text", "summary_text", "reasoning_text", "refusal")
_IMAGE_PARTS: Final = ("input_image", "image_url")

_NOT_IGNORED: Final = ("store", "metadata", "user", "safety_identifier", "prompt_cache_key")
"""Fields that only chats ignore."""

_ITEM_KINDS: Final = {
    "message": "message",
    "function_call": "function_call",
    "custom_tool_call": "custom_tool_call",
    "function_call_output": "call_output",
    "custom_tool_call_output": "call_output",
    "reasoning": "reasoning",
    "item_reference": "item_reference",
}


class Part(JsonBody):
    """One part of a message's content, or of a call's output: text, or an image as data URI."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | ImageUrl | None = None

    @model_validator(mode="after")
    def _known(self) -> Part:
        if self.type in _TEXT_PARTS:
            if self.text is None and self.refusal is None:
                raise ValueError("a text part needs its field text")
        elif self.type not in _IMAGE_PARTS:
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

    id: Label | None = None
    type: Label | None = None


class MessageItem(Item):
    """A message; the type may be missing. Calls are in the form of chats, which some clients mix with this one."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | Parts[Part] | None = None
    tool_calls: Calls[ToolCallBody] | None = None


class FunctionCallItem(CalledFunction, Item):
    """A function call of the assistant."""

    call_id: Label | None = None


class CustomToolCallItem(Item):
    """A call of a tool that takes text."""

    name: Name
    input: str = ""
    call_id: Label | None = None


class CallOutputItem(Item):
    """The result of a call: text, parts, or any other JSON."""

    call_id: Label | None = None
    output: str | Parts[Part] | dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_chat(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("role") == "tool":
            output = {"call_id": value.get("tool_call_id"), "output": value.get("content")}
            return {"type": "function_call_output", **output}
        return value


class ReasoningItem(Item):
    """The assistant's thinking; the text is in ``content``, ``summary`` or ``encrypted_content``."""

    content: Parts[Part] | None = None
    summary: Parts[Part] | None = None
    encrypted_content: str | None = None


class ItemReference(Item):
    """Stands for an item of a stored response."""

    id: Name


class OtherItem(Item):
    """An item of an unknown type; passed over."""


def _item_kind(value: Any) -> str:
    if not isinstance(value, dict):
        return "message"
    kind = value.get("type")
    if value.get("role") == "tool":  # the form of chats
        return "call_output"
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

Input: TypeAlias = str | Annotated[list[InputItem], Field(max_length=MAX_MESSAGES)] | None


class ResponseTool(JsonBody):
    """A tool. Those of other types than ``function`` are left out."""

    type: str
    function: FunctionBody | None = None  # chats nest its fields; Responses does not

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, value: Any) -> Any:
        if not isinstance(value, dict) or value.get("type") != "function":
            return {"type": value["type"]} if isinstance(value, dict) and "type" in value else value
        return value if isinstance(value.get("function"), dict) else {"type": "function", "function": value}


class TextFormat(JsonBody):
    """``text.format``."""

    model_config = ConfigDict(populate_by_name=True)

    type: Literal["text", "json_object", "json_schema"] = "text"
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
    verbosity: Label | None = None


class ReasoningBody(ThinkingBody):
    """``reasoning``."""

    summary: Label | None = None
    generate_summary: Label | None = None  # the former name of ``summary``


class InputBody(ThinkingFields):
    """What a response is made from; POST /v1/responses/input_tokens counts its tokens."""

    REFUSED: ClassVar[Mapping[str, Refused]] = {
        "conversation": Refused("use previous_response_id"),
        "prompt": Refused("there are no stored prompts; use instructions and input"),
        "messages": Refused("use input", ([],)),
    }

    model: Name
    input: Input = Field(None, description="Text, or items. Items of unknown types are passed over.")
    instructions: Input = Field(None, description="Not carried over from earlier responses.")
    previous_response_id: Label | None = Field(None, description="The stored response to continue.")
    tools: Tools[ResponseTool] | None = Field(None, description="Functions; tools of other types are left out.")
    tool_choice: str | dict[str, Any] | None = Field(
        None, description="none, auto, required (or any), one function, or allowed_tools."
    )
    parallel_tool_calls: bool | None = None
    reasoning: ReasoningBody | None = Field(
        None, description="effort as reasoning_effort; with summary, thinking is sent as a summary, in full."
    )

    @property
    def functions(self) -> list[FunctionBody]:
        """The tools that the model can call."""
        return [tool.function for tool in self.tools or () if tool.function is not None]


class ResponseBody(InputBody, SamplingBody):
    """POST /v1/responses."""

    REFUSED: ClassVar[Mapping[str, Refused]] = {
        **REFUSED,
        **InputBody.REFUSED,
        "background": Refused("leave it out, or use stream", (False,)),
        "moderation": Refused("there is no moderation model"),
        "n": Refused("a response has one answer", (1,)),
    }

    max_output_tokens: Annotated[Int, Field(ge=-2, lt=2**31)] | None = Field(
        None, description="Goes before max_tokens; -1 is up to the context length."
    )
    top_logprobs: Annotated[Int, Field(ge=0, le=20)] | None = None
    text: TextBody | None = Field(None, description="format: text, json_object or json_schema.")
    include: Labels | None = Field(
        None, description="message.output_text.logprobs and reasoning.encrypted_content; others are ignored."
    )
    store: bool | None = Field(None, description="Unless false, the response is kept in memory for a while.")
    truncation: Label | None = Field(None, description="Input that does not fit is always an error.")
    metadata: Metadata | None = Field(None, description="Returned.")
    user: Label | None = Field(None, description="Returned.")
    safety_identifier: Label | None = Field(None, description="Returned.")
    prompt_cache_key: Label | None = Field(
        None, description="Returned; every prompt's beginning is reused if possible."
    )

    IGNORED: ClassVar[Mapping[str, str]] = {
        **{name: note for name, note in IGNORED.items() if name not in _NOT_IGNORED},
        "return_progress": "a stream always has events with progress",
        "max_tool_calls": "tools of the server's own do not exist",
        "context_management": "input is never cut",
        "client_metadata": "",
        "background_options": "",
    }

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
        return (self.text.format if self.text is not None else None) or TextFormat(schema=None)

    @property
    def token_limit(self) -> int | None:
        """The maximum of generated tokens as given, negative for no limit; None if it was not given."""
        return self.max_output_tokens if self.max_output_tokens is not None else super().token_limit
