"""The user's own use, with the devices of this computer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from preheat.devices import Device, DeviceKind, DeviceReport
from preheat.messages import msg
from preheat.replay import Kind, recorded_use
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.settings import Settings
from preheat.usage import DAY_S, RequestRecord, UsageLog, WakeRecord

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


@pytest.mark.usefixtures("starter_home")
def test_what_was_used_while_the_clock_was_ahead_is_left_out(tmp_path: Path) -> None:
    """A year without use would have to be replayed."""
    log, now = UsageLog(tmp_path / "usage.db"), time.time()
    for at in (now - 60, now + 365 * DAY_S):
        log.record(RequestRecord(CHAT, at, Outcome.MISS))
        log.record(WakeRecord(at + 1, "notes"))
        log.record(DecisionRecord(at - 1, CHAT, Action.PRELOAD, msg("never_used")))
    assert log.write_pending()
    log.close()
    trace = recorded_use(Settings(), tmp_path / "usage.db", None)
    assert [event.kind for event in trace.events] == [Kind.BOOT, Kind.REQUEST, Kind.WAKE]
