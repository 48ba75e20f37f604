"""Bodies of chats and completions, with the fields that clients of OpenAI, llama.cpp and vLLM send in practice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import Field, ValidationInfo, field_validator, model_validator

from preheat.inference import Sampling
from preheat.server.bodies import MAX_INPUTS, Int, Label, Labels, Messages, Name, Refused, Several, Stop, Stops, Tools
from preheat.server.openai.constraints import ConstraintFields
from preheat.server.openai.known_fields import CHAT_IGNORED, CHAT_REFUSED, COMPLETION_REFUSED, IGNORED
from preheat.server.openai.messages import FunctionBody, Message, PredictionBody, StreamOptions, Tool
from preheat.server.openai.thinking import ThinkingFields

MAX_CHOICES: Final = 16
MAX_BIASES: Final = 2048
_SEEDS: Final = 2**32 - 1  # llama.cpp draws a seed for 2**32 - 1
_SAME_NAMES: Final = ("temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty")
_FORBIDDEN: Final = -1000.0
"""Added to the logits of tokens that llama.cpp's ``false`` rules out."""

Token: TypeAlias = Annotated[Int, Field(ge=0, lt=2**31)]
Tokens: TypeAlias = Annotated[list[Token], Field(min_length=1)]
Bias: TypeAlias = Annotated[float, Field(ge=-100, le=100)]
Biases: TypeAlias = (
    Annotated[dict[Label, Bias], Field(max_length=MAX_BIASES)]
    | Annotated[list[tuple[Token, Bias | bool]], Field(max_length=MAX_BIASES)]
)
Limit: TypeAlias = Annotated[Int, Field(ge=-2, lt=2**31)] | None


class SamplingBody(ConstraintFields):
    """Common fields of chat and text completions: OpenAI's, and llama.cpp's top_k, min_p and penalties."""

    IGNORED: ClassVar[Mapping[str, str]] = IGNORED

    model: Name
    temperature: Annotated[float, Field(ge=0, le=100)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: Annotated[Int, Field(ge=-1, lt=2**31, description="-1 and 0 keep all tokens.")] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = Field(None, description="1 is off.")
    repeat_penalty: Annotated[float, Field(gt=0, le=10)] | None = Field(None, description="Like repetition_penalty.")
    repeat_last_n: Annotated[Int, Field(ge=-1, lt=2**31)] | None = Field(
        None, description="How many tokens back the penalties look; -1 is the context length."
    )
    seed: Annotated[Int, Field(ge=-(2**63), lt=2**64)] | None = Field(None, description="-1 draws one.")
    logit_bias: Biases | None = Field(
        None, description="By token id; also llama.cpp's list of pairs, in which false rules a token out."
    )
    stop: Stop | Stops | None = Field(None, description="Empty texts are ignored.")
    max_tokens: Limit = Field(None, description="-1 is up to the context length.")
    n_predict: Limit = Field(None, description="llama.cpp's name of max_tokens.")
    n: Annotated[Int, Field(ge=1, le=MAX_CHOICES)] | None = None
    cache_prompt: bool | None = Field(
        None, description="false neither reuses nor keeps nor stores the prompt's computed tokens."
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    return_progress: bool | None = Field(
        None, description="llama.cpp's: a stream has chunks with prompt_progress while the prompt is computed."
    )

    @model_validator(mode="before")
    @classmethod
    def _pairs_are_tuples(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(pairs := value.get("logit_bias"), list):
            value = {**value, "logit_bias": [tuple(pair) if isinstance(pair, list) else pair for pair in pairs]}
        return value

    @field_validator("logit_bias")
    @classmethod
    def _token_ids(cls, value: Any) -> Any:
        if isinstance(value, dict) and any(
            not (key.isascii() and key.isdigit() and len(key) < 10) for key in value or ()
        ):
            raise ValueError("keys must be token ids, as text")
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
        stops = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return tuple(filter(None, stops))

    @property
    def token_limit(self) -> int | None:
        """The maximum of generated tokens as given, negative for no limit; None if it was not given."""
        return self.max_tokens if self.max_tokens is not None else self.n_predict

    def sampling(self, choice: int) -> Sampling:
        """Return the sampling of one choice; missing fields take llama.cpp's defaults."""
        penalty = self.repetition_penalty if self.repetition_penalty is not None else self.repeat_penalty
        pairs = self.logit_bias.items() if isinstance(self.logit_bias, dict) else self.logit_bias or ()
        given: dict[str, Any] = {
            **{name: getattr(self, name) for name in _SAME_NAMES},
            "top_k": None if self.top_k is None else max(self.top_k, 0),  # -1 is "all" elsewhere
            "repetition_penalty": penalty,
            "penalty_last_n": self.repeat_last_n,
            # Choices of one request must differ, and be reproducible.
            "seed": None if self.seed in (None, -1) else (self.seed + choice) % _SEEDS,
            "logit_bias": {int(token): _FORBIDDEN if bias is False else float(bias) for token, bias in pairs},
        }
        return Sampling(**{name: value for name, value in given.items() if value is not None})


class ChatBody(ThinkingFields, SamplingBody):
    """POST /v1/chat/completions."""

    IGNORED: ClassVar[Mapping[str, str]] = CHAT_IGNORED
    REFUSED: ClassVar[Mapping[str, Refused]] = CHAT_REFUSED

    messages: Annotated[Messages[Message], Field(min_length=1)]
    max_completion_tokens: Limit = Field(None, description="Goes before max_tokens.")
    logprobs: bool | None = None
    top_logprobs: Annotated[Int, Field(ge=0, le=20)] | None = None
    tools: Tools[Tool] | None = None
    tool_choice: str | dict[str, Any] | None = Field(
        None, description="none, auto, required (or any), one function, or allowed_tools."
    )
    parallel_tool_calls: bool | None = None
    functions: Tools[FunctionBody] | None = Field(
        None, description="OpenAI's form before tools; the answer then has function_call."
    )
    function_call: str | dict[str, Any] | None = Field(None, description="OpenAI's form before tool_choice.")
    modalities: Labels | None = Field(None, description="Only text.")
    include_reasoning: bool | None = Field(None, description="false leaves thinking out of the answer.")
    continue_final_message: bool | None = Field(None, description="The answer continues the last message.")
    add_generation_prompt: bool | None = Field(None, description="Only the opposite of continue_final_message.")
    prediction: PredictionBody | None = Field(
        None, description="What most of the answer will consist of: it comes faster, and is the same."
    )

    @field_validator("modalities")
    @classmethod
    def _text_only(cls, value: list[str] | None) -> list[str] | None:
        if value and value != ["text"]:
            raise ValueError("only text is generated")
        return value

    @field_validator("top_logprobs")
    @classmethod
    def _needs_logprobs(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value and not info.data.get("logprobs"):
            raise ValueError("needs logprobs to be true")
        return value

    @field_validator("add_generation_prompt")
    @classmethod
    def _matches(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value is not None and value == bool(info.data.get("continue_final_message")):
            raise ValueError("must be the opposite of continue_final_message")
        return value

    @property
    def token_limit(self) -> int | None:
        """The maximum of generated tokens as given, negative for no limit; None if it was not given."""
        return self.max_completion_tokens if self.max_completion_tokens is not None else super().token_limit


class CompletionBody(SamplingBody):
    """POST /v1/completions."""

    REFUSED: ClassVar[Mapping[str, Refused]] = COMPLETION_REFUSED

    prompt: str | Several[str] | Tokens | Several[Tokens]
    logprobs: Annotated[Int, Field(ge=0, le=20)] | None = None
    echo: bool | None = Field(None, description="The text begins with the prompt; log probabilities cover it, too.")
    suffix: str | None = Field(None, description="The model fills the gap before it, if it was trained for that.")
    best_of: Annotated[Int, Field(ge=1, le=MAX_CHOICES)] | None = Field(
        None, description="Generate this many answers, and return the n with the highest log probability a token."
    )

    @field_validator("best_of")
    @classmethod
    def _at_least_n(cls, value: int | None, info: ValidationInfo) -> int | None:
        n = info.data.get("n") or 1
        if value is not None and value < n:
            raise ValueError("must be at least n")
        if value is not None and value > n and info.data.get("stream"):
            raise ValueError("cannot be larger than n in a stream")
        return value

    @field_validator("suffix")
    @classmethod
    def _needs_text(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and not all(isinstance(prompt, str) for prompt in as_list(info.data.get("prompt", ""))):
            raise ValueError("needs prompts that are text")
        if value and info.data.get("echo"):
            raise ValueError("cannot be combined with echo")
        return value

    @model_validator(mode="after")
    def _bounded(self) -> CompletionBody:
        if len(self.prompts) * self.generated > MAX_INPUTS:
            raise ValueError(f"prompts times answers must be at most {MAX_INPUTS}")
        return self

    @property
    def prompts(self) -> list[str | list[int]]:
        """The prompts, as a list."""
        return as_list(self.prompt)

    @property
    def generated(self) -> int:
        """Number of generations for each prompt."""
        return self.best_of or self.choices


def as_list(value: Any) -> list[str | list[int]]:
    """Return one or several texts or lists of tokens as a list."""
    is_one = isinstance(value, str) or isinstance(value[0], int)  # a list of integers is one input of tokens
    return [value] if is_one else list(value)
