"""The devices that were found, in the settings dialog."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel

from children import child
from fake_bridge import snapshot
from preheat.control import Device, DeviceKind, DeviceList, DeviceMemory, DeviceProblem, DeviceUse
from preheat.messages import msg
from preheat.settings import Group
from preheat_gui.settings_dialog.page import Remark
from preheat_gui.widgets import ShareBar

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
    dialog.show_page(Group.MODELS)
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
