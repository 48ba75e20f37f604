"""One download: its name, how far it is, and what can be done with it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QToolButton, QVBoxLayout, QWidget

from preheat.core.snapshot import ModelSnapshot
from preheat.models.downloads import DownloadSnapshot, DownloadState
from preheat_gui.dashboard.looks import at_start
from preheat_gui.widgets import (
    CAPTION_SCALE,
    GAP,
    GROUP_GAP,
    ElidedLabel,
    Token,
    caption,
    scaled_font,
    set_role,
    symbol,
)
from preheat_gui.words import UNDER_WAY, UNFINISHED, download_share, download_state, download_status

_STEPS: Final = 1000
_ICON: Final = QSize(16, 16)


class DownloadRow(QWidget):
    """Shows one download at a time, and can become another's.

    Attributes:
        pause_asked: Of the shown download (DownloadSnapshot), as are the other signals up to ``forget_asked``.
        try_asked: The user wants to ask the model (its id).
        star_toggled: The user made the model a favourite, or no longer (its id, whether it is one).
    """

    pause_asked = Signal(object)
    resume_asked = Signal(object)
    cancel_asked = Signal(object)
    forget_asked = Signal(object)
    try_asked = Signal(str)
    star_toggled = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._download: DownloadSnapshot | None = None
        self._model: ModelSnapshot | None = None
        self._name = ElidedLabel(parent=self)
        self._name.setFont(scaled_font(1.0, QFont.Weight.DemiBold))
        self._status = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._status.setFont(scaled_font(CAPTION_SCALE))
        self._status.set_token(Token.MUTED)
        self._failure = caption(parent=self)
        self._bar = QProgressBar(self)
        self._bar.setRange(0, _STEPS)
        self._bar.setTextVisible(False)
        self._pause = self._icon_button("download_pause", "pause", self.tr("Pause"))
        self._resume = self._icon_button("download_resume", "play", self.tr("Resume"))
        self._retry = QPushButton(self.tr("Try a&gain"), self)
        self._retry.setObjectName("download_retry")
        self._try = QPushButton(self.tr("&Try it"), self)
        self._try.setObjectName("download_try")
        self._star = self._icon_button("download_star", "star", self.tr("Favourite"))
        self._star.setCheckable(True)
        self._cancel = self._icon_button("download_cancel", "close", self.tr("Cancel"))
        self._build()
        self._connect()

    @property
    def download(self) -> DownloadSnapshot | None:
        """What is shown."""
        return self._download

    def show_download(self, download: DownloadSnapshot, model: ModelSnapshot | None) -> None:
        """Show a download as it is now.

        Args:
            model: The model that it has become, if that is known.
        """
        if (download, model) == (self._download, self._model):
            return
        before, self._download, self._model = self._download, download, model
        self.setObjectName(f"download_{download.download_id}")
        self._name.setText(download.name)
        self._show_status(download, model)
        self._show_progress(download, before)
        self._show_buttons(download, model)
        # Now, not with the next event: the queue is as high as its rows.
        self.updateGeometry()
        self.setAccessibleName(f"{download.name}: {download_state(download, model)}")

    # -- private ------------------------------------------------------------------------------------------------------

    def _icon_button(self, name: str, sign: str, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setIcon(symbol(sign))
        button.setIconSize(_ICON)
        button.setToolTip(words)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_role(button, "quiet")
        return button

    def _build(self) -> None:
        self._status.setObjectName("download_status")
        self._failure.setObjectName("download_failure")
        set_role(self._failure, "bad")
        self._failure.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        at_start(self._failure)
        self._bar.setObjectName("download_progress")
        words = QVBoxLayout()
        words.setSpacing(GAP // 2)
        words.addWidget(self._name)
        words.addWidget(self._bar)
        words.addWidget(self._status)
        words.addWidget(self._failure)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GROUP_GAP, GAP, GAP, GAP)
        layout.setSpacing(GAP // 2)
        layout.addLayout(words, 1)
        layout.addSpacing(GAP)
        for button in self._buttons:
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    @property
    def _buttons(self) -> tuple[QPushButton | QToolButton, ...]:
        return self._retry, self._try, self._star, self._pause, self._resume, self._cancel

    def _connect(self) -> None:
        self._pause.clicked.connect(self._on_pause)
        self._resume.clicked.connect(self._on_resume)
        self._retry.clicked.connect(self._on_resume)
        self._cancel.clicked.connect(self._on_cancel)
        self._try.clicked.connect(self._on_try)
        self._star.clicked.connect(self._on_star)

    def _show_status(self, download: DownloadSnapshot, model: ModelSnapshot | None) -> None:
        # What to do about a failure must be read to its end; figures may be cut at theirs.
        failed = download.state is DownloadState.FAILED
        self._status.setVisible(not failed)
        self._failure.setVisible(failed)
        (self._failure if failed else self._status).setText(download_status(download, model))

    def _show_progress(self, download: DownloadSnapshot, before: DownloadSnapshot | None) -> None:
        self._bar.setVisible(download.state in UNFINISHED)
        steps = round(download_share(download) * _STEPS)
        same = before is not None and before.download_id == download.download_id and before.state is download.state
        # Within one state it never runs backwards, even where a cut connection cost some bytes.
        self._bar.setValue(max(steps, self._bar.value()) if same else steps)
        self._bar.setAccessibleName(self.tr("Progress of {name}").format(name=download.name))

    def _show_buttons(self, download: DownloadSnapshot, model: ModelSnapshot | None) -> None:
        had_focus = any(button.hasFocus() for button in self._buttons)
        state = download.state
        self._pause.setVisible(state in UNDER_WAY)
        self._resume.setVisible(state is DownloadState.PAUSED)
        self._retry.setVisible(state is DownloadState.FAILED)
        self._try.setVisible(model is not None and not model.embeddings)
        self._star.setVisible(model is not None)
        favourite = model is not None and model.favourite
        self._star.setChecked(favourite)
        self._star.setIcon(symbol("star-filled", Token.ACCENT) if favourite else symbol("star"))
        self._star.setToolTip(self.tr("Keep it ready whenever it fits"))
        unfinished = state in UNFINISHED
        self._cancel.setToolTip(self.tr("Cancel") if unfinished else self.tr("Take it off this list"))
        for button in self._buttons:
            words = button.text().replace("&", "") or button.toolTip()
            button.setAccessibleName(self.tr("{what}: {name}").format(what=words, name=download.name))
        if had_focus and not any(button.hasFocus() for button in self._buttons):
            next(button for button in self._buttons if not button.isHidden()).setFocus()

    def _on_pause(self) -> None:
        self.pause_asked.emit(self._download)

    def _on_resume(self) -> None:
        self.resume_asked.emit(self._download)

    def _on_cancel(self) -> None:
        if self._download is not None and self._download.state in UNFINISHED:
            self.cancel_asked.emit(self._download)
        else:
            self.forget_asked.emit(self._download)

    def _on_try(self) -> None:
        if self._model is not None:
            self.try_asked.emit(self._model.model_id)

    def _on_star(self, on: bool) -> None:
        if self._model is not None:
            self.star_toggled.emit(self._model.model_id, on)
