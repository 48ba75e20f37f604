"""Executes the scheduler's plans with llama.cpp. Decode thread only."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from preheat.inference import TokenLogprob, normalised
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.llama_model import INTERRUPTED, Batch, LlamaModel
from preheat.inference.worker.prefixes import Copy
from preheat.inference.worker.prefixes.cells import Cells
from preheat.inference.worker.scheduling import (
    CellCosts,
    Chunk,
    DecodeError,
    Sampled,
    Slot,
    Status,
    StepPlan,
    StepResult,
)
from preheat.inference.worker.threads import StepThreads
from preheat.inference.worker.vision import EncodedImage, VisionEncoder

OnCopy: TypeAlias = Callable[[Copy, memoryview], object]

_NO_MEMORY: Final = -2
"""Status of ``llama_decode`` when memory for the graph ran out."""

_STATUSES: Final = {0: Status.DONE, 1: Status.NO_ROOM, INTERRUPTED: Status.INTERRUPTED}


class ModelRunner:
    """Runs the steps of a text model. ``on_copy`` takes the cells that a plan wants copied."""

    def __init__(
        self, model: LlamaModel, vision: VisionEncoder | None = None, on_copy: OnCopy = lambda _copy, _cells: None
    ) -> None:
        self._model = model
        self._vision = vision
        self._cells = Cells(model, model.spare_sequence)
        self._on_copy = on_copy
        self.batch_tokens: int = llama.llama_n_batch(model.ctx)  # llama.cpp aborts on more
        self._batch = Batch(self.batch_tokens)

    def run(self, plan: StepPlan) -> StepResult:
        """Execute one step."""
        if plan.verifies:
            sampled = [_sampled(chunk, chunk.row or 0) for chunk in plan.chunks]
            return StepResult(sampled=sampled, ended_at=time.perf_counter())
        for slot in plan.cut:
            llama.llama_memory_seq_rm(self._model.memory, slot.index, len(slot.cached), -1)
        copied = tuple(map(self._copy, plan.copies))
        parked = tuple(self._cells.park(slot.index) for slot in plan.park)
        for slot in plan.forget:
            self._clear(slot.index)
        unparked = plan.unpark is not None and self._unpark(plan.unpark)
        kept = self._reuse(plan, parked) if plan.reuse is not None else 0
        was_put = plan.put is not None and self._cells.put(plan.put)
        result = self._decode(plan)
        return result._replace(copied=copied, parked=parked, unparked=unparked, kept=kept, was_put=was_put)

    def _unpark(self, slot: Slot) -> bool:
        return slot.parked is not None and self._cells.unpark(slot.parked, slot.index, len(slot.cached))

    def _copy(self, copy: Copy) -> bool:
        cells = self._cells.copy(copy)
        if cells is not None:
            self._on_copy(copy, cells)
        return cells is not None

    def _decode(self, plan: StepPlan) -> StepResult:
        if not plan.chunks:
            return StepResult(ended_at=time.perf_counter())
        if plan.chunks[0].image is not None:
            return self._run_image(plan.chunks[0])
        starts = self._fill(plan.chunks)
        self._model.threads.begin()
        began = time.perf_counter()
        code: int = llama.llama_decode(self._model.ctx, self._batch.native)
        seconds = time.perf_counter() - began
        self._model.threads.end()
        if code not in _STATUSES:
            raise DecodeError(_decode_failure(code, f"{self._batch.size} tokens"))
        if code != 0:
            return StepResult(_STATUSES[code])
        sampled = []
        scores: list[Sequence[TokenLogprob] | Exception] = []
        for at, chunk in enumerate(plan.chunks):
            if chunk.generation.score is not None:
                scores += [()] * (at - len(scores)) + [_scores(chunk, starts[at])]
            if chunk.samples:
                sampled.append(_sampled(chunk, starts[at]))
        return StepResult(sampled=sampled, scores=scores, seconds=seconds, ended_at=time.perf_counter())

    def _run_image(self, chunk: Chunk) -> StepResult:
        assert self._vision is not None
        assert isinstance(chunk.image, EncodedImage)
        began = time.perf_counter()
        code = self._vision.decode(chunk.image, chunk.start, chunk.slot.index, self.batch_tokens)
        if code != 0:  # it may have been decoded in part
            llama.llama_memory_seq_rm(self._model.memory, chunk.slot.index, chunk.start, -1)
        if code not in _STATUSES:
            raise DecodeError(f"an image of {chunk.image.cells} cells failed with {code}")
        ended = time.perf_counter()
        return StepResult(_STATUSES[code], seconds=ended - began, ended_at=ended)

    def _fill(self, chunks: Sequence[Chunk]) -> Sequence[int]:
        """Put the chunks into the batch; return the index of each one's first token."""
        batch = self._batch
        if all(chunk.decodes for chunk in chunks):
            batch.fill(
                [chunk.tokens[0] for chunk in chunks],
                [chunk.start for chunk in chunks],
                [chunk.slot.index for chunk in chunks],
            )
            return range(len(chunks))
        batch.clear()
        starts = []
        for chunk in chunks:
            starts.append(batch.size)
            last = len(chunk.tokens) - 1 if chunk.samples else len(chunk.tokens) + len(chunk.draft)
            sequence, scored = chunk.slot.index, len(chunk.scored)
            for offset, token in enumerate((*chunk.tokens, *chunk.draft) if chunk.draft else chunk.tokens):
                batch.add(token, chunk.start + offset, sequence, output=offset < scored or offset >= last)
        return starts

    def _reuse(self, step: StepPlan, parked: Sequence[memoryview | None]) -> int:
        """Copy the beginning of a prompt to a slot; return its number of tokens. ``parked`` were parked just now."""
        plan = step.reuse
        assert plan is not None
        index, kept = plan.slot.index, plan.keep
        just_parked = next((cells for slot, cells in zip(step.park, parked, strict=True) if slot is plan.source), None)
        if (cells := just_parked or plan.source.parked) is not None:
            kept = max(plan.keep, plan.shared)
            return kept if kept and self._cells.unpark(cells, index, kept) else 0
        if kept != plan.held and not (
            llama.llama_memory_seq_rm(self._model.memory, index, kept, -1) and self._is_complete(index, kept)
        ):
            self._clear(index)
            kept = 0
        if plan.donor is None or plan.shared <= kept:
            return kept
        self._clear(index)
        # In a unified cache nothing is copied: both sequences own the same cells.
        llama.llama_memory_seq_cp(self._model.memory, plan.donor.index, index, 0, plan.shared)
        if self._is_complete(index, plan.shared):
            return plan.shared
        self._clear(index)
        return 0

    def _is_complete(self, index: int, length: int) -> bool:
        """Whether the cache has all cells that position ``length`` attends to: a sliding window drops old ones."""
        first: int = llama.llama_memory_seq_pos_min(self._model.memory, index)
        return length == 0 or first <= max(0, length - self._model.n_swa if self._model.n_swa else 0)

    def _clear(self, index: int) -> None:
        llama.llama_memory_seq_rm(self._model.memory, index, -1, -1)


def cell_costs(model: LlamaModel, threads: int) -> CellCosts:
    """Return what the cells of a model's KV cache cost, with this number of threads."""
    if model.offloads:
        return CellCosts()
    return CellCosts.of(
        layers=llama.llama_model_n_layer(model.native),
        heads=llama.llama_model_n_head(model.native),
        kv_heads=llama.llama_model_n_head_kv(model.native),
        width=llama.llama_model_n_embd(model.native),
        threads=threads,
    )


def _decode_failure(code: int, batch: str) -> str:
    reason = "out of memory" if code == _NO_MEMORY else f"status {code}"
    return f"llama_decode failed for {batch}: {reason}"


def _sampled(chunk: Chunk, start: int) -> Sampled | Exception:
    try:
        return chunk.generation.sample(start + len(chunk.tokens) - 1)
    except Exception as error:  # must not cost the other generations
        return error


def _scores(chunk: Chunk, start: int) -> Sequence[TokenLogprob] | Exception:
    """Return the log probabilities of the tokens after each one of a chunk at this index of the batch."""
    score = chunk.generation.score
    if score is None:
        return ()
    try:
        return [score(start + offset, token) for offset, token in enumerate(chunk.scored)]
    except Exception as error:
        return error


class EmbeddingRunner:
    """Embeds token lists, one decode for many. One thread at a time.

    Args:
        model: The model.
        small: The limits of a context of its own: tokens in a decode, and threads. By default it has the model's.
    """

    def __init__(self, model: LlamaModel, small: tuple[int, int] | None = None) -> None:
        self._model = model
        self._ctx = model.ctx if small is None else model.small_context(*small)
        self._memory = llama.llama_get_memory(self._ctx)
        self._threads = model.threads if small is None else StepThreads(self._ctx, small[1], follows=False)
        self.batch_tokens: int = llama.llama_n_ubatch(self._ctx)
        self._batch = Batch(self.batch_tokens)

    def run(self, inputs: Sequence[Sequence[int]], threads: int | None = None) -> list[bytes]:
        """Return one normalised vector for each input; together they must fit the batch.

        ``threads`` limits the number of threads.
        """
        self._batch.clear()
        for sequence, tokens in enumerate(inputs):
            self._batch.add_sequence(tokens, sequence)
        if self._memory:
            llama.llama_memory_clear(self._memory, False)
        self._threads.begin(threads)
        code: int = llama.llama_decode(self._ctx, self._batch.native)
        self._threads.end()
        if code != 0:
            raise DecodeError(_decode_failure(code, f"{self._batch.size} tokens of {len(inputs)} inputs"))
        size = self._model.dimensions * ctypes.sizeof(ctypes.c_float)
        pointers = (llama.llama_get_embeddings_seq(self._ctx, sequence) for sequence in range(len(inputs)))
        return [normalised(ctypes.string_at(pointer, size)) for pointer in pointers]
