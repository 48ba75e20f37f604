"""The memory of devices under the band of memory."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import GB, FakeBridge, model, snapshot
from preheat.control import Device, DeviceKind, DeviceList, DeviceMemory, DeviceShare, DeviceUse
from preheat.messages import msg
from preheat.residency import State
from preheat_gui.dashboard.hearth.device_bands import DeviceBands
from preheat_gui.widgets import ElidedLabel, ShareBar

DEVICE = Device("Vulkan1", "NVIDIA GeForce RTX 3050 Laptop GPU", DeviceKind.DISCRETE, "vulkan", 4 * GB, 3 * GB)
FOUND = DeviceList((DeviceUse(DEVICE, True, msg("device_discrete_used")),))


def test_a_device_in_use_shows_what_models_take_of_its_limit(qtbot: QtBot, bridge: FakeBridge) -> None:
    bands = DeviceBands()
    qtbot.addWidget(bands)
    models = [
        replace(model("chat", State.HOT), devices=(DeviceShare("Vulkan1", 2 * GB),)),
        replace(model("other", State.HOT), devices=(DeviceShare("Vulkan2", GB),)),
        model("cold"),
    ]
    now = snapshot(*models, devices=FOUND)
    bands.show_devices(now, bridge.signs)
    assert bands.isHidden()
    memory = (DeviceMemory("Vulkan1", 4 * GB, 2 * GB),)
    bands.show_devices(snapshot(*models, devices=FOUND, device_memory=memory), bridge.signs)
    assert not bands.isHidden()
    assert child(bands, ElidedLabel, "band_name_Vulkan1").text() == DEVICE.description
    assert child(bands, QLabel, "band_figures_Vulkan1").text() == "2 of 4 GB"
    bar = child(bands, ShareBar, "band_Vulkan1")
    assert bar.accessibleName() == f"{DEVICE.description}: 2 of 4 GB"
    row = bar.parentWidget()
    assert row is not None
    assert row.toolTip() == f"{DEVICE.description}: 2 of 4 GB\nchat: 2.0 GB"
    bands.resize(400, bands.sizeHint().height())
    filled, empty = (bands.grab().toImage().pixelColor(x, bar.geometry().center().y() + 8) for x in (100, 300))
    assert filled != empty
    bands.show_devices(now, bridge.signs)
    assert bands.isHidden()
