"""What the activity page says of each decision. Pure but for the language and the time zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, QTime

from preheat.residency.decisions import Action, DecisionRecord
from preheat_gui import words
from preheat_gui.widgets import Token
from preheat_gui.words import format_duration, format_memory

translate = QCoreApplication.translate


class Kind(StrEnum):
    """What became of a model. The values are remembered between starts."""

    LOADED = "loaded"
    UNLOADED = "unloaded"
    FAILED = "failed"


KINDS: Final = {
    Action.LOAD: Kind.LOADED,
    Action.PRELOAD: Kind.LOADED,
    Action.UNLOAD: Kind.UNLOADED,
    Action.EVICT: Kind.UNLOADED,
    Action.CANCEL: Kind.UNLOADED,
    Action.FAIL: Kind.FAILED,
}

_SIGNS: Final = {
    Action.LOAD: ("flame", Token.ACCENT),
    Action.PRELOAD: ("flame", Token.ACCENT),
    Action.UNLOAD: ("eject", Token.MUTED),
    Action.EVICT: ("eject", Token.MUTED),
    Action.CANCEL: ("stop", Token.MUTED),
    Action.FAIL: ("warning", Token.BAD),
}

_SAID_IN_SENTENCE: Final = (Action.LOAD, Action.PRELOAD)
"""Their sentence has the seconds already."""


@dataclass(frozen=True, slots=True)
class DayRow:
    """The line above a day's decisions."""

    day: date

    def words(self, today: date) -> str:
        """Return ``Today``, ``Yesterday``, or the date."""
        if self.day == today:
            return translate("Activity", "Today")
        if self.day == today - timedelta(days=1):
            return translate("Activity", "Yesterday")
        return QLocale().toString(QDate(self.day.year, self.day.month, self.day.day), QLocale.FormatType.LongFormat)


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision."""

    decision: DecisionRecord

    @property
    def time(self) -> str:
        """The time of day, as the user's language writes it."""
        at = datetime.fromtimestamp(self.decision.at)
        return QLocale().toString(QTime(at.hour, at.minute, at.second), QLocale.FormatType.ShortFormat)

    @property
    def sentence(self) -> str:
        """What was done, and why."""
        return words.decision_sentence(self.decision)

    @property
    def figures(self) -> str:
        """Size and seconds; empty where neither is known."""
        decision, parts = self.decision, []
        if decision.bytes:
            parts.append(format_memory(decision.bytes))
        if decision.seconds is not None and decision.action not in _SAID_IN_SENTENCE:
            parts.append(format_duration(decision.seconds))
        return " · ".join(parts)

    @property
    def sign(self) -> tuple[str, Token]:
        """The symbol's name and its colour."""
        return _SIGNS[self.decision.action]

    @property
    def whole(self) -> str:
        """Everything, in one line: for a tooltip, a screen reader, and the clipboard."""
        at = QDateTime.fromSecsSinceEpoch(int(self.decision.at))
        when = QLocale().toString(at, QLocale.FormatType.ShortFormat)
        return " · ".join(part for part in (when, self.sentence, self.figures) if part)


Row = DayRow | DecisionRow


def make_rows(decisions: Iterable[DecisionRecord], kind: Kind | None = None, model_id: str = "") -> list[Row]:
    """Return the rows of these decisions, the newest first.

    Args:
        kind: Only these; None for all.
        model_id: Only this model's; empty for all.
    """
    rows: list[Row] = []
    day: date | None = None
    for decision in decisions:
        if (kind is not None and KINDS[decision.action] is not kind) or (model_id and decision.model_id != model_id):
            continue
        at = datetime.fromtimestamp(decision.at).date()
        if at != day:
            day = at
            rows.append(DayRow(at))
        rows.append(DecisionRow(decision))
    return rows


def kind_words(kind: Kind | None) -> str:
    """Return the filter's name in the list."""
    if kind is None:
        return translate("Activity", "Everything")
    return {
        Kind.LOADED: translate("Activity", "Loaded"),
        Kind.UNLOADED: translate("Activity", "Unloaded"),
        Kind.FAILED: translate("Activity", "Failed"),
    }[kind]
