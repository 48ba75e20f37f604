"""Measures how much faster a repacked model decodes than the same file mapped.

Both are in this process, so that they are measured in turns, with the same threads and nothing in their caches. The
mapped one costs little: its weights are the file's pages, and its context is small. Other programs only make tokens
slower, so the fastest ones count, and nothing is concluded from times that do not repeat.

One token at a time often gains nothing, because it waits for memory; several at once, for several requests, do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from preheat.inference import LoadOptions
from preheat.inference.worker.llama_model import LlamaModel

_TOKENS: Final = (1, 4)
"""Tokens of one step: what one request decodes, and four."""

_PAIRS: Final = 10
_MOST_S: Final = 4.0
"""Time after which no further pair of steps begins, in seconds of decoding: a large model takes a second for one."""

_AGREEING: Final = 3
_AGREEMENT: Final = 1.1
"""The fastest ``_AGREEING`` steps must not differ by more than this."""

_CONTEXT_TOKENS: Final = 256


def measure_gain(
    repacked: LlamaModel, options: LoadOptions, may_continue: Callable[[], object], held: Callable[[], bool]
) -> float | None:
    """Return the gain of a repacked model's decode speed, such as 0.25; None if the machine is too busy to tell.

    It is the larger one of one request and of four, and 0 where layers may be on another device.

    Args:
        repacked: The model; its KV cache is empty afterwards.
        options: The options of its load.
        may_continue: Called before each step; blocks while the load is on hold.
        held: Returns whether the load is on hold; asked within each step, which is repeated then.

    Raises:
        ModelLoadError, InsufficientMemoryError: The mapped one cannot be loaded.
    """
    if repacked.offloads:
        return 0.0
    mapped = LlamaModel(replace(options, repack=False, context_length=_CONTEXT_TOKENS, parallel=1), may_continue)
    mapped.interrupt_when(held)
    try:
        gains = [_gain(mapped, repacked, tokens, may_continue) for tokens in _TOKENS]
    finally:
        mapped.close()
    return None if None in gains else max(gain for gain in gains if gain is not None)


def _gain(mapped: LlamaModel, repacked: LlamaModel, tokens: int, may_continue: Callable[[], object]) -> float | None:
    """Return the gain for steps of ``tokens`` tokens."""
    models = (mapped, repacked)
    for model in models:  # the first step touches the weights, and allocates buffers
        _step_s(model, tokens, may_continue)
    times: tuple[list[float], list[float]] = ([], [])
    while len(times[0]) < _AGREEING or (len(times[0]) < _PAIRS and sum(map(sum, times)) < _MOST_S):
        for model, spent in zip(models, times, strict=True):
            spent.append(_step_s(model, tokens, may_continue))
    return gain_of(*times)


def gain_of(mapped: list[float], repacked: list[float]) -> float | None:
    """Return the gain from the times of single steps in seconds; None if they do not agree."""
    fastest = [sorted(times)[:_AGREEING] for times in (mapped, repacked)]
    if any(times[-1] > times[0] * _AGREEMENT for times in fastest):
        return None
    return fastest[0][0] / fastest[1][0] - 1.0


def _step_s(model: LlamaModel, tokens: int, may_continue: Callable[[], object]) -> float:
    """Return the time to decode ``tokens`` tokens at once, in seconds."""
    while True:
        may_continue()
        began = time.perf_counter()
        if model.probe(tokens):
            return time.perf_counter() - began
