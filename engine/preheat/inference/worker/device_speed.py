"""Measures how fast a model computes on a device and on the processor; run by ``preheat.inference.processor``.

The process is thrown away afterwards, and a driver may end it. The copy on the processor costs little: its weights are
the file's pages. The first batch of each size is not counted: drivers compile their programs for it, which they keep
for later loads.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Final

from preheat.errors import EngineError, ModelLoadError
from preheat.inference import LoadOptions
from preheat.inference.processor.device_speed import FAILED, TIME_LIMIT_S, Pair, ProbedModel
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.threads import lower_priority, yield_processor
from preheat.messages import message_json, msg

_PREFILL_TOKENS: Final = 128
_DECODE_STEPS: Final = 16

_HOPELESS: Final = 0.25
"""Share of the processor's decode speed below which prefill is not measured: it may take minutes."""

_CONTEXT_TOKENS: Final = 256
_MOST_ROUNDS: Final = 6
_MOST_S: Final = 10.0
"""Time after which no further round begins, in seconds."""

_AGREEING: Final = 2
_AGREEMENT: Final = 1.2
"""The fastest ``_AGREEING`` rounds must not differ by more than this."""


class UnclearSpeedError(Exception):
    """Other programs use the processor or the device."""


def compare(model: ProbedModel, device: str) -> Pair:
    """Return the speeds on the device and on the processor.

    Raises:
        UnclearSpeedError: The times do not repeat.
        ModelLoadError, InsufficientMemoryError: The model cannot be loaded there.
    """
    prefill, decode = _measure(model, "")
    return _measure(model, device, needed=decode * _HOPELESS), (prefill, decode)


def _measure(model: ProbedModel, device: str, needed: float = 0.0) -> tuple[float, float]:
    """Return the tokens per second of prefill and of decode.

    Args:
        device: llama.cpp's name of the device; empty for the processor.
        needed: Decode speed below which prefill is not measured.

    Raises:
        UnclearSpeedError: The times do not repeat.
        ModelLoadError, InsufficientMemoryError: The model cannot be loaded there.
    """
    loaded = LlamaModel(_options(model, device))
    try:
        if device and not loaded.offloads:
            raise ModelLoadError(msg("device_gone", device=device))
        decode = 0.0 if model.embeddings else _speed(loaded, 1, _DECODE_STEPS)
        if not model.embeddings and decode < needed:
            return 0.0, decode
        return _speed(loaded, _PREFILL_TOKENS, 1), decode
    finally:
        loaded.close()


def _options(model: ProbedModel, device: str) -> LoadOptions:
    return LoadOptions(
        path=model.path,
        files=(model.path,),
        embeddings=model.embeddings,
        context_length=_CONTEXT_TOKENS,
        parallel=1,
        kv_cache_type=model.kv_cache_type,
        flash_attention=model.flash_attention,
        repack=False,
        threads=model.threads,
        devices=(device,) if device else (),
        gpu_layers=-1 if device else 0,
        embedding_cache=0,
        probe=False,
        warm_prefix=False,
    )


def _speed(model: LlamaModel, tokens: int, steps: int) -> float:
    """Return the tokens per second in the fastest of some rounds: other programs only make one slower.

    Raises:
        UnclearSpeedError: The rounds do not agree.
    """
    _run(model, tokens)
    rounds: list[float] = []
    while len(rounds) < _AGREEING or (len(rounds) < _MOST_ROUNDS and not _agree(rounds) and sum(rounds) < _MOST_S):
        began = time.perf_counter()
        for _ in range(steps):
            _run(model, tokens)
        rounds.append(time.perf_counter() - began)
    if not _agree(rounds):
        raise UnclearSpeedError
    return tokens * steps / min(rounds)


def _agree(rounds: Sequence[float]) -> bool:
    fastest = sorted(rounds)[:_AGREEING]
    return fastest[-1] <= fastest[0] * _AGREEMENT


def _run(model: LlamaModel, tokens: int) -> None:
    """Compute tokens at once, and wait for the device."""
    model.probe(tokens, all_outputs=model.embeddings)
    llama.llama_synchronize(model.ctx)


def main(arguments: Sequence[str]) -> int:
    """Print the speeds on the device, then those on the processor, as JSON; return 0."""
    faulthandler.dump_traceback_later(2 * TIME_LIMIT_S, exit=True)  # the engine may have ended
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what drivers print
    lower_priority()
    yield_processor()
    model, device = ProbedModel(**json.loads(arguments[0])), arguments[1]
    found: object = None
    try:
        found = compare(model, device)
    except UnclearSpeedError:
        pass
    except EngineError as error:
        found = {FAILED: message_json(error.message)}
    print(json.dumps(found), file=output, flush=True)
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
