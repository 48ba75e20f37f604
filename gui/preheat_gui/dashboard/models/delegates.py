"""Paints the table of models: a line, an aside under it, a sign or a bar. No widget a row."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from preheat.core.snapshot import ModelSnapshot
from preheat.residency.states import State
from preheat_gui.dashboard.looks import Looks, LooksOf
from preheat_gui.dashboard.models.cells import Cell, Tone
from preheat_gui.dashboard.models.table import Role
from preheat_gui.widgets import GAP, Token

Index = QModelIndex | QPersistentModelIndex

PADDING: Final = GAP
"""As the header's."""

_BAR: Final = 4
_SIGN: Final = 10
_STAR: Final = 16

_RTL: Final = Qt.LayoutDirection.RightToLeft
_ASIDE_TOKENS: Final = {Tone.PLAIN: Token.MUTED, Tone.ACTIVE: Token.MUTED, Tone.BAD: Token.BAD}


def row_height(looks: Looks) -> int:
    """Return the height of a row: two lines, and air."""
    return looks.body_metrics.height() + looks.caption_metrics.height() + 2 * GAP


class TextDelegate(QStyledItemDelegate):
    """A cell of one or two lines."""

    elide = Qt.TextElideMode.ElideRight

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._looks = LooksOf(self)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint ground, words and focus."""
        looks = self._looks()
        paint_ground(painter, option, looks)
        cell: Cell = index.data(Role.CELL)
        area = option.rect.adjusted(PADDING, 0, -PADDING, -1)
        self.paint_cell(painter, option, area, cell, index)
        if option.state & QStyle.StateFlag.State_HasFocus:
            paint_focus(painter, option.rect, looks)

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, cell: Cell, index: Index
    ) -> None:
        """Paint what the cell says."""
        self.paint_lines(painter, option, area, cell)

    def paint_lines(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, cell: Cell) -> None:
        """Paint the text, and the aside under it."""
        looks = self._looks()
        colours = looks.colours
        # By its first letter: "3.0 GB" reads so in every language.
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        painter.setFont(looks.body)
        painter.setPen(colours[Token.MUTED if cell.muted else Token.TEXT])
        if not cell.aside:
            self._line(painter, option, area, cell.text, aside=False)
            return
        above, below = halves(area, looks)
        self._line(painter, option, above, cell.text, aside=False)
        painter.setFont(looks.caption)
        painter.setPen(colours[_ASIDE_TOKENS[cell.tone]])
        self._line(painter, option, below, cell.aside, aside=True)

    def _line(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, text: str, *, aside: bool) -> None:
        looks = self._looks()
        metrics = looks.caption_metrics if aside else looks.body_metrics
        elide = Qt.TextElideMode.ElideRight if aside else self.elide
        shown = metrics.elidedText(text, elide, area.width())
        # Absolute: a name is written left to right also where the window is mirrored, but stands at its right edge.
        side = Qt.AlignmentFlag.AlignRight if option.direction is _RTL else Qt.AlignmentFlag.AlignLeft
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute, shown)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Return what the cell needs to show everything."""
        looks, cell = self._looks(), index.data(Role.CELL)
        width = max(
            looks.body_metrics.horizontalAdvance(cell.text), looks.caption_metrics.horizontalAdvance(cell.aside)
        )
        return QSize(width + 2 * PADDING, row_height(looks))


class NameDelegate(TextDelegate):
    """A model's name: the end matters, it tells the quantization."""

    elide = Qt.TextElideMode.ElideMiddle


class StateDelegate(TextDelegate):
    """A sign, the word, and a bar while the model loads."""

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, cell: Cell, index: Index
    ) -> None:
        """Paint sign, words and bar."""
        looks = self._looks()
        model: ModelSnapshot = index.data(Role.MODEL)
        sign = QRect(area.left(), 0, _SIGN, _SIGN)
        line = halves(area, looks)[0] if cell.aside or cell.progress is not None else area
        sign.moveTop(line.center().y() - _SIGN // 2 + 1)
        paint_sign(painter, QRectF(QStyle.visualRect(option.direction, area, sign)), model, looks)
        words = QStyle.visualRect(option.direction, area, area.adjusted(_SIGN + GAP, 0, 0, 0))
        if cell.progress is None:
            self.paint_lines(painter, option, words, cell)
            return
        # The bar lies on the row's lower edge: three lines would not fit.
        self.paint_lines(painter, option, words.adjusted(0, 0, 0, -_BAR), cell)
        bar = QRect(words.left(), option.rect.bottom() - _BAR - 3, words.width(), _BAR)
        paint_bar(painter, bar, cell.progress, option.direction, looks)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Return the words' size, and the sign's."""
        return super().sizeHint(option, index) + QSize(_SIGN + GAP, 0)


class StarDelegate(TextDelegate):
    """The favourite star: filled or not, so that it can be told without colour."""

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, cell: Cell, index: Index
    ) -> None:
        """Paint the star."""
        model: ModelSnapshot = index.data(Role.MODEL)
        colours = self._looks().colours
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QRectF(option.rect).center()
        if model.favourite:
            painter.setPen(QPen(colours[Token.ACCENT], 1.2))
            painter.setBrush(colours[Token.ACCENT])
        else:
            painter.setPen(QPen(colours[Token.MUTED], 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolygon(_star(centre, _STAR / 2))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Return the star's size, and air around it to click on."""
        return QSize(_STAR + 2 * PADDING, row_height(self._looks()))


def halves(area: QRect, looks: Looks) -> tuple[QRect, QRect]:
    """Return the rectangles of text and aside, together in the middle of ``area``."""
    upper, lower = looks.body_metrics.height(), looks.caption_metrics.height()
    top = area.top() + (area.height() - upper - lower) // 2
    return (
        QRect(area.left(), top, area.width(), upper),
        QRect(area.left(), top + upper, area.width(), lower),
    )


def paint_ground(painter: QPainter, option: QStyleOptionViewItem, looks: Looks) -> None:
    """Paint a cell's ground and the hairline under it."""
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, looks.colours[Token.SELECTION])
    line = QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1)
    painter.fillRect(line, looks.colours[Token.LINE])


def paint_focus(painter: QPainter, rect: QRect, looks: Looks) -> None:
    """Outline the cell that the keyboard is on."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(looks.colours[Token.ACCENT], 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(1.5, 1.5, -1.5, -2.5), 4, 4)


def paint_bar(painter: QPainter, rect: QRect, share: float, direction: Qt.LayoutDirection, looks: Looks) -> None:
    """Paint a progress bar that fills in the direction of reading."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(looks.colours[Token.TRACK])
    painter.drawRoundedRect(rect, _BAR / 2, _BAR / 2)
    if share <= 0:
        return
    filled = QRect(rect.left(), rect.top(), max(_BAR, round(rect.width() * min(1.0, share))), rect.height())
    painter.setBrush(looks.colours[Token.ACCENT])
    painter.drawRoundedRect(QStyle.visualRect(direction, rect, filled), _BAR / 2, _BAR / 2)


def paint_sign(painter: QPainter, rect: QRectF, model: ModelSnapshot, looks: Looks) -> None:
    """Paint a state's sign; each has a shape of its own, so that colour is not all there is."""
    colours = looks.colours
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    match model.state:
        case State.HOT:
            _disc(painter, rect, colours[Token.ACCENT])
        case State.LOADING | State.WARMING:
            _ring(painter, rect, colours[Token.TRACK])
            _arc(painter, rect, colours[Token.ACCENT], model.progress or 0.0)
        case State.QUEUED | State.UNLOADING:
            _ring(painter, rect, colours[Token.TRACK])
            _arc(painter, rect, colours[Token.MUTED], 0.25)
        case State.FAILED:
            _cross(painter, rect, colours[Token.BAD])
        case _ if model.standby:
            _ring(painter, rect, colours[Token.STANDBY])
            _disc(painter, rect.adjusted(3, 3, -3, -3), colours[Token.STANDBY])
        case _:
            _ring(painter, rect, colours[Token.CONTROL])


def _disc(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(rect)


def _ring(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    painter.setPen(QPen(colour, 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(_inner(rect))


def _arc(painter: QPainter, rect: QRectF, colour: QColor, share: float) -> None:
    """Paint a ring's filled part, from the top, clockwise; Qt counts in sixteenths of a degree."""
    painter.setPen(QPen(colour, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawArc(_inner(rect), 90 * 16, -round(360 * 16 * share))


def _cross(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    painter.setPen(QPen(colour, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    inner = rect.adjusted(1.5, 1.5, -1.5, -1.5)
    painter.drawLine(inner.topLeft(), inner.bottomRight())
    painter.drawLine(inner.topRight(), inner.bottomLeft())


def _inner(rect: QRectF) -> QRectF:
    return rect.adjusted(0.8, 0.8, -0.8, -0.8)


def _star(centre: QPointF, radius: float) -> QPolygonF:
    """Return a star of five points, one of them up."""
    return QPolygonF([centre + QPointF(x * radius, y * radius) for x, y in _STAR_POINTS])


_STAR_POINTS: Final = (
    (0.0, -1.0), (0.25, -0.34), (0.95, -0.31), (0.4, 0.13), (0.59, 0.81),
    (0.0, 0.42), (-0.59, 0.81), (-0.4, 0.13), (-0.95, -0.31), (-0.25, -0.34),
)  # fmt: skip
