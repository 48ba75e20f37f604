"""Measured speeds are kept for a processor, a driver and a version of llama.cpp."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from preheat.devices import Device, DeviceKind, Speed, SpeedPair, SpeedTable

UHD = Device("Vulkan0", "Intel UHD", DeviceKind.INTEGRATED, "vulkan", 1, 1, driver="Mesa 24", library="1")
SHAPE = "llama 30x1536 Q4_K_M"


def times(share: float) -> SpeedPair:
    return SpeedPair(Speed(100 * share, 10 * share), Speed(100, 10))


def opened(path: Path) -> SpeedTable:
    table = SpeedTable(path)
    table.open()
    return table


def test_speeds_survive_restarts(tmp_path: Path) -> None:
    path = tmp_path / "speeds.json"
    noted = opened(path).note(UHD, SHAPE, times(2))
    again = opened(path)
    assert again.speed(UHD, SHAPE) == noted
    assert again.of(UHD) == (noted,)
    assert noted.in_use


@pytest.mark.parametrize("changed", [replace(UHD, driver="Mesa 25"), replace(UHD, library="2")])
def test_another_driver_or_llama_is_measured_again(tmp_path: Path, changed: Device) -> None:
    table = opened(tmp_path / "speeds.json")
    table.note(UHD, SHAPE, times(2))
    assert table.speed(changed, SHAPE) is None
    assert table.speed(UHD, "qwen3 64x5120 Q8_0") is None


def test_a_new_driver_turns_a_decision_around_only_by_much(tmp_path: Path) -> None:
    table = opened(tmp_path / "speeds.json")
    newer, newest = replace(UHD, driver="Mesa 25"), replace(UHD, driver="Mesa 26")
    assert table.note(UHD, SHAPE, times(2)).in_use
    assert table.note(newer, SHAPE, times(1)).in_use
    assert not table.note(newest, SHAPE, times(0.8)).in_use
    assert not table.note(UHD, SHAPE, times(1)).in_use


def test_speeds_beside_another_processor_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "speeds.json"
    opened(path).note(UHD, SHAPE, times(2))
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"processor": "another"}))
    assert opened(path).of(UHD) == ()


@pytest.mark.parametrize("value", ["fast", None, float("nan"), -1, 0])
def test_an_edited_file_costs_measurements_only(tmp_path: Path, value: object) -> None:
    path = tmp_path / "speeds.json"
    opened(path).note(UHD, SHAPE, times(2))
    content = json.loads(path.read_text())
    content["speeds"][UHD.key][SHAPE]["processor"] = {"prefill": value, "decode": value}
    path.write_text(json.dumps(content))
    assert opened(path).of(UHD) == ()


def test_a_folder_that_takes_no_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    table = opened(tmp_path / "file" / "speeds.json")
    table.note(UHD, SHAPE, times(2))
    assert "the speeds of devices are not kept" in caplog.text
    assert len(table.of(UHD)) == 1
