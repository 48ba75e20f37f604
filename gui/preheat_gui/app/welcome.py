"""The welcome dialog of a first start without models, with suggestions. GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QWidget

from preheat import paths
from preheat.control import Catalogue, EngineSnapshot, GetCatalogue, ModelSnapshot, PullModel, SuggestedModel
from preheat.errors import EngineError
from preheat.login_item import LoginItem, login_item
from preheat_gui.bridge import EngineBridge
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    MARGIN,
    Card,
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
    vbox,
)
from preheat_gui.words import TASKS, catalogue_sentence, error_text, format_bytes, short_name

MAX_SUGGESTIONS: Final = 4
_INDENT: Final = 22  # Indent of a description under its check box: the box and its spacing


class WelcomeSuggestions(Card):
    """Shows the best models for this computer, and downloads the checked ones."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName("welcome_suggestions")
        self.set_title(self.tr("Good models for this computer"))
        self._bridge = bridge
        self._boxes: list[tuple[QCheckBox, SuggestedModel]] = []
        self._list = vbox(spacing=GAP // 2)
        self._note = named(caption(self.tr("Looking for models that suit this computer…"), self), "suggestions_note")
        self._download = button(self.tr("Do&wnload"), "suggestions_get", self._on_download, self)
        self._download.hide()
        foot = hbox(self._note, self._download)
        foot.setStretch(0, 1)
        self.body.addLayout(self._list)
        self.body.addLayout(foot)
        bridge.ask(GetCatalogue(), self._on_models, self._show_error)

    def _on_models(self, catalogue: Catalogue) -> None:
        chosen = choose(catalogue.models)
        if not chosen:
            self._note.setText(self.tr("No suggested model fits the memory limit. The Downloads page has them all."))
            return
        for model in chosen:
            self._add_box(model)
        self._boxes[0][0].setChecked(True)
        self._download.show()
        self._show_sum()
        QTimer.singleShot(0, self._grow_dialog)  # new boxes have their fonts from the event loop on

    def _grow_dialog(self) -> None:
        """Resize the dialog to the height of its texts, which Qt does only when it opens."""
        dialog = self.window()
        layout = dialog.layout()
        if layout is not None and layout.hasHeightForWidth():
            layout.activate()
            dialog.resize(dialog.width(), max(dialog.height(), layout.totalHeightForWidth(dialog.width())))

    def _show_error(self, error: EngineError) -> None:
        self._note.setText(error_text(error))

    def _add_box(self, model: SuggestedModel) -> None:
        text = self.tr("{title} · {size}").format(title=model.title, size=format_bytes(model.download_bytes))
        box = QCheckBox(text.replace("&", "&&"), self)
        box.setObjectName(f"suggestion_{model.name}")
        sentence = catalogue_sentence(model.sentence)
        box.setAccessibleDescription(sentence)
        box.setMinimumHeight(box.sizeHint().height())  # otherwise Qt shrinks the box before the texts
        box.toggled.connect(self._show_sum)
        # In its own row: Qt ignores a label's margins when it computes the height of wrapped text.
        description = hbox(caption(sentence, self))
        description.setContentsMargins(_INDENT, 0, 0, GAP // 2)
        self._list.addWidget(box)
        self._list.addLayout(description)
        self._boxes.append((box, model))

    def _checked(self) -> list[SuggestedModel]:
        return [model for box, model in self._boxes if box.isChecked()]

    def _show_sum(self) -> None:
        checked = self._checked()
        self._download.setEnabled(bool(checked))
        set_role(self._download, "main" if checked else "")
        size = format_bytes(sum(model.download_bytes for model in checked))
        text = self.tr("{size} to download. Each fits the memory limit.").format(size=size)
        self._note.setText(text if checked else self.tr("Each fits the memory limit."))

    def _on_download(self) -> None:
        checked = self._checked()
        self._set_enabled(False)
        self._note.setText(self.tr("Contacting the hub…"))
        for model in checked:
            self._bridge.ask(PullModel(model.pull_name), self._on_started, self._on_failed)

    def _on_started(self, _download: object) -> None:
        self._note.setText(self.tr("Downloading. The Downloads page shows the progress."))

    def _on_failed(self, error: EngineError) -> None:
        self._show_error(error)
        self._set_enabled(True)

    def _set_enabled(self, enabled: bool) -> None:
        self._download.setEnabled(enabled)
        for box, _ in self._boxes:
            box.setEnabled(enabled)


def choose(models: Sequence[SuggestedModel]) -> list[SuggestedModel]:
    """Return the best models of each task, then others that fit and are not on disk yet."""
    order = {task: number for number, task in enumerate(TASKS)}
    fitting = [model for model in models if model.fits and not model.here]
    ranked = sorted(fitting, key=lambda model: (not model.best, order.get(model.task, len(order))))
    return ranked[:MAX_SUGGESTIONS]


logger = logging.getLogger(__name__)

_SHOWN: Final = "welcome_shown"
_MARK_PX: Final = 48
_WIDTH_PX: Final = 560


def wants_welcome(snapshot: EngineSnapshot, state: WindowState) -> bool:
    """Return whether to welcome: there are no models but included ones, and the dialog was never shown."""
    return all(_is_included(model) for model in snapshot.models) and not state.flag(_SHOWN)


def included_chat_model(snapshot: EngineSnapshot) -> str:
    """Return the id of a model that came with the installation and answers; empty if there is none."""
    return next((model.model_id for model in snapshot.models if _is_included(model) and not model.embeddings), "")


def _is_included(model: ModelSnapshot) -> bool:
    return model.file is not None and model.file.included


class WelcomeDialog(KeepsFocus, QDialog):
    """Explains Preheat and the models folder, and offers to start at login."""

    try_requested = Signal()  # The user wants to chat with the included model

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
        self._included = vbox()
        self._suggestions = vbox()
        introduction = self.tr(
            "Preheat keeps the language models you use in memory, within a limit you choose. "
            "Your apps reach them at one address on this computer."
        )
        vbox(
            self._title(),
            text_label(introduction, "welcome_words", self),
            self._included,
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

    def set_included(self, model_id: str) -> None:
        """Offer a chat with a model that came with the installation, once."""
        words = self.tr("{model} is included and answers right away, without an internet connection.")
        label = text_label(words.format(model=short_name(model_id)), "included_model", self)
        row = hbox(label, button(self.tr("&Try it now"), "try_included", self._try, self))
        row.setStretch(0, 1)
        self._included.addLayout(row)

    def _try(self) -> None:
        self.accept()
        if self.result() == QDialog.DialogCode.Accepted:
            self.try_requested.emit()

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
