"""The rows of the activity list. Pure except for language and time zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, QTime

from preheat.control import Action, DecisionRecord
from preheat_gui import words
from preheat_gui.dashboard.rows import GroupRow, Row
from preheat_gui.widgets import Token
from preheat_gui.words import format_duration, format_memory, joined

translate = QCoreApplication.translate


class Kind(StrEnum):
    """The outcome for a model. The values are stored between sessions."""

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
    Kind.LOADED: ("flame", Token.ACCENT),
    Kind.UNLOADED: ("eject", Token.MUTED),
    Kind.FAILED: ("warning", Token.BAD),
}


class DayRow(GroupRow):
    """The line above a day's decisions."""

    def __init__(self, day: date) -> None:
        super().__init__(day.isoformat())

    @property
    def text(self) -> str:
        """``Today``, ``Yesterday``, or the date."""
        day = date.fromisoformat(self.title)
        if day == date.today():
            return translate("Activity", "Today")
        if day == date.today() - timedelta(days=1):
            return translate("Activity", "Yesterday")
        return QLocale().toString(QDate(day.year, day.month, day.day), QLocale.FormatType.LongFormat)


@dataclass(frozen=True, slots=True)
class DecisionRow(Row):
    """One decision."""

    decision: DecisionRecord

    @property
    def time(self) -> str:
        """The time of day in the user's format."""
        at = datetime.fromtimestamp(self.decision.at)
        return QLocale().toString(QTime(at.hour, at.minute, at.second), QLocale.FormatType.ShortFormat)

    @property
    def text(self) -> str:
        """What happened, and why."""
        return words.decision_sentence(self.decision)

    @property
    def figures(self) -> str:
        """Size, and duration if the text does not say it; may be empty."""
        decision = self.decision
        timed = decision.seconds is not None and KINDS[decision.action] is not Kind.LOADED
        return joined(
            format_memory(decision.bytes) if decision.bytes else "",
            format_duration(decision.seconds or 0.0) if timed else "",
        )

    @property
    def sign(self) -> tuple[str, Token]:
        """A symbol's name, and its colour."""
        action = self.decision.action
        return ("stop", Token.MUTED) if action is Action.CANCEL else _SIGNS[KINDS[action]]

    @property
    def whole(self) -> str:
        """Everything in one line, with the date."""
        at = QDateTime.fromSecsSinceEpoch(int(self.decision.at))
        return joined(QLocale().toString(at, QLocale.FormatType.ShortFormat), self.text, self.figures)


def make_rows(decisions: Iterable[DecisionRecord], kind: Kind | None = None, model_id: str = "") -> list[Row]:
    """Return the rows of these decisions, the newest first; ``kind`` and ``model_id`` filter them."""
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
    """Return the filter's text."""
    if kind is None:
        return translate("Activity", "Everything")
    return {
        Kind.LOADED: translate("Activity", "Loaded"),
        Kind.UNLOADED: translate("Activity", "Unloaded"),
        Kind.FAILED: translate("Activity", "Failed"),
    }[kind]
