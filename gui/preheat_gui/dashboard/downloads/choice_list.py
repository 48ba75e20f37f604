"""Widgets to choose a model or size: a list of rows, and a card for the selected one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QItemSelection, QModelIndex, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionViewItem, QWidget

from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.choice_rows import Badge, ChoiceRow
from preheat_gui.dashboard.painting import Looks, bold, draw_text, wrapped
from preheat_gui.dashboard.parts import detail_label, title_label
from preheat_gui.dashboard.tables import LEADING, TRAILING, Row, RowDelegate, RowList, RowView
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    Card,
    EmptyState,
    Item,
    Token,
    hbox,
    named,
    set_role,
    stacked,
    symbol,
    vbox,
)

_SIGN: Final = 12
_PADDING: Final = GAP + 1  # Above and below a row's text
_MAX_LINES: Final = 2
_END_SHARE: Final = 0.4  # Maximum share of the width for figure and badge


class ChoiceDelegate(RowDelegate):
    """Paints a ``ChoiceRow``."""

    radius = 6.0

    def row_height(self, row: ChoiceRow, width: int, looks: Looks) -> int:
        lines = _lines(row, looks, _places(row, looks, QRect(0, 0, width, 0))[1].width())
        # The badge needs a second line even without a sentence.
        second = max(len(lines), 1) * looks.caption_metrics.height()
        return looks.body_metrics.height() + second + 2 * _PADDING + 1

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow, looks: Looks) -> None:
        direction, rect = option.direction, option.rect
        title, line, figure, badge = (QStyle.visualRect(direction, rect, place) for place in _places(row, looks, rect))
        self._paint_title(painter, option, row, title)
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[Token.MUTED])
        for text in _lines(row, looks, line.width()):
            draw_text(painter, direction, line, LEADING, text)
            line.translate(0, looks.caption_metrics.height())
        painter.setFont(looks.body)
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, figure, TRAILING, row.figure)
        if row.badge is not None:
            self._paint_badge(painter, option, row.badge, badge)

    def _paint_title(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow, place: QRect) -> None:
        looks, direction, font = self._looks(), option.direction, bold(self._looks().body)
        mark_width = looks.caption_metrics.horizontalAdvance(row.mark) + 2 * GAP if row.mark else 0
        metrics = QFontMetrics(font)
        width = place.width() - (mark_width + GAP if row.mark else 0)
        title = metrics.elidedText(row.title, Qt.TextElideMode.ElideMiddle, width)
        painter.setFont(font)
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, place, LEADING, title)
        if not row.mark:
            return
        left = place.left() + metrics.horizontalAdvance(title) + GAP
        pill = QStyle.visualRect(direction, place, QRect(left, place.top(), mark_width, place.height()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(looks.colours[Token.ACCENT])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        shape = QRectF(pill).adjusted(0.5, -0.5, -0.5, 0.5)
        painter.drawRoundedRect(shape, shape.height() / 2, shape.height() / 2)
        painter.setFont(looks.caption)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, row.mark)

    def _paint_badge(self, painter: QPainter, option: QStyleOptionViewItem, badge: Badge, place: QRect) -> None:
        looks, direction, sign_width = self._looks(), option.direction, _SIGN + GAP // 2
        metrics = looks.caption_metrics
        text = metrics.elidedText(badge.text, Qt.TextElideMode.ElideRight, place.width() - sign_width)
        left = place.right() + 1 - metrics.horizontalAdvance(text) - sign_width
        sign = QRect(left, place.top() + (place.height() - _SIGN) // 2, _SIGN, _SIGN)
        symbol(badge.sign, badge.token).paint(painter, QStyle.visualRect(direction, place, sign))
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[badge.token])
        draw_text(painter, direction, place, TRAILING, text)


def _lines(row: ChoiceRow, looks: Looks, width: int) -> tuple[str, ...]:
    return wrapped(row.sentence, looks.caption, width, _MAX_LINES) if row.sentence else ()


def _places(row: ChoiceRow, looks: Looks, rect: QRect) -> tuple[QRect, QRect, QRect, QRect]:
    """Return the places of title, sentence, figure and badge in a left-to-right layout."""
    upper, lower = looks.body_metrics.height(), looks.caption_metrics.height()
    whole = rect.adjusted(GROUP_GAP, _PADDING, -GROUP_GAP, 0)
    # One pixel more than the text's own width, which is not always enough.
    badge = _SIGN + GAP // 2 + looks.caption_metrics.horizontalAdvance(row.badge.text) + 1 if row.badge else 0
    end = min(max(looks.body_metrics.horizontalAdvance(row.figure), badge), round(whole.width() * _END_SHARE))
    width = whole.width() - end - (GROUP_GAP if end else 0)
    left, right, top = whole.left(), whole.right() + 1 - end, whole.top()
    return (
        QRect(left, top, width, upper),
        QRect(left, top + upper, width, lower),
        QRect(right, top, end, upper),
        QRect(right, top + upper, end, lower),
    )


class ChoiceView(RowView):
    """Shows choices; one is selected, and opened by Enter or a double click."""

    opened = Signal(str)  # The user opened a choice (its key)
    selected = Signal(str)  # Another choice is selected (its key, or "")

    def __init__(self, name: str, accessible_name: str) -> None:
        self._choices = RowList()
        super().__init__(name, accessible_name, self._choices)
        self._choices.setParent(self)
        self.setItemDelegate(ChoiceDelegate(self))
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.activated.connect(self._on_activated)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; the selected choice stays selected if it is still there."""
        before = self.selected_key
        self._choices.show(rows)
        if not before or self.selected_key != before:
            self.select(before)

    def select(self, key: str) -> None:
        """Select a choice; if there is no such, the first one without a problem, or else the first one."""
        rows = [(number, row) for number, row in enumerate(self._choices.rows) if isinstance(row, ChoiceRow)]
        choices = {row.key: number for number, row in rows}
        first = next(iter(choices.values()), -1)
        best = next((number for number, row in rows if row.badge is None or row.badge.token is not Token.BAD), first)
        number = choices.get(key, best)
        if number >= 0:
            self.setCurrentIndex(self._choices.index(number))
            if number == first:
                self.scrollToTop()  # shows the group's title too

    @property
    def selected_key(self) -> str:
        """The key of the selected choice; empty if there is none."""
        indexes = self.selectedIndexes()
        return self._key_at(indexes[0].row()) if indexes else ""

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802
        super().selectionChanged(selected, deselected)
        self.selected.emit(self.selected_key)

    def _on_activated(self, index: QModelIndex) -> None:
        if key := self._key_at(index.row()):
            self.opened.emit(key)

    def _key_at(self, number: int) -> str:
        rows = self._choices.rows
        row = rows[number] if 0 <= number < len(rows) else None
        return row.key if isinstance(row, ChoiceRow) else ""


class ChoiceStrip(Card):
    """Shows the selected choice, with a main button and an optional second one."""

    def __init__(self, name: str, main_text: str, more_text: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}_strip")
        self._name = title_label()
        self._words = named(detail_label(), f"{name}_words")
        self.more = named(QPushButton(more_text), f"{name}_more")
        self.main = named(QPushButton(main_text), f"{name}_get")
        set_role(self.main, "main")
        texts = vbox(self._name, self._words, spacing=GAP // 2)
        self.body.setContentsMargins(GROUP_GAP, GAP + GAP // 2, GROUP_GAP, GAP + GAP // 2)
        self.body.addLayout(hbox((texts, 1), self.more, self.main))
        self.more.setVisible(bool(more_text))

    def set_buttons(self, main_text: str, *, more: bool) -> None:
        """Change the main button's text, and show or hide the second one."""
        self.main.setText(main_text)
        self.more.setVisible(more)

    def show_choice(self, name: str, words: str = "", *, main: bool = False, more: bool = False) -> None:
        """Show a choice; ``main`` and ``more`` enable the buttons."""
        self._name.setText(name)
        self._words.setText(words)
        self._words.set_token(Token.MUTED)
        self.main.setEnabled(main)
        self.more.setEnabled(more)
        self.setAccessibleName(name)
        self.setAccessibleDescription(words)

    def show_trouble(self, words: str) -> None:
        """Show why nothing came of the choice, until there is another one."""
        self._words.setText(words)
        self._words.set_token(Token.BAD)
        self.setAccessibleDescription(words)


class ChoiceSection(QWidget):
    """Base of the page's lists: rows and a strip, or an explanation instead."""

    open_requested = Signal(str, str)  # The user wants to see the sizes of a model (its name on the hub, and a title)
    download_requested = Signal(str)  # The user wants to download something (what to pull)

    def __init__(
        self, bridge: EngineBridge, name: str, view: ChoiceView, main_text: str, more_text: str = "", *above: Item
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._error: EngineError | None = None
        self._view = view
        self._strip = ChoiceStrip(name, main_text, more_text)
        self._empty = named(EmptyState("", ""), f"{name}_empty")
        self._stack = stacked(view, self._empty)
        lists = QWidget()
        vbox((self._stack, 1), self._strip, parent=lists)
        vbox(*above, (self._body(lists), 1), parent=self)
        view.opened.connect(self._open)
        view.selected.connect(self._show_selected)
        self._strip.main.clicked.connect(self._on_main)
        self._strip.more.clicked.connect(self._open_selected)
        self._empty.clicked.connect(self._on_empty)

    def show_trouble(self, words: str) -> None:
        """Show under the list why a download did not begin."""
        self._strip.show_trouble(words)

    def _body(self, lists: QWidget) -> QWidget:
        """Return what is below the head: the lists, or more."""
        return lists

    def _show_rows(self, rows: Sequence[Row]) -> None:
        self._view.show_rows(rows)
        self._stack.setCurrentWidget(self._view if rows else self._empty)
        self._strip.setVisible(bool(rows))
        self._show_selected()
        if not rows:
            self._explain_empty()

    def _on_error(self, error: EngineError) -> None:
        self._error = error
        self._show()

    def _show(self) -> None:
        raise NotImplementedError

    def _show_selected(self) -> None:
        raise NotImplementedError

    def _explain_empty(self) -> None:
        raise NotImplementedError

    def _open(self, key: str) -> None:
        raise NotImplementedError

    def _open_selected(self) -> None:
        if key := self._view.selected_key:
            self._open(key)

    def _on_main(self) -> None:
        self._open_selected()

    def _on_empty(self) -> None:
        raise NotImplementedError
