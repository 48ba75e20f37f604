"""The devices that were found, in the settings dialog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QCheckBox, QInputDialog, QLabel, QListWidget, QPushButton, QWidget

from children import child
from fake_bridge import snapshot
from preheat.control import Device, DeviceKind, DeviceList, DeviceMemory, DeviceProblem, DeviceSpeed, DeviceUse
from preheat.devices import Speed
from preheat.messages import msg
from preheat.settings import Group
from preheat_gui.settings_dialog.page import Remark
from preheat_gui.widgets import ElidedLabel, ShareBar

if TYPE_CHECKING:
    from fake_bridge import FakeBridge
    from preheat_gui.settings_dialog import SettingsDialog

GB = 10**9
NVIDIA = Device(
    "Vulkan1",
    "NVIDIA GeForce RTX 3050 Laptop GPU",
    DeviceKind.DISCRETE,
    "vulkan",
    4 * GB,
    3 * GB,
    "NVIDIA 550.54",
    "0000:01:00.0",
)
INTEL = Device("Vulkan0", "Intel(R) Iris(R) Xe Graphics", DeviceKind.INTEGRATED, "vulkan", 16 * GB, 16 * GB)
LAPTOP = DeviceList(
    (
        DeviceUse(NVIDIA, True, msg("device_discrete_used")),
        DeviceUse(INTEL, False, msg("device_after_discrete", other=NVIDIA.description)),
    ),
    outcome=msg("devices_used", names=[NVIDIA.description]),
)


def test_each_device_says_what_it_is_and_whether_models_use_it(
    open_dialog: Callable[[], SettingsDialog], bridge: FakeBridge
) -> None:
    dialog = open_dialog()
    dialog.show_page(Group.DEVICES)
    assert child(dialog, QLabel, "no_devices").text() == "None"
    outcome = child(dialog, QLabel, "devices_outcome")
    assert outcome.text() == "Models run on the processor: this build has no GPU backend."
    bridge.publish(snapshot(devices=LAPTOP))
    assert outcome.isHidden()
    texts = [
        [child(dialog, QLabel, f"{part}_{name}").text() for part in ("description", "state", "facts", "reason")]
        for name in ("Vulkan1", "Vulkan0")
    ]
    assert texts == [
        [
            "NVIDIA GeForce RTX 3050 Laptop GPU",
            "In use",
            "Graphics card · 4.0 GB · Vulkan1 · 0000:01:00.0 · NVIDIA 550.54",
            "It has memory of its own.",
        ],
        [
            "Intel(R) Iris(R) Xe Graphics",
            "Not used",
            "Integrated graphics · 16.0 GB · Vulkan0",
            "It shares the processor's memory, and NVIDIA GeForce RTX 3050 Laptop GPU has its own.",
        ],
    ]


def test_what_does_not_work_comes_with_a_remedy(open_dialog: Callable[[], SettingsDialog], bridge: FakeBridge) -> None:
    problem = msg("vulkan_no_loader")
    bridge.publish(
        snapshot(devices=DeviceList(problems=(DeviceProblem(problem),), outcome=msg("devices_unused", reason=problem)))
    )
    remark = child(open_dialog(), Remark, "remark_devices_found")
    assert remark.words == (
        "The Vulkan loader is not installed. Install libvulkan1 and the Vulkan driver of the graphics card."
    )


def test_a_device_in_use_shows_its_memory(open_dialog: Callable[[], SettingsDialog], bridge: FakeBridge) -> None:
    dialog = open_dialog()
    bridge.publish(snapshot(devices=LAPTOP, device_memory=(DeviceMemory("Vulkan1", 3 * GB, GB),)))
    assert child(dialog, QLabel, "taken_Vulkan1").text() == "Models take 1 of 3 GB"
    assert not child(dialog, ShareBar, "bar_Vulkan1").isHidden()
    assert child(dialog, ShareBar, "bar_Vulkan0").isHidden()
    bridge.publish(snapshot(devices=LAPTOP))
    assert child(dialog, ShareBar, "bar_Vulkan1").isHidden()


def test_measured_speeds_are_a_table_with_the_fastest_first(
    open_dialog: Callable[[], SettingsDialog], bridge: FakeBridge
) -> None:
    speeds = (
        DeviceSpeed("qwen3 36x4096 Q4_K_M", Speed(1350.4, 46.2), Speed(92.1, 9.34), 5.1, True),
        DeviceSpeed("nomic-bert 12x768 Q8_0", Speed(20_400.0, 0.0), Speed(2400.0, 0.0), 8.5, True),
    )
    used, left_off = LAPTOP.devices
    bridge.publish(snapshot(devices=replace(LAPTOP, devices=(replace(used, speeds=speeds), left_off))))
    dialog = open_dialog()
    shapes = [child(dialog, ElidedLabel, f"speed_Vulkan1_{row}_0").text() for row in range(3)]
    assert shapes == ["Models of this shape", "nomic-bert 12x768 Q8_0", "qwen3 36x4096 Q4_K_M"]
    figures = [
        [child(dialog, QLabel, f"speed_Vulkan1_{row}_{column}").text() for column in (1, 2, 3)] for row in (1, 2)
    ]
    assert figures == [["20,400 / 2,400", "", "8.5x"], ["1,350 / 92", "46 / 9.3", "5.1x"]]


def test_a_device_is_chosen_from_those_that_were_found(
    open_dialog: Callable[[], SettingsDialog], bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.publish(snapshot(devices=LAPTOP))
    dialog = open_dialog()
    offered: list[list[str]] = []

    def choose(_parent: QWidget, _title: str, _label: str, names: list[str]) -> tuple[str, bool]:
        offered.append(names)
        return names[0], True

    monkeypatch.setattr(QInputDialog, "getItem", choose)
    child(dialog, QCheckBox, "auto_devices").click()
    for _ in range(2):
        child(dialog, QPushButton, "add_devices").click()
    assert offered == [[NVIDIA.description, INTEL.description, "cpu"], [INTEL.description, "cpu"]]
    field = child(dialog, QListWidget, "field_devices")
    assert [field.item(row).text() for row in range(field.count())] == [NVIDIA.description, INTEL.description]
