"""Memory of a model, estimated from its header. Pure.

A worker uses less memory right after a load than later: llama.cpp reserves its compute buffers early, but touches them
with the first full batch. A footprint therefore has two parts; plans use their sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from preheat.devices import ON_PROCESSOR, LayerParts, ModelParts, Placement
from preheat.inference import EMBEDDING_BATCH_TOKENS, UBATCH_TOKENS
from preheat.models import ModelFile, ModelShape
from preheat.residency.forms import Form
from preheat.residency.pools import NO_DEVICE_BYTES, DeviceBytes
from preheat.residency.slots import parallel_requests
from preheat.settings import EffectiveModelSettings, Settings

# Measured with Linux on x86-64, CPython 3.11 and llama-cpp-python 0.3.36; `python -m benchmarks.memory_sizes` shows the
# errors of the estimates.
_WORKER_BYTES: Final = 38_000_000  # interpreter, bindings, and what llama.cpp takes for any model
_DEVICE_LIBRARY_BYTES: Final = 62_000_000  # of Vulkan: llama.cpp's library, the loader, the driver
_VISION_BYTES: Final = 60_000_000  # the image encoder's bindings and graph
_LAYER_BYTES: Final = 70_000  # the graph's nodes
_TOKEN_BYTES: Final = 146  # of the vocabulary: text, attributes, and a place in a hash table
_MERGE_BYTES: Final = 139
_F16_BYTES: Final = 2
_F32_BYTES: Final = 4
_KV_VALUE_BYTES: Final = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}  # with each block's scale

_CELLS_STEP: Final = 256
"""llama.cpp rounds the cells of a KV cache up to this."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """The memory of a worker.

    Attributes:
        loaded_bytes: When the model is hot: weights, KV cache, vocabulary, the process itself.
        scratch_bytes: Added by the first full batches: compute buffers, and room for their results.
        device_bytes: Memory of devices, which llama.cpp takes as a whole at the load.
    """

    loaded_bytes: int
    scratch_bytes: int
    device_bytes: DeviceBytes = field(default_factory=lambda: NO_DEVICE_BYTES)

    @property
    def working_bytes(self) -> int:
        """The sum, which must fit."""
        return self.loaded_bytes + self.scratch_bytes


def loaded_form(settings: EffectiveModelSettings) -> Form:
    """Return the form in which a load puts a model."""
    return Form.REPACKED if settings.repack == "on" else Form.MAPPED


def estimate(
    model: ModelFile, settings: Settings, form: Form | None = None, placement: Placement = ON_PROCESSOR
) -> Footprint:
    """Return the estimated footprint, from the model's header; by default in the form of a load. Pure."""
    own = settings.for_model(model.model_id)
    return estimate_under(model, own, form, placement)


def estimate_under(
    model: ModelFile,
    settings: EffectiveModelSettings,
    form: Form | None = None,
    placement: Placement = ON_PROCESSOR,
) -> Footprint:
    """Return the estimated footprint under the model's own settings; by default in the form of a load. Pure."""
    return _estimate(model, settings, form or loaded_form(settings), placement)


def model_parts(model: ModelFile, settings: EffectiveModelSettings) -> ModelParts:
    """Return the estimated memory of a model's parts, which may be on devices. Pure."""
    shape = model.shape
    context, value_bytes = _context_cells(model, settings), _KV_VALUE_BYTES[settings.kv_cache_type]
    window = _window_cells(model, settings)
    if model.embeddings:
        batch = cells = min(EMBEDDING_BATCH_TOKENS, context)
        context = window = 0
    else:
        batch, cells = min(UBATCH_TOKENS, context), context + window
    recurrent = [not (layer.kv_values or layer.window_kv_values) for layer in shape.each_layer]
    state_bytes = shape.state_bytes * parallel_requests(model, settings) // max(sum(recurrent), 1)
    return ModelParts(
        tuple(
            LayerParts(
                layer.weight_bytes,
                layer.expert_bytes,
                int((layer.kv_values * context + layer.window_kv_values * window) * value_bytes)
                + (state_bytes if has_state else 0),
                layer.largest_bytes,
            )
            for layer, has_state in zip(shape.each_layer, recurrent, strict=True)
        ),
        shape.placed_output_bytes,
        batch * (shape.graph_values * _F32_BYTES + cells * _attention_bytes(shape.heads, settings.flash_attention)),
        divisible=not model.embeddings,
    )


def kv_cache_bytes(model: ModelFile, settings: EffectiveModelSettings) -> int:
    """Return the estimated memory of the KV cache; 0 for a model that makes embeddings. Pure."""
    if model.embeddings:
        return 0
    shape = model.shape
    values = shape.kv_values * _context_cells(model, settings) + shape.window_kv_values * _window_cells(model, settings)
    return int(values * _KV_VALUE_BYTES[settings.kv_cache_type])


def _window_cells(model: ModelFile, settings: EffectiveModelSettings) -> int:
    shape, context = model.shape, _context_cells(model, settings)
    if not shape.window_kv_values:
        return 0
    parallel = parallel_requests(model, settings)
    return _cells(min(context, shape.window_tokens * parallel + min(UBATCH_TOKENS, context)))


def _context_cells(model: ModelFile, settings: EffectiveModelSettings) -> int:
    return _cells(min(model.context_length or settings.context_length, settings.context_length))


def _estimate(model: ModelFile, settings: EffectiveModelSettings, form: Form, placement: Placement) -> Footprint:
    if placement.devices:
        return _estimate_placed(model, settings, placement)
    shape = model.shape
    context = _context_cells(model, settings)
    fixed = (
        shape.weight_bytes
        + (shape.repack_bytes if form is Form.REPACKED else 0)
        + shape.vocabulary * _TOKEN_BYTES
        + shape.merges * _MERGE_BYTES
        + shape.layers * _LAYER_BYTES
        + _WORKER_BYTES
        + (model.mmproj_bytes + _VISION_BYTES if model.mmproj_bytes and not model.embeddings else 0)
    )
    if model.embeddings:
        batch = min(EMBEDDING_BATCH_TOKENS, context)
        # llama.cpp also keeps the logits of every token of the largest batch so far.
        logits = batch * shape.vocabulary * _F32_BYTES
        return Footprint(fixed, _graph_bytes(shape, batch, batch, settings) + logits)
    batch = min(UBATCH_TOKENS, context)
    parallel = parallel_requests(model, settings)
    cells = context + _window_cells(model, settings)
    logits = parallel * shape.vocabulary * _F32_BYTES
    return Footprint(
        loaded_bytes=fixed + kv_cache_bytes(model, settings) + shape.state_bytes * parallel + logits,
        scratch_bytes=max(_graph_bytes(shape, batch, cells, settings), logits),
    )


def _estimate_placed(model: ModelFile, settings: EffectiveModelSettings, placement: Placement) -> Footprint:
    """Return the footprint of a model with layers on devices.

    What RAM keeps of it: the layers that are not there, and buffers for what goes to and from devices.
    """
    parts, whole = model_parts(model, settings), _estimate(model, settings, Form.MAPPED, ON_PROCESSOR)
    first = len(parts.layers) + 1 - placement.gpu_layers
    caches = sum(layer.cache_bytes for layer in parts.layers[first:])
    unmapped = model.shape.weight_bytes - _mapped_bytes(model.shape, placement)
    return Footprint(
        whole.loaded_bytes - caches - unmapped + _DEVICE_LIBRARY_BYTES,
        # Inputs, masks and results of each batch; the rest of the graph is computed on the devices.
        min(whole.scratch_bytes, parts.compute_bytes),
        placement.device_bytes,
    )


def _mapped_bytes(shape: ModelShape, placement: Placement) -> int:
    """Return the part of the files that stays mapped: from the first to the last tensor that is in RAM."""
    last = max(len(shape.each_layer) + 1 - placement.gpu_layers, placement.cpu_experts)
    if last > 0 and not shape.in_order:
        return shape.weight_bytes
    moved = sum(layer.weight_bytes for layer in shape.each_layer[last:])
    return shape.weight_bytes - moved - shape.output_bytes


def _cells(tokens: int) -> int:
    """Return the cells of a KV cache for a number of tokens."""
    return -(-tokens // _CELLS_STEP) * _CELLS_STEP


def _graph_bytes(shape: ModelShape, batch: int, cells: int, settings: EffectiveModelSettings) -> int:
    """Return the memory for computing a full batch that attends to ``cells``.

    The compute buffer (see ``ModelShape.graph_values`` and ``_attention_bytes``) and the threads' work buffer.
    """
    graph = shape.graph_values * _F32_BYTES + cells * _attention_bytes(shape.heads, settings.flash_attention)
    # Inputs of multiplications are converted to the weights' type, 16 bits at most (ggml_graph_plan's work buffer).
    return batch * (graph + shape.widest_values * _F16_BYTES)


def _attention_bytes(heads: int, flash_attention: str) -> int:
    """Return the bytes per token of a batch and cell of the KV cache.

    With flash attention, which llama.cpp chooses on every processor, a mask of 16-bit values. Without, one of 32-bit
    values, and the scores of every head with their 16-bit copies.
    """
    return heads * (_F32_BYTES + _F16_BYTES) + _F32_BYTES if flash_attention == "off" else _F16_BYTES
