"""What a plan of preloads consists of, and the settings and needs that it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from preheat.residency import NO_DEVICE_BYTES, DeviceBytes, DevicePool


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """User-tunable policy settings.

    Attributes:
        learned: Preload all models of which a load pays, not only favourites and expected ones.
        waste_price: Price of a load in vain ÷ that of the same load while a request waits.
        keep_after_use_s: Time since its last request in which no preload displaces a model, in seconds.
        eviction: What makes room for a request: what is worth least by the ``foresight``, or the least recently used.
        read_ahead: Models to read into the page cache: ``used`` before, and favourites; ``all``; or none (``off``).
    """

    learned: bool = True
    waste_price: float = 1.0
    keep_after_use_s: float = 60.0
    eviction: Literal["foresight", "lru"] = "foresight"
    read_ahead: Literal["used", "all", "off"] = "used"


class TargetKind(StrEnum):
    """Why a model should be hot."""

    EXPECTED = "expected"
    """A client woke that usually uses it next, or it was announced."""

    FAVOURITE = "favourite"
    LEARNED = "learned"


class PlanAction(StrEnum):
    """What to do about a target."""

    KEEP = "keep"
    """It is hot, or loading."""

    PRELOAD = "preload"
    NO_ROOM = "no room"
    """It fits only without a favourite, or a model that is worth more or was just used."""

    TOO_LARGE = "too large"
    """It exceeds the limit on its own."""


class PreloadTarget(NamedTuple):
    """One model that should be hot.

    Attributes:
        rank: Its place among targets of its kind, from 1.
        displaces: Models to unload first, those that are worth least first.
        missing_bytes: Bytes missing after freeing all it may displace (``NO_ROOM``) or above the limit (``TOO_LARGE``).
        device: Where they are missing; None for main memory.
        vain: Estimated chance that it leaves unused, if the estimate decided about its load; otherwise 0.
        after_others: Its load has room only after other loads of the plan, and what they displace.
    """

    model_id: str
    kind: TargetKind
    rank: int
    action: PlanAction
    displaces: tuple[str, ...] = ()
    missing_bytes: int = 0
    device: str | None = None
    vain: float = 0.0
    after_others: bool = False


class PreloadPlan(NamedTuple):
    """The models that should be hot, and the files that should be in the page cache.

    Attributes:
        targets: Best first.
        standby: Models worth reading into the page cache, best first, whatever memory is free.
    """

    targets: tuple[PreloadTarget, ...]
    standby: tuple[str, ...]

    @property
    def preloads(self) -> tuple[PreloadTarget, ...]:
        """Targets to load, in order. Make a new plan after each."""
        loads = (target for target in self.targets if target.action is PlanAction.PRELOAD)
        return tuple(sorted(loads, key=lambda target: target.after_others))


class LimitOutlook(NamedTuple):
    """The effect of another memory limit on what is in memory.

    Attributes:
        stays: Models that stay in memory; ``shrinks`` are those of them that give up their repacked form.
        leaves: Models that would be unloaded, at once or for one of ``loads``.
        loads: Models that would be preloaded, in order.
        left_out: Models that should be hot and would have no room.
    """

    stays: tuple[str, ...]
    shrinks: tuple[str, ...]
    leaves: tuple[str, ...]
    loads: tuple[str, ...]
    left_out: tuple[str, ...]


class DeviceNeeds(NamedTuple):
    """What models need of devices: the limits of these, and the expected bytes of each model that uses some."""

    limits: DeviceBytes = NO_DEVICE_BYTES
    sizes: Mapping[str, DeviceBytes] = MappingProxyType({})

    def pools(self, model_id: str) -> list[DevicePool]:
        """Return the devices that a model uses."""
        needed = self.sizes.get(model_id)
        if not needed:
            return []
        return [DevicePool(device, size, self.limits.get(device, 0)) for device, size in needed.items()]


NO_DEVICES: Final = DeviceNeeds()
