"""One page of the settings window: the settings of a group, the rare ones folded away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from preheat_gui.settings_dialog.declarations import Declaration
from preheat_gui.settings_dialog.editors import Editor
from preheat_gui.settings_dialog.field_row import FieldRow
from preheat_gui.widgets import GAP, GROUP_GAP, Card, set_role, symbol

_WIDEST_LABEL: Final = 18 * GAP

EditorMaker = Callable[[Declaration], Editor]


class SettingsPage(QScrollArea):
    """Rows in a card, and a button that shows the rare ones in another."""

    def __init__(
        self, name: str, declarations: Sequence[Declaration], make_editor: EditorMaker, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"page_{name}")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget(self)
        self._layout = QVBoxLayout(content)
        self._layout.setContentsMargins(0, 0, GAP, 0)
        self._layout.setSpacing(GROUP_GAP)
        self.rows = [FieldRow(each, make_editor(each), content) for each in declarations]
        self._common = Card(parent=content)
        self._common.body.setSpacing(GROUP_GAP)
        self._layout.addWidget(self._common)
        self._more: QPushButton | None = None
        self._rare: Card | None = None
        for row in self.rows:
            if not row.declaration.rare:
                self._common.body.addWidget(row)
        rare = [row for row in self.rows if row.declaration.rare]
        if rare:
            self._add_rare(name, rare)
        self._layout.addStretch()
        self.label_width = min(max(row.label_width() for row in self.rows) + 2, _WIDEST_LABEL)
        for row in self.rows:
            row.set_label_width(self.label_width)
        self.setWidget(content)

    def insert_row(self, row: QWidget) -> None:
        """Put a row that is no setting above the others."""
        self._common.body.insertWidget(1, row)  # after the card's title

    def reveal(self, name: str) -> None:
        """Bring a setting's row into sight, and the cursor into its field."""
        row = next(row for row in self.rows if row.declaration.name == name)
        if row.declaration.rare and self._more is not None:
            self._more.setChecked(True)
        self.ensureWidgetVisible(row)
        row.editor.main_widget().setFocus()

    def _add_rare(self, name: str, rows: Sequence[FieldRow]) -> None:
        self._more = QPushButton(self.tr("&More"), self)
        self._more.setObjectName(f"more_{name}")
        self._more.setIcon(symbol("arrow-down"))
        self._more.setAutoDefault(False)
        self._more.setCheckable(True)
        self._more.toggled.connect(self._toggle_rare)
        set_role(self._more, "quiet")
        self._rare = Card(parent=self.widget())
        self._rare.body.setSpacing(GROUP_GAP)
        for row in rows:
            self._rare.body.addWidget(row)
        self._rare.hide()
        self._layout.addWidget(self._more, alignment=Qt.AlignmentFlag.AlignLeading)
        self._layout.addWidget(self._rare)

    def _toggle_rare(self, shown: bool) -> None:
        assert self._more is not None
        assert self._rare is not None
        self._more.setIcon(symbol("arrow-up" if shown else "arrow-down"))
        self._rare.setVisible(shown)
