"""Start at login, shown among the settings: the system's own entry holds its value."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from preheat_gui.platform import LoginItem, LoginItemError
from preheat_gui.settings_dialog.field_row import Remark
from preheat_gui.widgets import GAP, GROUP_GAP, caption
from preheat_gui.words import error_text


class LoginRow(QWidget):
    """A check box that takes effect with Apply."""

    edited = Signal()  # The user changed it

    def __init__(self, item: LoginItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item = item
        description = self.tr("Start Preheat in the tray when you log in, without opening a window.")
        self._box = QCheckBox(self.tr("Start at login"), self)
        self._box.setObjectName("start_at_login")
        self._box.setAccessibleDescription(description)
        self._box.setChecked(item.is_on())
        self._box.clicked.connect(self.edited)
        self._remark = Remark(self)
        self._side = QWidget(self)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(GROUP_GAP)
        layout.setVerticalSpacing(GAP // 2)
        layout.setColumnStretch(1, 1)
        layout.addWidget(self._side, 0, 0)
        layout.addWidget(self._box, 0, 1)
        layout.addWidget(caption(description, self), 1, 1)
        layout.addWidget(self._remark, 2, 1)

    @property
    def is_edited(self) -> bool:
        """Whether the box differs from the system's entry."""
        return self._box.isChecked() != self._item.is_on()

    def set_label_width(self, width: int) -> None:
        """Align with the labels of the other rows."""
        self._side.setFixedWidth(width)

    def apply(self) -> bool:
        """Apply the box; return whether that worked, else show the error."""
        try:
            if self.is_edited:
                self._item.switch(self._box.isChecked())
        except LoginItemError as error:
            self._remark.show_words(error_text(error), wrong=True)
            return False
        self._remark.show_words("", wrong=False)
        return True
