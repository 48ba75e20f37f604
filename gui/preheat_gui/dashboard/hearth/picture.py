"""The places of everything on the band of memory, from a scene, a width and fonts. Equal pictures look the same."""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtCore import QRect, Qt

from preheat_gui.dashboard.hearth.layout import (
    STAR_GAP_PX,
    STAR_PX,
    Axis,
    Block,
    Kind,
    Measure,
    Measures,
    PlacedChip,
    lay_out,
    make_axis,
    place_chips,
)
from preheat_gui.dashboard.hearth.scene import Facts, Scene
from preheat_gui.dashboard.painting import Looks
from preheat_gui.widgets import GAP, GROUP_GAP
from preheat_gui.words import SEPARATOR, joined

_SPARK_PX: Final = 30  # From the chips down to the band
_WIDE_PX: Final = 1100
_BAND_AIR: Final = 38  # Above and below a block's two lines
_WIDE_AIR: Final = 50
_FREE_PX: Final = 14  # Left and right of the words in free memory
_ROW_PX: Final = 380  # The least width of a legend's row
_MOST_COLUMNS: Final = 3
SWATCH_PX: Final = 18  # The height of a swatch, and its least width


class Row(NamedTuple):
    """An entry of the legend."""

    key: str
    rect: QRect
    name: str  # Elided
    name_rect: QRect
    detail: str
    detail_rect: QRect
    swatch: QRect


class Picture(NamedTuple):
    """What is painted where."""

    facts: dict[str, Facts]
    axis: Axis
    blocks: tuple[Block, ...]
    chips: tuple[PlacedChip, ...]
    hint: str  # Instead of chips
    rows: tuple[Row, ...]
    line_x: int
    band: QRect  # From the left edge to the limit
    chip_height: int
    used: str
    used_rect: QRect
    free: str  # On the free part of the band
    free_rect: QRect
    unit: str  # Under the blocks' rates
    limit: str
    limit_rect: QRect
    height: int

    def block_rect(self, block: Block) -> QRect:
        return QRect(block.x, self.band.top(), block.width, self.band.height())

    def chip_rect(self, chip: PlacedChip) -> QRect:
        return QRect(chip.x, 0, chip.width, self.chip_height)

    @property
    def line_rect(self) -> QRect:
        """The limit's line with its handle."""
        return QRect(self.line_x - GAP, self.band.top() - GAP, 2 * GAP, self.band.height() + 2 * GAP)

    @property
    def sparks(self) -> QRect:
        """The area of the lines between chips and blocks."""
        width = max(self.limit_rect.right(), self.line_x, *(chip.x + chip.width for chip in self.chips), 1)
        return QRect(0, self.chip_height, width + GAP, self.band.top() - self.chip_height)


class Words(NamedTuple):
    """Texts that do not come from a snapshot."""

    hint: str  # Shown while there are no requests
    limit: tuple[str, ...]  # The limit, and what it brings, from the longest to the shortest


def axis_of(scene: Scene, width: int) -> Axis:
    """Return the axis of a scene that shows the present limit."""
    return make_axis(width, scene.limit_bytes, scene.total_bytes, outside=bool(scene.outside))


def draw_up(scene: Scene, axis: Axis, width: int, looks: Looks, words: Words, *, legend: bool = True) -> Picture:
    """Return the picture of a scene; without a ``legend`` its height does not depend on the models."""
    line_x = axis.x_at(scene.limit_bytes)
    captions = looks.caption_width
    unit_px = captions(scene.unit)
    measures = Measures(looks.strong_width, captions, lambda rate: max(looks.heading_width(rate), unit_px))
    band = lay_out(scene.inside, scene.outside, width, line_x, scene.limit_bytes, measures)
    chip_height = looks.caption_metrics.height() + GAP
    top = chip_height + _SPARK_PX
    air = _WIDE_AIR if width >= _WIDE_PX else _BAND_AIR
    height = looks.body_metrics.height() + looks.caption_metrics.height() + air
    under = top + height + GAP + GAP // 2
    line = looks.caption_metrics.height()
    limit, limit_rect = _limit(words.limit, line_x, width, under, looks)
    room = limit_rect.left() - GROUP_GAP
    free, free_rect = _free(scene, band.blocks, QRect(0, top, line_x, height), captions)
    variants = (SEPARATOR.join(filter(None, (scene.used, "" if free else scene.available))), scene.used)
    used = next((text for text in variants if captions(text) <= room), "")
    bottom = under + line + GAP
    rows, bottom = _rows(scene, band.blocks, width, bottom, looks) if legend else ((), bottom)
    chips = place_chips(scene.chips, band.blocks, width, captions)
    return Picture(
        dict(scene.facts),
        axis,
        band.blocks,
        tuple(chips),
        "" if chips else words.hint,
        rows,
        line_x,
        QRect(0, top, line_x, height),
        chip_height,
        used,
        QRect(0, under, max(room, 0), line),
        free,
        free_rect,
        scene.unit,
        limit,
        limit_rect,
        bottom,
    )


def _free(scene: Scene, blocks: tuple[Block, ...], band: QRect, measure: Measure) -> tuple[str, QRect]:
    """Place the words on the free part of the band, if there is room."""
    inside = blocks[: len(scene.inside)]
    left = inside[-1].x + inside[-1].width if inside else 0
    rect = band.adjusted(left, 0, 0, 0)
    variants = (joined(scene.available, scene.reserved), scene.available) if scene.available else ()
    return next((text for text in variants if measure(text) + 2 * _FREE_PX <= rect.width()), ""), rect


def _limit(variants: tuple[str, ...], line_x: int, width: int, top: int, looks: Looks) -> tuple[str, QRect]:
    """Place the limit's words so that they end at its line, or start at the left edge if there is no room."""
    measure = looks.caption_width
    text = next((text for text in variants if measure(text) <= width), variants[-1])
    length = measure(text) + 2
    right = min(max(line_x + length // 2, length), width)
    return text, QRect(right - length, top, length, looks.caption_metrics.height())


def _rows(scene: Scene, blocks: tuple[Block, ...], width: int, top: int, looks: Looks) -> tuple[tuple[Row, ...], int]:
    """Return the legend: the blocks that do not say everything themselves; and where it ends."""
    details = {part.key: part.details for part in (*scene.inside, *scene.outside)}
    shown = [block for block in blocks if not block.whole]
    if not shown:
        return (), top
    columns = max(min(width // _ROW_PX, _MOST_COLUMNS, len(shown)), 1)
    step = looks.caption_metrics.height() + GAP + GAP // 2
    each = (width - GROUP_GAP * (columns - 1)) // columns
    marks = [sign.mark for block in shown if (sign := scene.facts[block.key].sign) is not None]
    swatch = max((looks.caption_width(mark) + GAP for mark in marks), default=0)
    rows = []
    for place, block in enumerate(shown):
        line, column = divmod(place, columns)
        rect = QRect(column * (each + GROUP_GAP), top + GAP // 2 + line * step, each, step)
        detail = next(iter(details[block.key]), "")
        rows.append(_row(block, rect, scene.facts[block.key], detail, looks, max(swatch, SWATCH_PX)))
    return tuple(rows), rows[-1].rect.bottom() + 1


def _row(block: Block, rect: QRect, facts: Facts, detail: str, looks: Looks, swatch_px: int) -> Row:
    if block.kind is Kind.READY and not facts.busy:
        detail = SEPARATOR.join((facts.state, detail))
    detail_rect = QRect(rect)
    detail_rect.setLeft(rect.right() - GAP - looks.caption_width(detail) - 2)
    detail_rect.setRight(rect.right() - GAP)
    swatch = QRect(rect.left() + GAP // 2, rect.center().y() - SWATCH_PX // 2 + 1, swatch_px, SWATCH_PX)
    name_rect = rect.adjusted(GAP // 2 + swatch_px + GAP, 0, 0, 0)
    name_rect.setRight(detail_rect.left() - GROUP_GAP - (STAR_GAP_PX + STAR_PX if facts.favourite else 0))
    name = facts.name
    if looks.caption_width(name) > name_rect.width():
        name = looks.caption_metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, name_rect.width())
    return Row(block.key, rect, name, name_rect, detail, detail_rect, swatch)
