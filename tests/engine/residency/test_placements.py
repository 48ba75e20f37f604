"""Models share devices: favourites keep their place."""

from __future__ import annotations

from dataclasses import replace

from preheat.devices import DeviceRoom
from preheat.models import LayerShape, ModelFile
from preheat.residency import SizeTable
from preheat.settings import Settings
from tests.engine.residency.workers import MB, model

LAYER = LayerShape(weight_bytes=80 * MB, largest_bytes=20 * MB)
STEP_BYTES = 1 << 24


def layered(name: str) -> ModelFile:
    """Return a model of 10 layers and an output layer with 80 MB each, and hardly any buffers."""
    known = model(name)
    return replace(known, shape=replace(known.shape, each_layer=(LAYER,) * 10, output_bytes=80 * MB))


A, B, C = layered("a"), layered("b"), layered("c")


def placed(limit: int, *favourites: ModelFile, left_off: tuple[str, ...] = ()) -> tuple[int, ...]:
    """Return the layers of three models on a device of so many MB."""
    table = SizeTable(Settings(context_length=2048, parallel=1))
    rooms = [DeviceRoom("Vulkan0", limit * MB)]
    table.use_devices(rooms, favourites, lambda each: ("Vulkan0",) if each.model_id in left_off else ())
    return tuple(table.placement(each).gpu_layers for each in (A, B, C))


def test_models_that_are_no_favourites_make_way_for_each_other() -> None:
    assert placed(1000) == (11, 11, 11)


def test_the_place_of_favourites_is_kept_free() -> None:
    assert placed(1300, A) == (11, 4, 4)
    assert placed(950, A) == (11, 0, 0)
    assert placed(3000, A) == (11, 11, 11)


def test_a_model_without_a_place_says_that_favourites_have_it() -> None:
    table = SizeTable(Settings(context_length=2048, parallel=1))
    table.use_devices([DeviceRoom("Vulkan0", 900 * MB)], [A])
    assert table.placement(B).reason.code == "placement_none_left"


def test_less_important_favourites_leave_the_place_of_those_before_them() -> None:
    assert placed(1300, B, A) == (4, 11, 0)
    assert placed(1300, A, B) == (11, 4, 0)


def test_a_favourite_in_ram_keeps_nothing_free() -> None:
    assert placed(1000, A, left_off=("a",)) == (0, 11, 11)


def test_small_changes_of_a_favourite_move_no_other_model() -> None:
    table = SizeTable(Settings(context_length=2048, parallel=1))
    rooms = [DeviceRoom("Vulkan0", 1300 * MB)]
    table.use_devices(rooms, [A])
    question = table.placement_question(B)
    assert question is not None
    (room,) = question.rooms
    assert (1300 * MB - room.limit_bytes) % STEP_BYTES == 0
    table.note(A, 10**8, device_bytes={"Vulkan0": 885 * MB})
    again = table.placement_question(B)
    assert again is not None
    assert again.key == question.key
