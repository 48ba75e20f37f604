"""Which parts of a model are put on devices: layers, and the experts of some of them. Pure.

llama.cpp offloads the last layers of a model. Its output layer counts as the last one, so that a model of 32 layers has
33. The first of the offloaded layers are on the first device, the output is on the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from preheat.messages import Message, msg

ALL_LAYERS: Final = -1
"""The setting ``gpu_layers`` that lets Preheat choose."""


class DeviceRoom(NamedTuple):
    """A device that models use, and what they may take of it."""

    name: str  # llama.cpp's name
    limit_bytes: int
    is_main_memory: bool = False  # an integrated GPU's memory is part of the machine's
    kept_bytes: int = 0  # what others keep of it, which is not in its limit
    key: str = ""  # changes with its driver and with llama.cpp; see ``Device``


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

    @property
    def has_experts(self) -> bool:
        """Whether it is a mixture of experts."""
        return any(layer.expert_bytes for layer in self.layers)


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
    def rank(self) -> tuple[int, int]:
        """How much is on devices, for comparisons: more layers, then more experts."""
        return self.gpu_layers, -self.cpu_experts

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
    experts_in_ram: Literal["auto", "on", "off"] = "auto",
) -> Placement:
    """Return the best placement that fits.

    All layers if there is room; otherwise all without the experts of some; otherwise some layers, without their
    experts.

    Args:
        parts: What the model takes.
        rooms: The devices in use, in the order in which they are filled.
        gpu_layers: The setting: a number of layers is kept to, whether it fits or not.
        experts_in_ram: The setting: all or none are there, whether that is best or not.
    """
    if not rooms or not parts.layers:
        return ON_PROCESSOR
    total, blocks = len(parts.layers) + 1, len(parts.layers)
    most = blocks if experts_in_ram != "off" and parts.has_experts else 0
    fewest = most if experts_in_ram == "on" else 0
    wanted = total if gpu_layers == ALL_LAYERS else min(gpu_layers, total)
    experts = _least(fewest, most, lambda experts: bool(_fill(parts, rooms, wanted, experts)))
    if gpu_layers != ALL_LAYERS:
        experts = most if experts is None else experts
        split = _fill(parts, rooms, wanted, experts) or _by_limits(rooms, wanted)
        return _placed(parts, rooms, split, experts, is_set=True)
    if experts is not None:
        return _placed(parts, rooms, _fill(parts, rooms, total, experts), experts)
    left = _least(0, total - 1, lambda fewer: bool(_fill(parts, rooms, total - fewer, most)))
    if left is not None and parts.divisible:
        return _placed(parts, rooms, _fill(parts, rooms, total - left, most), most)
    return _nowhere(parts, rooms)


def place_as(parts: ModelParts, rooms: Sequence[DeviceRoom], split: Mapping[str, int], cpu_experts: int) -> Placement:
    """Return the placement with this many layers on each device, by name, whether it fits or not."""
    counts = [split.get(room.name, 0) for room in rooms]
    return _placed(parts, rooms, counts, cpu_experts) if any(counts) else _nowhere(parts, rooms)


def is_doubtful(parts: ModelParts, rooms: Sequence[DeviceRoom], placement: Placement) -> bool:
    """Return whether the best placement may be another one, if the buffers for computing have another size.

    They are what cannot be told from a header: between half and twice the estimate, by the gaps in llama.cpp's
    allocation. Weights and KV cache are exact.
    """
    if placement.devices and (placement.gpu_layers <= len(parts.layers) or placement.cpu_experts):
        return True  # how much is staged on the device depends on the architecture, too
    halved, doubled = (replace(parts, compute_bytes=int(parts.compute_bytes * factor)) for factor in (0.5, 2))
    return place(halved, rooms).key != place(doubled, rooms).key


def with_buffers(parts: ModelParts, placement: Placement, compute_bytes: Mapping[str, int]) -> Placement:
    """Return the placement with buffers for computing as llama.cpp accounts them, by device."""
    guess = parts.compute_bytes + _staged_bytes(parts, placement.gpu_layers, placement.cpu_experts)
    sizes = {name: size - guess + compute_bytes.get(name, guess) for name, size in placement.device_bytes.items()}
    return replace(placement, device_bytes=MappingProxyType(sizes))


def corrected(
    parts: ModelParts, rooms: Sequence[DeviceRoom], placement: Placement, compute_bytes: Mapping[str, int]
) -> tuple[ModelParts, tuple[DeviceRoom, ...]]:
    """Return the parts with buffers as large as those of this placement.

    A device with larger ones than another, such as that with the output layer, has less room instead.
    """
    staged = _staged_bytes(parts, placement.gpu_layers, placement.cpu_experts)
    least, most = min(compute_bytes.values(), default=0), max(compute_bytes.values(), default=0)
    left = (room.limit_bytes - compute_bytes.get(room.name, most) + least for room in rooms)
    return (
        replace(parts, compute_bytes=max(least - staged, 0)),
        tuple(room._replace(limit_bytes=limit) for room, limit in zip(rooms, left, strict=True)),
    )


def fits(placement: Placement, rooms: Sequence[DeviceRoom]) -> bool:
    """Return whether no device holds more than it may."""
    limits = {room.name: room.limit_bytes for room in rooms}
    return all(size <= limits.get(name, 0) for name, size in placement.device_bytes.items())


def _least(low: int, high: int, fits: Callable[[int], bool]) -> int | None:
    """Return the least number between these that fits, by bisection: what is larger fits, too."""
    if not fits(high):
        return None
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


def _nowhere(parts: ModelParts, rooms: Sequence[DeviceRoom]) -> Placement:
    """Return that no layers are on a device, with the fewest bytes that some would take."""
    largest, total = max(rooms, key=lambda room: room.limit_bytes), len(parts.layers) + 1
    experts = len(parts.layers) if parts.has_experts else 0
    needed = parts.compute_bytes + sum(_sizes(parts, 1 if parts.divisible else total, experts))
    limit = max(largest.limit_bytes, 0)
    code = "placement_none_left" if largest.kept_bytes else "placement_none"
    return Placement(reason=msg(code, device=largest.name, needed=needed, limit=limit))


def _placed(
    parts: ModelParts, rooms: Sequence[DeviceRoom], split: Sequence[int], cpu_experts: int, *, is_set: bool = False
) -> Placement:
    count, at = sum(split), 0
    reason = _reason(parts, count, cpu_experts, _names(rooms, split), is_set=is_set)
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


def _reason(parts: ModelParts, count: int, cpu_experts: int, names: Sequence[str], *, is_set: bool) -> Message:
    """Return where the layers are, in words."""
    total, blocks = len(parts.layers) + 1, len(parts.layers)
    without = max(cpu_experts - max(total - count, 0), 0)  # layers on devices whose experts are not
    params = {"count": count, "layers": total, "experts": without}
    if is_set and not count:
        return msg("placement_set_none")
    if is_set:
        code = "placement_set_experts" if without else "placement_set"
    elif count < total:
        code = "placement_some_dense" if without else "placement_some"
    elif without:
        code = "placement_experts" if without < blocks else "placement_no_experts"
    else:
        code = "placement_all"
    return msg(code, **params, devices=list(names))


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
