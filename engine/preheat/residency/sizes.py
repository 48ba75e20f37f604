"""Memory of a model: measured after its last load, or estimated before that.

A worker uses less memory right after a load than later: llama.cpp reserves its compute buffers early, but touches them
with the first full batch. A footprint therefore has two parts; plans use their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from preheat.devices import ON_PROCESSOR, DeviceRoom, LayerParts, ModelParts, Placement, place
from preheat.inference import EMBEDDING_BATCH_TOKENS, UBATCH_TOKENS
from preheat.models import ModelFile, ModelShape
from preheat.residency.forms import Form, FormSize
from preheat.residency.pools import NO_DEVICE_BYTES, DeviceBytes
from preheat.residency.slots import parallel_requests
from preheat.settings import EffectiveModelSettings, Settings

SizeKey = tuple[str, int, float, int, str]
"""Key of a measurement: path, file bytes, time of modification, context length, kind of memory."""

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

_MOST_GROWTH: Final = 1.25
"""Memory above this multiple of the size after a load does not count for the next load."""

_NOTABLE_GROWTH: Final = 1.01


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
    return _estimate(model, own, form or loaded_form(own), placement)


def estimate_under(model: ModelFile, settings: EffectiveModelSettings) -> Footprint:
    """Return the estimated footprint under the model's own settings, in the form of a load. Pure."""
    return _estimate(model, settings, loaded_form(settings), ON_PROCESSOR)


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


class SizeTable:
    """The known sizes of models. Engine's loop only.

    Args:
        on_measured: Called with each new measurement, to keep it over restarts.
    """

    def __init__(
        self, settings: Settings, on_measured: Callable[[SizeKey, int], None] = lambda _key, _size: None
    ) -> None:
        self._settings = settings
        self._rooms: tuple[DeviceRoom, ...] = ()
        self._margins: Mapping[str, int] = NO_DEVICE_BYTES
        self._left_off: Callable[[ModelFile], Container[str]] = lambda _: ()
        # Each plan asks for these of every model.
        self._placements: dict[str, tuple[ModelFile, Placement]] = {}
        self._on_devices: dict[str, tuple[ModelFile, DeviceBytes]] = {}
        self._measured: dict[SizeKey, int] = {}
        self._expected: dict[tuple[str, Form | None], tuple[ModelFile, int]] = {}  # each request asks for it
        self._ceilings: dict[SizeKey, int] = {}
        self._on_measured = on_measured

    def remember(self, known: Mapping[SizeKey, int]) -> None:
        """Add measurements of earlier runs; those of this run have precedence."""
        self._measured = {**known, **self._measured}
        self._forget()

    def apply_settings(self, settings: Settings) -> None:
        """Use new settings."""
        self._settings = settings
        self._forget()

    def use_devices(
        self,
        rooms: Sequence[DeviceRoom],
        margins: Mapping[str, int] = NO_DEVICE_BYTES,
        left_off: Callable[[ModelFile], Container[str]] = lambda _: (),
    ) -> None:
        """Place models on these devices from now on, in order.

        Args:
            rooms: What all models may take of each.
            margins: What is kept free of that for others, by name.
            left_off: Returns the names of devices that a model is not put on.
        """
        self._rooms, self._margins, self._left_off = tuple(rooms), dict(margins), left_off
        self._forget()

    def placement(self, model: ModelFile) -> Placement:
        """Return where the model's layers are after its next load."""
        if not self._rooms:
            return ON_PROCESSOR
        known = self._placements.get(model.model_id)
        if known is None or known[0] is not model:
            own = self._settings.for_model(model.model_id)
            left_off = self._left_off(model)
            rooms = [room for room in self._rooms if room.name not in left_off]
            placement = place(model_parts(model, own), rooms, own.gpu_layers, self._margins)
            self._placements[model.model_id] = known = model, placement
        return known[1]

    def loaded_form(self, model: ModelFile) -> Form:
        """Return the form in which a load puts a model: devices take no weights that are rewritten for processors."""
        own = self._settings.for_model(model.model_id)
        return Form.MAPPED if self.placement(model).devices else loaded_form(own)

    def expected_bytes(self, model: ModelFile, form: Form | None = None) -> int:
        """Return the memory of a worker in use, measured or estimated; by default in the form of a load."""
        known = self._expected.get((model.model_id, form))
        if known is not None and known[0] is model:
            return known[1]
        settings = self._settings.for_model(model.model_id)  # once: there may be a thousand models
        placement, own_form = self.placement(model), form or self.loaded_form(model)
        key = _key(model, settings, own_form, placement)
        expected = self._measured.get(key)
        if not expected:
            footprint = _estimate(model, settings, own_form, placement)
            expected = footprint.working_bytes + self._device_main_bytes(footprint.device_bytes)
        self._expected[model.model_id, form] = model, expected
        return expected

    def device_bytes(self, model: ModelFile) -> DeviceBytes:
        """Return the memory of devices that a worker takes in use."""
        estimated = self.placement(model).device_bytes
        if not estimated:
            return NO_DEVICE_BYTES
        known = self._on_devices.get(model.model_id)
        if known is None or known[0] is not model:
            key = self.key(model)
            sizes = {name: self._measured.get(_device_key(key, name)) or size for name, size in estimated.items()}
            self._on_devices[model.model_id] = known = model, sizes
        return known[1]

    def form_size(self, model: ModelFile, form: Form) -> FormSize:
        """Return the memory of a model that is to change to this form."""
        working_bytes = self.expected_bytes(model, form)
        return FormSize(working_bytes, min(model.shape.weight_bytes, working_bytes))

    def note(
        self,
        model: ModelFile,
        resident_bytes: int,
        form: Form | None = None,
        device_bytes: DeviceBytes = NO_DEVICE_BYTES,
    ) -> None:
        """Record a worker's memory right after its load; 0 if it has ended.

        Args:
            device_bytes: What it takes of devices, as llama.cpp accounts it.
        """
        placement = self.placement(model)
        if not resident_bytes or device_bytes.keys() != placement.device_bytes.keys():
            return  # the devices have changed meanwhile
        key = self.key(model, form)
        for device, size in device_bytes.items():
            self._set(_device_key(key, device), size)
        guess = estimate(model, self._settings, form or self.loaded_form(model), placement)
        if shared := self._device_main_bytes(device_bytes):
            # Some drivers count it as memory of the process, others do not.
            resident_bytes = max(resident_bytes, guess.loaded_bytes + shared)
        working = resident_bytes + guess.scratch_bytes
        self._ceilings[key] = ceiling = int(working * _MOST_GROWTH)
        # What it grew to earlier is better than the estimated part, unless it was implausibly much.
        known = self._measured.get(key, 0)
        self._set(key, known if working < known <= ceiling else working)

    def note_use(self, model: ModelFile, resident_bytes: int, form: Form | None = None) -> None:
        """Record the current memory of a hot model's worker; only the maximum is kept."""
        key = self.key(model, form)
        ceiling = self._ceilings.get(key)
        if ceiling is not None and resident_bytes > self._measured[key] * _NOTABLE_GROWTH:
            self._set(key, min(resident_bytes, ceiling))

    def key(self, model: ModelFile, form: Form | None = None) -> SizeKey:
        """Return the key of the model's measurements: its file, form, and the settings that its size depends on."""
        settings = self._settings.for_model(model.model_id)
        return _key(model, settings, form or self.loaded_form(model), self.placement(model))

    def _device_main_bytes(self, device_bytes: DeviceBytes) -> int:
        """Return the part that is main memory: that of integrated GPUs."""
        return sum(device_bytes.get(room.name, 0) for room in self._rooms if room.is_main_memory)

    def _forget(self) -> None:
        self._expected.clear()
        self._placements.clear()
        self._on_devices.clear()

    def _set(self, key: SizeKey, size: int) -> None:
        if self._measured.get(key) != size:
            self._measured[key] = size
            self._expected.clear()
            self._on_devices.clear()
            self._on_measured(key, size)


def _key(model: ModelFile, settings: EffectiveModelSettings, form: Form, placement: Placement) -> SizeKey:
    kind = "-".join(
        (
            settings.kv_cache_type,
            f"x{parallel_requests(model, settings)}",
            *(["vision"] if model.mmproj_bytes else []),
            *(["repacked"] if form is Form.REPACKED else []),
            *(["scores"] if settings.flash_attention == "off" else []),
            *([placement.key] if placement.devices else []),
        )
    )
    # The usage log keeps the time as a number of seconds.
    return str(model.path), model.file_bytes, model.modified_ns / 1e9, settings.context_length, kind


def _device_key(key: SizeKey, device: str) -> SizeKey:
    """Return the key of what a model takes of a device."""
    return (*key[:-1], f"{key[-1]}@{device}")
