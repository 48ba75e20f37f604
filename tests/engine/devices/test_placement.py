"""Layers and experts find their places."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from preheat.devices import (
    ALL_LAYERS,
    DeviceRoom,
    LayerParts,
    ModelParts,
    Placement,
    corrected,
    fits,
    is_doubtful,
    place,
    place_as,
    with_buffers,
)

MB = 1_000_000
DENSE = ModelParts((LayerParts(100 * MB, 0, 10 * MB, 100 * MB),) * 32, output_bytes=200 * MB, compute_bytes=50 * MB)
Experts = Literal["auto", "on", "off"]
EXPERTS = replace(DENSE, layers=(LayerParts(500 * MB, 400 * MB, 10 * MB, 150 * MB),) * 32)


def rooms(*limits: int) -> list[DeviceRoom]:
    """Return devices of so many MB."""
    return [DeviceRoom(f"Vulkan{at}", limit * MB) for at, limit in enumerate(limits)]


def on(parts: ModelParts, *limits: int, layers: int = ALL_LAYERS, experts: Experts = "auto") -> Placement:
    """Place a model on devices of so many MB."""
    return place(parts, rooms(*limits), layers, experts)


@pytest.mark.parametrize(
    ("limit", "layers", "taken", "code"),
    [
        (4000, 33, 32 * 110 + 200 + 50, "placement_all"),
        (3770, 33, 32 * 110 + 200 + 50, "placement_all"),
        (3769, 32, 31 * 110 + 200 + 50 + 100, "placement_some"),  # a layer in RAM needs a buffer for its weights
        (1000, 6, 5 * 110 + 200 + 50 + 100, "placement_some"),
        (350, 1, 200 + 50 + 100, "placement_some"),
        (349, 0, 0, "placement_none"),
        (-5, 0, 0, "placement_none"),
    ],
)
def test_as_many_layers_as_fit(limit: int, layers: int, taken: int, code: str) -> None:
    placement = on(DENSE, limit)
    assert (placement.gpu_layers, placement.reason.code) == (layers, code)
    assert placement.device_bytes == ({"Vulkan0": taken * MB} if layers else {})
    assert placement.split == ((layers,) if layers else ())
    assert placement.key == (f"Vulkan0:{layers}" if layers else "")


@pytest.mark.parametrize(
    ("limit", "layers", "experts", "code"),
    [
        (32 * 510 + 250, 33, 0, "placement_all"),
        (32 * 510 + 249, 33, 1, "placement_experts"),
        (32 * 110 + 400, 33, 32, "placement_no_experts"),
        (32 * 110 + 399, 32, 32, "placement_some_dense"),
        (399, 0, 0, "placement_none"),
    ],
)
def test_experts_leave_first(limit: int, layers: int, experts: int, code: str) -> None:
    placement = on(EXPERTS, limit)
    assert (placement.gpu_layers, placement.cpu_experts, placement.reason.code) == (layers, experts, code)
    assert sum(placement.device_bytes.values()) <= limit * MB


def test_devices_are_filled_one_after_the_other() -> None:
    placement = on(DENSE, 1150, 4000)
    assert placement.devices == ("Vulkan0", "Vulkan1")
    assert placement.split == (10, 23)
    assert placement.device_bytes == {"Vulkan0": 1150 * MB, "Vulkan1": (22 * 110 + 200 + 50) * MB}
    assert placement.key == "Vulkan0:10+Vulkan1:23"


def test_a_device_that_is_not_needed_has_nothing() -> None:
    placement = on(DENSE, 4000, 4000)
    assert placement.devices == ("Vulkan0",)
    assert str(placement.reason) == "all 33 layers are on Vulkan0"


@pytest.mark.parametrize(("setting", "layers"), [(0, 0), (5, 5), (33, 33), (99, 33)])
def test_a_number_of_layers_is_kept_to(setting: int, layers: int) -> None:
    placement = on(DENSE, 100, layers=setting)
    assert placement.gpu_layers == layers
    assert placement.reason.code == ("placement_set" if layers else "placement_set_none")


def test_too_many_layers_are_spread_by_limits() -> None:
    assert on(DENSE, 300, 100, layers=33).split == (25, 8)


def test_an_encoder_is_on_a_device_as_a_whole_or_not_at_all() -> None:
    encoder = replace(DENSE, divisible=False)
    assert on(encoder, 3770).gpu_layers == 33
    assert on(encoder, 3769).gpu_layers == 0


def test_without_a_device_or_layers_the_processor_has_it() -> None:
    assert on(DENSE).reason.code == "placement_processor"
    assert on(ModelParts((), 0, 0), 1000) == Placement()


@pytest.mark.parametrize(
    ("setting", "limit", "layers", "experts", "code"),
    [
        ("on", 99_999, 33, 32, "placement_no_experts"),
        ("on", 32 * 110 + 399, 32, 32, "placement_some_dense"),
        ("off", 99_999, 33, 0, "placement_all"),
        ("off", 32 * 110 + 400, 7, 0, "placement_some"),
    ],
)
def test_experts_are_where_the_setting_says(setting: Experts, limit: int, layers: int, experts: int, code: str) -> None:
    placement = on(EXPERTS, limit, experts=setting)
    assert (placement.gpu_layers, placement.cpu_experts, placement.reason.code) == (layers, experts, code)
    assert on(DENSE, 99_999, experts=setting).cpu_experts == 0


@pytest.mark.parametrize(
    ("limit", "experts", "code"),
    [
        (10 * 510 + 200 + 50 + 150, 0, "placement_set"),
        (10 * 110 + 200 + 50 + 150, 32, "placement_set_experts"),
        (1, 32, "placement_set_experts"),
    ],
)
def test_a_number_of_layers_keeps_experts_that_do_not_fit_in_ram(limit: int, experts: int, code: str) -> None:
    placement = on(EXPERTS, limit, layers=11)
    assert (placement.gpu_layers, placement.cpu_experts, placement.reason.code) == (11, experts, code)


@pytest.mark.parametrize(
    ("limit", "doubtful"), [(32 * 110 + 200 + 101, False), (32 * 110 + 200 + 99, True), (1000, True), (200, False)]
)
def test_a_placement_is_plain_if_other_buffers_would_change_nothing(limit: int, doubtful: bool) -> None:
    assert is_doubtful(DENSE, rooms(limit), on(DENSE, limit)) is doubtful


def test_experts_in_ram_are_never_plain() -> None:
    placement = on(EXPERTS, 99_999, experts="on")
    assert is_doubtful(EXPERTS, rooms(99_999), placement)


def test_buffers_are_replaced_by_those_of_llama_cpp() -> None:
    guess = on(DENSE, 1000)  # six layers, and 100 MB that are staged
    exact = with_buffers(DENSE, guess, {"Vulkan0": 220 * MB})
    assert exact.device_bytes == {"Vulkan0": (5 * 110 + 200 + 220) * MB}
    assert fits(exact, rooms(970))
    assert not fits(exact, rooms(969))
    parts, (room,) = corrected(DENSE, rooms(1000), guess, {"Vulkan0": 220 * MB})
    assert (parts.compute_bytes, room.limit_bytes) == (120 * MB, 1000 * MB)
    assert with_buffers(DENSE, guess, {}) == guess


def test_each_device_has_room_for_its_own_buffers() -> None:
    devices = rooms(1150, 4000, 500)
    guess = place(DENSE, devices)
    parts, left = corrected(DENSE, devices, guess, {"Vulkan0": 100 * MB, "Vulkan1": 300 * MB})
    assert parts.compute_bytes == 100 * MB
    assert [room.limit_bytes // MB for room in left] == [1150, 3800, 300]
    exact = with_buffers(parts, place(parts, left), {"Vulkan0": 100 * MB, "Vulkan1": 300 * MB})
    assert exact.device_bytes == {"Vulkan0": (9 * 110 + 100) * MB, "Vulkan1": (23 * 110 + 200 + 300) * MB}
    assert fits(exact, devices)


def test_layers_are_put_where_they_are_said_to_be() -> None:
    devices = rooms(1150, 4000)
    assert place_as(DENSE, devices, {"Vulkan0": 10, "Vulkan1": 23}, 0) == on(DENSE, 1150, 4000)
    assert place_as(DENSE, devices, {"Vulkan1": 3}, 0).devices == ("Vulkan1",)
    assert place_as(DENSE, devices, {}, 0).reason.code == "placement_none"
