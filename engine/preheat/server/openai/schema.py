"""Bodies of OpenAI's requests, with the fields that clients send in practice.

Unknown fields are ignored, since clients send new ones every month. Known fields that would change the answer but are
not implemented are rejected. ``null`` always means "not given".
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from preheat.inference import Sampling
from preheat.server.bodies import JsonBody

T = TypeVar("T")

MAX_CHOICES: Final = 16
MAX_STOPS: Final = 16
MAX_INPUTS: Final = 2048
_SEEDS: Final = 2**32 - 1  # llama.cpp draws a seed for 2**32 - 1
_SAME_NAMES: Final = ("temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty")

Text: TypeAlias = Annotated[str, Field(min_length=1)]
Token: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]
Tokens: TypeAlias = Annotated[list[Token], Field(min_length=1)]
Several: TypeAlias = Annotated[list[T], Field(min_length=1, max_length=MAX_INPUTS)]


class StreamOptions(JsonBody):
    """``stream_options``."""

    include_usage: bool | None = None


class SamplingBody(JsonBody):
    """Common fields of chat and text completions: OpenAI's, and llama.cpp's top_k, min_p and penalties."""

    model: Text
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1, lt=2**31)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    repeat_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    repeat_last_n: Annotated[int, Field(ge=-1, lt=2**31)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**64)] | None = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    stop: Text | Annotated[list[Text], Field(max_length=MAX_STOPS)] | None = None
    max_tokens: Annotated[int, Field(ge=-1, lt=2**31)] | None = None
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    grammar: str | None = None

    @field_validator("logit_bias")
    @classmethod
    def _token_ids(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if any(not (key.isascii() and key.isdigit() and len(key) < 10) for key in value or ()):
            raise ValueError("keys must be token ids, as text")
        return value

    @field_validator("max_tokens", "max_completion_tokens", check_fields=False)
    @classmethod
    def _at_least_one(cls, value: int | None) -> int | None:
        if value == 0:
            raise ValueError("must be at least 1; leave it out, or give -1, for no limit")
        return value

    @field_validator("audio", "functions", "function_call", "web_search_options", check_fields=False)
    @classmethod
    def _absent(cls, value: Any) -> Any:
        if value is not None:
            raise ValueError("is not supported")
        return value

    @field_validator("grammar", "suffix", check_fields=False)
    @classmethod
    def _empty(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value:
            instead = "; use response_format with a json_schema" if info.field_name == "grammar" else ""
            raise ValueError(f"is not supported{instead}")
        return value

    @property
    def choices(self) -> int:
        """Number of answers to each prompt."""
        return self.n or 1

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with the usage."""
        return self.stream_options is not None and self.stream_options.include_usage is True

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop strings."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    def sampling(self, choice: int) -> Sampling:
        """Return the sampling of one choice; missing fields take llama.cpp's defaults."""
        penalty = self.repetition_penalty if self.repetition_penalty is not None else self.repeat_penalty
        given: dict[str, Any] = {
            **{name: getattr(self, name) for name in _SAME_NAMES},
            "top_k": None if self.top_k is None else max(self.top_k, 0),  # -1 is "all" elsewhere
            "repetition_penalty": penalty,
            "penalty_last_n": self.repeat_last_n,
            # Choices of one request must differ, and be reproducible.
            "seed": None if self.seed in (None, -1) else (self.seed + choice) % _SEEDS,
            "logit_bias": {int(token): bias for token, bias in (self.logit_bias or {}).items()},
        }
        return Sampling(**{name: value for name, value in given.items() if value is not None})


class ContentPart(JsonBody):
    """One part of a message's content; only text is supported."""

    type: str
    text: str | None = None
    refusal: str | None = None

    @model_validator(mode="after")
    def _only_text(self) -> ContentPart:
        if self.type not in ("text", "refusal"):
            raise ValueError(f"parts of type {self.type[:40]!r} are not supported; only text is")
        if self.text is None and self.refusal is None:
            raise ValueError("a text part needs its field text")
        return self


class CalledFunction(JsonBody):
    """A function that the assistant called; ``arguments`` is JSON as text."""

    name: Text
    arguments: str


class ToolCallBody(JsonBody):
    """A tool call in an assistant's message."""

    id: str | None = None
    type: Literal["function"] = "function"
    function: CalledFunction


class Message(JsonBody):
    """One message of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = Field(None, validate_default=True)
    name: str | None = None
    tool_calls: list[ToolCallBody] | None = None
    tool_call_id: str | None = None

    @field_validator("content")
    @classmethod
    def _has_content(
        cls, value: str | list[ContentPart] | None, info: ValidationInfo
    ) -> str | list[ContentPart] | None:
        if value is None and info.data.get("role", "assistant") != "assistant":
            raise ValueError(f"a message with role {info.data['role']} needs content")
        return value


class FunctionBody(JsonBody):
    """A function that the model may call; ``parameters`` is a JSON schema."""

    name: Text
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(JsonBody):
    """A tool; always a function."""

    type: Literal["function"]
    function: FunctionBody


ToolChoice: TypeAlias = Literal["none", "auto", "required"] | Tool | None
"""A tool means its name alone."""


class JsonSchemaBody(JsonBody):
    """The field ``json_schema`` of ``response_format``."""

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())

    name: str | None = None
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(JsonBody):
    """``response_format``; ``schema`` with ``json_object`` is llama.cpp's form."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaBody | None = None
    schema_: dict[str, Any] | None = Field(None, alias="schema")

    @model_validator(mode="after")
    def _has_schema(self) -> ResponseFormat:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("type json_schema needs the field json_schema")
        return self


def _refused(instead: str) -> Any:
    """Return a field that has to be absent: it would change the answer and is not implemented."""
    return Field(None, description=f"Not supported: {instead}")


class ChatBody(SamplingBody):
    """POST /v1/chat/completions."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=-1, lt=2**31)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: ToolChoice = None
    response_format: ResponseFormat | None = None
    modalities: list[str] | None = None
    audio: Any = _refused("only text is generated")
    functions: Any = _refused("use tools")
    function_call: Any = _refused("use tool_choice")
    web_search_options: Any = _refused("there is no web search")

    @field_validator("modalities")
    @classmethod
    def _text_only(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and value != ["text"]:
            raise ValueError("only text is generated")
        return value

    @field_validator("top_logprobs")
    @classmethod
    def _needs_logprobs(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value and not info.data.get("logprobs"):
            raise ValueError("needs logprobs to be true")
        return value

    @field_validator("tool_choice")
    @classmethod
    def _needs_tools(cls, value: ToolChoice, info: ValidationInfo) -> ToolChoice:
        names = [tool.function.name for tool in info.data.get("tools") or ()]
        if value not in (None, "none", "auto") and not names:
            raise ValueError("needs tools")
        if isinstance(value, Tool) and value.function.name not in names:
            raise ValueError("names a function that is not among tools")
        return value


class CompletionBody(SamplingBody):
    """POST /v1/completions."""

    prompt: str | Several[str] | Tokens | Several[Tokens]
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    echo: bool | None = None
    suffix: str | None = None
    best_of: int | None = None

    @field_validator("best_of")
    @classmethod
    def _no_best_of(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and value != (info.data.get("n") or 1):
            raise ValueError("is not supported beyond n")
        return value

    @field_validator("echo")
    @classmethod
    def _can_echo(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value and info.data.get("logprobs") is not None:
            raise ValueError("is not supported together with logprobs")
        if value and not all(isinstance(prompt, str) for prompt in _as_list(info.data.get("prompt", ""))):
            raise ValueError("needs prompts that are text")
        return value

    @property
    def prompts(self) -> list[str | list[int]]:
        """The prompts, as a list."""
        return _as_list(self.prompt)


class EmbeddingBody(JsonBody):
    """POST /v1/embeddings."""

    model: Text
    input: Text | Several[Text] | Tokens | Several[Tokens]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1, lt=2**31)] | None = None

    @property
    def inputs(self) -> list[str | list[int]]:
        """The inputs, as a list."""
        return _as_list(self.input)


def _as_list(value: Any) -> list[str | list[int]]:
    is_one = isinstance(value, str) or isinstance(value[0], int)  # a list of integers is one input of tokens
    return [value] if is_one else list(value)
