"""Memory of devices: estimates next to what llama.cpp accounts, with none, some and all layers there."""

from __future__ import annotations

import os
from typing import Final

from benchmarks.bench import Bench
from benchmarks.device_sizes import VARIABLES, measure_device
from benchmarks.figures import Figure, value_at_most
from benchmarks.shaped_gguf import SHAPES, ensure_shaped
from preheat.inference.processor import device_libraries
from preheat.models import find_models
from preheat.settings import Settings

_LARGEST_ERROR: Final = 0.1
_LIMIT_BYTES: Final = 2 << 30
_SOME_BYTES: Final = 80_000_000
"""Holds a third of the chat model's layers."""

_SHAPES: Final = ("experts", "many-experts", "wide-attention")
"""Small models with buffers that are large for their weights."""

_SHARES: Final = (0.25, 0.7)
"""What the device may hold of these, as a share of their weights."""


async def measure(bench: Bench) -> list[Figure]:
    """Load the starter models with none, some and all layers on Mesa's software device."""
    if not any("vulkan" in path.name for path in device_libraries()):
        bench.say("No library for Vulkan: run make vulkan first")
        return []
    os.environ.update(VARIABLES)
    figures = []
    shaped = [ensure_shaped(shape, bench.small_model.parent) for shape in SHAPES if shape.name in _SHAPES]
    for path in (bench.chat_model, bench.embedding_model, *shaped):
        (model,) = [model for model in find_models([path.parent]) if model.path == path]
        errors, over = [], []
        some = [_SOME_BYTES] if path not in shaped else [round(model.shape.weight_bytes * share) for share in _SHARES]
        for layers, limit_bytes in ((0, _LIMIT_BYTES), *((-1, size) for size in some), (-1, _LIMIT_BYTES)):
            bench.say(f"{model.model_id} within {limit_bytes / 1e6:.0f} MB of a device, gpu_layers {layers}")
            sizes = await measure_device(model, Settings(context_length=2048, gpu_layers=layers), limit_bytes)
            errors.append(sizes.error)
            over.append(max(sum(sizes.accounted.values()) - limit_bytes, 0) / 1e6)
        name = f"{model.model_id} on a device"
        note = "none, some, all layers"
        figures += [
            Figure(f"{name}: error of the estimate", "", (max(errors),), (), value_at_most(_LARGEST_ERROR), note),
            Figure(f"{name}: over the limit", "MB", (max(over),), (), value_at_most(0.0), note),
        ]
    return figures
