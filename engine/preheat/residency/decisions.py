"""Actions on models and their reasons: plain values for the log of decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from preheat.inference import LoadStages
from preheat.messages import Message


class Action(StrEnum):
    """An action on a model. ``PRELOAD`` is a load without a waiting request. Loads are recorded once they are hot.

    ``REPACK`` exchanges mapped weights for repacked ones, ``SHRINK`` the other way round.
    """

    LOAD = "load"
    PRELOAD = "preload"
    UNLOAD = "unload"
    EVICT = "evict"
    CANCEL = "cancel"
    FAIL = "fail"
    REPACK = "repack"
    SHRINK = "shrink"


class Cause(StrEnum):
    """Why a model is loaded."""

    REQUEST = "request"
    PRELOAD = "preload"


class EvictionReason(StrEnum):
    """Why a model leaves memory."""

    ROOM = "room"
    """A request needs its memory."""

    PRELOAD = "preload"
    """A model that is used more takes its place."""

    OTHERS = "others"
    """Room was made for other programs."""

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
    """Preheat is shutting down."""


EXCHANGE: Final = "exchange"
"""The cause of what is decided about the second worker of a model, which loads another form; the first one stays."""


class Outcome(StrEnum):
    """State of the model at a request's arrival: hot, loading, or neither."""

    HIT = "hit"
    LATE_HIT = "late_hit"
    MISS = "miss"


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One load, unload or eviction, and its reason.

    Attributes:
        at: Unix time.
        reason: The reason, as a message.
        bytes: Memory taken or released.
        seconds: Duration; None where that means nothing.
        cause: Kind of reason: a ``Cause``, an ``EvictionReason``, ``EXCHANGE`` or an error code.
        idle_s: Seconds since the model's last request; None before one.
        wasted: This ended a preload that no request had used, and the model does not return by itself.
        stages: What a load consisted of; None for anything else.
    """

    at: float
    model_id: str = field(metadata={"json": "model"})
    action: Action
    reason: Message = field(metadata={"json": "why", "message": "reason"})
    bytes: int = 0
    seconds: float | None = None
    cause: str = ""
    idle_s: float | None = None
    wasted: bool = False
    stages: LoadStages | None = None

    @property
    def why(self) -> str:
        """The reason in English."""
        return str(self.reason)
