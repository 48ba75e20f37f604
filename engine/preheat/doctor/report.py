"""The report of all checks, as values. Its JSON form (``control.encode``) is public and stable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from preheat.messages import Message, Param, msg, render

SCHEMA = 1
"""Version of the JSON form: raised when a field changes its meaning or goes."""


class Level(StrEnum):
    """Result of a check; later members are worse."""

    GOOD = "good"
    TO_DO = "to_do"  # works, but the user should do something
    BROKEN = "broken"  # a part of Preheat cannot work

    @property
    def words(self) -> str:
        """The level as shown."""
        return self.value.replace("_", " ")


def worst(levels: Iterable[Level]) -> Level:
    """Return the worst of these levels; good if there are none."""
    order = list(Level)
    return max(levels, key=order.index, default=Level.GOOD)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check.

    Attributes:
        title: What was found; its hint says what to do. In JSON, ``code`` has its code and parameters.
        details: More lines, such as one for each folder.
    """

    JSON_PROPERTIES: ClassVar = ("remedy",)

    level: Level
    title: Message = field(metadata={"message": "code"})
    details: tuple[str, ...] = ()

    @property
    def remedy(self) -> str:
        """What to do, in English; empty if there is nothing to do."""
        return render(self.title).hint


def good(code: str, /, details: Iterable[str] = (), **params: Param) -> Finding:
    """Return a finding of a part that works."""
    return Finding(Level.GOOD, msg(code, **params), tuple(details))


def to_do(code: str, /, details: Iterable[str] = (), **params: Param) -> Finding:
    """Return a finding of a part that works but needs attention."""
    return Finding(Level.TO_DO, msg(code, **params), tuple(details))


def broken(code: str, /, details: Iterable[str] = (), **params: Param) -> Finding:
    """Return a finding of a part that cannot work."""
    return Finding(Level.BROKEN, msg(code, **params), tuple(details))


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The findings of one check."""

    JSON_PROPERTIES: ClassVar = ("level",)

    name: str  # stable, such as ``port``
    title: str
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The worst level of the findings."""
        return worst(finding.level for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all checks."""

    JSON_PROPERTIES: ClassVar = ("level",)

    version: str  # of Preheat
    made_at: float  # Unix time
    took_s: float
    checks: tuple[CheckResult, ...]
    schema: int = SCHEMA

    @property
    def level(self) -> Level:
        """The worst level of the checks."""
        return worst(check.level for check in self.checks)

    def count(self, level: Level) -> int:
        """Return the number of findings of a level."""
        return sum(finding.level is level for check in self.checks for finding in check.findings)
