"""Text and embeddings from one model: the values that pass between adapters, engine and worker.

``preheat.inference.client`` is the engine's end of a worker; ``preheat.inference.worker`` runs in the child process.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Literal, NamedTuple

from preheat import messages
from preheat.inference.chat import Chat as Chat
from preheat.inference.chat import ContentPart as ContentPart
from preheat.inference.chat import JsonObject as JsonObject
from preheat.inference.chat import Message as Message
from preheat.inference.chat import Role as Role
from preheat.inference.chat import ToolCall as ToolCall
from preheat.inference.chat import ToolCallDelta as ToolCallDelta
from preheat.inference.chat import ToolChoice as ToolChoice
from preheat.inference.chat import ToolDefinition as ToolDefinition
from preheat.inference.chat import chat_from_json as chat_from_json
from preheat.inference.chat import message_from_json as message_from_json
from preheat.inference.chat import message_to_json as message_to_json
from preheat.inference.chat import text_message as text_message
from preheat.inference.chat import with_joined_texts as with_joined_texts
from preheat.inference.prefixes import PrefixOptions as PrefixOptions

UBATCH_TOKENS: Final = 512
"""Tokens in one physical batch of a text model; also its largest prefill chunk."""

EMBEDDING_BATCH_TOKENS: Final = 512
"""Token limit of a batch of short inputs. Larger batches are hardly faster, and llama.cpp keeps room for a whole
vocabulary's logits for every token of the largest batch so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Parameters of sampling; the defaults are llama.cpp's."""

    temperature: float = 0.8  # 0 always takes the likeliest token
    top_k: int = 40  # keep the k likeliest; 0 keeps all
    top_p: float = 0.95  # keep the likeliest that together reach p; 1.0 keeps all
    min_p: float = 0.05  # drop tokens below this share of the likeliest one's probability; 0 keeps all
    repetition_penalty: float = 1.0  # divides the logits of tokens in the last ``penalty_last_n``; 1.0 is off
    presence_penalty: float = 0.0  # subtracted once for a token that has occurred; 0 is off
    frequency_penalty: float = 0.0  # subtracted for each occurrence of a token; 0 is off
    penalty_last_n: int = 64  # how many tokens back the penalties look; -1 is the context length
    seed: int | None = None  # see below; None draws one
    logit_bias: Mapping[int, float] = field(default_factory=dict)  # added to the logits of these token ids

    # The same seed, prompt and settings give the same text from the same model with the same history. The prompt is
    # always computed in the same pieces. Other conversations in the KV cache, requests that run at the same time, and
    # busy programs, which change the number of threads, can change the last bits of a logit. That changes the text
    # where two tokens are almost equally likely.


@dataclass(frozen=True, slots=True)
class Constraint:
    """A form that the whole answer follows. ``text`` is a JSON schema, a regular expression, or a grammar."""

    kind: Literal["json_schema", "regex", "lark", "gbnf"]
    text: str
    param: str = field(default="response_format", compare=False)  # the request's field, for errors


ANY_JSON_OBJECT: Final = Constraint("json_schema", '{"type": "object"}')
"""Any JSON object: ``response_format`` ``json_object``."""


class Priority(IntEnum):
    """Order of waiting requests.

    Work in bulk never delays other work by more than a step; a high priority only goes first where requests wait.
    """

    HIGH = -1
    INTERACTIVE = 0
    BULK = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """Continue a chat or a prompt. Exactly one of ``chat``, ``prompt`` and ``prompt_tokens`` is set."""

    chat: Chat | None = None  # written by the model's chat template
    prompt: str | None = None  # plain text; the start token is added if the model wants it
    prompt_tokens: tuple[int, ...] | None = None  # token ids, used unchanged
    suffix: str | None = None  # text after the answer: the model fills the gap between ``prompt`` and it
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int | None = None  # maximum of generated tokens; None is up to the context length
    stop: tuple[str, ...] = ()  # stop before any of these texts; they do not appear in the output
    constraint: Constraint | None = None
    # report each token's log probability and those of this many alternatives; None reports none
    top_logprobs: int | None = None
    prompt_logprobs: bool = False  # also report those of the prompt's tokens, in the first chunk
    priority: Priority = Priority.INTERACTIVE
    client: str = ""  # name of the client; waiting requests take turns by client
    cache_prompt: bool = True  # False neither reuses nor keeps nor stores what the prompt leaves in the KV cache
    report_progress: bool = False  # send chunks with ``progress`` while the prompt is computed, at least one
    prediction: str = ""  # what the answer will mostly consist of: drafts are made of it. Changes no answer.
    answer_room: int = 0  # a prompt that leaves fewer tokens for its answer is too long


class FinishReason(StrEnum):
    """Why a generation ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token's natural log probability before temperature."""

    token: str  # the token's text; incomplete UTF-8 appears as U+FFFD
    token_bytes: bytes  # the token's exact bytes
    logprob: float
    # (token text, token bytes, log probability) of the likeliest tokens in its place, likeliest first
    top: tuple[tuple[str, bytes, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and times of one request."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0  # prompt tokens that were not recomputed (prefix reuse)
    reasoning_tokens: int = 0  # completion tokens of thinking
    prefill_s: float = 0.0  # seconds from the start of the prompt's computation to the first token
    decode_s: float = 0.0  # seconds from the first token to the last
    memory_tokens: int = 0  # those of ``cached_tokens`` that came from a stored prompt in memory
    disk_tokens: int = 0  # those that came from a stored prompt on disk
    saved_s: float = 0.0  # seconds of prefill that stored prompts made unnecessary (the sum of their ``seconds``)
    prefix: str = ""  # key of the prompt's fixed beginning (system prompt and tools), as hex; empty without one
    prefix_tokens: int = 0  # length of that beginning
    recomputed: messages.Message | None = None  # why less was reused than expected; None if nothing was
    draft_tokens: int = 0  # drafted tokens that were verified
    accepted_tokens: int = 0  # completion tokens that were drafted


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """Prompt tokens computed so far, cached ones included."""

    done_tokens: int
    total_tokens: int
    cached_tokens: int = 0  # those that were not computed for this request


@dataclass(frozen=True, slots=True)
class GenerationChunk:
    """The output of one step for one request."""

    text: str = ""  # new text; may be empty, as when a token completes no character
    logprobs: tuple[TokenLogprob, ...] = ()  # the tokens of ``text``, if requested
    finish_reason: FinishReason | None = None  # set on the last chunk, together with ``usage``
    usage: Usage | None = None
    reasoning: str = ""  # new text of the model's thinking
    tool_calls: tuple[ToolCallDelta, ...] = ()
    stop_text: str | None = None  # the stop string that ended the answer
    progress: PromptProgress | None = None  # of the prompt; nothing else is set
    # the prompt's tokens, in the first chunk, if requested; the first token's log probability has no meaning
    prompt_logprobs: tuple[TokenLogprob, ...] = ()

    @property
    def is_text(self) -> bool:
        """Nothing but ``text`` is set, as in nearly all chunks."""
        return not (
            self.reasoning
            or self.tool_calls
            or self.logprobs
            or self.finish_reason
            or self.progress
            or self.prompt_logprobs
            or self.usage
            or self.stop_text
        )


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Normalised vectors, one for each input, in the order of the inputs."""

    dimensions: int
    vectors: tuple[bytes, ...]  # each vector's ``dimensions`` 32-bit floats, as bytes
    prompt_tokens: int  # tokens of all inputs, cached ones included


@dataclass(frozen=True, slots=True)
class LoadStages:
    """What a load consisted of, in seconds, without the time in which it was on hold."""

    read_s: float  # until the files were in memory
    make_s: float  # weights, context and image encoder
    probe_s: float  # the first tokens, and prompts that were computed or put back ahead of requests
    disk_share: float | None = None  # share of the files that was not in the page cache; None if the system hides it


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A worker's report about its model."""

    context_length: int  # prompt plus completion limit, in tokens
    embeddings: bool
    dimensions: int  # length of its embedding vectors; 0 for a text model
    chat_template: bool
    parallel: int  # requests that run at once; more wait in the worker's queue
    longest_prompt: int = 0  # tokens up to which a prompt that does not fit is counted; see ``request_size``
    infill: bool = False  # its vocabulary has tokens for filling the gap before a ``suffix``
    tools: bool = False  # its chat template has a place for tools; others get them in the system message
    thinking: bool = False  # it thinks before it answers, or can
    vision: bool = False  # it takes images
    repack_gain: float | None = None  # decode speed gained by repacked weights, 0.25 is 25 %; None if not measured
    resident_bytes: int = 0  # memory of the worker after the probe; the engine measures it
    device_bytes: tuple[tuple[str, int], ...] = ()  # memory of devices by llama.cpp's names, as it accounts it
    stages: LoadStages | None = None  # what its load consisted of; known after the probe


class WorkerExit(NamedTuple):
    """Why a worker process ended. ``cause`` is the code of the error that its requests got."""

    reason: messages.Message
    cause: str = "worker_died"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """Options of a load."""

    path: str  # the GGUF file; the first one of a split set
    files: tuple[str, ...]  # every file of the set, for paging in and progress
    embeddings: bool
    mmproj: str | None = None  # the image encoder's file; None for models without vision
    context_length: int  # limit in tokens; the trained length applies where it is smaller
    parallel: int
    kv_cache_type: Literal["f16", "q8_0", "q4_0"]
    flash_attention: Literal["auto", "on", "off"]
    repack: bool  # rewrite weights for the processor: faster prefill, almost twice the memory
    threads: int  # the most
    devices: tuple[str, ...] = ()  # llama.cpp's names of the devices for its layers; none is the processor alone
    gpu_layers: int  # last layers that are on the devices, the output layer counted; -1 is all
    layer_split: tuple[int, ...] = ()  # how many of them each device has; llama.cpp spreads them if empty
    cpu_experts: int = 0  # number of first layers whose routed experts stay in RAM
    embedding_cache: int  # number of (text, vector) pairs to remember
    probe: bool  # decode one token before reporting the model as hot. Without it, the waiting request is the probe.
    measure_gain: bool = False  # compare the decode speed of repacked weights with that of mapped ones
    warm_prefix: bool  # evaluate the chat template's fixed beginning. For loads without a waiting request.
    yields: bool = False  # everything else goes first: nothing will ever wait for this load
    follow_load: bool = False  # compute with fewer threads while other programs are busy
    prefixes: PrefixOptions | None = None  # where prompts are kept; None keeps none outside the slots
    speculation: bool = True  # draft tokens of answers by prompt lookup where that pays; see ``worker.drafts``


def normalised(vector: bytes) -> bytes:
    """Return a vector of 32-bit floats scaled to Euclidean length 1; a zero vector stays zero."""
    values = array("f", vector)
    length = math.hypot(*values) or 1.0
    return array("f", [value / length for value in values]).tobytes()
