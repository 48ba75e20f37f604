"""What happened on a machine, as a list of events: the usage log's form for replay, and the synthetic users'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What an event is."""

    BOOT = "boot"
    """Preheat starts with nothing in memory: the machine was off."""

    OFF = "off"
    """The machine is switched off; everything in memory is lost."""

    WAKE = "wake"
    """A client listed the models or opened a session; with a model, it asked for that model's details."""

    REQUEST = "request"


class TraceEvent(NamedTuple):
    """One event.

    Attributes:
        at: Unix time.
        model_id: The model of a request, or the one whose details were asked for.
        client: Who asks; empty if that is not known.
    """

    at: float
    kind: Kind
    model_id: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class ModelSize:
    """What a model takes.

    Attributes:
        resident_bytes: In memory, while it is hot.
        file_bytes: On disk, and in the page cache.
    """

    resident_bytes: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A log to be replayed.

    Attributes:
        events: In the order of their times.
        sizes: Of every model that the events name.
        favourites: The user's, in order.
    """

    events: tuple[TraceEvent, ...]
    sizes: Mapping[str, ModelSize]
    favourites: tuple[str, ...] = ()

    def room_for(self, count: int) -> int:
        """Return a limit under which any ``count`` of the models fit, in bytes."""
        return sum(sorted((size.resident_bytes for size in self.sizes.values()), reverse=True)[:count])
