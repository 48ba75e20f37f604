"""The downloads above the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from preheat.control import DownloadSnapshot, DownloadState, EngineSnapshot
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.row import DownloadRow
from preheat_gui.widgets import GAP, GROUP_GAP, caption, named, set_role, vbox
from preheat_gui.words import UNFINISHED, model_of

MAX_ROWS: Final = 30  # Further downloads are only counted: a row is a widget
# Ranks of states that come after those with something to see (0)
_LATER: Final = {DownloadState.QUEUED: 1, DownloadState.PAUSED: 1, DownloadState.DONE: 2}


class DownloadsQueue(QScrollArea):
    """Hidden without downloads; scrolls above its maximum height."""

    try_requested = Signal(str)  # The user wants to try a model (its id)

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._rows: list[DownloadRow] = []
        self._max_height = 10_000
        named(self, "downloads_queue", self.tr("Downloads"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        set_role(self, "card")
        self._more = named(caption(), "downloads_more")
        self._more.setContentsMargins(GROUP_GAP, 0, GROUP_GAP, GAP)
        self._inside = QWidget()
        self._layout = vbox(self._more, spacing=0, parent=self._inside)
        self._layout.setContentsMargins(0, GAP // 2, 0, GAP // 2)
        self.setWidget(self._inside)
        # Only this widget is a card: its contents have no background.
        self._inside.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.hide()

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Show the downloads, active ones first and finished ones last."""
        downloads = sorted(snapshot.downloads, key=lambda download: _LATER.get(download.state, 0))
        shown = downloads[:MAX_ROWS]
        self._make_rows(len(shown))
        for row, download in zip(self._rows, shown, strict=True):
            row.show_download(download, model_of(download, snapshot))
        self._count_others(downloads[MAX_ROWS:])
        self.setVisible(bool(shown))
        self.updateGeometry()

    def set_max_height(self, height: int) -> None:
        """Set the maximum height in pixels."""
        if height != self._max_height:
            self._max_height = height
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        hint = self._inside.sizeHint()
        # Failure texts wrap, so the height depends on the width.
        frame = 2 * self.frameWidth()
        width = self.width() - frame
        height = self._layout.totalHeightForWidth(width) if self._layout.hasHeightForWidth() else hint.height()
        return QSize(hint.width() + frame, min(height + frame, self._max_height))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def _make_rows(self, count: int) -> None:
        while len(self._rows) > count:
            row = self._rows.pop()
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self._rows) < count:
            row = DownloadRow(self._bridge)
            row.try_requested.connect(self.try_requested)
            self._layout.insertWidget(len(self._rows), row)
            self._rows.append(row)

    def _count_others(self, others: Sequence[DownloadSnapshot]) -> None:
        waiting = sum(download.state in UNFINISHED for download in others)
        self._more.setVisible(bool(others))
        text = self.tr("{waiting} more queued, {done} more finished")
        self._more.setText(text.format(waiting=waiting, done=len(others) - waiting))
