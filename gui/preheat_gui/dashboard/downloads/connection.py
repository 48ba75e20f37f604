"""The line above the lists: what they show, or that Hugging Face cannot be reached."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, QSize, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from preheat.errors import EngineError
from preheat_gui.dashboard.parts import detail_label
from preheat_gui.widgets import GAP, Token, hbox, named, plain, set_role, symbol, theme
from preheat_gui.words import error_text

NO_CONNECTION: Final = frozenset({"hub_offline", "hub_unreachable"})
"""Codes of errors that mean that nothing can be asked of Hugging Face now."""

GATED: Final = "gated_repo"
"""Code of the error for files that are given only to users who accepted a licence."""

_ICON_PX: Final = 16


def trouble_words(error: EngineError) -> str:
    """Return what went wrong and what to do; in a window's own words where it has buttons for that."""
    if error.code == "hub_unreachable":
        return _tr("Hugging Face cannot be reached now. Check the network.")
    if error.code == GATED:
        return _tr("The licence must be accepted first: on the model's web page. Then sign in here.")
    if error.message.code == "hub_repo_not_found_signed_out":
        return _tr("There is no such model on Hugging Face. Check the spelling; if it is private, sign in.")
    return error_text(error)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Catalogue", text)


class ConnectionLine(QWidget):
    """One line of constant height, so that nothing moves when the connection comes or goes."""

    retry_requested = Signal()  # The user wants to try again
    restored = Signal()  # There is a connection again

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("connection_line")
        self._caption = ""
        self._error: EngineError | None = None
        self._dismissed = False
        self._icon = QLabel(self)
        self._words = named(detail_label(), "connection_words")
        self._retry = named(QPushButton(self.tr("&Try again"), self), "connection_retry")
        self._close = named(QToolButton(self), "connection_close", self.tr("Hide this note"), self.tr("Hide this note"))
        self._close.setIcon(symbol("close"))
        self._close.setIconSize(QSize(_ICON_PX, _ICON_PX))
        for button in (self._retry, self._close):
            set_role(button, "quiet")
        hbox(self._icon, (self._words, 1), self._retry, self._close, parent=self, spacing=GAP)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._retry.clicked.connect(self.retry_requested)
        self._close.clicked.connect(self._dismiss)
        theme().changed.connect(self._show)
        self._show()

    @property
    def is_offline(self) -> bool:
        """Whether the last request found no connection."""
        return self._error is not None

    def sizeHint(self) -> QSize:  # noqa: N802
        hint = super().sizeHint()
        return QSize(hint.width(), max(self._retry.sizeHint().height(), self._close.sizeHint().height()))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())

    def set_caption(self, words: str) -> None:
        """Change what is shown while there is a connection."""
        self._caption = words
        self._show()

    def report(self, error: EngineError | None, *, again: bool = False) -> None:
        """Take the outcome of a request to Hugging Face; errors of other kinds say nothing about the connection.

        ``again`` shows the note even if it was hidden: the user has asked for something that needs the connection.
        """
        if error is not None and error.code not in NO_CONNECTION:
            return
        if error is None:
            was_offline, self._error, self._dismissed = self.is_offline, None, False
            self._show()
            if was_offline:
                self.restored.emit()
        else:
            self._error, self._dismissed = error, self._dismissed and not again
            self._show()

    def _dismiss(self) -> None:
        self._dismissed = True
        self._show()

    def _show(self) -> None:
        error = self._error if not self._dismissed else None
        for widget in (self._icon, self._retry, self._close):
            widget.setVisible(error is not None)
        self._words.set_token(Token.MUTED if error is None else Token.TEXT)
        if error is None:
            self._words.setText(self._caption)
            self.setToolTip("")
            return
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(symbol("info", Token.STANDBY).pixmap(QSize(_ICON_PX, _ICON_PX), ratio))
        if error.code == "hub_offline":
            words = self.tr("Hugging Face is switched off by HF_HUB_OFFLINE. Suggestions work without it.")
        else:
            words = self.tr("No connection to Hugging Face. Suggestions work without it.")
        self._words.setText(words)
        self.setToolTip(plain(error_text(error)))
