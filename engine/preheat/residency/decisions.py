"""What the pool did about a model, and why: plain values, for the log of decisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What was done about a model. ``PRELOAD`` is a load with nobody waiting; both are written once it is hot."""

    LOAD = "load"
    PRELOAD = "preload"
    UNLOAD = "unload"
    EVICT = "evict"
    CANCEL = "cancel"
    FAIL = "fail"


class EvictionReason(StrEnum):
    """The kind of reason for which a model leaves."""

    ROOM = "room"
    """A request needs its memory."""

    PRELOAD = "preload"
    """Something that is used more takes its place."""

    PRESSURE = "pressure"
    LIMIT = "limit"
    KEEP_ALIVE = "keep_alive"
    SETTINGS = "settings"
    FILE = "file"
    """Its file was replaced."""

    USER = "user"
    PAUSED = "paused"
    """Preloading was paused or switched off."""

    END = "end"
    """Preheat ends."""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One load, unload or eviction, and why.

    Attributes:
        at: Unix time at which it was done.
        why: The reason, in words for the user; the log keeps 500 characters.
        bytes: Memory taken or released.
        seconds: How long it took; None where that means nothing.
        cause: The kind of reason, such as ``request`` or ``pressure``.
        idle_s: Seconds since the model's last request; None before one.
        wasted: This ended a preload that no request had used.
    """

    at: float
    model_id: str
    action: Action
    why: str
    bytes: int = 0
    seconds: float | None = None
    cause: str = ""
    idle_s: float | None = None
    wasted: bool = False
