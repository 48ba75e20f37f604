"""The edit for a question: Enter sends, Shift+Enter starts a new line, and it grows with its text."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy

_MAX_LINES: Final = 6
_PADDING: Final = 12  # The style sheet's padding above and below the text, and the frame


class PromptEdit(QPlainTextEdit):
    """Plain text of one to six lines."""

    sent = Signal()  # The user pressed Enter

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.textChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.sent.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(300, self.height())

    def _fit(self) -> None:
        # A plain text document counts its height in lines.
        wanted = max(1, math.ceil(self.document().size().height()))
        lines = min(wanted, _MAX_LINES)
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if wanted > lines else policy.ScrollBarAlwaysOff)
        height = lines * self.fontMetrics().lineSpacing() + _PADDING
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)
