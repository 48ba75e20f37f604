"""The places of everything on the timeline, from a scene, a width and fonts. Equal pictures look the same."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QCoreApplication, QLocale, QRect, Qt, QTime

from preheat.control import PlannedStay, Sign, Stay
from preheat_gui.dashboard.activity.day.scene import DayScene, LaneScene, ShownRequest
from preheat_gui.dashboard.painting import Looks
from preheat_gui.widgets import GAP

SWATCH_PX: Final = 18
DOT_PX: Final = 9
_MARGIN: Final = 6  # For the outline of the lane with the focus
_BAND_PX: Final = (18, 34)  # At least, and where there is room
_LANE_PX: Final = (38, 80)
_NAME_SHARE: Final = 0.27
_LEAST_BAND_PX: Final = 3
_LABEL_GAP: Final = 2 * GAP
_STEPS_H: Final = (1, 2, 3, 4, 6, 12, 24)
_HOUR_S: Final = 3600


class Item(NamedTuple):
    """Something on a lane that can be pointed to: one of its parts is not None or empty."""

    rect: QRect
    stay: Stay | None = None
    planned: PlannedStay | None = None
    requests: tuple[ShownRequest, ...] = ()

    @property
    def key(self) -> tuple[str, float]:
        """Equal for the same thing in another picture."""
        if self.requests:
            return "requests", self.requests[0].request.at
        if self.planned is not None:
            return "planned", self.planned.begins_at if self.planned.loads else 0.0
        return "stay", self.stay.begins_at if self.stay is not None else 0.0

    @property
    def ready(self) -> bool:
        return all(shown.ready for shown in self.requests)

    @property
    def changed(self) -> bool:
        return any(shown.changed for shown in self.requests)


class PlacedLane(NamedTuple):
    """A lane."""

    model_id: str
    sign: Sign
    rect: QRect
    name: str  # Elided
    name_rect: QRect
    swatch: QRect
    bands: tuple[Item, ...]
    plan: tuple[Item, ...]
    dots: tuple[Item, ...]
    labels: tuple[tuple[QRect, str], ...]  # The times of planned loads

    @property
    def items(self) -> list[Item]:
        """All that can be pointed to, in the order of time; dots lie above the rest."""
        return sorted((*self.bands, *self.plan, *self.dots), key=lambda item: item.rect.left())

    def item_at(self, x: int) -> Item | None:
        """Return what is at a place: a dot that is near, or a band."""
        near = min(self.dots, key=lambda dot: abs(dot.rect.center().x() - x), default=None)
        if near is not None and abs(near.rect.center().x() - x) <= DOT_PX:
            return near
        return next(
            (each for each in (*self.plan, *self.bands) if each.rect.left() - 2 <= x <= each.rect.right() + 2), None
        )


class Tick(NamedTuple):
    """An hour."""

    x: int
    text: str  # Empty where there is no room
    rect: QRect
    midnight: bool


class Picture(NamedTuple):
    """What is painted where."""

    lanes: tuple[PlacedLane, ...]
    ticks: tuple[Tick, ...]
    left: int  # Of the timeline; ``right``, ``top`` and ``bottom`` likewise
    right: int
    top: int
    bottom: int
    now_x: int
    now_text: str
    now_rect: QRect
    least_height: int  # That it needs
    most_height: int  # That it has a use for


class _Axis(NamedTuple):
    left: int
    right: int
    begin: float
    until: float

    def x_at(self, at: float) -> int:
        share = (at - self.begin) / max(self.until - self.begin, 1.0)
        return self.left + round(min(max(share, 0.0), 1.0) * (self.right - self.left))


def draw_up(scene: DayScene, width: int, height: int, looks: Looks) -> Picture:
    """Return the picture of a scene; where there is more height than it needs, the lanes are higher."""
    longest = max((looks.caption_width(lane.model_id) for lane in scene.lanes), default=0)
    names = min(longest + 2, int(width * _NAME_SHARE))
    left = _MARGIN + SWATCH_PX + GAP + names + 2 * GAP
    axis = _Axis(left, max(width - DOT_PX, left + 1), scene.begin, scene.until)
    top = looks.caption_metrics.height() + GAP
    text = looks.caption_metrics.height()
    least, most = (max(size, text + GAP) for size in _LANE_PX)
    spare = (height - top - GAP) // max(len(scene.lanes), 1)
    step = min(max(spare, least), most)
    band = _BAND_PX[0] + (_BAND_PX[1] - _BAND_PX[0]) * (step - least) // max(most - least, 1)
    lanes = tuple(
        _lane(lane, QRect(0, top + place * step, width, step), band, names, axis, scene.now, looks)
        for place, lane in enumerate(scene.lanes)
    )
    bottom = top + len(lanes) * step
    now_x = axis.x_at(scene.now)
    now_text = QCoreApplication.translate("Day", "Now")
    length = looks.strong_width(now_text) + 4
    now_rect = QRect(min(now_x - length // 2, width - length), 0, length, looks.caption_metrics.height())
    ticks = tuple(_ticks(axis, looks, now_rect))
    return Picture(
        lanes,
        ticks,
        left,
        axis.right,
        top,
        bottom,
        now_x,
        now_text,
        now_rect,
        top + len(lanes) * least + GAP,
        top + len(lanes) * most + GAP,
    )


def clock(at: float) -> str:
    """Return a time of day in the user's format."""
    local = time.localtime(at)
    return QLocale().toString(QTime(local.tm_hour, local.tm_min), QLocale.FormatType.ShortFormat)


def _lane(lane: LaneScene, rect: QRect, thick: int, names: int, axis: _Axis, now: float, looks: Looks) -> PlacedLane:
    middle = rect.center().y()
    band_top = middle - thick // 2
    name_rect = QRect(_MARGIN + SWATCH_PX + GAP, rect.top(), names, rect.height())
    name = lane.model_id
    if looks.caption_width(name) > names:
        name = looks.caption_metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, names)

    def band(begin: float, end: float) -> QRect:
        x = axis.x_at(begin)
        return QRect(x, band_top, max(axis.x_at(end) - x, _LEAST_BAND_PX), thick)

    plan = tuple(Item(band(stay.begins_at, stay.ends_at), planned=stay) for stay in lane.plan)
    bands = tuple(Item(band(stay.begins_at, min(stay.ends_at, now)), stay=stay) for stay in lane.stays)
    return PlacedLane(
        lane.model_id,
        lane.sign,
        rect,
        name,
        name_rect,
        QRect(_MARGIN, middle - SWATCH_PX // 2, SWATCH_PX, SWATCH_PX),
        bands,
        plan,
        tuple(_dots(lane.requests, axis, middle)),
        tuple(_labels(plan, looks, axis.right)),
    )


def _dots(requests: Sequence[ShownRequest], axis: _Axis, middle: int) -> Iterator[Item]:
    """Yield a dot for the requests that would overlap: it is hollow if one of them had to wait."""
    at_x = 0
    together: list[ShownRequest] = []
    for shown in requests:
        x = axis.x_at(shown.request.at)
        if together and x - at_x >= DOT_PX - 2:
            yield _dot(at_x, middle, together)
            together = []
        if not together:
            at_x = x
        together.append(shown)
    if together:
        yield _dot(at_x, middle, together)


def _dot(x: int, middle: int, together: Sequence[ShownRequest]) -> Item:
    half = DOT_PX // 2
    return Item(QRect(x - half, middle - half, DOT_PX, DOT_PX), requests=tuple(together))


def _labels(plan: Sequence[Item], looks: Looks, right: int) -> Iterator[tuple[QRect, str]]:
    for place, item in enumerate(plan):
        if item.planned is None or not item.planned.loads:
            continue
        text = clock(item.planned.begins_at)
        end = plan[place + 1].rect.left() if place + 1 < len(plan) else right
        rect = item.rect.adjusted(GAP, 0, 0, 0)
        rect.setWidth(looks.caption_width(text) + 2)
        if rect.right() < max(end, item.rect.right()) and rect.right() <= item.rect.right():
            yield rect, text


def _ticks(axis: _Axis, looks: Looks, now_rect: QRect) -> Iterator[Tick]:
    widest = looks.caption_width(clock(22 * _HOUR_S)) + _LABEL_GAP
    hours = (axis.until - axis.begin) / _HOUR_S
    most = max((axis.right - axis.left) // widest, 1)
    step = next((each for each in _STEPS_H if hours / each <= most), _STEPS_H[-1])
    height = looks.caption_metrics.height()
    at = _midnight(axis.begin)
    while at < axis.until:
        local = time.localtime(at)
        if at >= axis.begin and local.tm_hour % step == 0:
            x, text = axis.x_at(at), clock(at)
            length = looks.caption_width(text) + 2
            rect = QRect(min(max(x - length // 2, axis.left - GAP), axis.right + DOT_PX - length), 0, length, height)
            crowded = rect.adjusted(-GAP, 0, GAP, 0).intersects(now_rect)
            yield Tick(x, "" if crowded else text, rect, local.tm_hour == 0)
        at += _HOUR_S


def _midnight(at: float) -> float:
    local = time.localtime(at)
    return math.floor(at) - local.tm_hour * _HOUR_S - local.tm_min * 60 - local.tm_sec
