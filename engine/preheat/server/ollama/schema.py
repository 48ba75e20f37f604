"""Bodies of Ollama's requests (https://docs.ollama.com/api). ``null`` always means "not given"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from preheat.inference import JsonObject, Sampling
from preheat.server.bodies import MAX_INPUTS, Calls, Int, JsonBody, Label, Messages, Name, Stop, Stops, Tools
from preheat.server.ollama.durations import keep_alive_s

_SEEDS: Final = 2**32 - 1  # llama.cpp draws a seed for 2**32 - 1


MAX_IMAGES: Final = 256
MAX_TOKENS: Final = 2**31 - 1

Whole: TypeAlias = Annotated[Int, Field(ge=-(2**63), lt=2**64)]

Images: TypeAlias = Annotated[list[str], Field(max_length=MAX_IMAGES)]

OFF: Final = {
    "typical_p": (0.0, 1.0),
    "tfs_z": (0.0, 1.0),
    "mirostat": (0,),
    "penalize_newline": (True,),
}
"""Sampling options that are refused by name, with the values that switch them off and are accepted."""

LOAD_OPTIONS: Final = (
    "numa",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "low_vram",
    "f16_kv",
    "logits_all",
    "vocab_only",
    "use_mmap",
    "use_mlock",
    "embedding_only",
    "num_thread",
    "num_keep",
    "mirostat_eta",
    "mirostat_tau",
)
"""Options without effect on the answer: Preheat's settings decide how a model is loaded."""


class Options(JsonBody):
    """``options``. Out of range, values mean the nearest one in range, as in Ollama; unknown options are ignored."""

    temperature: float | None = None
    top_k: Whole | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_last_n: Whole | None = None
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: Whole | None = None
    num_predict: Whole | None = Field(default=None, description="-1 and -2 are up to the context length")
    num_ctx: Whole | None = Field(default=None, description="A larger context reloads the model once")
    stop: Stop | Stops | None = None
    typical_p: float | None = None
    tfs_z: float | None = None
    mirostat: Whole | None = None
    penalize_newline: bool | None = None

    @model_validator(mode="after")
    def _only_known_samplers(self) -> Options:
        for name, values in OFF.items():
            if getattr(self, name) is not None and getattr(self, name) not in values:
                raise ValueError(f"{name} is not supported")
        return self

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop strings."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(filter(None, given))

    @property
    def max_tokens(self) -> int | None:
        """The limit of generated tokens; None is up to the context length."""
        return min(self.num_predict, MAX_TOKENS) if self.num_predict is not None and self.num_predict > 0 else None

    @property
    def context_length(self) -> int | None:
        """Tokens that the model needs room for; None is the setting."""
        return min(self.num_ctx, MAX_TOKENS) if self.num_ctx is not None and self.num_ctx > 0 else None

    def over(self, defaults: Options) -> Options:
        """Return these options, and the defaults where they are missing."""
        given = {name: getattr(self, name) for name in self.model_fields_set if getattr(self, name) is not None}
        return defaults.model_copy(update=given)

    def sampling(self) -> Sampling:
        """Return the sampling; missing options take Preheat's defaults."""
        seed, top_k, last_n = self.seed, self.top_k, self.repeat_last_n
        given = {
            "temperature": _between(self.temperature, 0.0, 100.0),
            "top_k": None if top_k is None else min(max(top_k, 0), MAX_TOKENS),
            "top_p": _between(self.top_p, 0.0, 1.0),
            "min_p": _between(self.min_p, 0.0, 1.0),
            # 0 is off, as in Ollama: nothing can be divided by it.
            "repetition_penalty": _between(1.0 if self.repeat_penalty == 0 else self.repeat_penalty, 0.01, 10.0),
            "presence_penalty": _between(self.presence_penalty, -2.0, 2.0),
            "frequency_penalty": _between(self.frequency_penalty, -2.0, 2.0),
            "penalty_last_n": None if last_n is None else min(max(last_n, -1), MAX_TOKENS),
            "seed": None if seed is None or seed < 0 else seed % _SEEDS,
        }
        return Sampling(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def _between(value: float | None, lowest: float, highest: float) -> float | None:
    return None if value is None else min(max(value, lowest), highest)


NO_OPTIONS: Final = Options()


class CalledFunction(JsonBody):
    """A function that the assistant called; ``arguments`` is an object, or JSON as text."""

    name: Label = ""
    arguments: JsonObject | str | None = None


class ToolCallBody(JsonBody):
    """A tool call in an assistant's message."""

    id: Label | None = None
    function: CalledFunction


class MessageBody(JsonBody):
    """One message of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | None = None
    thinking: str | None = None
    images: Images | None = None
    tool_calls: Calls[ToolCallBody] | None = None
    tool_name: Label | None = None
    tool_call_id: Label | None = None
    name: Label | None = None  # of older clients, for ``tool_name``


class FunctionBody(JsonBody):
    """A function that the model may call; ``parameters`` is a JSON schema."""

    name: Name
    description: str | None = None
    parameters: JsonObject | None = None


class ToolBody(JsonBody):
    """A tool; always a function."""

    type: Literal["function"] = "function"
    function: FunctionBody


class ModelBody(JsonBody):
    """A body that names a model."""

    model: Label | None = None
    name: Label | None = Field(default=None, description="Older name of `model`")

    @model_validator(mode="after")
    def _names_a_model(self) -> ModelBody:
        if not self.model_name:
            raise ValueError("model is required")
        return self

    @property
    def model_name(self) -> str:
        """The model's name."""
        return self.model or self.name or ""


class RunBody(ModelBody):
    """What all requests to a model have."""

    options: Options | None = None
    keep_alive: Label | float | None = Field(
        None, description="Such as `5m`, `300`, `-1` for no end, `0` to unload after the request"
    )

    @field_validator("keep_alive")
    @classmethod
    def _is_duration(cls, value: str | float | None) -> str | float | None:
        keep_alive_s(value)
        return value

    @property
    def chosen(self) -> Options:
        """The options."""
        return self.options or NO_OPTIONS

    @property
    def keep_alive_s(self) -> float | None:
        """Idle time until the model is unloaded, in seconds; see ``Engine.lease``."""
        return keep_alive_s(self.keep_alive)


class AnswerBody(RunBody):
    """Common fields of chat and generate."""

    stream: bool | None = Field(default=None, description="NDJSON unless false")
    format: Literal["", "json"] | JsonObject | None = Field(default=None, description="`json`, or a JSON schema")
    think: bool | Label | None = Field(default=None, description="true, false, or the effort: `low`, `medium`, `high`")
    logprobs: bool | None = None
    top_logprobs: Annotated[Whole, Field(ge=0, le=20)] | None = None
    truncate: bool | None = Field(default=None, description="A prompt that does not fit is always an error")
    shift: bool | None = Field(default=None, description="An answer ends at the context length")

    @field_validator("format", mode="before")
    @classmethod
    def _known_format(cls, value: Any) -> Any:
        if value not in (None, "", "json") and not isinstance(value, dict):
            raise ValueError("is json, or a JSON schema as an object")
        return value

    @field_validator("think")
    @classmethod
    def _known_effort(cls, value: bool | str | None) -> bool | str | None:
        if isinstance(value, str) and value not in ("", *EFFORTS):
            raise ValueError(f"is true, false, or one of {', '.join(EFFORTS)}")
        return value

    @property
    def streams(self) -> bool:
        """Whether the answer is a stream."""
        return self.stream is not False


EFFORTS: Final = ("low", "medium", "high", "max")
"""Values of ``think`` besides true and false."""


class OllamaChatBody(AnswerBody):
    """POST /api/chat."""

    messages: Messages[MessageBody] | None = Field(
        default=None, description="Without messages, the model is only loaded"
    )
    tools: Tools[ToolBody] | None = None


class GenerateBody(AnswerBody):
    """POST /api/generate."""

    prompt: str | None = Field(default=None, description="Without a prompt, the model is only loaded")
    suffix: str | None = Field(default=None, description="The model fills the gap, if it can")
    system: str | None = None
    images: Images | None = None
    raw: bool | None = Field(default=None, description="The prompt goes to the model without the chat template")
    context: list[Whole] | None = Field(default=None, description="`context` of the answer that this one continues")
    template: str | None = None
    width: Whole | None = None
    height: Whole | None = None
    steps: Whole | None = None

    @field_validator("template", "width", "height", "steps")
    @classmethod
    def _absent(cls, value: str | int | None, info: ValidationInfo) -> str | int | None:
        if value:
            instead = "use the model's own, or raw" if info.field_name == "template" else "no images are made"
            raise ValueError(f"is not supported; {instead}")
        return value

    @model_validator(mode="after")
    def _raw_is_alone(self) -> GenerateBody:
        alone = "raw" if self.raw else "suffix" if self.suffix else ""
        for name in ("system", "context", "images", "suffix"):
            if alone and name != alone and getattr(self, name) and not (alone == "raw" and name == "suffix"):
                raise ValueError(f"{name} is not supported together with {alone}")
        return self


class EmbedBody(RunBody):
    """POST /api/embed."""

    input: str | Annotated[list[str], Field(max_length=MAX_INPUTS)] | None = None
    truncate: bool | None = Field(
        default=None,
        description="false makes an input that is too long an error; otherwise `truncated` in the answer lists it",
    )
    dimensions: Annotated[Whole, Field(ge=0)] | None = None

    @property
    def inputs(self) -> Sequence[str]:
        """The inputs, as a list."""
        if isinstance(self.input, str):
            return [self.input] if self.input else []
        return self.input or []


class EmbeddingsBody(RunBody):
    """POST /api/embeddings."""

    prompt: str | None = None


class ShowBody(ModelBody):
    """POST /api/show."""

    verbose: bool | None = Field(default=None, description="Also the vocabulary's arrays, which are left out")


class PullBody(ModelBody):
    """POST /api/pull."""

    stream: bool | None = Field(default=None, description="NDJSON unless false")


class CopyBody(JsonBody):
    """POST /api/copy: another name for a model."""

    source: Name
    destination: Name


CREATE_REFUSED: Final = {
    "modelfile": "send `from`, `system` and `parameters`",
    "files": "import the file, or pull the model",
    "adapters": "adapters are not supported",
    "template": "the model's own is used",
    "quantize": "pull another quantization",
    "messages": "send them with each request",
}
"""Fields of create that are not supported, with what to do instead."""


class CreateBody(ModelBody):
    """POST /api/create: a model of another one, with a system prompt and options of its own."""

    model_config = ConfigDict(extra="allow")

    from_: Label | None = Field(default=None, alias="from", description="The other model")
    system: str | None = None
    parameters: Options | None = Field(default=None, description="As `options` of requests")
    stream: bool | None = Field(default=None, description="NDJSON unless false")

    @model_validator(mode="after")
    def _only_known_fields(self) -> CreateBody:
        for name, instead in CREATE_REFUSED.items():
            if (self.model_extra or {}).get(name):
                raise ValueError(f"{name} is not supported; {instead}")
        return self

    @property
    def source(self) -> str:
        """Name of the other model."""
        return self.from_ or self.model_name
