"""The window around what a first start offers: nothing of it is cut, on any screen."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum, auto
from itertools import pairwise
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QFrame, QHBoxLayout, QLabel, QScrollArea, QWidget

from preheat import paths
from preheat.control import EngineSnapshot, ModelSnapshot
from preheat.errors import EngineError
from preheat.login_item import LoginItem, login_item
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    MARGIN,
    KeepsFocus,
    WindowState,
    button,
    caption,
    hbox,
    heading,
    mark_icon,
    named,
    set_role,
    text_label,
    timer,
    vbox,
)
from preheat_gui.words import error_text, format_number, short_name

logger = logging.getLogger(__name__)

_SHOWN: Final = "welcome_shown"
_MARK_PX: Final = 48
_WIDTH_PX: Final = 640
_WIDTH_CHARS: Final = 78  # Of the body font: larger fonts get a wider window
_FRAME: Final = QSize(2 * GAP, 6 * GAP)  # The most a window manager adds around a window


class Reason(Enum):
    """Why to welcome the user."""

    NO_MODELS = auto()  # Nothing but included models: there are suggestions
    MODELS_FOUND = auto()  # Models of other programs or earlier downloads, of which none was ever used or chosen


def reason_to_welcome(snapshot: EngineSnapshot, state: WindowState) -> Reason | None:
    """Return why to show the dialog; None if it was shown before, or the user has models in use."""
    if state.flag(_SHOWN):
        return None
    own = own_models(snapshot)
    if not own:
        return Reason.NO_MODELS
    if any(model.favourite or model.last_used_at is not None for model in own) or snapshot.missing_favourites:
        return None
    return Reason.MODELS_FOUND


def own_models(snapshot: EngineSnapshot) -> list[ModelSnapshot]:
    """Return the models that did not come with the installation."""
    return [model for model in snapshot.models if not _is_included(model)]


def included_chat_model(snapshot: EngineSnapshot) -> str:
    """Return the id of a model that came with the installation and answers; empty if there is none."""
    return next((model.model_id for model in snapshot.models if _is_included(model) and not model.embeddings), "")


def _is_included(model: ModelSnapshot) -> bool:
    return model.file is not None and model.file.included


class WelcomeDialog(KeepsFocus, QDialog):
    """Explains Preheat, and offers to start it at login. Other parts of it are added by the caller."""

    view_requested = Signal(str)  # The user wants to see this page of the dashboard

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
        self._title_label = named(heading(self.tr("Your models, ready before you ask"), self), "welcome_title")
        hint = self.tr("Already have GGUF files? Drop them in {folder}; Preheat finds them there.")
        self._hint = named(caption(hint.format(folder=str(self._models_dir)), self), "models_folder")
        self._hint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._added = vbox(spacing=GROUP_GAP)
        self._inside = QWidget()
        self._body = _scrolling(self._inside)
        self._fit = timer(self, 0, self._grow)
        introduction = self.tr(
            "Preheat keeps the language models you use in memory, within a limit you choose. "
            "Your apps reach them at one address on this computer."
        )
        vbox(
            self._title(),
            text_label(introduction, "welcome_words", self),
            self._added,
            self._hint,
            None,
            parent=self._inside,
            spacing=GROUP_GAP,
            margin=MARGIN,
        ).setContentsMargins(MARGIN, MARGIN, MARGIN, GAP)
        self._foot = QWidget()
        foot = vbox(self._login, self._note, self._buttons(), parent=self._foot, spacing=GROUP_GAP)
        foot.setContentsMargins(MARGIN, 0, MARGIN, MARGIN)
        vbox((self._body, 1), self._rule(), self._foot, parent=self, spacing=GAP)
        self._inside.installEventFilter(self)
        state.remember(_SHOWN, True)

    def set_found(self, models: QWidget, count: int) -> None:
        """Ask which of the models on disk should always be ready, once."""
        if count == 1:
            self._title_label.setText(self.tr("You have 1 model. Should it always be ready?"))
        else:
            words = self.tr("You have {count} models. Which should always be ready?")
            self._title_label.setText(words.format(count=format_number(count)))
        hint = self.tr("More GGUF files? Drop them in {folder}; Preheat finds them there.")
        self._hint.setText(hint.format(folder=str(self._models_dir)))
        self._added.addWidget(models)

    def set_suggestions(self, suggestions: QWidget) -> None:
        """Show suggested models, once."""
        self._added.addWidget(suggestions)
        set_role(self._done, "")  # the suggestions bring the one main button

    def offer_done(self, *_: object) -> None:
        """Make *Done* the main button, as nothing else is left to do."""
        set_role(self._done, "main")

    def set_included(self, model_id: str) -> None:
        """Offer a chat with a model that came with the installation, once."""
        words = self.tr("{model} is included and answers right away, without an internet connection.")
        label = text_label(words.format(model=short_name(model_id)), "included_model", self)
        self._added.addLayout(hbox((label, 1), button(self.tr("&Try it now"), "try_included", self.open_try, self)))

    def open_try(self) -> None:
        """Close, and show the page to chat with a model."""
        self.accept()
        if self.result() == QDialog.DialogCode.Accepted:
            self.view_requested.emit("try")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size that shows all texts, or as much as the screen has room for."""
        return self._whole_size().boundedTo(self.screen().availableSize() - _FRAME)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._fit.start()
        first = _tab_stops(self._inside)[:1]
        if first:
            first[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Grow with the contents: they arrive later, and have their fonts only once they are shown."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit.start()
        return super().eventFilter(watched, event)

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

    def _grow(self) -> None:
        self.resize(self.size().expandedTo(self.sizeHint()))
        # What was added later comes last in Qt's order.
        order = [*_tab_stops(self._inside)[-1:], *_tab_stops(self._foot)]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _whole_size(self) -> QSize:
        width = max(_WIDTH_PX, _WIDTH_CHARS * self.fontMetrics().averageCharWidth(), self.width() * self.isVisible())
        layout, inside = self.layout(), self._inside.layout()
        assert layout is not None
        assert inside is not None
        inside.activate()
        layout.activate()
        others = layout.totalSizeHint().height() - self._body.sizeHint().height()
        # A scroll bar that was needed before stays unless there is room for the narrower texts next to it.
        narrow = width - self._body.verticalScrollBar().sizeHint().width()
        return QSize(width, max(map(inside.totalHeightForWidth, (width, narrow))) + others)

    def _rule(self) -> QFrame:
        """Return a line over the buttons, shown while there is more above it than fits."""
        rule = QFrame()
        set_role(rule, "rule")
        rule.setFixedHeight(1)
        rule.hide()
        self._body.verticalScrollBar().rangeChanged.connect(lambda _low, high: rule.setVisible(high > 0))
        return rule

    def _title(self) -> QHBoxLayout:
        mark = QLabel(self)
        mark.setPixmap(mark_icon().pixmap(QSize(_MARK_PX, _MARK_PX), self.devicePixelRatioF()))
        mark.setAccessibleName(self.tr("Preheat's logo"))
        self._title_label.setWordWrap(True)
        return hbox(mark, (self._title_label, 1), spacing=GROUP_GAP)

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


def _tab_stops(part: QWidget) -> list[QWidget]:
    """Return the widgets of a part of the window where Tab stops, in the order in which they were made."""
    stops = Qt.FocusPolicy.TabFocus
    return [each for each in part.findChildren(QWidget) if each.focusPolicy() & stops and not each.isHidden()]


def _scrolling(inside: QWidget) -> QScrollArea:
    area = named(QScrollArea(), "welcome_body")
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.viewport().setAutoFillBackground(False)
    area.setWidget(inside)
    inside.setAutoFillBackground(False)
    return area
