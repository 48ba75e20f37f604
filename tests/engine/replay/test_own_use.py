"""The user's own use, with the devices of this computer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from preheat.devices import Device, DeviceKind, DeviceReport
from preheat.replay import recorded_use
from preheat.residency import Outcome
from preheat.settings import Settings
from preheat.usage import RequestRecord, UsageLog

CHAT = "smollm2-135m-instruct.q4_1"
CARD = Device("Vulkan0", "Imaginary card", DeviceKind.DISCRETE, "vulkan", 10**9, 10**9)
SHARED = Device("Vulkan1", "Imaginary processor", DeviceKind.INTEGRATED, "vulkan", 10**9, 10**9)


@pytest.mark.usefixtures("starter_home")
@pytest.mark.parametrize(
    ("devices", "device", "limits"),
    [
        (None, CARD, {"Vulkan0": 800_000_000}),
        (("Vulkan1",), SHARED, {"Vulkan1": 800_000_000}),
        (None, SHARED, {}),  # not measured
        (("cpu",), CARD, {}),
    ],
)
def test_models_take_memory_of_devices(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    devices: tuple[str, ...] | None,
    device: Device,
    limits: dict[str, int],
) -> None:
    report = DeviceReport((device,), backends=("vulkan",))
    monkeypatch.setattr("preheat.replay.own_use.remembered_devices", lambda: report)
    path = tmp_path / "usage.db"
    log = UsageLog(path)
    log.record(RequestRecord(CHAT, time.time() - 60, Outcome.MISS))
    assert log.write_pending()
    log.close()
    trace = recorded_use(Settings(devices=devices), path, None)
    size = trace.sizes[CHAT]
    assert (trace.device_limits, size.device_bytes.keys()) == (limits, limits.keys())
    assert size.resident_bytes > 0
