"""Compares estimated memory with the memory of real workers: ``python -m benchmarks.memory_sizes``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gguf_files import LARGE, SMALL, ensure_model
from benchmarks.shaped_gguf import SHAPES, ensure_shaped
from preheat import paths
from preheat.inference import EMBEDDING_BATCH_TOKENS, UBATCH_TOKENS, GenerateRequest, Sampling
from preheat.inference.client import WorkerClient
from preheat.models import ModelFile, find_models
from preheat.residency import estimate
from preheat.residency.estimates import loaded_form
from preheat.residency.memory.system import rss_bytes
from preheat.residency.processes.load_options import load_options
from preheat.settings import Settings

_SMALL_BYTES = 300_000_000
_DEEPEST_TOKENS = 2048  # a full context takes minutes; larger models get one full batch
_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """Resident memory of a worker, in bytes: with a hot model, and after full batches."""

    loaded_bytes: int
    working_bytes: int


async def measure(model: ModelFile, settings: Settings, deepest_tokens: int = UBATCH_TOKENS) -> Measured:
    """Load the model in a real worker, process a prompt of this length, and return the worker's memory."""
    worker = await WorkerClient.spawn()
    try:
        # The estimate does not include GPU memory.
        settings, form = settings.model_copy(update={"gpu_layers": 0}), loaded_form(settings.for_model(model.model_id))
        options = load_options(model, settings, form, probe=True, warm_prefix=False)
        info = await worker.load(options, lambda _share: None, lambda: None)
        loaded = rss_bytes(worker.pid)
        if model.embeddings:
            length = min(EMBEDDING_BATCH_TOKENS, info.context_length)
            await worker.embed([[5] * length])
        else:
            length = min(info.context_length - 8, deepest_tokens)
            # Ordinary tokens of any vocabulary, without equal neighbours.
            prompt = tuple(100 + at % 1000 for at in range(length))
            request = GenerateRequest(prompt_tokens=prompt, sampling=Sampling(temperature=0), max_tokens=2)
            async with aclosing(worker.generate(request)) as chunks:
                async for _ in chunks:
                    pass
        return Measured(loaded, rss_bytes(worker.pid))
    finally:
        await worker.close()


def cases(model: ModelFile) -> Iterator[Settings]:
    """Yield the settings to measure a model with."""
    if not model.model_id.startswith("smollm2"):
        yield Settings(context_length=2048)
        if "sliding" in model.model_id:
            yield Settings(context_length=8192)
        if model.model_id.startswith("random-0.6"):
            yield Settings(context_length=2048, repack="on")
        return
    for context_length in (512, 2048, 8192):
        for kv_cache_type in ("f16", "q8_0"):
            yield Settings(context_length=context_length, kv_cache_type=kv_cache_type)
    yield Settings(context_length=2048, parallel=16)
    yield Settings(context_length=2048, flash_attention="off")


async def _compare(models: tuple[ModelFile, ...]) -> int:
    """Print a line for each model and settings; return the number of wrong estimates."""
    off = 0
    for model in models:
        for settings in cases(model):
            depth = _DEEPEST_TOKENS if model.file_bytes < _SMALL_BYTES else UBATCH_TOKENS
            guess, found = estimate(model, settings), await measure(model, settings, depth)
            ratios = guess.loaded_bytes / found.loaded_bytes, guess.working_bytes / found.working_bytes
            # In use, only an underestimate counts: a slow or busy machine prefills in smaller chunks, which need less.
            off += abs(ratios[0] - 1) > _TOLERANCE or ratios[1] < 1 - _TOLERANCE
            amounts = guess.loaded_bytes, found.loaded_bytes, guess.working_bytes, found.working_bytes
            cells = [f"{amount / 1e6:.0f}" for amount in amounts] + [f"{ratio:.2f}" for ratio in ratios]
            print("|", " | ".join((model.model_id, _describe(settings), *cells)), "|", flush=True)
    return off


def _describe(settings: Settings) -> str:
    plain = "context_length", "kv_cache_type"
    changed = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    return " ".join(str(value) if name in plain else f"{name}={value}" for name, value in changed.items())


def main() -> int:
    """Print the table; return exit code 1 if an estimate is wrong."""
    folder = paths.cache_dir() / "benchmarks" / "models"
    starters = find_models([paths.models_dir()])
    template = next(model.path for model in starters if model.model_id.startswith("smollm2"))
    made: list[Path] = [ensure_model(shape, template, folder) for shape in (SMALL, LARGE)]
    made += [ensure_shaped(shape, folder) for shape in SHAPES]
    others = tuple(model for model in find_models([folder]) if model.path in made)
    print("Memory in MB: estimated, measured, and their ratio. Hot, and after full batches.\n")
    print("| model | settings | hot, est. | hot, meas. | in use, est. | in use, meas. | hot | in use |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    return 1 if asyncio.run(_compare((*starters, *others))) else 0


if __name__ == "__main__":
    sys.exit(main())
