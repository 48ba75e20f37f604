"""The welcome dialog of a first start without models. GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QWidget

from preheat import paths
from preheat.control import EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.platform import LoginItem, login_item
from preheat_gui.widgets import (
    GROUP_GAP,
    MARGIN,
    WindowState,
    button,
    caption,
    hbox,
    heading,
    mark_icon,
    named,
    set_role,
    text_label,
    vbox,
)
from preheat_gui.words import error_text

logger = logging.getLogger(__name__)

_SHOWN: Final = "welcome_shown"
_MARK_PX: Final = 48
_WIDTH_PX: Final = 560


def wants_welcome(snapshot: EngineSnapshot, state: WindowState) -> bool:
    """Return whether to welcome: there are no models, and the dialog was never shown."""
    return not snapshot.models and not state.flag(_SHOWN)


class WelcomeDialog(QDialog):
    """Explains Preheat and the models folder, and offers to start at login."""

    def __init__(
        self,
        state: WindowState,  # Remembers that the dialog was shown
        parent: QWidget | None = None,
        *,
        folder: Path | None = None,  # The models folder; by default the system's usual place
        make_login_item: Callable[[], LoginItem] = login_item,  # Returns the system's entry for starting at login
    ) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setWindowTitle(self.tr("Welcome to Preheat"))
        self._models_dir = folder or paths.models_dir()
        self._login_item = make_login_item()
        self._login = named(QCheckBox(self.tr("Start Preheat when I &log in"), self), "start_at_login")
        self._login.setChecked(True)
        self._note = named(caption("", self), "login_note")
        self._note.hide()
        self._suggestions = vbox()
        introduction = self.tr(
            "Preheat keeps the language models you use in memory, within a limit you choose. "
            "Your apps reach them at one address on this computer."
        )
        vbox(
            self._title(),
            text_label(introduction, "welcome_words", self),
            self._folder_hint(),
            self._suggestions,
            None,
            self._login,
            self._note,
            self._buttons(),
            parent=self,
            spacing=GROUP_GAP,
            margin=MARGIN,
        )
        self.setMinimumWidth(_WIDTH_PX)
        state.remember(_SHOWN, True)

    def set_suggestions(self, suggestions: QWidget) -> None:
        """Show suggested models, once, above the buttons."""
        self._suggestions.addWidget(suggestions)
        set_role(self._done, "")  # the suggestions bring the one main button

    def accept(self) -> None:
        """Apply the check box, and close if that worked."""
        try:
            if self._login.isChecked() != self._login_item.is_on():
                self._login_item.switch(self._login.isChecked())
        except EngineError as error:
            logger.warning("start at login could not be changed: %s", error)
            self._note.setText(error_text(error))
            self._note.show()
            self._login.setChecked(self._login_item.is_on())
            return
        super().accept()

    def _title(self) -> QHBoxLayout:
        mark = QLabel(self)
        mark.setPixmap(mark_icon().pixmap(_MARK_PX, _MARK_PX))
        mark.setAccessibleName(self.tr("Preheat's logo"))
        return hbox(mark, heading(self.tr("Your models, ready before you ask"), self), None, spacing=GROUP_GAP)

    def _folder_hint(self) -> QLabel:
        text = self.tr("Already have GGUF files? Drop them in {folder}; Preheat finds them there.")
        label = named(caption(text.format(folder=str(self._models_dir)), self), "models_folder")
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _buttons(self) -> QHBoxLayout:
        folder = button(self.tr("&Open the models folder"), "open_models_folder", self._open_folder, self)
        self._done = button(self.tr("&Done"), "welcome_done", self.accept, self, role="main")
        self._done.setDefault(True)
        return hbox(folder, None, self._done)

    def _open_folder(self) -> None:
        try:
            self._models_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            logger.warning("%s cannot be created: %s", self._models_dir, error.strerror)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._models_dir)))
