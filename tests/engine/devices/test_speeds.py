"""Whether a device is worth it, from measurements."""

from __future__ import annotations

import pytest

from preheat.devices import (
    Device,
    DeviceChoice,
    DeviceKind,
    DeviceReport,
    DeviceSpeed,
    Speed,
    SpeedPair,
    choose_devices,
    is_worth_it,
    outcome,
    speed_reason,
    with_speeds,
)
from preheat.messages import render

GIB = 1 << 30
UHD = Device("Vulkan0", "Intel UHD", DeviceKind.INTEGRATED, "vulkan", 8 * GIB, 7 * GIB)
CARD = Device("Vulkan1", "Radeon", DeviceKind.DISCRETE, "vulkan", 8 * GIB, 7 * GIB)


def pair(prefill: float, decode: float) -> SpeedPair:
    """Speeds on a device, as shares of those on the processor."""
    return SpeedPair(Speed(200 * prefill, 20 * decode), Speed(200, 20))


def measured(prefill: float, decode: float, *, in_use: bool, shape: str = "llama 30x1536 Q4_K_M") -> DeviceSpeed:
    each = pair(prefill, decode)
    return DeviceSpeed(shape, each.device, each.processor, each.gain, in_use)


def chosen(device: Device, *speeds: DeviceSpeed, automatic: bool = True) -> DeviceChoice:
    wanted = None if automatic else (device.name,)
    report = DeviceReport((device,), backends=("vulkan",))
    return with_speeds(choose_devices(wanted, report), [speeds], automatic=automatic)


def test_a_gain_is_that_of_prefill_and_decode_together() -> None:
    assert pair(1, 1).gain == pytest.approx(1)
    assert pair(2, 2).gain == pytest.approx(2)
    assert pair(1, 0.5).gain < pair(2, 0.5).gain < 1 < pair(4, 0.9).gain


def test_what_is_not_measured_does_not_count() -> None:
    assert SpeedPair(Speed(0, 5), Speed(200, 20)).gain == pytest.approx(0.25)
    assert SpeedPair(Speed(400, 0), Speed(200, 0)).gain == pytest.approx(2)


@pytest.mark.parametrize(
    ("kind", "before", "gain", "worth"),
    [
        (DeviceKind.INTEGRATED, None, 1.1, False),
        (DeviceKind.INTEGRATED, None, 1.2, True),
        (DeviceKind.INTEGRATED, True, 1.0, True),
        (DeviceKind.INTEGRATED, True, 0.9, False),
        (DeviceKind.INTEGRATED, False, 1.1, False),
        (DeviceKind.DISCRETE, None, 1.0, True),
        (DeviceKind.DISCRETE, None, 0.9, False),
        (DeviceKind.DISCRETE, False, 1.1, False),
    ],
)
def test_a_decision_does_not_turn_around_by_little(
    kind: DeviceKind, before: bool | None, gain: float, worth: bool
) -> None:
    assert is_worth_it(pair(gain, gain), kind, before) is worth


def test_an_integrated_gpu_waits_for_its_measurement() -> None:
    choice = chosen(UHD)
    assert choice.names == ()
    assert choice.uses[0].reason.code == "device_unmeasured"
    assert chosen(CARD).names == ("Vulkan1",)


def test_a_slow_gpu_is_left_off_and_says_so() -> None:
    choice = chosen(UHD, measured(1.2, 0.6, in_use=False))
    assert choice.names == ()
    assert render(outcome(choice, DeviceReport((UHD,), backends=("vulkan",)))).text == (
        "Models run on the processor: Intel UHD is left off, as it decodes at 60 % of the processor's speed, and "
        "prefills at 120 %"
    )
    assert chosen(CARD, measured(0.5, 0.5, in_use=False)).names == ()


def test_a_gpu_that_gains_for_one_shape_is_used() -> None:
    slow, fast = measured(0.9, 0.9, in_use=False), measured(3, 2, in_use=True, shape="qwen3 64x5120 Q4_K_M")
    choice = chosen(UHD, slow, fast)
    assert choice.names == ("Vulkan0",)
    assert choice.uses[0].reason == speed_reason(fast)
    assert choice.uses[0].speeds == (slow, fast)


def test_a_gpu_that_is_named_is_used_however_slow() -> None:
    choice = chosen(UHD, measured(0.1, 0.1, in_use=False), automatic=False)
    assert choice.names == ("Vulkan0",)
    assert choice.uses[0].reason.code == "device_named"
    assert len(choice.uses[0].speeds) == 1


@pytest.mark.parametrize(
    ("speed", "words"),
    [
        (Speed(0, 2), "it decodes at 10 % of the processor's speed"),
        (Speed(500, 0), "it prefills at 250 % of the processor's speed"),
    ],
)
def test_words_about_one_speed(speed: Speed, words: str) -> None:
    processor = Speed(200, 20 if speed.decode else 0)
    found = SpeedPair(speed, processor)
    assert render(speed_reason(DeviceSpeed("", speed, processor, found.gain, True))).text == words
