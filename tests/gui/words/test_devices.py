"""Words about devices."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from fake_bridge import model
from preheat.control import Device, DeviceKind, DeviceList, DeviceUse, State
from preheat.messages import msg
from preheat_gui.words import device_choices, device_names, placement_words, with_device_names


@pytest.fixture(autouse=True)
def _words(qapp: QApplication) -> None:
    """Translations need the application."""


def found(**descriptions: str) -> DeviceList:
    devices = [Device(name, words, DeviceKind.DISCRETE, "vulkan", 8, 8) for name, words in descriptions.items()]
    return DeviceList(tuple(DeviceUse(device, True, msg("device_discrete_used")) for device in devices))


def test_devices_of_the_same_name_are_told_apart() -> None:
    several = found(Vulkan0="GeForce RTX 4090", Vulkan1="GeForce RTX 4090", Vulkan2="Iris Xe")
    assert list(device_names(several).values()) == [
        "GeForce RTX 4090 (Vulkan0)",
        "GeForce RTX 4090 (Vulkan1)",
        "Iris Xe",
    ]
    assert device_choices(several) == ["Vulkan0", "Vulkan1", "Iris Xe", "cpu"]


def test_a_placement_names_devices_as_their_makers_do() -> None:
    several = found(Vulkan0="GeForce RTX 4090", Vulkan1="Iris Xe")
    some = model(placement=msg("placement_some", count=30, layers=37, devices=["Vulkan1", "Vulkan0"]))
    assert placement_words(some, several) == ("30 of 37 layers are on Iris Xe, GeForce RTX 4090, the others in RAM.")
    none = msg("placement_none", device="Vulkan1", needed=3 * 10**9, limit=10**9)
    assert placement_words(model("m", State.HOT, placement=none), several) == (
        "No layers are on Iris Xe: the fewest take 3.0 GB with their buffers, and there are 1.0 GB. "
        "Raise “Graphics memory”, or lower “Context length”."
    )
    assert placement_words(model(), several) == ""
    why = with_device_names(msg("why_with_device", memory=msg("favourite", rank=1), device=none), several)
    assert "no layers are on Iris Xe" in str(why)
