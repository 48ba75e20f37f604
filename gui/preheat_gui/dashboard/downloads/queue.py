"""The downloads above the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QProgressBar, QPushButton, QScrollArea, QSizePolicy, QToolButton, QWidget

from preheat import control
from preheat.control import Command, DownloadSnapshot, DownloadState, EngineSnapshot, ModelSnapshot
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.parts import align_to_start, detail_label, title_label
from preheat_gui.widgets import GAP, GROUP_GAP, Token, ask, caption, hbox, named, set_role, symbol, vbox
from preheat_gui.words import (
    UNDER_WAY,
    UNFINISHED,
    download_share,
    download_state,
    download_status,
    format_bytes,
    model_of,
)

_STEPS: Final = 1000
_ICON: Final = QSize(16, 16)

_CONFIRM_FROM_BYTES: Final = 50_000_000  # Cancelling a smaller download needs no confirmation


class DownloadRow(QWidget):
    """Shows one download."""

    try_requested = Signal(str)  # The user wants to try the model (its id)

    def __init__(self, bridge: EngineBridge, *, in_card: bool = False) -> None:
        super().__init__()
        self._bridge = bridge
        self.download: DownloadSnapshot | None = None
        self._model: ModelSnapshot | None = None
        self._name = title_label()
        self._status = named(detail_label(), "download_status")
        self._problem = named(caption(), "download_problem")
        set_role(self._problem, "bad")
        self._problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        align_to_start(self._problem)
        self._bar = named(QProgressBar(), "download_progress")
        self._bar.setRange(0, _STEPS)
        self._bar.setTextVisible(False)
        self._retry = named(QPushButton(self.tr("Try a&gain")), "download_retry")
        self._try = named(QPushButton(self.tr("&Try it")), "download_try")
        self._star = self._icon_button("download_star", "star", self.tr("Keep it ready whenever it fits"))
        self._star.setCheckable(True)
        # One button, which keeps the focus: a second press must not reach the next one
        self._pause = self._icon_button("download_pause", "pause", self.tr("Pause"))
        self._cancel = self._icon_button("download_cancel", "close", self.tr("Cancel"))
        self.buttons = (self._retry, self._try, self._star, self._pause, self._cancel)
        texts = vbox(self._name, self._bar, self._status, self._problem, spacing=GAP // 2)
        self._layout = layout = hbox((texts, 1), GAP, *self.buttons, spacing=GAP // 2)
        if in_card:  # the margins of the card are enough
            layout.setContentsMargins(0, GAP // 2, 0, GAP // 2)
        else:
            layout.setContentsMargins(GROUP_GAP, GAP, GAP, GAP)
        for button in self.buttons:
            layout.setAlignment(button, Qt.AlignmentFlag.AlignVCenter)
        self.setLayout(layout)
        self._pause.clicked.connect(self._on_pause)
        self._retry.clicked.connect(partial(self._command, control.ResumeDownload))
        self._cancel.clicked.connect(self._on_cancel)
        self._try.clicked.connect(self._on_try)
        self._star.clicked.connect(self._on_star)

    def show_download(self, download: DownloadSnapshot, model: ModelSnapshot | None) -> None:
        if (download, model) == (self.download, self._model):
            return
        before, self.download, self._model = self.download, download, model
        self.setObjectName(f"download_{download.download_id}")
        self._name.setText(download.name)
        # What needs the user is shown in full, because it says what to do; figures may be elided.
        problem = download.state in (DownloadState.FAILED, DownloadState.WAITING_FOR_SPACE)
        self._status.setVisible(not problem)
        self._problem.setVisible(problem)
        (self._problem if problem else self._status).setText(download_status(download, model))
        self._show_progress(download, before)
        self._show_buttons(download, model)
        self._layout.activate()  # now: the queue's height depends on its rows
        self.updateGeometry()
        self.setAccessibleName(f"{download.name}: {download_state(download, model)}")

    def _icon_button(self, name: str, sign: str, tooltip: str) -> QToolButton:
        button = named(QToolButton(), name, tooltip=tooltip)
        button.setIcon(symbol(sign))
        button.setIconSize(_ICON)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_role(button, "quiet")
        return button

    def _show_progress(self, download: DownloadSnapshot, before: DownloadSnapshot | None) -> None:
        self._bar.setVisible(download.state in UNFINISHED)
        steps = round(download_share(download) * _STEPS)
        same = before is not None and before.download_id == download.download_id and before.state is download.state
        # Never backwards within one state, even if a cut connection lost some bytes.
        self._bar.setValue(max(steps, self._bar.value()) if same else steps)
        self._bar.setAccessibleName(self.tr("Progress of {name}").format(name=download.name))

    def _show_buttons(self, download: DownloadSnapshot, model: ModelSnapshot | None) -> None:
        state, favourite = download.state, model is not None and model.favourite
        paused = state is DownloadState.PAUSED
        self._pause.setVisible(paused or state in UNDER_WAY)
        self._pause.setIcon(symbol("play" if paused else "pause"))
        self._pause.setToolTip(self.tr("Resume") if paused else self.tr("Pause"))
        self._retry.setVisible(state is DownloadState.FAILED)
        self._try.setVisible(model is not None and not model.embeddings)
        self._star.setVisible(model is not None)
        self._star.setChecked(favourite)
        fixed = self._bridge.why_fixed("favourites")
        self._star.setEnabled(not fixed)
        self._star.setToolTip(fixed or self.tr("Keep it ready whenever it fits"))
        self._star.setIcon(symbol("star-filled", Token.ACCENT) if favourite else symbol("star"))
        self._cancel.setToolTip(self.tr("Cancel") if state in UNFINISHED else self.tr("Remove from this list"))
        for button in self.buttons:
            what = button.text().replace("&", "") or button.toolTip()
            button.setAccessibleName(self.tr("{what}: {name}").format(what=what, name=download.name))

    def _command(self, command: Callable[[str], Command[Any]], *_: object) -> None:
        if self.download is not None:
            self._bridge.ask(command(self.download.download_id))

    def _on_pause(self) -> None:
        paused = self.download is not None and self.download.state is DownloadState.PAUSED
        self._command(control.ResumeDownload if paused else control.PauseDownload)

    def _on_cancel(self) -> None:
        download = self.download
        if download is None or download.state not in UNFINISHED:
            self._command(control.ForgetDownload)
        elif download.done_bytes < _CONFIRM_FROM_BYTES:
            self._command(control.CancelDownload)
        else:
            size = format_bytes(download.done_bytes)
            ask(
                self,
                "cancel_question",
                self.tr("Cancel the download of {name}?").format(name=download.name),
                self.tr("{size} are downloaded and will be deleted. Pause to keep them.").format(size=size),
                yes=(
                    self.tr("&Cancel download"),
                    partial(self._bridge.ask, control.CancelDownload(download.download_id)),
                ),
                no=(self.tr("&Keep"), None),
            )

    def _on_try(self) -> None:
        if self._model is not None:
            self.try_requested.emit(self._model.model_id)

    def _on_star(self, on: bool) -> None:
        if self._model is not None:
            self._bridge.set_favourite(self._model.model_id, on)


MAX_ROWS: Final = 30  # Further downloads are only counted: a row is a widget
# Ranks of states that come after those with something to see (0)
_LATER: Final = {DownloadState.QUEUED: 1, DownloadState.DONE: 2}


class DownloadsQueue(QScrollArea):
    """Hidden without downloads; scrolls above its maximum height."""

    try_requested = Signal(str)  # The user wants to try a model (its id)

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._rows: dict[str, DownloadRow] = {}
        """By download_id, from top to bottom."""
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
        self._make_rows([download.download_id for download in shown])
        for row, download in zip(self._rows.values(), shown, strict=True):
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

    def _make_rows(self, wanted: Sequence[str]) -> None:
        """Make a row for each download. A row stays with its download, so that the focus does."""
        if list(self._rows) == wanted:
            return
        before, self._rows = self._rows, {}
        for download_id in before.keys() - set(wanted):
            row = before[download_id]
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        last: QWidget = self
        for place, download_id in enumerate(wanted):
            row = self._rows[download_id] = before.get(download_id) or self._make_row()
            self._layout.insertWidget(place, row)
            for button in row.buttons:
                self.setTabOrder(last, button)
                last = button

    def _make_row(self) -> DownloadRow:
        row = DownloadRow(self._bridge)
        row.try_requested.connect(self.try_requested)
        return row

    def _count_others(self, others: Sequence[DownloadSnapshot]) -> None:
        waiting = sum(download.state in UNFINISHED for download in others)
        self._more.setVisible(bool(others))
        text = self.tr("{waiting} more queued, {done} more finished")
        self._more.setText(text.format(waiting=waiting, done=len(others) - waiting))
