"""Whether a model fits into memory: now, if others leave, or not at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from preheat.messages import Message, msg


class FitAnswer(StrEnum):
    """Whether a model fits."""

    NOW = "now"
    IF_OTHERS_LEAVE = "if_others_leave"
    TOO_BIG = "too_big"
    """It exceeds the memory limit on its own."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A model in memory that would make room for another one."""

    model_id: str = field(metadata={"json": "model"})
    room_bytes: int  # room for another model once this one and all before it have left


@dataclass(frozen=True, slots=True)
class Headroom:
    """The memory for another model.

    Attributes:
        free_bytes: What is free now, or given up without unloading anything.
        leaving: The models in memory, in the order in which a request would unload them.
    """

    limit_bytes: int = 0
    free_bytes: int = 0
    leaving: tuple[Leaving, ...] = ()

    @classmethod
    def beside(cls, residents: Mapping[str, int], limit_bytes: int, reachable_bytes: int | None = None) -> Headroom:
        """Return the room next to models in memory, given with their bytes in the order in which they would leave.

        Args:
            reachable_bytes: The limit, lowered where the system has less.
        """
        room = (limit_bytes if reachable_bytes is None else reachable_bytes) - sum(residents.values())
        free_bytes, leaving = max(room, 0), list[Leaving]()
        for model_id, size in residents.items():
            room += size
            leaving.append(Leaving(model_id, room))
        return cls(limit_bytes, free_bytes, tuple(leaving))

    def fit(self, needed_bytes: int) -> Fit:
        """Return whether a model that is not in memory fits."""
        if needed_bytes > self.limit_bytes:
            return Fit(FitAnswer.TOO_BIG, missing_bytes=needed_bytes - self.limit_bytes)
        room, leaves = self.free_bytes, 0
        while room < needed_bytes and leaves < len(self.leaving):
            room = self.leaving[leaves].room_bytes
            leaves += 1
        if not leaves and room >= needed_bytes:
            return FITS
        names = tuple(each.model_id for each in self.leaving[:leaves])
        return Fit(FitAnswer.IF_OTHERS_LEAVE, names, programs_bytes=max(needed_bytes - room, 0))


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model fits, and what stands in its way."""

    JSON_PROPERTIES: ClassVar = ("fit_text",)

    fit: FitAnswer = FitAnswer.NOW
    leaves: tuple[str, ...] = ()  # models that would be unloaded for it, the first one first
    missing_bytes: int = 0  # what it needs above the memory limit
    programs_bytes: int = 0  # what other programs would have to release, too

    @property
    def words(self) -> Message:
        """The answer: ``fits now``, ``fits if qwen3-8b leaves``, ``too big for the limit by 2.1 GB``."""
        if self.fit is FitAnswer.TOO_BIG:
            return msg("fit_too_big", missing=self.missing_bytes)
        if self.fit is FitAnswer.NOW:
            return msg("fit_now")
        if self.programs_bytes:
            return msg("fit_if_programs_leave", missing=self.programs_bytes)
        return msg("fit_if_leaves" if len(self.leaves) == 1 else "fit_if_others_leave", models=self.leaves)

    @property
    def brief(self) -> Message:
        """The answer for narrow columns: ``fits if others leave``, ``too big by 2.1 GB``."""
        if self.fit is FitAnswer.TOO_BIG:
            return msg("fit_too_big_by", missing=self.missing_bytes)
        return msg("fit_if_others") if self.fit is FitAnswer.IF_OTHERS_LEAVE else self.words

    @property
    def fit_text(self) -> str:
        """The answer in English."""
        return str(self.words)


FITS = Fit()
