"""One request in progress: its tokens, and the output that they become. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, NamedTuple, Protocol

from preheat.inference import FinishReason, GenerationChunk, Priority, PromptProgress, TokenLogprob, Usage
from preheat.inference.prefixes import BLOCK_TOKENS
from preheat.inference.worker.drafts import Drafter
from preheat.inference.worker.prefixes import Restore, Restored, Tier
from preheat.inference.worker.scheduling.slots import Slot
from preheat.inference.worker.text_stream import TextStream
from preheat.messages import Message

MAX_PASSED: Final = 16
"""After this number of requests that went first, one of low priority waits like any other."""


class Image(Protocol):
    """An encoded image. In a list of tokens, its key stands for it ``positions`` times."""

    @property
    def key(self) -> int:
        """A negative number, which no token has; the same for the same image."""

    @property
    def positions(self) -> int:
        """The number of tokens that it takes the place of."""

    @property
    def cells(self) -> int:
        """Its size in the KV cache, in tokens."""


class ImageSpan(NamedTuple):
    """An image at its place in a list of tokens."""

    start: int
    image: Image


class Beginning(NamedTuple):
    """The part of a prompt before the first message of the user: system message, tools.

    Attributes:
        id: Its key, as hex.
        tokens: Its length.
        is_own: There is nothing in it but what the template writes before each chat.
    """

    id: str
    tokens: int
    is_own: bool


def _nothing(_generation: Generation) -> Message | None:
    return None


class Sampled(NamedTuple):
    """A sampled token. ``end`` is set if it ends the text without being part of it, ``last`` if nothing may follow."""

    token: int
    piece: bytes
    end: bool = False
    last: bool = False
    logprob: TokenLogprob | None = None


class Draft(NamedTuple):
    """Drafted tokens that were evaluated together with a generation's last token."""

    tokens: Sequence[int]
    row: int  # index in the batch of the logits after the accepted ones and the next one
    accepted: int = 0  # the first ones that were then sampled


@dataclass(slots=True, eq=False, kw_only=True)
class Generation:
    """One request in progress."""

    request_id: int
    tokens: list[int]  # the prompt, then what was generated; negative numbers stand for images
    images: tuple[ImageSpan, ...] = ()  # the images of the prompt, in order
    prompt_tokens: int = field(init=False)
    text: TextStream
    sample: Callable[[int], Sampled]  # samples the next token from the logits at this index of the batch
    max_tokens: int | None  # maximum of generated tokens; None is the context length
    seeded: bool = False  # the prompt is always computed in the same pieces
    max_chunk: int | None = None  # largest prefill chunk; None takes what the step's time budget allows
    # returns the log probability of a token (second argument) from the logits at an index of the batch (first)
    score: Callable[[int, int], TokenLogprob] | None = None
    prompt_logprobs: list[TokenLogprob] = field(
        default_factory=list
    )  # with ``score``, at first that of the first token
    priority: Priority = Priority.INTERACTIVE
    client: str = ""
    report_progress: bool = False
    private: bool = False  # its tokens are neither reused nor kept (``cache_prompt: false``)
    beginning: Beginning | None = None  # of its prompt
    beginning_seen: bool = False  # a slot has had it
    stop_at: int = 0  # a step ends after this many tokens, because the state is copied there; 0 for none
    restore_only: bool = False  # only puts stored tokens into a slot; nothing is computed
    explain: Callable[[Generation], Message | None] = _nothing  # says why less of the prompt was reused than expected
    restore: Restore | None = None  # stored tokens that it waits for
    passed: int = 0  # requests of higher priority that went first
    leader: Generation | None = None  # an earlier request that computes the same beginning
    shared: int = 0  # tokens of that beginning
    cached_tokens: int = 0  # prompt tokens that were not computed
    tier_tokens: Counter[Tier] = field(default_factory=Counter)  # those that were stored
    saved_s: float = 0.0  # time that these save, in seconds
    restore_failed: bool = False
    in_other_pieces: bool = (
        False  # the cache had more of the prompt, but computed in other steps, which a seed excludes
    )
    held_logprobs: list[TokenLogprob] = field(default_factory=list)  # of tokens that belong to text still held back
    slot: Slot | None = None
    admitted: int = 0  # number of its last admission; orders running generations by age
    started: bool = False
    drafter: Drafter | None = None
    draft: Draft | None = None  # while the next token may be a drafted one
    draft_tokens: int = 0  # drafted tokens that were evaluated
    accepted_tokens: int = 0  # those that were right
    began_at: float | None = None  # times of the runner's clock, in seconds
    first_token_at: float | None = None

    def __post_init__(self) -> None:
        self.prompt_tokens = len(self.tokens)

    @property
    def missing(self) -> int:
        """Tokens that have to be evaluated before the next one can be sampled."""
        return len(self.tokens) - (len(self.slot.cached) if self.slot else 0)

    @property
    def ends_alone(self) -> bool:
        """The prompt's last token gets a step of its own, as where the others are stored, so that the answer is equal.

        That is worth a step if most of a long prompt is computed.
        """
        is_plain = not (self.seeded or self.images or self.score or self.max_tokens == 0)
        computed = self.prompt_tokens - self.cached_tokens
        return is_plain and len(self.tokens) == self.prompt_tokens and computed >= BLOCK_TOKENS

    @property
    def image_due(self) -> ImageSpan | None:
        """The image that has to be evaluated next."""
        at = len(self.slot.cached) if self.slot else 0
        return next((span for span in self.images if span.start == at), None)

    @property
    def text_due(self) -> int:
        """Tokens that can be evaluated before the next image, or before the state is to be copied."""
        at = len(self.slot.cached) if self.slot else 0
        end = next((span.start for span in self.images if span.start > at), len(self.tokens))
        return (min(end, self.stop_at) if self.stop_at > at else end) - at

    @property
    def level(self) -> Priority:
        """Its priority, raised after a long wait, and again after another."""
        return Priority(max(self.priority - self.passed // MAX_PASSED, Priority.HIGH))

    @property
    def in_bulk(self) -> bool:
        """It pauses while others run, and gives up its slot for them."""
        return self.level is Priority.BULK

    @property
    def reusable(self) -> bool:
        """Its prompt may be served from what slots hold: no log probability of a prompt token is missing."""
        return not self.private and (self.score is None or len(self.prompt_logprobs) >= self.prompt_tokens)

    @property
    def follows(self) -> bool:
        """Another generation is about to compute its beginning: waiting for it is cheaper."""
        leader = self.leader
        if leader is None or leader.slot is None or leader.level > self.level:
            return False
        return leader.missing > 1 and len(leader.slot.cached) < self.shared

    def was_restored(self, restored: Restored) -> None:
        """Count stored tokens that need not be computed."""
        self.cached_tokens += restored.tokens
        self.tier_tokens[restored.tier] += restored.tokens
        self.saved_s += restored.saved_s

    def progress(self) -> GenerationChunk | None:
        """Return the progress of the prompt, if it is wanted and not over."""
        if not self.report_progress or self.slot is None or len(self.tokens) > self.prompt_tokens:
            return None
        done = len(self.slot.cached)
        return GenerationChunk(progress=PromptProgress(done, self.prompt_tokens, self.cached_tokens))

    def advance(self, sampled: Sampled, context_length: int, now: float) -> GenerationChunk | None:
        """Take in the next token; return the output, if there is any. The last one has a finish reason."""
        if self.first_token_at is None:
            self.first_token_at = now
        if sampled.end:
            return self.finish(FinishReason.STOP, now)
        if sampled.logprob is not None:
            self.held_logprobs.append(sampled.logprob)
        self.tokens.append(sampled.token)
        text = self.text.feed(sampled.piece)
        if self.text.stopped or sampled.last:
            return self.finish(FinishReason.STOP, now, text)
        if len(self.tokens) - self.prompt_tokens == self.max_tokens or len(self.tokens) >= context_length:
            return self.finish(FinishReason.LENGTH, now, text)
        if not text:
            return None
        return GenerationChunk(
            text, () if self.text.holding else self._take_logprobs(), prompt_logprobs=self._take_prompt_logprobs()
        )

    def finish(self, reason: FinishReason, now: float, text: str = "") -> GenerationChunk:
        """Return the last chunk."""
        if self.text.stopped:
            self.held_logprobs = _covered_by(text, self.held_logprobs)
        first_token_at = now if self.first_token_at is None else self.first_token_at
        # What the template writes before each chat is in place after every load: it is no prompt of a client.
        beginning = None if self.beginning is None or self.beginning.is_own else self.beginning
        usage = Usage(
            self.prompt_tokens + sum(span.image.cells - span.image.positions for span in self.images),
            len(self.tokens) - self.prompt_tokens,
            self.cached_tokens,
            memory_tokens=self.tier_tokens[Tier.MEMORY],
            disk_tokens=self.tier_tokens[Tier.DISK],
            saved_s=self.saved_s,
            prefix=beginning.id if beginning is not None else "",
            prefix_tokens=beginning.tokens if beginning is not None else 0,
            recomputed=self.explain(self),
            prefill_s=first_token_at - (first_token_at if self.began_at is None else self.began_at),
            decode_s=now - first_token_at,
            draft_tokens=self.draft_tokens,
            accepted_tokens=self.accepted_tokens,
        )
        return GenerationChunk(
            text + self.text.finish(),
            self._take_logprobs(),
            reason,
            usage,
            stop_text=self.text.stop_text,
            prompt_logprobs=self._take_prompt_logprobs(),
        )

    def _take_logprobs(self) -> tuple[TokenLogprob, ...]:
        logprobs, self.held_logprobs = tuple(self.held_logprobs), []
        return logprobs

    def _take_prompt_logprobs(self) -> tuple[TokenLogprob, ...]:
        if self.score is None:
            return ()
        logprobs, self.prompt_logprobs, self.score = tuple(self.prompt_logprobs), [], None
        return logprobs


class Chunk(NamedTuple):
    """Tokens of one generation to evaluate in a step; ``last`` if they complete what it has."""

    generation: Generation
    slot: Slot
    start: int
    tokens: Sequence[int]
    last: bool
    image: Image | None = None  # what the tokens stand for
    draft: Sequence[int] = ()  # evaluated after the tokens, with logits
    row: int | None = None  # the tokens have been evaluated as part of a draft; index of their logits in the batch

    @property
    def decodes(self) -> bool:
        """It is one token, without a draft, after which the next one is sampled."""
        return self.last and len(self.tokens) == 1 and not self.draft and self.generation.max_tokens != 0

    @property
    def rows(self) -> int:
        """Its number of tokens in the batch."""
        return len(self.tokens) + len(self.draft)

    @property
    def samples(self) -> bool:
        """The generation's next token is wanted."""
        return self.last and self.generation.max_tokens != 0

    @property
    def scored(self) -> Sequence[int]:
        """The prompt tokens whose log probabilities are wanted: those after each token of the chunk."""
        generation = self.generation
        if generation.score is None:
            return ()
        return generation.tokens[self.start + 1 : self.start + 1 + len(self.tokens)][: self._prompt_left]

    @property
    def _prompt_left(self) -> int:
        return max(self.generation.prompt_tokens - self.start - 1, 0)


def _covered_by(text: str, logprobs: Sequence[TokenLogprob]) -> list[TokenLogprob]:
    """Return the first entries, as far as the text contains their tokens; a stop string's tokens are left out."""
    ends = accumulate(len(entry.token) for entry in logprobs)
    return [entry for entry, end in zip(logprobs, ends, strict=True) if end <= len(text)]
