"""The measured speeds, kept over restarts: by device with its driver and llama.cpp's version, and by shape of model.

They hold for one processor; those of others are forgotten.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from preheat.devices.choice import DeviceChoice
from preheat.devices.device import Device, DeviceSpeed, Speed
from preheat.devices.speeds import SpeedPair, is_worth_it, reason_against, with_speeds
from preheat.files import read_json, write_atomic
from preheat.inference.processor import processor_key
from preheat.messages import Message
from preheat.paths import cache_dir

logger = logging.getLogger(__name__)

_MOST_DEVICES: Final = 8
_MOST_SHAPES: Final = 100
_WHERE: Final = ("device", "processor")


def speeds_file() -> Path:
    """Return the file with the measured speeds."""
    return cache_dir() / "devices-speeds.json"


class SpeedTable:
    """The known speeds. Engine's loop only; reads and writes a small file, whose loss only costs measurements.

    Args:
        path: The file; None keeps nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._processor = ""
        self._speeds: dict[str, dict[str, DeviceSpeed]] = {}  # by key of the device, then by shape; the latest last

    def open(self) -> None:
        """Read the speeds on this processor, before anything else is done. Blocks; any thread."""
        self._processor = processor_key()
        self._speeds = self._read()

    def of(self, device: Device) -> tuple[DeviceSpeed, ...]:
        """Return what is known about a device."""
        return tuple(self._speeds.get(device.key, {}).values())

    def speed(self, device: Device, shape: str) -> DeviceSpeed | None:
        """Return the speed of models of a shape on a device; None if it has not been measured."""
        return self._speeds.get(device.key, {}).get(shape)

    def decide(self, choice: DeviceChoice, *, automatic: bool) -> DeviceChoice:
        """Return the choice with what is known; see ``with_speeds``."""
        return with_speeds(choice, [self.of(use.device) for use in choice.uses], automatic=automatic)

    def left_off(self, choice: DeviceChoice, shape: str) -> Mapping[str, Message]:
        """Return why models of a shape are not put on devices that Preheat chose, by llama.cpp's names."""
        used = (use.device for use in choice.uses if use.in_use)
        reasons = {device.name: reason_against(device, self.speed(device, shape)) for device in used}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def note(self, device: Device, shape: str, pair: SpeedPair) -> DeviceSpeed:
        """Keep a measurement; return it with the decision."""
        in_use = is_worth_it(pair, device.kind, self._before(device, shape))
        speed = DeviceSpeed(shape, pair.device, pair.processor, pair.gain, in_use)
        known = self._speeds.pop(device.key, {})
        known.pop(shape, None)
        known[shape] = speed
        self._speeds[device.key] = dict(list(known.items())[-_MOST_SHAPES:])
        self._speeds = dict(list(self._speeds.items())[-_MOST_DEVICES:])
        self._write()
        return speed

    def _before(self, device: Device, shape: str) -> bool | None:
        """Return the last decision about this device and shape, with this driver or an older one."""
        found = [of[shape].in_use for key, of in self._speeds.items() if shape in of and _same_device(key, device.key)]
        return found[-1] if found else None

    def _write(self) -> None:
        if self._path is None:
            return
        speeds = {key: {shape: asdict(speed) for shape, speed in of.items()} for key, of in self._speeds.items()}
        try:
            write_atomic(
                self._path, json.dumps({"processor": self._processor, "speeds": speeds}, indent=1), durable=False
            )
        except OSError as error:
            logger.warning("the speeds of devices are not kept: %s", error)

    def _read(self) -> dict[str, dict[str, DeviceSpeed]]:
        try:
            content: Any = read_json(self._path) if self._path is not None else {}
            if content["processor"] != self._processor:
                return {}
            return {
                str(key): {str(shape): _speed(entry) for shape, entry in of.items()}
                for key, of in content["speeds"].items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError):  # none, or edited
            return {}


def _speed(entry: Mapping[str, Any]) -> DeviceSpeed:
    """Return a speed from the file.

    Raises:
        ValueError, TypeError, KeyError: The file was edited.
    """
    pair = SpeedPair(*(Speed(float(entry[where]["prefill"]), float(entry[where]["decode"])) for where in _WHERE))
    if not (math.isfinite(pair.gain) and pair.gain > 0):
        raise ValueError("no speed")
    return DeviceSpeed(str(entry["shape"]), pair.device, pair.processor, pair.gain, bool(entry["in_use"]))


def _same_device(key: str, other: str) -> bool:
    """Return whether two keys differ in nothing but driver and library; see ``Device.key``."""
    return key.split("|")[:3] == other.split("|")[:3]
