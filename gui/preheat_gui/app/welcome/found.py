"""The models that a first start found: which of them should always be ready, in a list and in the band of memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QStyle, QStyleOptionViewItem, QWidget

from preheat.control import EngineSnapshot, ModelSnapshot, State
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.hearth.limit_change import LimitChange
from preheat_gui.dashboard.hearth.scene import Order, gather
from preheat_gui.dashboard.hearth.widget import Hearth
from preheat_gui.dashboard.painting import Looks, draw_text, paint_star
from preheat_gui.dashboard.tables import (
    LEADING,
    TRAILING,
    Row,
    RowDelegate,
    RowList,
    RowView,
    two_line_height,
    two_lines,
)
from preheat_gui.widgets import GAP, GROUP_GAP, SIGN_PX, SignBook, Token, paint_model_sign, timer, vbox
from preheat_gui.words import fit_words, format_bytes, format_memory, joined, model_state

_STAR: Final = 16
_MOST_ROWS: Final = 5  # Shown without scrolling
_FEW_ROWS: Final = 3  # On screens that are not as high as ``_HIGH_PX``
_HIGH_PX: Final = 700
_END_SHARE: Final = 0.55  # Maximum share of a row's width for what is on its right
_FRAME_MS: Final = 100

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class FoundRow(Row):
    """A model to choose."""

    model_id: str
    favourite: bool
    size: str  # Memory that it takes
    kind: str
    state: str  # Whether it fits, or what it does now
    bad: bool  # It does not fit

    @property
    def identity(self) -> str:
        return self.model_id

    @property
    def text(self) -> str:
        return self.model_id

    @property
    def whole(self) -> str:
        chosen = translate("Welcome", "always ready") if self.favourite else translate("Welcome", "not chosen")
        return joined(self.model_id, chosen, self.size, self.state)


def make_row(model: ModelSnapshot, snapshot: EngineSnapshot) -> FoundRow:
    """Return the row of a model."""
    kind = translate("Models", "Embeddings · {size} file" if model.embeddings else "Text · {size} file")
    idle = model.state is State.COLD
    return FoundRow(
        model.model_id,
        model.favourite,
        format_memory(model.resident_bytes if model.state is State.HOT else model.expected_bytes),
        kind.format(size=format_bytes(model.file_bytes)),
        fit_words(model, snapshot) if idle else model_state(model),
        idle and model.expected_bytes > snapshot.memory.limit_bytes,
    )


class FoundModels(QWidget):
    """The list, and the band with the memory limit to drag. Everything applies at once."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("found_models")
        self._bridge = bridge
        self._order = Order()
        self._rows = RowList(self)
        self._view = FoundView(self._rows, bridge.signs)
        self._hearth = Hearth(legend=False)  # It would grow with each star, and the list has all names
        self._change = LimitChange(bridge, self)
        self._frame = timer(self, _FRAME_MS, self._render)
        vbox(self._view, self._hearth, spacing=GROUP_GAP, parent=self)
        self._view.toggled.connect(self._toggle)
        self._view.hovered.connect(self._hearth.highlight)
        self._hearth.favourite_pressed.connect(self._toggle)
        self._hearth.limit_touched.connect(self._change.touch)
        self._hearth.limit_moved.connect(self._change.move)
        self._hearth.limit_committed.connect(self._change.commit)
        self._hearth.limit_cancelled.connect(self._change.cancel)
        self._change.changed.connect(self._render)
        self.setFocusProxy(self._view)
        bridge.snapshot_changed.connect(self._on_snapshot)
        self._render()
        self._view.setCurrentIndex(self._rows.index(0))

    def commit(self) -> None:
        """Apply a limit that was moved with the keys, and not confirmed."""
        self._change.commit()

    def _on_snapshot(self, _snapshot: EngineSnapshot) -> None:
        if not self._frame.isActive():
            self._frame.start()

    def _render(self) -> None:
        bridge, change = self._bridge, self._change
        change.settle()
        self._rows.show([make_row(model, bridge.snapshot) for model in bridge.snapshot.models])
        scene = gather(
            bridge.snapshot, self._order, bridge.signs, limit_bytes=change.limit_bytes, preview=change.preview
        )
        self._hearth.set_locked(change.locked)
        moving = change.limit_bytes is not None
        words = change.words() if moving else change.words()._replace(hint=self._chosen_words())
        self._hearth.show_scene(scene, words, moving=moving)

    def _chosen_words(self) -> str:
        snapshot = self._bridge.snapshot
        chosen = [model for model in snapshot.models if model.favourite]
        if not chosen:
            return self.tr("A star keeps a model ready. Without one, a model is loaded when an app asks for it.")
        # With preloading off, the engine does not compare them with the limit.
        size = format_memory(snapshot.favourites_bytes or sum(model.expected_bytes for model in chosen))
        limit = format_memory(snapshot.memory.limit_bytes)
        if len(chosen) == 1:
            return self.tr("1 model chosen: {size} of {limit}").format(size=size, limit=limit)
        words = self.tr("{count} models chosen: {size} of {limit}")
        return words.format(count=len(chosen), size=size, limit=limit)

    def _toggle(self, model_id: str) -> None:
        model = self._bridge.snapshot.model(model_id)
        if model is not None:
            self._bridge.set_favourite(model_id, not model.favourite)


class FoundView(RowView):
    """The list; a click or Space changes a row's star."""

    toggled = Signal(str)  # The user pressed a model's star (its id)
    hovered = Signal(str)  # The pointer is on this model; empty for none

    def __init__(self, rows: RowList, signs: SignBook) -> None:
        super().__init__("found_list", translate("Welcome", "Models to keep ready"), rows)
        self._found = rows
        self.setItemDelegate(FoundDelegate(self, signs))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._toggle)
        self.entered.connect(self._on_entered)
        for changed in (rows.modelReset, rows.rowsInserted, rows.rowsRemoved):
            changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        most = _MOST_ROWS if self.screen().availableSize().height() >= _HIGH_PX else _FEW_ROWS
        shown = min(max(self._found.rowCount(), 1), most)
        return QSize(0, shown * self.sizeHintForRow(0) + 2 * self.frameWidth())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Select) and self.currentIndex().isValid():
            self._toggle(self.currentIndex())
            return
        super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self.hovered.emit("")

    def _toggle(self, index: QModelIndex) -> None:
        self.toggled.emit(self._model_id(index))

    def _on_entered(self, index: QModelIndex) -> None:
        self.hovered.emit(self._model_id(index))

    def _model_id(self, index: QModelIndex) -> str:
        row = self._found.rows[index.row()]
        assert isinstance(row, FoundRow)
        return row.model_id


class FoundDelegate(RowDelegate):
    """A star, the model's sign as in the band, the name over its kind, and the size over what becomes of it."""

    radius = 6.0

    def __init__(self, view: RowView, signs: SignBook) -> None:
        super().__init__(view)
        self._signs = signs

    def row_height(self, row: FoundRow, width: int, looks: Looks) -> int:
        return two_line_height(looks)

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: FoundRow, looks: Looks) -> None:
        rect = option.rect.adjusted(GROUP_GAP, 0, -GROUP_GAP, -1)
        colour = looks.colours[Token.ACCENT if row.favourite else Token.MUTED]
        painter.setPen(QPen(colour, 1.2))
        painter.setBrush(colour if row.favourite else Qt.BrushStyle.NoBrush)
        star = QRect(rect.left(), rect.top(), _STAR, rect.height())
        paint_star(painter, QPointF(QStyle.visualRect(option.direction, rect, star).center()), _STAR)
        sign = QRect(star.right() + 1 + GAP, rect.center().y() - SIGN_PX // 2, SIGN_PX, SIGN_PX)
        placed = QRectF(QStyle.visualRect(option.direction, rect, sign))
        paint_model_sign(painter, placed, self._signs.sign(row.model_id))
        metrics = looks.caption_metrics
        end = min(metrics.horizontalAdvance(row.state) + 1, round(rect.width() * _END_SHARE))
        end = max(end, looks.body_metrics.horizontalAdvance(row.size) + 1)
        left = rect.adjusted(_STAR + GAP + SIGN_PX + GAP, 0, -end - GROUP_GAP, 0)
        right = QRect(rect.right() - end + 1, rect.top(), end, rect.height())
        upper, lower = two_lines(QStyle.visualRect(option.direction, rect, left), looks)
        upper_end, lower_end = two_lines(QStyle.visualRect(option.direction, rect, right), looks)
        name = looks.body_metrics.elidedText(row.model_id, Qt.TextElideMode.ElideMiddle, upper.width())
        painter.setFont(looks.body)
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, option.direction, upper, LEADING, name)
        draw_text(painter, option.direction, upper_end, TRAILING, row.size)
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[Token.MUTED])
        kind = metrics.elidedText(row.kind, Qt.TextElideMode.ElideRight, lower.width())
        draw_text(painter, option.direction, lower, LEADING, kind)
        painter.setPen(looks.colours[Token.BAD if row.bad else Token.MUTED])
        state = metrics.elidedText(row.state, Qt.TextElideMode.ElideRight, end)
        draw_text(painter, option.direction, lower_end, TRAILING, state)
