"""Continuous batching: all running requests advance together, one ``llama_decode`` a step.

A request is a list of tokens, prompt and generated alike, of which its slot's KV cache holds a beginning. Each step
evaluates what is missing: one token for a request that is decoding, a chunk for one whose prompt is being read. When
the last token has been evaluated, the next one is sampled. So joining, leaving, prefix reuse, and starting over after
the cache ran out of room are all the same thing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from preheat.inference.requests import UBATCH_TOKENS, FinishReason, GenerationChunk, TokenLogprob, Usage
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.llama_model import INTERRUPTED, Batch, LlamaModel
from preheat.inference.worker.sampling import TokenSampler, token_logprob
from preheat.inference.worker.slots import Slot, SlotPool
from preheat.inference.worker.text_stream import TextStream

logger = logging.getLogger(__name__)

_STEP_BESIDE_DECODING_S: Final = 0.25
"""How long prefill may hold up the requests that are decoding, a step."""

_STEP_ALONE_S: Final = 1.0
"""How long a step of prefill alone may take: a vanished client and a new request wait for it."""

_WARM_STEP_TOKENS: Final = 16
"""Nobody waits for these: a step is short, so that an answer elsewhere is not held up for long."""

_MIN_CHUNK_TOKENS: Final = 32
_SEEDED_CHUNK_TOKENS: Final = 64
_NO_ROOM: Final = 1  # llama_decode: no cells free in the KV cache; nothing was changed
_RATE_WEIGHT: Final = 0.3

Emit = Callable[[Sequence[tuple[int, GenerationChunk]]], None]


class DecodeError(Exception):
    """llama.cpp failed in the middle of a batch; the context cannot be trusted any more."""


@dataclass(slots=True, eq=False, kw_only=True)
class Generation:
    """One request on its way.

    Attributes:
        tokens: The prompt, then what was generated.
        prompt_tokens: How many of them are the prompt.
        max_tokens: Ceiling of generated tokens; None is the context length.
        reuse: Whether its prompt may be served from what slots hold.
        cached_tokens: Prompt tokens that were not computed.
        unshown_logprobs: Of tokens whose text is still held back.
    """

    request_id: int
    tokens: list[int]
    prompt_tokens: int
    sampler: TokenSampler
    text: TextStream
    max_tokens: int | None
    top_logprobs: int | None = None
    reuse: bool = True
    cached_tokens: int = 0
    unshown_logprobs: list[TokenLogprob] = field(default_factory=list)
    slot: Slot | None = None
    started: bool = False

    @property
    def generated(self) -> int:
        """Tokens generated so far."""
        return len(self.tokens) - self.prompt_tokens

    @property
    def missing(self) -> int:
        """Tokens that have to be evaluated before the next one can be sampled."""
        return len(self.tokens) - (len(self.slot.cached) if self.slot else 0)


class Scheduler:
    """Runs generations to their ends. ``submit``, ``cancel`` and ``stop`` may be called from any thread.

    Args:
        parallel: Generations that run at once; more wait.
        emit: Told what each step brought, on the decode thread.
        tokens_per_s: A first guess at the speed of prefill.
    """

    def __init__(self, model: LlamaModel, *, parallel: int, emit: Emit, tokens_per_s: float) -> None:
        self._model = model
        self._emit = emit
        self._slots = SlotPool(model, parallel)
        self._batch = Batch(llama.llama_n_batch(model.ctx))  # more in one decode, and llama.cpp aborts
        self._waiting: deque[Generation] = deque()
        self._running: list[Generation] = []
        self._crowded = False
        self._prefill_rate = tokens_per_s
        self._changed = threading.Condition()
        self._submitted: deque[Generation] = deque()
        self._cancelled: set[int] = set()
        self._stopping = False

    def warm(self, tokens: Sequence[int], may_go_on: Callable[[], object]) -> None:
        """Evaluate a beginning that prompts will share, and keep it. On the decode thread, before ``run``.

        Args:
            may_go_on: Called before each step, and after one was interrupted; returns when nothing speaks against it.

        Raises:
            DecodeError: llama.cpp failed; the process has to end.
        """
        slot = self._slots.take(tokens, reuse=False)
        assert slot is not None, "before run, every slot is free"
        for start in range(0, len(tokens), _WARM_STEP_TOKENS):
            chunk = tokens[start : start + _WARM_STEP_TOKENS]
            may_go_on()
            self._batch.clear()
            for offset, token in enumerate(chunk):
                self._batch.add(token, start + offset, slot.index, output=False)
            while (status := self._evaluate()) == INTERRUPTED:
                may_go_on()
            if status == _NO_ROOM:
                break
            slot.cached.extend(chunk)
        self._slots.release(slot)

    def submit(self, generation: Generation) -> None:
        """Let a generation join the batch at the next step."""
        with self._changed:
            self._submitted.append(generation)
            self._changed.notify()

    def cancel(self, request_id: int) -> None:
        """Drop a generation before the next step; its end is not reported."""
        with self._changed:
            self._cancelled.add(request_id)
            self._changed.notify()

    def stop(self) -> None:
        """Let ``run`` return after the current step."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Step until stopped; sleeps while there is nothing to do.

        Raises:
            DecodeError: llama.cpp failed; the process has to end.
        """
        while self._take_changes():
            chunks = self.step()
            if chunks:
                self._emit(chunks)

    def _take_changes(self) -> bool:
        with self._changed:
            while not (self._stopping or self._submitted or self._cancelled or self._running or self._waiting):
                self._changed.wait()
            self._waiting.extend(self._submitted)
            self._submitted.clear()
            cancelled, self._cancelled = self._cancelled, set()
        if cancelled:
            for generation in [*self._running, *self._waiting]:
                if generation.request_id in cancelled:
                    self._leave(generation)
        return not self._stopping

    def step(self) -> list[tuple[int, GenerationChunk]]:
        """Advance every running generation; return what each has to show."""
        self._admit()
        outputs = self._decode()
        chunks = [(generation.request_id, self._advance(generation, at)) for generation, at in outputs]
        return [(request_id, chunk) for request_id, chunk in chunks if chunk is not None]

    def _admit(self) -> None:
        """Give free slots to waiting generations, oldest first."""
        while self._waiting and not self._crowded:
            generation = self._waiting[0]
            slot = self._slots.take(generation.tokens, reuse=generation.reuse or generation.started)
            if slot is None:
                return
            self._waiting.popleft()
            generation.slot = slot
            if not generation.started:
                generation.cached_tokens = len(slot.cached)
                generation.started = True
            self._running.append(generation)

    def _decode(self) -> list[tuple[Generation, int]]:
        """Evaluate one batch; return the generations whose next token can be sampled, with their logits' indexes."""
        while self._running:
            added, outputs = self._fill_batch()
            if self._evaluate() == 0:
                for generation, count in added:
                    assert generation.slot is not None
                    done = len(generation.slot.cached)
                    generation.slot.cached.extend(generation.tokens[done : done + count])
                return outputs
            if not self._make_room():
                raise DecodeError(f"no room in the KV cache for {self._batch.size} tokens of one request")
        return []

    def _evaluate(self) -> int:
        """Evaluate the batch as it is; return 0, or with nothing changed ``_NO_ROOM`` or ``INTERRUPTED``.

        Raises:
            DecodeError: llama.cpp failed.
        """
        began = time.perf_counter()
        status: int = llama.llama_decode(self._model.ctx, self._batch.native)
        if status not in (0, _NO_ROOM, INTERRUPTED):
            raise DecodeError(f"llama_decode returned {status} for {self._batch.size} tokens")
        if status == 0:
            self._measure(time.perf_counter() - began)
        return status

    def _fill_batch(self) -> tuple[list[tuple[Generation, int]], list[tuple[Generation, int]]]:
        self._batch.clear()
        added: list[tuple[Generation, int]] = []
        outputs: list[tuple[Generation, int]] = []
        decoding = [generation for generation in self._running if generation.missing == 1]
        prefilling = [generation for generation in self._running if generation.missing > 1]
        budget = self._prefill_budget(beside_decoding=bool(decoding))
        for generation in [*decoding, *prefilling]:
            count = min(generation.missing, self._batch.room)
            if generation.missing > 1:
                # Cut at the same places every time where the same text is wanted, however quick the machine is now.
                count = min(count, budget if generation.reuse else _SEEDED_CHUNK_TOKENS)
                budget = max(budget - count, 0)
            if count > 0:
                added.append((generation, count))
                last = self._add_tokens(generation, count)
                if count == generation.missing:
                    outputs.append((generation, last))
        return added, outputs

    def _add_tokens(self, generation: Generation, count: int) -> int:
        slot = generation.slot
        assert slot is not None
        done = len(slot.cached)
        final = len(generation.tokens) - 1
        at = -1
        for position in range(done, done + count):
            at = self._batch.add(generation.tokens[position], position, slot.index, output=position == final)
        return at

    def _prefill_budget(self, *, beside_decoding: bool) -> int:
        seconds = _STEP_BESIDE_DECODING_S if beside_decoding else _STEP_ALONE_S
        return min(UBATCH_TOKENS, max(_MIN_CHUNK_TOKENS, int(self._prefill_rate * seconds)))

    def _measure(self, seconds: float) -> None:
        if self._batch.size >= _MIN_CHUNK_TOKENS:
            self._prefill_rate += _RATE_WEIGHT * (self._batch.size / seconds - self._prefill_rate)

    def _make_room(self) -> bool:
        """Free cells of the KV cache: what idle slots hold, then the youngest generation, which will start over."""
        if self._slots.drop_oldest_idle():
            return True
        if len(self._running) < 2:
            return False
        generation = self._running.pop()
        assert generation.slot is not None
        self._slots.clear(generation.slot)
        self._slots.release(generation.slot)
        generation.slot = None
        self._waiting.appendleft(generation)
        # Until one of the others ends there would be no more room for it than now.
        self._crowded = True
        logger.info("request %d waits for room in the KV cache", generation.request_id)
        return True

    def _advance(self, generation: Generation, output_index: int) -> GenerationChunk | None:
        """Sample a generation's next token; return what there is to show, if anything."""
        if generation.max_tokens == 0:
            return self._finish(generation, FinishReason.LENGTH)
        token = generation.sampler.sample(output_index)
        if self._model.is_end(token):
            return self._finish(generation, FinishReason.STOP)
        if generation.top_logprobs is not None:
            generation.unshown_logprobs.append(token_logprob(self._model, output_index, token, generation.top_logprobs))
        generation.tokens.append(token)
        text = generation.text.feed(self._model.piece(token))
        if generation.text.stopped:
            return self._finish(generation, FinishReason.STOP, text)
        if generation.generated == generation.max_tokens or len(generation.tokens) >= self._model.context_length:
            return self._finish(generation, FinishReason.LENGTH, text)
        if not text or generation.text.holding:
            return GenerationChunk(text) if text else None
        return GenerationChunk(text, self._shown_logprobs(generation))

    def _finish(self, generation: Generation, reason: FinishReason, text: str = "") -> GenerationChunk:
        self._leave(generation)
        if generation.text.stopped:
            generation.unshown_logprobs = _covered_by(text, generation.unshown_logprobs)
        return GenerationChunk(
            text + generation.text.finish(),
            self._shown_logprobs(generation),
            reason,
            Usage(generation.prompt_tokens, generation.generated, generation.cached_tokens),
        )

    def _shown_logprobs(self, generation: Generation) -> tuple[TokenLogprob, ...]:
        logprobs, generation.unshown_logprobs = tuple(generation.unshown_logprobs), []
        return logprobs

    def _leave(self, generation: Generation) -> None:
        if generation.slot is not None:
            self._slots.release(generation.slot)
            self._running.remove(generation)
            generation.slot = None
        else:
            self._waiting.remove(generation)
        generation.sampler.close()
        self._crowded = False


def _covered_by(text: str, logprobs: Sequence[TokenLogprob]) -> list[TokenLogprob]:
    """Return the first entries, as far as their tokens are in the text; the stop string's tokens are not."""
    covered: list[TokenLogprob] = []
    left = len(text)
    for entry in logprobs:
        left -= len(entry.token)
        if left < 0:
            break
        covered.append(entry)
    return covered
