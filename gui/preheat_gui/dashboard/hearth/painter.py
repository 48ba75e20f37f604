"""Paints the band of memory."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QRadialGradient, QRegion

from preheat_gui.dashboard.hearth.layout import PADDING_PX, STAR_GAP_PX, STAR_PX, Block, Kind, PlacedChip
from preheat_gui.dashboard.hearth.picture import Picture, Row
from preheat_gui.dashboard.hearth.scene import Facts
from preheat_gui.dashboard.painting import Looks, paint_star
from preheat_gui.dashboard.tables import LEADING, TRAILING
from preheat_gui.widgets import GAP, RADIUS, Sign, Token, colours, model_colours, paint_model_sign, paint_pattern
from preheat_gui.widgets.theme import mix

_CORNER: Final = RADIUS - 2.0
_EDGE_SHARE: Final = 0.28  # Of the text's colour in a block's outline
_FILL_SHARE: Final = 0.24  # Of the hue in a part that is not loaded yet
_SPARK_STEP: Final = 0.21  # Of its way, for each token
_SPARK_WAY: Final = (0.1, 0.82)  # The part of its line that a spark takes
_SPARK_PX: Final = 3.5
_TAIL: Final = ((0.2, 1.6, 0.3), (0.1, 2.4, 0.6))  # Behind a spark: how far back, radius and opacity
_GLOW_PX: Final = (46.0, 13.0)  # Of a block where its sparks arrive: above its text
_GLOW_ALPHA: Final = 150
_LINE_PX: Final = 1.8
_HANDLE: Final = 14.0
_CENTRE: Final = Qt.AlignmentFlag.AlignCenter


class HearthPainter:
    """Paints a picture with one painter."""

    def __init__(self, painter: QPainter, looks: Looks, *, dark: bool, moving: bool) -> None:
        self._painter = painter
        self._looks = looks
        self._hues = model_colours(dark=dark)
        self._moving = moving
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def paint(self, picture: Picture, dirty: QRegion, *, hovered: str, focused: str, locked: bool, line: bool) -> None:
        """Paint what is in ``dirty``.

        Args:
            hovered: The key of the block that the pointer or another view points to.
            focused: The key of the block with the keyboard focus.
            locked: The limit cannot be moved.
            line: The limit has the keyboard focus.
        """
        self._band(picture)
        for block in picture.blocks:
            rect = picture.block_rect(block)
            if dirty.intersects(rect.adjusted(-3, -3, 3, 3)):
                sparks = [chip.target_x for chip in picture.chips if chip.chip.key == block.key and chip.burns]
                self._block(QRectF(rect), block, picture, [x for x in sparks if x is not None])
                if block.key == focused:
                    self._outline(QRectF(rect), Token.ACCENT)
                elif block.key == hovered:
                    self._outline(QRectF(rect), Token.TEXT)
        if dirty.boundingRect().top() < picture.band.top():
            self._requests(picture)
        self._texts(picture)
        for row in picture.rows:
            if dirty.intersects(row.rect):
                self._row(row, picture.facts[row.key], hovered=row.key == hovered)
        self._limit(picture, locked=locked, focused=line)

    # The band

    def _band(self, picture: Picture) -> None:
        self._fill(QRectF(picture.band), self._colour(Token.TRACK), RADIUS)
        if picture.free:
            self._painter.setFont(self._looks.caption)
            self._painter.setPen(self._colour(Token.MUTED))
            self._painter.drawText(picture.free_rect, _CENTRE, picture.free)

    def _block(self, rect: QRectF, block: Block, picture: Picture, sparks: list[int]) -> None:
        facts = picture.facts[block.key]
        if block.kind in (Kind.PLANNED, Kind.OUTSIDE):
            self._hollow(rect, block, facts)
            return
        fill, text = self._colours(facts.sign)
        words = self._colour(Token.TEXT)
        if block.kind is Kind.READY:
            self._solid(rect, fill, text, facts.sign)
            self._glow(rect, sparks)
            self._labels(rect, block, facts, text)
            self._rate(rect, block, picture.unit, text)
        elif block.kind is Kind.LOADING:
            self._fill(rect, self._faint(fill))
            self._loading(rect, block, facts, fill, text)
        else:
            self._fill(rect, self._faint(fill))
            self._labels(rect, block, facts, words)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.setPen(QPen(mix(fill, words, _EDGE_SHARE), 1))
        self._painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), _CORNER, _CORNER)

    def _loading(self, rect: QRectF, block: Block, facts: Facts, fill: QColor, text: QColor) -> None:
        """Paint the loaded part with the text on it, then the text on the other part."""
        painter = self._painter
        done = QRectF(rect.left(), rect.top(), rect.width() * min(facts.progress, 1.0), rect.height())
        painter.save()
        painter.setClipRect(done, Qt.ClipOperation.IntersectClip)
        self._solid(rect, fill, text, facts.sign)
        self._labels(rect, block, facts, text)
        painter.restore()
        painter.save()
        painter.setClipRect(rect.adjusted(done.width(), 0, 0, 0), Qt.ClipOperation.IntersectClip)
        self._labels(rect, block, facts, self._colour(Token.TEXT))
        painter.restore()

    def _solid(self, rect: QRectF, fill: QColor, text: QColor, sign: Sign | None) -> None:
        self._fill(rect, fill)
        if sign is not None:  # Only at the lower edge: text stays readable
            paint_pattern(self._painter, rect.adjusted(2, rect.height() * 0.78, -2, -1), sign, text)

    def _glow(self, rect: QRectF, sparks: list[int]) -> None:
        """Light the upper edge where sparks arrive."""
        painter = self._painter
        for x in sparks:
            near, clear = self._ember(), self._ember()
            near.setAlpha(_GLOW_ALPHA)
            clear.setAlpha(0)
            light = QRadialGradient(QPointF(0, 0), 1.0)
            light.setColorAt(0.0, near)
            light.setColorAt(1.0, clear)
            painter.save()
            painter.setClipRect(rect.adjusted(1, 1, -1, 0), Qt.ClipOperation.IntersectClip)
            painter.translate(x, rect.top())
            painter.scale(*_GLOW_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(light)
            painter.drawEllipse(QPointF(0, 0), 1.0, 1.0)
            painter.restore()

    def _fill(self, rect: QRectF, colour: QColor, corner: float = _CORNER) -> None:
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(colour)
        self._painter.drawRoundedRect(rect, corner, corner)

    def _hollow(self, rect: QRectF, block: Block, facts: Facts) -> None:
        painter, fill = self._painter, self._colours(facts.sign)[0]
        words = self._colour(Token.TEXT)
        painter.setBrush(mix(self._colour(Token.CARD), fill, 0.08 if block.kind is Kind.PLANNED else 0.0))
        pen = QPen(mix(fill, words, 0.35), 1.5, Qt.PenStyle.DashLine)
        pen.setDashPattern([3.0, 2.5])
        painter.setPen(pen)
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), _CORNER, _CORNER)
        self._labels(rect, block, facts, words)

    def _labels(self, rect: QRectF, block: Block, facts: Facts, colour: QColor) -> None:
        painter, looks = self._painter, self._looks
        name_height, detail_height = looks.strong_metrics.height(), looks.caption_metrics.height()
        inner = rect.adjusted(PADDING_PX, 0, -PADDING_PX, 0)
        narrow = rect.width() < 2 * PADDING_PX + looks.strong_width(block.name)
        if narrow:
            inner = rect
        height = name_height + (detail_height if block.detail else 0)
        top = rect.top() + (rect.height() - height) / 2
        painter.setPen(colour)
        painter.setFont(looks.strong if block.kind is not Kind.PROMPTS else looks.body)
        line = QRectF(inner.left(), top, inner.width(), name_height)
        centred = narrow or (facts.sign is not None and block.name == facts.sign.mark)
        painter.drawText(line, _CENTRE if centred else LEADING, block.name)
        if block.detail:
            painter.setFont(looks.caption)
            line_2 = QRectF(inner.left(), top + name_height, inner.width(), detail_height)
            painter.drawText(line_2, _CENTRE if centred else LEADING, block.detail)
        if facts.favourite and not centred:
            star_x = inner.left() + looks.strong_width(block.name) + STAR_GAP_PX + STAR_PX / 2
            self._star(QPointF(star_x, line.center().y()), colour)

    def _rate(self, rect: QRectF, block: Block, unit: str, colour: QColor) -> None:
        """Paint the tokens per second, with the unit under them."""
        if not block.rate:
            return
        painter, looks = self._painter, self._looks
        name_height, upper, lower = (
            metrics.height() for metrics in (looks.strong_metrics, looks.heading_metrics, looks.caption_metrics)
        )
        inner = rect.adjusted(PADDING_PX, 0, -PADDING_PX - 2, 0)
        under = rect.top() + (rect.height() + name_height - lower) / 2  # On one line with the size
        painter.setPen(colour)
        painter.setFont(looks.heading)
        painter.drawText(QRectF(inner.left(), under - upper + 1, inner.width(), upper), TRAILING, block.rate)
        painter.setFont(looks.caption)
        painter.drawText(QRectF(inner.left(), under, inner.width(), lower), TRAILING, unit)

    # Requests

    def _requests(self, picture: Picture) -> None:
        looks = self._looks
        if picture.hint:
            self._painter.setFont(looks.caption)
            self._painter.setPen(self._colour(Token.MUTED))
            room = QRect(0, 0, picture.axis.end_x, picture.chip_height)
            text = looks.caption_metrics.elidedText(picture.hint, Qt.TextElideMode.ElideRight, room.width())
            self._painter.drawText(room, LEADING, text)
        for placed in picture.chips:
            facts = picture.facts.get(placed.chip.key)
            colour = mix(self._colours(facts.sign)[0], self._colour(Token.TEXT), _EDGE_SHARE) if facts else None
            colour = colour or self._colour(Token.CONTROL)
            if placed.target_x is not None:
                self._spark(placed, picture, colour)
            self._chip(QRectF(picture.chip_rect(placed)), placed, colour)

    def _chip(self, rect: QRectF, placed: PlacedChip, colour: QColor) -> None:
        painter, looks = self._painter, self._looks
        style = Qt.PenStyle.DashLine if placed.chip.waiting else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, _LINE_PX - 0.4, style))
        painter.setBrush(self._colour(Token.CARD))
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), rect.height() / 2 - 1, rect.height() / 2 - 1)
        painter.setFont(looks.caption)
        painter.setPen(self._colour(Token.TEXT))
        room = int(rect.width()) - 2 * PADDING_PX
        text = looks.caption_metrics.elidedText(placed.chip.text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(rect, _CENTRE, text)

    def _spark(self, placed: PlacedChip, picture: Picture, colour: QColor) -> None:
        assert placed.target_x is not None
        start = QPointF(placed.x + placed.width / 2, picture.chip_height - 1)
        end = QPointF(placed.target_x, picture.band.top())
        middle = (start.y() + end.y()) / 2
        way = QPainterPath(start)
        way.cubicTo(QPointF(start.x(), middle), QPointF(end.x(), middle), end)
        style = Qt.PenStyle.DotLine if placed.chip.waiting else Qt.PenStyle.SolidLine
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.setPen(QPen(colour, _LINE_PX, style))
        self._painter.drawPath(way)
        if not placed.burns:
            return
        self._painter.setPen(Qt.PenStyle.NoPen)
        first, last = _SPARK_WAY
        share = first + placed.chip.tokens * _SPARK_STEP % 1.0 * (last - first) if self._moving else last
        spark = QColor(self._colour(Token.ACCENT))
        for back, radius, opacity in _TAIL:
            spark.setAlphaF(opacity)
            self._painter.setBrush(spark)
            self._painter.drawEllipse(way.pointAtPercent(max(share - back, 0.0)), radius, radius)
        spark.setAlphaF(1.0)
        self._painter.setBrush(spark)
        self._painter.drawEllipse(way.pointAtPercent(share), _SPARK_PX, _SPARK_PX)

    # Under the band

    def _texts(self, picture: Picture) -> None:
        painter = self._painter
        painter.setFont(self._looks.caption)
        painter.setPen(self._colour(Token.MUTED))
        painter.drawText(picture.used_rect, LEADING, picture.used)
        painter.setPen(self._colour(Token.TEXT))
        painter.drawText(picture.limit_rect, _CENTRE, picture.limit)

    def _row(self, row: Row, facts: Facts, *, hovered: bool) -> None:
        painter, looks = self._painter, self._looks
        rect = row.rect
        if hovered:
            self._fill(QRectF(rect), self._colour(Token.HOVER), RADIUS / 2)
        self._swatch(QRectF(row.swatch), facts)
        painter.setFont(looks.caption)
        painter.setPen(self._colour(Token.TEXT))
        painter.drawText(row.name_rect, LEADING, row.name)
        if facts.favourite:
            at = row.name_rect.left() + looks.caption_width(row.name) + GAP + STAR_PX / 2
            self._star(QPointF(at, rect.center().y() + 0.5), self._colour(Token.ACCENT))
        painter.setPen(self._colour(Token.MUTED))
        painter.drawText(row.detail_rect, TRAILING, row.detail)

    def _swatch(self, rect: QRectF, facts: Facts) -> None:
        if facts.sign is None:
            self._fill(rect, self._faint(self._colours(None)[0]), RADIUS / 2)
            return
        paint_model_sign(self._painter, rect, facts.sign)

    def _limit(self, picture: Picture, *, locked: bool, focused: bool) -> None:
        painter, band = self._painter, picture.band
        x = picture.line_x
        painter.setPen(QPen(self._colour(Token.TEXT), 2))
        painter.drawLine(QPointF(x, band.top() - 5), QPointF(x, band.bottom() + 6))
        if locked:
            return
        painter.setPen(QPen(self._colour(Token.ACCENT if focused else Token.TEXT), 2 if focused else 1.5))
        painter.setBrush(self._colour(Token.CARD))
        handle = QRectF(x - _HANDLE / 2, band.center().y() - _HANDLE * 0.8, _HANDLE, _HANDLE * 1.6)
        painter.drawRoundedRect(handle, _HANDLE / 2, _HANDLE / 2)
        painter.setPen(QPen(self._colour(Token.MUTED), 1))
        for step in (-1.5, 1.5):
            painter.drawLine(QPointF(x + step, handle.top() + 7), QPointF(x + step, handle.bottom() - 7))

    # Parts

    def _outline(self, rect: QRectF, token: Token) -> None:
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.setPen(QPen(self._colour(token), 2))
        self._painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), _CORNER, _CORNER)

    def _star(self, centre: QPointF, colour: QColor) -> None:
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(colour)
        paint_star(self._painter, centre, STAR_PX)

    def _ember(self) -> QColor:
        """Return the colour of light on a block."""
        return colours(dark=True)[Token.ACCENT]  # bright in both themes

    def _faint(self, fill: QColor) -> QColor:
        return mix(self._colour(Token.CARD), fill, _FILL_SHARE)

    def _colours(self, sign: Sign | None) -> tuple[QColor, QColor]:
        """Return fill and text of a model, or of kept prompts."""
        if sign is None:
            return self._colour(Token.CONTROL), self._colour(Token.CARD)
        return self._hues[sign.hue]

    def _colour(self, token: Token) -> QColor:
        return self._looks.colours[token]
