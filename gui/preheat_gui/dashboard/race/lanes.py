"""Paints the two lanes of a race at a moment of its replay."""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QTextDocument
from PySide6.QtWidgets import QSizePolicy, QWidget

from preheat_gui.dashboard.painting import wrapped
from preheat_gui.dashboard.race.figures import Race, race_words, stopwatch
from preheat_gui.dashboard.race.stages import (
    Kind,
    Stage,
    characters_at,
    cold_stages,
    duration,
    hot_stages,
    stage_words,
    stages_words,
)
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    Token,
    body_font,
    caption_font,
    figure_font,
    named,
    scaled_font,
    theme,
)

_TRACK: Final = 14  # Height of a lane's bar, in pixels
_TEXT_LINES: Final = 2
_WIDTH: Final = 620
_FAINT: Final = 0.5
_OBJECT: Final = "\ufffc"  # Stands for pictures and tables


class _Lane(NamedTuple):
    title: str
    stages: list[Stage]
    first_word_s: float
    late_s: float  # How much later than it was the answer comes


class RaceLanes(QWidget):
    """Two lanes with stopwatches."""

    def __init__(self, race: Race) -> None:
        super().__init__()
        self._race = race
        self._now = duration(race)
        self._words = _plain(race.answer.text)
        lanes = (
            _Lane(self.tr("Ready, as measured"), hot_stages(race), race.hot_s, 0.0),
            _Lane(self.tr("Not loaded"), cold_stages(race), race.cold_s, race.cold_s - race.hot_s),
        )
        self._lanes = lanes
        named(self, "race_lanes", race_words(race))
        self.setAccessibleDescription(
            ". ".join(f"{lane.title}: {stages_words(lane.stages, race.load.source)}" for lane in lanes)
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.sizeHint().height())
        theme().changed.connect(self.update)

    @property
    def now(self) -> float:
        """The moment that is shown, in seconds since the request."""
        return self._now

    def show_moment(self, seconds: float) -> None:
        """Show the race this long after the request."""
        self._now = min(seconds, duration(self._race))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(_WIDTH, round(2 * self._lane_height() + GROUP_GAP))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(_WIDTH * 3 // 4, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height = self._lane_height()
        for number, lane in enumerate(self._lanes):
            top = number * (height + GROUP_GAP)
            self._paint_lane(painter, lane, QRectF(0, top, self.width(), height))

    def _lane_height(self) -> float:
        lines = _TEXT_LINES if self._race.answer.text else 0
        body, small = QFontMetrics(body_font()).lineSpacing(), QFontMetrics(caption_font()).lineSpacing()
        return QFontMetrics(figure_font()).height() + _TRACK + small + lines * body + 3 * GAP

    def _paint_lane(self, painter: QPainter, lane: _Lane, rect: QRectF) -> None:
        arrived = self._now >= lane.first_word_s
        colour = theme().colour
        head = QRectF(rect.left(), rect.top(), rect.width(), QFontMetrics(figure_font()).height())
        align = Qt.AlignmentFlag
        bottom_left, bottom_right = align.AlignLeft | align.AlignVCenter, align.AlignRight | align.AlignVCenter
        _text(painter, head, bottom_left, lane.title, scaled_font(1.0, QFont.Weight.DemiBold), colour(Token.TEXT))
        shown = min(self._now, lane.first_word_s)
        _text(
            painter, head, bottom_right, stopwatch(shown), figure_font(), colour(self._stopwatch_token(lane, arrived))
        )
        bar = QRectF(rect.left(), head.bottom() + GAP, rect.width(), _TRACK)
        self._paint_bar(painter, lane, bar)
        small = QFontMetrics(caption_font()).lineSpacing()
        below = QRectF(rect.left(), bar.bottom() + GAP // 2, rect.width(), small)
        words = stages_words(lane.stages, self._race.load.source) if arrived else self._present(lane)
        words = QFontMetrics(caption_font()).elidedText(words, Qt.TextElideMode.ElideRight, int(below.width()))
        _text(painter, below, bottom_left, words, caption_font(), colour(Token.MUTED))
        if self._race.answer.text:
            place = QRectF(rect.left(), below.bottom() + GAP // 2, rect.width(), rect.bottom() - below.bottom() - GAP)
            self._paint_text(painter, lane, place)

    def _stopwatch_token(self, lane: _Lane, arrived: bool) -> Token:
        if not arrived:
            return Token.MUTED
        return Token.ACCENT if lane is self._lanes[0] else Token.TEXT

    def _present(self, lane: _Lane) -> str:
        stage = next((stage for stage in lane.stages if self._now < stage.end), lane.stages[-1])
        return stage_words(stage.kind, self._race.load.source) + "…"

    def _paint_bar(self, painter: QPainter, lane: _Lane, bar: QRectF) -> None:
        scale = bar.width() / duration(self._race)
        shape = QPainterPath()
        shape.addRoundedRect(bar, _TRACK / 2, _TRACK / 2)
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(bar, theme().colour(Token.TRACK))
        for stage in lane.stages:
            end = min(stage.end, self._now)
            if end > stage.begin:
                part = QRectF(bar.left() + stage.begin * scale, bar.top(), (end - stage.begin) * scale, bar.height())
                painter.fillRect(part, _stage_colour(stage.kind))
        painter.setPen(theme().colour(Token.CARD))
        for stage in lane.stages[1:]:
            if stage.begin <= self._now:
                at = bar.left() + stage.begin * scale
                painter.drawLine(round(at), round(bar.top()), round(at), round(bar.bottom()))
        painter.restore()

    def _paint_text(self, painter: QPainter, lane: _Lane, place: QRectF) -> None:
        written = characters_at(self._race, self._now - lane.late_s) / max(len(self._race.answer.text), 1)
        words = self._words[: round(written * len(self._words))]
        line = QRectF(place.left(), place.top(), place.width(), QFontMetrics(body_font()).lineSpacing())
        for text in wrapped(words, body_font(), int(place.width()), _TEXT_LINES):
            _text(painter, line, Qt.AlignmentFlag.AlignLeft, text, body_font(), theme().colour(Token.TEXT))
            line.translate(0, line.height())


def _plain(markdown: str) -> str:
    """Return a text in one line without the signs of Markdown."""
    document = QTextDocument()
    document.setMarkdown(markdown)
    return " ".join(document.toPlainText().replace(_OBJECT, " ").split())


def _stage_colour(kind: Kind) -> QColor:
    token = {Kind.ANSWER: Token.ACCENT, Kind.PROMPT: Token.ACCENT, Kind.START: Token.CONTROL}.get(kind, Token.STANDBY)
    colour = theme().colour(token)
    if kind in (Kind.PROMPT, Kind.MAKE):
        colour.setAlphaF(_FAINT)
    return colour


def _text(painter: QPainter, rect: QRectF, flags: Qt.AlignmentFlag, words: str, font: QFont, colour: QColor) -> None:
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(rect, flags, words)
