"""Which parts of a model are put on devices: layers, and the experts of some of them. Pure.

llama.cpp offloads the last layers of a model. Its output layer counts as the last one, so that a model of 32 layers has
33. The first of the offloaded layers are on the first device, the output is on the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from preheat.messages import Message, msg

ALL_LAYERS: Final = -1
"""The setting ``gpu_layers`` that lets Preheat choose."""


class DeviceRoom(NamedTuple):
    """A device that models use, and what they may take of it."""

    name: str  # llama.cpp's name
    limit_bytes: int
    is_main_memory: bool = False  # an integrated GPU's memory is part of the machine's


class LayerParts(NamedTuple):
    """What a layer takes of the memory of where it is, in bytes."""

    weight_bytes: int
    expert_bytes: int = 0  # the part of the weights that are routed experts, which may be elsewhere
    cache_bytes: int = 0  # KV cache and recurrent states
    largest_bytes: int = 0  # its largest tensor


@dataclass(frozen=True, slots=True)
class ModelParts:
    """What a model takes, by part, under its settings.

    Attributes:
        layers: Its blocks, in order.
        output_bytes: The output layer's weights.
        compute_bytes: Buffers of each device that computes some of its layers.
        divisible: Whether it is worth a device that holds some of its layers only. Encoders are not: they are small,
            and llama.cpp computes their attention in full then, which takes more memory.
    """

    layers: tuple[LayerParts, ...]
    output_bytes: int
    compute_bytes: int
    divisible: bool = True


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the parts of a model are.

    Attributes:
        devices: The devices that have layers, in order; empty if the processor has them all.
        gpu_layers: The number of layers on devices, counted as llama.cpp does; 0 without devices.
        split: The same for each of ``devices``.
        cpu_experts: Number of first layers whose experts stay in RAM although the layers are on a device.
        device_bytes: Memory of each device: weights, KV cache and compute buffers.
        reason: The placement in words.
    """

    devices: tuple[str, ...] = ()
    gpu_layers: int = 0
    split: tuple[int, ...] = ()
    cpu_experts: int = 0
    device_bytes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    reason: Message = field(default=msg("placement_processor"))

    @property
    def key(self) -> str:
        """A text for keys of measurements; empty without devices."""
        if not self.devices:
            return ""
        parts = [f"{name}:{count}" for name, count in zip(self.devices, self.split, strict=True)]
        return "+".join([*parts, *([f"experts:{self.cpu_experts}"] if self.cpu_experts else [])])


ON_PROCESSOR: Final = Placement()
"""No device is in use."""


def place(
    parts: ModelParts,
    rooms: Sequence[DeviceRoom],
    gpu_layers: int = ALL_LAYERS,
    margins: Mapping[str, int] = MappingProxyType({}),
) -> Placement:
    """Return the best placement that fits.

    All layers if there is room; otherwise all without the experts of some; otherwise some layers, without their
    experts.

    Args:
        parts: What the model takes.
        rooms: The devices in use, in the order in which they are filled.
        gpu_layers: The setting: a number of layers is kept to, whether it fits or not.
        margins: What is kept free on each device for other models, in bytes.
    """
    if not rooms or not parts.layers:
        return ON_PROCESSOR
    rooms = [room._replace(limit_bytes=room.limit_bytes - margins.get(room.name, 0)) for room in rooms]
    total, blocks = len(parts.layers) + 1, len(parts.layers)
    if gpu_layers != ALL_LAYERS:
        count = min(gpu_layers, total)
        split = _fill(parts, rooms, count, 0) or _by_limits(rooms, count)
        return _placed(parts, rooms, split, 0, msg("placement_set", count=count, layers=total, devices=_names(rooms)))
    if split := _fill(parts, rooms, total, 0):
        return _placed(parts, rooms, split, 0, msg("placement_all", layers=total, devices=_names(rooms, split)))
    if any(layer.expert_bytes for layer in parts.layers):
        fewest = _least(blocks, lambda experts: bool(_fill(parts, rooms, total, experts)))
        if fewest is not None:
            split = _fill(parts, rooms, total, fewest)
            code = "placement_experts" if fewest < blocks else "placement_no_experts"
            reason = msg(code, layers=total, experts=fewest, devices=_names(rooms, split))
            return _placed(parts, rooms, split, fewest, reason)
    left = _least(total - 1, lambda fewer: bool(_fill(parts, rooms, total - fewer, blocks)))
    if left is not None and parts.divisible:
        split = _fill(parts, rooms, total - left, blocks)
        reason = msg("placement_some", count=total - left, layers=total, devices=_names(rooms, split))
        experts = blocks if any(layer.expert_bytes for layer in parts.layers) else 0
        return _placed(parts, rooms, split, experts, reason)
    largest = max(rooms, key=lambda room: room.limit_bytes)
    needed = parts.compute_bytes + sum(_sizes(parts, 1 if parts.divisible else total, blocks))
    limit = max(largest.limit_bytes, 0)
    return Placement(reason=msg("placement_none", device=largest.name, needed=needed, limit=limit))


def _least(most: int, fits: Callable[[int], bool]) -> int | None:
    """Return the least number up to ``most`` that fits, by bisection: what is larger fits, too."""
    if not fits(most):
        return None
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if fits(middle):
            high = middle
        else:
            low = middle + 1
    return high


def _fill(parts: ModelParts, rooms: Sequence[DeviceRoom], count: int, cpu_experts: int) -> tuple[int, ...]:
    """Return how many of the last ``count`` layers each device has, filled in order; () if they do not fit."""
    sizes = _sizes(parts, count, cpu_experts)
    buffers = parts.compute_bytes + _staged_bytes(parts, count, cpu_experts)
    split, at = [], 0
    for room in rooms:
        left, begin = room.limit_bytes - buffers, at
        while at < len(sizes) and sizes[at] <= left:
            left -= sizes[at]
            at += 1
        split.append(at - begin)
    return tuple(split) if at == len(sizes) and count else ()


def _by_limits(rooms: Sequence[DeviceRoom], count: int) -> tuple[int, ...]:
    """Return how layers that do not fit are spread: in proportion to what devices may hold."""
    total = sum(max(room.limit_bytes, 0) for room in rooms) or 1
    ends = [
        round(count * sum(max(room.limit_bytes, 0) for room in rooms[: at + 1]) / total) for at in range(len(rooms))
    ]
    ends[-1] = count
    return tuple(end - begin for begin, end in zip([0, *ends], ends, strict=False))


def _placed(
    parts: ModelParts, rooms: Sequence[DeviceRoom], split: Sequence[int], cpu_experts: int, reason: Message
) -> Placement:
    count, at = sum(split), 0
    if not count:
        return Placement(reason=reason)
    sizes, sums = _sizes(parts, count, cpu_experts), {}
    buffers = parts.compute_bytes + _staged_bytes(parts, count, cpu_experts)
    for room, layers in zip(rooms, split, strict=True):
        if layers:
            sums[room.name] = sum(sizes[at : at + layers]) + buffers
        at += layers
    used = [layers for layers in split if layers]
    return Placement(tuple(sums), count, tuple(used), cpu_experts, MappingProxyType(sums), reason)


def _sizes(parts: ModelParts, count: int, cpu_experts: int) -> list[int]:
    """Return what each of the last ``count`` layers takes of a device."""
    first = len(parts.layers) + 1 - count
    blocks = [
        layer.weight_bytes + layer.cache_bytes - (layer.expert_bytes if at < cpu_experts else 0)
        for at, layer in enumerate(parts.layers)
    ]
    return [*blocks, parts.output_bytes][first:]


def _staged_bytes(parts: ModelParts, count: int, cpu_experts: int) -> int:
    """Return the buffer for weights in RAM: llama.cpp multiplies long prompts with them on the device, too."""
    first = len(parts.layers) + 1 - count
    return max(
        (
            layer.largest_bytes
            for at, layer in enumerate(parts.layers)
            if at < first or (at < cpu_experts and layer.expert_bytes)
        ),
        default=0,
    )


def _names(rooms: Sequence[DeviceRoom], split: Sequence[int] = ()) -> list[str]:
    """Return the names of the devices that have layers, or of all."""
    return [room.name for room, layers in zip(rooms, split or (1,) * len(rooms), strict=True) if layers]
