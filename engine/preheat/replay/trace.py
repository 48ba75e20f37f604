"""Traces: what happened on a machine, as a list of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import NamedTuple

from preheat.residency import NO_DEVICE_BYTES, DeviceBytes


class Kind(StrEnum):
    """The kind of an event."""

    BOOT = "boot"
    """Preheat starts with nothing in memory."""

    OFF = "off"
    """The machine is switched off, and everything in memory is lost."""

    SLEEP = "sleep"
    """The machine is suspended, and keeps what is in memory."""

    RESUME = "resume"
    """The machine wakes up."""

    WAKE = "wake"
    """A client listed the models or opened a session; with a model, it asked for the details of that model."""

    ADDED = "added"
    """A model was downloaded or imported."""

    CHOSEN = "chosen"
    """The user chose a model."""

    REQUEST = "request"


class TraceEvent(NamedTuple):
    """One event."""

    at: float  # Unix time
    kind: Kind
    model_id: str = ""  # the requested model, the one named by a wake, added or chosen
    client: str = ""  # the client's name; empty if unknown


@dataclass(frozen=True, slots=True)
class ModelSize:
    """The size of a model."""

    resident_bytes: int  # memory of the hot model
    file_bytes: int  # file size on disk and in the page cache
    repacked_bytes: int = 0  # memory with repacked weights; 0 if they are not worth it
    device_bytes: DeviceBytes = field(default_factory=lambda: NO_DEVICE_BYTES)  # memory of devices


@dataclass(frozen=True, slots=True)
class Trace:
    """A recorded or synthetic history."""

    events: tuple[TraceEvent, ...]  # ordered by time
    sizes: Mapping[str, ModelSize]  # sizes of all models in the events
    favourites: tuple[str, ...] = ()  # the user's favourites, in order
    device_limits: DeviceBytes = field(default_factory=lambda: NO_DEVICE_BYTES)  # what models may take of devices
    timezone: tzinfo | None = UTC  # that of hours and weekdays; None is the computer's, with its daylight saving time

    def room_for(self, count: int) -> int:
        """Return a limit under which any ``count`` of the models fit, in bytes."""
        return sum(sorted((size.resident_bytes for size in self.sizes.values()), reverse=True)[:count])
