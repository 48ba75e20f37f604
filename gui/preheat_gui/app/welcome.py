"""The first thing that a person sees who has no models yet. Shown once. GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from preheat import paths
from preheat.errors import EngineError
from preheat_gui.platform.login_item import LoginItem, login_item
from preheat_gui.widgets import GAP, GROUP_GAP, MARGIN, caption, heading, mark_icon, set_role

if TYPE_CHECKING:
    from preheat.core.snapshot import EngineSnapshot
    from preheat_gui.widgets import WindowState

logger = logging.getLogger(__name__)

_SHOWN: Final = "welcome_shown"
_MARK_PX: Final = 48
_WIDTH_PX: Final = 560


def wants_welcome(snapshot: EngineSnapshot, state: WindowState) -> bool:
    """Return whether to welcome: there are no models, and it has not been done."""
    return not snapshot.models and not state.flag(_SHOWN)


class WelcomeDialog(QDialog):
    """Says what Preheat does, where models go, and offers to start at login.

    Args:
        state: Remembers that it was shown.
        folder: Where models go; the system's usual place, if not given.
        make_login_item: The system's entry for starting at login.
    """

    def __init__(
        self,
        state: WindowState,
        parent: QWidget | None = None,
        *,
        folder: Path | None = None,
        make_login_item: Callable[[], LoginItem] = login_item,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setWindowTitle(self.tr("Welcome to Preheat"))
        self._models_dir = folder or paths.models_dir()
        self._login_item = make_login_item()
        self._login = QCheckBox(self.tr("Start Preheat when I &log in"), self)
        self._login.setObjectName("start_at_login")
        self._login.setChecked(True)
        self._suggestions = QVBoxLayout()
        self._suggestions.setSpacing(GAP)
        self._lay_out()
        state.remember(_SHOWN, True)

    def set_suggestions(self, suggestions: QWidget) -> None:
        """Show models that would do well on this machine, between the words and the buttons."""
        while (item := self._suggestions.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        self._suggestions.addWidget(suggestions)
        set_role(self._done, "")  # the suggestions bring the one main button

    def accept(self) -> None:
        """Do what the box says about the login, and close."""
        try:
            if self._login.isChecked() != self._login_item.is_on():
                self._login_item.switch(self._login.isChecked())
        except EngineError as error:
            logger.warning("starting at login could not be changed: %s", error)
            self._note.setText(str(error))
            self._note.show()
            self._login.setChecked(self._login_item.is_on())
            return
        super().accept()

    def _lay_out(self) -> None:
        self._note = caption("", self)
        self._note.setObjectName("login_note")
        self._note.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(GROUP_GAP)
        layout.addLayout(self._title())
        layout.addWidget(self._words())
        layout.addWidget(self._folder())
        layout.addLayout(self._suggestions)
        layout.addStretch()
        layout.addWidget(self._login)
        layout.addWidget(self._note)
        layout.addLayout(self._buttons())
        self.setMinimumWidth(_WIDTH_PX)

    def _title(self) -> QHBoxLayout:
        mark = QLabel(self)
        mark.setPixmap(mark_icon().pixmap(_MARK_PX, _MARK_PX))
        mark.setAccessibleName(self.tr("Preheat's mark"))
        row = QHBoxLayout()
        row.setSpacing(GROUP_GAP)
        row.addWidget(mark)
        row.addWidget(heading(self.tr("The first answer as fast as the second"), self), 1)
        return row

    def _words(self) -> QLabel:
        words = QLabel(
            self.tr(
                "Preheat keeps the language models that you use loaded before anything asks for them, "
                "within the memory that you allow. Your other programs reach them at one address on this machine."
            ),
            self,
        )
        words.setObjectName("welcome_words")
        words.setWordWrap(True)
        return words

    def _folder(self) -> QLabel:
        words = caption(
            self.tr("You have GGUF files already? Put them into {folder}; Preheat notices them by itself.").format(
                folder=str(self._models_dir)
            ),
            self,
        )
        words.setObjectName("models_folder")
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return words

    def _buttons(self) -> QHBoxLayout:
        folder = QPushButton(self.tr("&Open the models folder"), self)
        folder.setObjectName("open_models_folder")
        folder.setAutoDefault(False)
        folder.clicked.connect(self._open_folder)
        self._done = done = QPushButton(self.tr("&Done"), self)
        done.setObjectName("welcome_done")
        set_role(done, "main")
        done.setDefault(True)
        done.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(folder)
        row.addStretch()
        row.addWidget(done)
        return row

    def _open_folder(self) -> None:
        folder = self._models_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            logger.warning("%s cannot be made: %s", folder, error.strerror)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
