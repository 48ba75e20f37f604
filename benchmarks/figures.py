"""Results of a measure: samples of both servers, medians, ratio, and whether the target is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any


class Label(StrEnum):
    """The two servers."""

    PREHEAT = "Preheat"
    LLAMA_SERVER = "llama-server"


class Subject(StrEnum):
    """The quantity a target limits."""

    VALUE = "value"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Target:
    """A value to reach."""

    subject: Subject  # Preheat's own value, or its ratio to the other server's
    limit: float  # in the figure's unit, or as a ratio
    at_least: bool = False  # the limit is a minimum; otherwise it is a maximum

    def met_by(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


def ratio_at_most(limit: float) -> Target:
    return Target(Subject.RATIO, limit)


def ratio_at_least(limit: float) -> Target:
    return Target(Subject.RATIO, limit, at_least=True)


def value_at_most(limit: float) -> Target:
    return Target(Subject.VALUE, limit)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    unit: str  # unit of samples and medians; empty for shares and ratios
    preheat: tuple[float, ...]  # Preheat's samples
    other: tuple[float, ...] = ()  # llama-server's samples; empty without a comparison
    target: Target | None = None
    note: str = ""  # shown after the name

    @property
    def preheat_median(self) -> float:
        return median(self.preheat)

    @property
    def other_median(self) -> float | None:
        return median(self.other) if self.other else None

    @property
    def ratio(self) -> float | None:
        """Preheat ÷ the other server: the median of the ratios of each round's samples, if the counts are equal.

        Samples of one round are taken close together, so slow changes of the machine affect both.
        """
        if not self.other:
            return None
        if len(self.preheat) == len(self.other):
            return median(mine / theirs for mine, theirs in zip(self.preheat, self.other, strict=True))
        return median(self.preheat) / median(self.other)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        value = self.ratio if self.target.subject is Subject.RATIO else self.preheat_median
        return value is not None and self.target.met_by(value)

    def as_json(self) -> dict[str, Any]:
        """Return all values, including derived ones."""
        target = self.target and {
            "subject": str(self.target.subject),
            "limit": self.target.limit,
            "at_least": self.target.at_least,
        }
        return {
            "name": self.name,
            "unit": self.unit,
            "preheat": self.preheat_median,
            "other": self.other_median,
            "ratio": self.ratio,
            "target": target,
            "met": self.met,
            "note": self.note,
            "preheat_samples": list(self.preheat),
            "other_samples": list(self.other),
        }


class Samples:
    """Collects one figure's samples of both servers."""

    def __init__(self) -> None:
        self._found: dict[Label, list[float]] = {label: [] for label in Label}

    def add(self, label: Label, *values: float) -> None:
        self._found[label] += values

    def figure(self, name: str, unit: str, target: Target | None = None, note: str = "") -> Figure:
        """Return a figure of the collected samples."""
        mine, theirs = (tuple(self._found[label]) for label in (Label.PREHEAT, Label.LLAMA_SERVER))
        return Figure(name, unit, mine, theirs, target, note)


def spread(samples: Sequence[float]) -> float:
    """Return (largest - smallest) ÷ median; 0 for a single sample."""
    middle = median(samples)
    return (max(samples) - min(samples)) / middle if middle else 0.0
