"""Start at login, among the settings though it is none: the system's own entry says whether it is on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from preheat_gui.platform import LoginItem, LoginItemError
from preheat_gui.settings_dialog.field_row import Remark
from preheat_gui.widgets import GAP, GROUP_GAP, caption


class LoginRow(QWidget):
    """A check box that acts when the window is applied.

    Attributes:
        edited: The user has ticked it, or no longer.
    """

    edited = Signal()

    def __init__(self, item: LoginItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item = item
        self._box = QCheckBox(self.tr("Start at login"), self)
        self._box.setObjectName("start_at_login")
        self._box.setChecked(item.is_on())
        self._box.clicked.connect(self._clicked)
        description = self.tr("Preheat starts in the tray when you log in, without opening a window.")
        self._box.setAccessibleDescription(description)
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
        """Whether the box says something else than the system's entry."""
        return self._box.isChecked() != self._item.is_on()

    def set_label_width(self, width: int) -> None:
        """Leave as much at the side as the other rows do for their labels."""
        self._side.setFixedWidth(width)

    def apply(self) -> bool:
        """Do what the box says; return whether that went well, and say why not."""
        try:
            if self.is_edited:
                self._item.switch(self._box.isChecked())
        except LoginItemError as error:
            self._remark.show_words(f"{error.title}. {error.hint}.", wrong=True)
            return False
        self._remark.show_words("", wrong=False)
        return True

    def _clicked(self) -> None:
        self.edited.emit()
