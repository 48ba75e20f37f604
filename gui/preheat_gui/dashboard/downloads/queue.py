"""The downloads above the catalogue: what is on its way, and what has arrived."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMessageBox, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from preheat.core.snapshot import EngineSnapshot
from preheat.models.downloads import DownloadSnapshot, DownloadState
from preheat_gui.bridge import EngineBridge
from preheat_gui.bridge import library_commands as commands
from preheat_gui.dashboard.downloads.row import DownloadRow
from preheat_gui.widgets import GAP, GROUP_GAP, caption, set_role
from preheat_gui.words import UNFINISHED, format_bytes, model_of

MOST_ROWS: Final = 30
"""More are only counted: a row is a widget, and nobody reads a hundred."""

_WORTH_ASKING: Final = 50_000_000
"""Who cancels after fewer bytes is not asked whether he means it."""

_ORDER: Final = {
    DownloadState.RUNNING: 0,
    DownloadState.CHECKING: 0,
    DownloadState.WAITING_FOR_SPACE: 0,
    DownloadState.FAILED: 0,
    DownloadState.QUEUED: 1,
    DownloadState.PAUSED: 1,
    DownloadState.DONE: 2,
}


class DownloadsQueue(QScrollArea):
    """Takes no room without downloads, and never more than ``set_most_height`` allows.

    Attributes:
        try_asked: The user wants to ask a model (its id).
    """

    try_asked = Signal(str)

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._rows: list[DownloadRow] = []
        self._most_height = 10_000
        self.setObjectName("downloads_queue")
        self.setAccessibleName(self.tr("Downloads"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._more = caption()
        self._more.setContentsMargins(GROUP_GAP, 0, GROUP_GAP, GAP)
        self._more.setObjectName("downloads_more")
        set_role(self, "card")
        self._rows_widget = rows = QWidget()
        self._layout = QVBoxLayout(rows)
        self._layout.setContentsMargins(0, GAP // 2, 0, GAP // 2)
        self._layout.setSpacing(0)
        self._layout.addWidget(self._more)
        self.setWidget(rows)
        # The card is this widget: what scrolls in it has no ground of its own.
        rows.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.hide()

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Show the downloads as they are now: what moves first, what has arrived last."""
        downloads = sorted(snapshot.downloads, key=lambda each: _ORDER[each.state])
        shown = downloads[:MOST_ROWS]
        self._have_rows(len(shown))
        for row, download in zip(self._rows, shown, strict=True):
            row.show_download(download, model_of(download, snapshot))
        self._say_more(downloads[MOST_ROWS:])
        self.setVisible(bool(shown))
        self.updateGeometry()

    def set_most_height(self, height: int) -> None:
        """Let it take so many pixels at most."""
        if height != self._most_height:
            self._most_height = height
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size of its rows."""
        hint = self._rows_widget.sizeHint()
        # What is wrong takes as many lines as the width makes of it.
        frame = 2 * self.frameWidth()
        width = self.width() - frame
        height = self._layout.totalHeightForWidth(width) if self._layout.hasHeightForWidth() else hint.height()
        return QSize(hint.width() + frame, min(height + frame, self._most_height))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the same height: the lists below it give way."""
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Take another height at another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    # -- private ------------------------------------------------------------------------------------------------------

    def _have_rows(self, count: int) -> None:
        """Make or remove rows until there are so many."""
        while len(self._rows) > count:
            row = self._rows.pop()
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self._rows) < count:
            row = self._new_row()
            self._layout.insertWidget(len(self._rows), row)
            self._rows.append(row)

    def _new_row(self) -> DownloadRow:
        row = DownloadRow()
        row.pause_asked.connect(self._pause)
        row.resume_asked.connect(self._resume)
        row.cancel_asked.connect(self._cancel)
        row.forget_asked.connect(self._forget)
        row.try_asked.connect(self.try_asked)
        row.star_toggled.connect(self._bridge.set_favourite)
        return row

    def _say_more(self, others: Sequence[DownloadSnapshot]) -> None:
        waiting = sum(download.state in UNFINISHED for download in others)
        self._more.setVisible(bool(others))
        words = self.tr("{waiting} more wait, {done} more have arrived")
        self._more.setText(words.format(waiting=waiting, done=len(others) - waiting))

    def _pause(self, download: DownloadSnapshot) -> None:
        self._bridge.ask(partial(commands.pause, download.download_id))

    def _resume(self, download: DownloadSnapshot) -> None:
        self._bridge.ask(partial(commands.resume, download.download_id))

    def _forget(self, download: DownloadSnapshot) -> None:
        self._bridge.ask(partial(commands.forget, download.download_id))

    def _cancel(self, download: DownloadSnapshot) -> None:
        if download.done_bytes < _WORTH_ASKING:
            self._cancel_now(download.download_id)
            return
        words = self.tr("Cancel the download of {name}?").format(name=download.name)
        box = QMessageBox(QMessageBox.Icon.Question, self.tr("Preheat"), words, parent=self)
        box.setObjectName("cancel_question")
        size = format_bytes(download.done_bytes)
        box.setInformativeText(
            self.tr("{size} have arrived and would be removed. A pause keeps them.").format(size=size)
        )
        yes = box.addButton(self.tr("&Cancel download"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(self.tr("&Keep it"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes.clicked.connect(partial(self._cancel_now, download.download_id))
        box.open()

    def _cancel_now(self, download_id: str, *_: object) -> None:
        self._bridge.ask(partial(commands.cancel, download_id))
