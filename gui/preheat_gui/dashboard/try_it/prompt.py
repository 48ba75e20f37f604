"""The field for a question: text of one to six lines, and pictures that are pasted or dropped."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy

_MAX_LINES: Final = 6
_PADDING: Final = 12  # The style sheet's padding above and below the text, and the frame


class PromptEdit(QPlainTextEdit):
    """Plain text of one to six lines."""

    sent = Signal()  # The user pressed Enter
    files_given = Signal(list)  # Paths of files that were dropped or pasted
    image_given = Signal(QImage)  # A picture that was pasted

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

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802
        return bool(files_in(source)) or source.hasImage() or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802
        """Take files and pictures as such; everything else is text."""
        if files := files_in(source):
            self.files_given.emit(files)
        elif source.hasImage() and not source.hasText():
            self.image_given.emit(QImage(source.imageData()))
        else:
            super().insertFromMimeData(source)

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


def files_in(source: QMimeData) -> list[Path]:
    """Return the local files in what is dropped or pasted, without models: the window imports those."""
    files = (Path(url.toLocalFile()) for url in source.urls() if url.isLocalFile())
    return [file for file in files if file.suffix.lower() != ".gguf"]
