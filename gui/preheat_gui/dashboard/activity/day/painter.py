"""Paints the timeline."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QRegion

from preheat.control import Sign
from preheat_gui.dashboard.activity.day.picture import Item, Picture, PlacedLane
from preheat_gui.dashboard.painting import Looks, bold
from preheat_gui.dashboard.tables import LEADING
from preheat_gui.widgets import GAP, Token, model_colours, paint_model_sign, paint_pattern
from preheat_gui.widgets.theme import mix

_CORNER: Final = 4.0
_FAINT: Final = 0.24  # Share of the hue in what is planned, and in preloads that were not used
_EDGE_SHARE: Final = 0.28
_HALO_PX: Final = 1.5
_RING_PX: Final = 1.8
_RING_HEIGHT: Final = 50  # Of the outline around a lane, at most
_CENTRE: Final = Qt.AlignmentFlag.AlignCenter


class DayPainter:
    """Paints a picture with one painter."""

    def __init__(self, painter: QPainter, looks: Looks, *, dark: bool) -> None:
        self._painter = painter
        self._looks = looks
        self._hues = model_colours(dark=dark)
        self._dots: dict[tuple[bool, bool], QImage] = {}  # By ready and changed
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def paint(self, picture: Picture, dirty: QRegion, *, hovered: str, ringed: str, current: Item | None) -> None:
        """Paint what is in ``dirty``.

        Args:
            hovered: The model of the lane under the pointer.
            ringed: The model of the lane that has the focus, while the keyboard is in use.
            current: What the pointer or the keyboard points to.
        """
        self._ground(picture)
        lanes = [lane for lane in picture.lanes if dirty.intersects(lane.rect)]
        for lane in lanes:
            self._lane(lane, picture, current, hovered=lane.model_id == hovered)
            if lane.model_id == ringed:
                self._ring(lane)
        self._now(picture)
        for lane in lanes:
            for item in lane.dots:
                self._dot(item, current=item == current)

    def _ground(self, picture: Picture) -> None:
        painter = self._painter
        ahead = QRect(picture.now_x, picture.top, picture.right - picture.now_x, picture.bottom - picture.top)
        painter.fillRect(ahead, self._colour(Token.HOVER))
        painter.setFont(self._looks.caption)
        for tick in picture.ticks:
            painter.setPen(QPen(self._colour(Token.CONTROL if tick.midnight else Token.LINE), 1))
            painter.drawLine(tick.x, picture.top, tick.x, picture.bottom)
            painter.setPen(self._colour(Token.MUTED))
            painter.drawText(tick.rect, _CENTRE, tick.text)

    def _now(self, picture: Picture) -> None:
        painter = self._painter
        painter.setPen(QPen(self._colour(Token.ACCENT), 2))
        painter.drawLine(QPointF(picture.now_x, picture.top - 3), QPointF(picture.now_x, picture.bottom))
        painter.setFont(bold(self._looks.caption))
        painter.drawText(picture.now_rect, _CENTRE, picture.now_text)

    def _lane(self, lane: PlacedLane, picture: Picture, current: Item | None, *, hovered: bool) -> None:
        painter = self._painter
        fill, text = self._hues[lane.sign.hue]
        if hovered:
            names = QRectF(lane.rect.adjusted(0, 4, 0, -4))
            names.setRight(picture.left - GAP)
            self._fill(names, self._colour(Token.HOVER))
        painter.setPen(QPen(self._colour(Token.LINE), 1))
        middle = lane.rect.center().y() + 0.5
        painter.drawLine(QPointF(picture.left, middle), QPointF(picture.right, middle))
        paint_model_sign(painter, QRectF(lane.swatch), lane.sign)
        painter.setPen(self._colour(Token.TEXT))
        painter.setFont(self._looks.caption)
        painter.drawText(lane.name_rect, LEADING, lane.name)
        for item in lane.plan:
            self._planned(item, fill)
        for item in lane.bands:
            unused = item.stay is not None and item.stay.wasted
            self._band(QRectF(item.rect), self._faint(fill) if unused else fill, fill, lane.sign, text)
        if current is not None and not current.requests and current in (*lane.bands, *lane.plan):
            self._outline(QRectF(current.rect))
        painter.setFont(self._looks.caption)
        painter.setPen(self._colour(Token.TEXT))
        for rect, words in lane.labels:
            painter.drawText(rect, LEADING, words)

    def _ring(self, lane: PlacedLane) -> None:
        height = lane.name_rect.height()
        spare = max(height - _RING_HEIGHT, 0) / 2
        self._painter.setPen(QPen(self._colour(Token.ACCENT), 1.5))
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        rect = QRectF(lane.rect).adjusted(1, spare + 1, -1, -spare - 1)
        self._painter.drawRoundedRect(rect, _CORNER, _CORNER)

    def _band(self, rect: QRectF, colour: QColor, fill: QColor, sign: Sign, text: QColor) -> None:
        painter = self._painter
        painter.setPen(QPen(mix(fill, self._colour(Token.TEXT), _EDGE_SHARE), 1))
        painter.setBrush(colour)
        corner = min(_CORNER, rect.width() / 2)
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), corner, corner)
        paint_pattern(painter, rect.adjusted(1, 1, -1, -1), sign, text)

    def _planned(self, item: Item, fill: QColor) -> None:
        painter, loads = self._painter, item.planned is not None and item.planned.loads
        pen = QPen(mix(fill, self._colour(Token.TEXT), 0.35), 1.2, Qt.PenStyle.DashLine)
        pen.setDashPattern([3.0, 2.5])
        painter.setPen(pen if loads else Qt.PenStyle.NoPen)
        painter.setBrush(self._faint(fill))
        painter.drawRoundedRect(QRectF(item.rect).adjusted(0.5, 0.5, -0.5, -0.5), _CORNER, _CORNER)

    def _dot(self, item: Item, *, current: bool) -> None:
        centre, kind = QRectF(item.rect).center(), (item.ready, item.changed)
        if kind not in self._dots:
            self._dots[kind] = self._dot_image(item.rect.width() / 2, ready=item.ready, changed=item.changed)
        # There may be a thousand: images are painted faster than circles.
        half = self._dots[kind].deviceIndependentSize().width() / 2
        self._painter.drawImage(QPointF(centre.x() - half, centre.y() - half), self._dots[kind])
        if current:
            self._painter.setBrush(Qt.BrushStyle.NoBrush)
            self._painter.setPen(QPen(self._colour(Token.ACCENT), 2))
            radius = item.rect.width() / 2 + 3
            self._painter.drawEllipse(centre, radius, radius)

    def _dot_image(self, radius: float, *, ready: bool, changed: bool) -> QImage:
        scale = self._painter.device().devicePixelRatioF()
        side = 2 * math.ceil(radius + _HALO_PX) + 1
        image = QImage(round(side * scale), round(side * scale), QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(scale)
        image.fill(Qt.GlobalColor.transparent)
        painter, centre = QPainter(image), QPointF(side / 2, side / 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour(Token.CARD))
        painter.drawEllipse(centre, radius + _HALO_PX, radius + _HALO_PX)
        colour = self._colour(Token.TEXT)
        if changed:
            colour = self._colour(Token.GOOD if ready else Token.BAD)
        if ready:
            painter.setBrush(colour)
            painter.drawEllipse(centre, radius, radius)
        else:
            painter.setPen(QPen(colour, _RING_PX))
            painter.drawEllipse(centre, radius - _RING_PX / 2, radius - _RING_PX / 2)
        painter.end()
        return image

    def _outline(self, rect: QRectF) -> None:
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.setPen(QPen(self._colour(Token.TEXT), 2))
        self._painter.drawRoundedRect(rect, _CORNER, _CORNER)

    def _fill(self, rect: QRectF, colour: QColor) -> None:
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(colour)
        self._painter.drawRoundedRect(rect, _CORNER, _CORNER)

    def _faint(self, fill: QColor) -> QColor:
        return mix(self._colour(Token.CARD), fill, _FAINT)

    def _colour(self, token: Token) -> QColor:
        return self._looks.colours[token]
