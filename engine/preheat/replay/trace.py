"""Traces: what happened on a machine, as a list of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The kind of an event."""

    BOOT = "boot"
    """Preheat starts with nothing in memory."""

    OFF = "off"
    """The machine is switched off, and everything in memory is lost."""

    WAKE = "wake"
    """A client listed the models or opened a session; with a model, it asked for the details of that model."""

    REQUEST = "request"


class TraceEvent(NamedTuple):
    """One event.

    Attributes:
        at: Unix time.
        model_id: The requested model, or the one named by a wake.
        client: The client's name; empty if unknown.
    """

    at: float
    kind: Kind
    model_id: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class ModelSize:
    """The size of a model.

    Attributes:
        resident_bytes: Memory of the hot model.
        file_bytes: File size on disk and in the page cache.
    """

    resident_bytes: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A recorded or synthetic history.

    Attributes:
        events: Ordered by time.
        sizes: Sizes of all models in the events.
        favourites: The user's favourites, in order.
    """

    events: tuple[TraceEvent, ...]
    sizes: Mapping[str, ModelSize]
    favourites: tuple[str, ...] = ()

    def room_for(self, count: int) -> int:
        """Return a limit under which any ``count`` of the models fit, in bytes."""
        return sum(sorted((size.resident_bytes for size in self.sizes.values()), reverse=True)[:count])
