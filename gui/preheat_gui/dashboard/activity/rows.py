"""The list of decisions: time, sign, a sentence of up to three lines, size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, QRect, QRectF, Qt, QTime
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from preheat.control import Action, DecisionRecord
from preheat_gui import words
from preheat_gui.dashboard.painting import Looks, bold, draw_text, wrapped
from preheat_gui.dashboard.tables import LEADING, TRAILING, GroupRow, Row, RowDelegate, RowList, RowView
from preheat_gui.widgets import GAP, GROUP_GAP, SIGN_PX, SignBook, Token, paint_model_sign, symbol
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
    Action.REPACK: Kind.LOADED,
    Action.SHRINK: Kind.UNLOADED,
}

_SIGNS: Final = {
    Kind.LOADED: ("flame", Token.ACCENT),
    Kind.UNLOADED: ("eject", Token.MUTED),
    Kind.FAILED: ("warning", Token.BAD),
}


_QUIT_S: Final = 300.0  # Unloads within this time belong to one end of Preheat


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
    """One decision, or all unloads when Preheat quit."""

    decision: DecisionRecord
    others: tuple[str, ...] = ()  # Models that were unloaded with it

    @property
    def time(self) -> str:
        """The time of day in the user's format."""
        at = datetime.fromtimestamp(self.decision.at)
        return QLocale().toString(QTime(at.hour, at.minute, at.second), QLocale.FormatType.ShortFormat)

    @property
    def text(self) -> str:
        """An event with its reason."""
        return words.decision_sentence(self.decision, *self.others)

    @property
    def figures(self) -> str:
        """Size, and duration if the text does not say it; may be empty."""
        decision = self.decision
        if self.others:
            return ""
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
        last = rows[-1] if rows else None
        if isinstance(last, DecisionRow) and _quit_together(last.decision, decision):
            rows[-1] = DecisionRow(last.decision, (*last.others, decision.model_id))
            continue
        at = datetime.fromtimestamp(decision.at).date()
        if at != day:
            day = at
            rows.append(DayRow(at))
        rows.append(DecisionRow(decision))
    return rows


def _quit_together(later: DecisionRecord, decision: DecisionRecord) -> bool:
    return later.cause == decision.cause == words.QUIT and later.at - decision.at < _QUIT_S


def kind_words(kind: Kind | None) -> str:
    if kind is None:
        return translate("Activity", "Everything")
    return {
        Kind.LOADED: translate("Activity", "Loaded"),
        Kind.UNLOADED: translate("Activity", "Unloaded"),
        Kind.FAILED: translate("Activity", "Failed"),
    }[kind]


_SIGN: Final = 16
_MAX_LINES: Final = 3
_PADDING: Final = GAP - 1  # Above and below a row's text


class DecisionsView(RowView):
    """Shows decisions under their days; selected ones can be copied as text."""

    def __init__(self, rows: RowList, signs: SignBook) -> None:
        super().__init__("activity_list", self.tr("Loads and unloads, with reasons"), rows)
        self._decisions = rows
        self.setItemDelegate(DecisionDelegate(self, signs))
        self.setSelectionMode(self.SelectionMode.ExtendedSelection)

    def selected_text(self) -> str:
        """Return the selected decisions, one per line."""
        numbers = sorted(index.row() for index in self.selectionModel().selectedRows())
        return "\n".join(self._decisions.rows[number].whole for number in numbers)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Copy):
            if text := self.selected_text():
                QGuiApplication.clipboard().setText(text)
            return
        super().keyPressEvent(event)


class DecisionDelegate(RowDelegate):
    """Paints a day, or a decision with its model's sign."""

    def __init__(self, view: RowView, signs: SignBook) -> None:
        super().__init__(view)
        self._signs = signs

    def paint_group(self, painter: QPainter, option: QStyleOptionViewItem, row: GroupRow, looks: Looks) -> None:
        painter.setFont(bold(looks.caption))
        painter.setPen(looks.colours[Token.MUTED])
        rect = option.rect.adjusted(GROUP_GAP, 0, -GROUP_GAP, -GAP // 2)
        draw_text(painter, option.direction, rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, row.text)

    def group_height(self, first: bool, looks: Looks) -> int:
        return looks.caption_metrics.height() + GROUP_GAP + GAP // 2

    def row_height(self, row: DecisionRow, width: int, looks: Looks) -> int:
        lines = _lines(row, looks, QRect(0, 0, width, 0))
        return len(lines) * looks.body_metrics.height() + 2 * _PADDING + 1

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: DecisionRow, looks: Looks) -> None:
        direction, rect = option.direction, option.rect
        time, sign, model, text, figures = (
            QStyle.visualRect(direction, rect, place) for place in _places(row, looks, rect)
        )
        painter.setFont(looks.body)
        painter.setPen(looks.colours[Token.MUTED])
        draw_text(painter, direction, time, LEADING, row.time)
        draw_text(painter, direction, figures, TRAILING, row.figures)
        symbol(*row.sign).paint(painter, sign)
        if not row.others:
            paint_model_sign(painter, QRectF(model), self._signs.sign(row.decision.model_id))
        painter.setFont(looks.body)
        painter.setPen(looks.colours[Token.TEXT])
        for line in _lines(row, looks, rect):
            draw_text(painter, direction, text, LEADING, line)
            text.translate(0, looks.body_metrics.height())


def _lines(row: DecisionRow, looks: Looks, rect: QRect) -> tuple[str, ...]:
    return wrapped(row.text, looks.body, _places(row, looks, rect)[3].width(), _MAX_LINES)


def _places(row: DecisionRow, looks: Looks, rect: QRect) -> tuple[QRect, QRect, QRect, QRect, QRect]:
    """Return the places of time, sign, model's sign, the text's first line and figures in a left-to-right layout."""
    metrics = looks.body_metrics
    height, top = metrics.height(), rect.top() + _PADDING
    # As wide as the widest, so that the texts are aligned.
    widest_time = QLocale().toString(QTime(22, 58, 58), QLocale.FormatType.ShortFormat)
    figures_width = max(metrics.horizontalAdvance("88.8 GB"), metrics.horizontalAdvance(row.figures))
    time = QRect(rect.left() + GROUP_GAP, top, metrics.horizontalAdvance(widest_time), height)
    sign = QRect(time.right() + GROUP_GAP, top + (height - _SIGN) // 2, _SIGN, _SIGN)
    figures = QRect(rect.right() - GROUP_GAP - figures_width + 1, top, figures_width, height)
    model = QRect(sign.right() + 1 + GAP, top + (height - SIGN_PX) // 2, SIGN_PX, SIGN_PX)
    left = model.right() + 1 + GAP if not row.others else model.left()
    return time, sign, model, QRect(left, top, figures.left() - GROUP_GAP - left, height), figures
