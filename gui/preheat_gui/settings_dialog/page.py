"""One page of the settings dialog: a group's settings, the rare ones folded away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from preheat_gui.settings_dialog.declarations import Declaration
from preheat_gui.settings_dialog.editors import Editor
from preheat_gui.settings_dialog.field_row import FieldRow
from preheat_gui.widgets import GAP, GROUP_GAP, Card, button, symbol, vbox

_MAX_LABEL_WIDTH: Final = 18 * GAP


class SettingsPage(QScrollArea):
    """A card with the common rows, and a button that shows a card with the rare ones."""

    def __init__(
        self,
        name: str,
        declarations: Sequence[Declaration],
        make_editor: Callable[[Declaration], Editor],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"page_{name}")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget(self)
        self.rows = [FieldRow(each, make_editor(each), content) for each in declarations]
        self.label_width = min(max(row.label_width() for row in self.rows) + 2, _MAX_LABEL_WIDTH)
        self._common, self._rare = Card(parent=content), Card(parent=content)
        for card in (self._common, self._rare):
            card.body.setSpacing(GROUP_GAP)
        for row in self.rows:
            row.set_label_width(self.label_width)
            (self._rare if row.declaration.rare else self._common).body.addWidget(row)
        self._rare.hide()
        self._more = button(self.tr("&More"), f"more_{name}", None, content, role="quiet")
        self._more.setIcon(symbol("arrow-down"))
        self._more.setCheckable(True)
        self._more.toggled.connect(self._toggle_rare)
        self._more.setVisible(any(row.declaration.rare for row in self.rows))
        layout = vbox(self._common, self._more, self._rare, None, parent=content, spacing=GROUP_GAP)
        layout.setContentsMargins(0, 0, GAP, 0)
        layout.setAlignment(self._more, Qt.AlignmentFlag.AlignLeading)
        self.setWidget(content)

    def insert_row(self, row: QWidget) -> None:
        """Insert a row above the settings."""
        self._common.body.insertWidget(1, row)  # after the card's title

    def reveal(self, name: str) -> None:
        """Scroll to a setting's row, and focus its field."""
        row = next(row for row in self.rows if row.declaration.name == name)
        if row.declaration.rare:
            self._more.setChecked(True)
        self.ensureWidgetVisible(row)
        row.editor.main_widget().setFocus()

    def _toggle_rare(self, shown: bool) -> None:
        self._more.setIcon(symbol("arrow-up" if shown else "arrow-down"))
        self._rare.setVisible(shown)
