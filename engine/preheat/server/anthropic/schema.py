"""Bodies of Anthropic's requests (https://docs.anthropic.com/en/api/messages), with the fields of its current clients.

``null`` always means "not given". Blocks are one class: their fields depend on ``type``, and new types come often.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator, model_validator

from preheat.server.anthropic.client_tools import CLIENT_TOOLS
from preheat.server.bodies import Int, JsonBody, Label, Messages, Name, Parts, Refused, Stops, Tools

NEEDED: Final[Mapping[str, str]] = {
    "text": "text",
    "image": "source",
    "document": "source",
    "search_result": "content",
    "tool_use": "name",
    "tool_result": "tool_use_id",
    "server_tool_use": "name",
    "mcp_tool_use": "name",
    "thinking": "thinking",
}
"""The field that a block cannot do without, by type."""

WITHOUT_TEXT: Final = frozenset(
    {"redacted_thinking", "compaction", "fallback", "tool_addition", "tool_removal", "mcp_tool_listing"}
)
"""Other types of blocks in a message; they may have nothing for the model."""

ANTHROPIC_TOOL: Final = re.compile(r"(\w+?)(?:_20\d{6}|(?<=mcp_toolset))")
"""Types of tools that Anthropic defines: they end with a date, except one."""

Count: TypeAlias = Annotated[Int, Field(ge=0, lt=2**31)]
"""A number of tokens."""


class Source(JsonBody):
    """Where the content of an image or a document is."""

    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    content: str | Parts[Block | str] | None = None


class Block(JsonBody):
    """A block of content."""

    type: str
    text: str | None = None
    source: Source | str | None = None
    title: str | None = None
    context: str | None = None
    thinking: str | None = None
    id: Label | None = None
    name: Label | None = None
    input: Any = None
    tool_use_id: Label | None = None
    content: str | Parts[Block | str] | dict[str, Any] | None = None
    is_error: bool | None = None
    tool_name: str | None = None
    url: str | None = None

    @model_validator(mode="after")
    def _has_its_field(self) -> Block:
        name = NEEDED.get(self.type)
        if name is not None and getattr(self, name) is None:
            raise ValueError(f"a block of type {self.type} needs the field {name}")
        return self

    @property
    def is_known(self) -> bool:
        """Whether a message can have it."""
        known = self.type in NEEDED or self.type in WITHOUT_TEXT or self.type.endswith("_result")
        return known or self.text is not None


Content: TypeAlias = str | Parts[Block | str] | None


class MessageBody(JsonBody):
    """One message of a conversation. Anthropic's clients also send instructions of the system among them."""

    role: Literal["user", "assistant", "system"]
    content: Content = None

    @field_validator("content")
    @classmethod
    def _known_blocks(cls, value: Content) -> Content:
        for block in value if isinstance(value, list) else ():
            if isinstance(block, Block) and not block.is_known:
                raise ValueError(f"blocks of type {block.type[:40]!r} are not supported")
        return value


class ToolBody(JsonBody):
    """A tool of the client, or one that Anthropic defines."""

    name: Label | None = None
    type: Label | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None

    @property
    def known_as(self) -> str | None:
        """The type without its date, of a tool that Anthropic defines; None for others."""
        match = ANTHROPIC_TOOL.fullmatch(self.type or "")
        return match[1] if match is not None else None

    @property
    def is_run_by_client(self) -> bool:
        """Whether the client runs it, so that the model can call it."""
        return self.known_as is None or self.known_as in CLIENT_TOOLS

    @model_validator(mode="after")
    def _is_usable(self) -> ToolBody:
        if self.known_as is None and self.type not in (None, "custom"):
            raise ValueError(f"tools of type {self.type[:40]!r} are not supported; leave the type out")
        if self.is_run_by_client and not self.name:
            raise ValueError("a tool needs the field name")
        return self


class ToolChoiceBody(JsonBody):
    """``tool_choice``."""

    type: Literal["auto", "any", "tool", "none"]
    name: Label | None = None
    disable_parallel_tool_use: bool | None = None

    @model_validator(mode="after")
    def _has_name(self) -> ToolChoiceBody:
        if self.type == "tool" and not self.name:
            raise ValueError("type tool needs the field name")
        return self


class ThinkingBody(JsonBody):
    """``thinking``; a ``display`` of ``omitted`` leaves the text of the thinking out."""

    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: Count | None = None
    display: str | None = None


class OutputFormat(JsonBody):
    """A form that the answer follows."""

    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema")


class OutputConfig(JsonBody):
    """``output_config``."""

    effort: Label | None = None
    format: OutputFormat | None = None


class ThreadBody(JsonBody):
    """``thread``: whether the conversation is stored, or continues a stored one."""

    type: Literal["create", "continue"]
    previous_message_id: Label | None = None


class TokenCountBody(JsonBody):
    """POST /v1/messages/count_tokens."""

    IGNORED: ClassVar[Mapping[str, str]] = {
        "betas": "also as the header anthropic-beta",
        "billing_policy": "",
        "cache_control": "here and in blocks: known beginnings of prompts are always reused",
        "compaction": "",
        "context_management": "nothing is removed from the messages",
        "diagnostics": "",
        "fallback_credit_token": "",
        "fallbacks": "",
        "inference_geo": "",
        "metadata": "",
        "service_tier": "use the header x-preheat-priority",
        "speed": "",
        "user_profile_id": "",
        "workspace_id": "",
    }
    REFUSED: ClassVar[Mapping[str, Refused]] = {
        "container": Refused("code is not executed on the server", ("", {})),
        "mcp_servers": Refused("let the client connect to MCP servers, and send their tools", ([],)),
    }

    model: Name
    messages: Annotated[Messages[MessageBody], Field(min_length=1)]
    system: Content = Field(None, description="text or blocks of text")
    tools: Tools[ToolBody] | None = Field(
        None, description="tools of the client; those that Anthropic runs, such as web_search, are left out"
    )
    tool_choice: ToolChoiceBody | None = Field(None, description="auto, any, tool, none; disable_parallel_tool_use")
    thinking: ThinkingBody | None = Field(
        None, description="enabled with budget_tokens, disabled; otherwise the model's template decides"
    )
    output_config: OutputConfig | None = Field(None, description="format (json_schema); effort for models that have it")

    @field_validator("tool_choice")
    @classmethod
    def _has_tools(cls, value: ToolChoiceBody | None, info: ValidationInfo) -> ToolChoiceBody | None:
        names = {tool.name for tool in info.data.get("tools") or () if tool.is_run_by_client}
        if value is not None and value.type in ("any", "tool") and not names:
            raise ValueError("needs tools that the client runs")
        if value is not None and value.type == "tool" and value.name not in names:
            raise ValueError("names a tool that is not among those of the client")
        return value

    @property
    def offered_tools(self) -> list[ToolBody]:
        """The tools that the model can call."""
        return [tool for tool in self.tools or () if tool.is_run_by_client]


class MessagesBody(TokenCountBody):
    """POST /v1/messages."""

    max_tokens: Count | None = Field(None, description="without it, up to the context length; 0 only reads the prompt")
    stream: bool | None = None
    stop_sequences: Stops | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: Annotated[Int, Field(ge=-1, lt=2**31)] | None = None
    thread: ThreadBody | None = Field(None, description="create, continue: recent conversations are stored in memory")
    output_format: OutputFormat | None = Field(None, description="the older form of output_config.format")
