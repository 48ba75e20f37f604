"""Suggested models: to tick, to download, and with their progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QCheckBox, QWidget

from preheat.control import Catalogue, DownloadSnapshot, EngineSnapshot, GetCatalogue, PullModel, SuggestedModel
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.queue import DownloadRow
from preheat_gui.widgets import CAPTION_SCALE, GAP, Card, ScaledLabel, button, caption, hbox, named, set_role, vbox
from preheat_gui.words import TASKS, UNFINISHED, catalogue_sentence, error_text, format_bytes, model_of

MAX_SUGGESTIONS: Final = 4
_INDENT: Final = 22  # Indent of a description under its check box: the box and its spacing


class WelcomeSuggestions(Card):
    """Shows the best models for this computer, and downloads the checked ones."""

    download_started = Signal(str)  # A model is being downloaded (the download's id)
    try_requested = Signal()  # The user wants to try a model that has arrived

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName("welcome_suggestions")
        self.set_title(self.tr("Good models for this computer"))
        self._bridge = bridge
        self._boxes: list[tuple[QCheckBox, SuggestedModel]] = []
        self._rows: dict[str, DownloadRow] = {}
        self._listed: set[str] = set()  # Those of them that the engine has listed
        self._unfinished = True
        self._problem = ""
        self._list = vbox(spacing=GAP // 2)
        self._downloads = vbox(spacing=0)
        self._note = named(caption(self.tr("Looking for models that suit this computer…"), self), "suggestions_note")
        self._download = button(self.tr("Do&wnload"), "suggestions_get", self._on_download, self)
        self._download.hide()
        foot = hbox(self._note, self._download)
        foot.setStretch(0, 1)
        for part in (self._list, self._downloads, foot):
            self.body.addLayout(part)
        bridge.snapshot_changed.connect(self._show_downloads)
        bridge.ask(GetCatalogue(), self._on_models, self._show_error)

    @property
    def is_downloading(self) -> bool:
        """Whether a download that was started here is not over yet."""
        return bool(self._rows) and self._unfinished

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
        description = _Description(sentence, box)
        # In its own row: Qt ignores a label's margins when it computes the height of wrapped text.
        row = hbox((description, 1))
        row.setContentsMargins(_INDENT, 0, 0, GAP // 2)
        self._list.addWidget(box)
        self._list.addLayout(row)
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
        self._problem = ""
        self._note.setText(self.tr("Contacting Hugging Face…"))
        for model in checked:
            self._bridge.ask(PullModel(model.pull_name), self._on_started, self._on_failed)

    def _on_started(self, download: DownloadSnapshot) -> None:
        """Show the download in the place of the suggestions."""
        if download.download_id not in self._rows:
            row = self._rows[download.download_id] = DownloadRow(self._bridge, in_card=True)
            row.try_requested.connect(self._on_try)
            row.show_download(download, None)
            self._downloads.addWidget(row)
            row.show()
        self._show_suggestions(False)
        self.download_started.emit(download.download_id)

    def _on_failed(self, error: EngineError) -> None:
        self._problem = error_text(error)
        if self._rows:
            self._show_note()
        else:
            self._note.setText(self._problem)
            self._set_enabled(True)

    def _on_try(self, _model_id: str) -> None:
        self.try_requested.emit()

    def _show_suggestions(self, on: bool) -> None:
        """Show what can be downloaded, or what is being downloaded."""
        for box, _ in self._boxes:
            box.setVisible(on)
        for label in self.findChildren(_Description):
            label.setVisible(on)
        self._download.setVisible(on)
        self.set_title(self.tr("Good models for this computer") if on else self.tr("Your first models"))
        if on:
            self._set_enabled(True)
            self._show_sum()
        else:
            self._show_note()

    def _show_note(self) -> None:
        arrives = self.tr(
            "What arrives here is kept ready from then on. The download continues when this window is closed: "
            "the Downloads page shows it."
        )
        arrived = self.tr("What has arrived is kept ready. The star changes that.")
        self._note.setText(" ".join(filter(None, (self._problem, arrives if self._unfinished else arrived))))

    def _show_downloads(self, snapshot: EngineSnapshot) -> None:
        downloads = {each.download_id: each for each in snapshot.downloads}
        for download_id, row in list(self._rows.items()):
            download = downloads.get(download_id)
            if download is not None:
                self._listed.add(download_id)
                row.show_download(download, model_of(download, snapshot))
            elif download_id in self._listed:  # cancelled
                self._rows.pop(download_id).deleteLater()
                if not self._rows:
                    self._show_suggestions(True)
        unfinished = self._rows.keys() - {each for each in downloads if downloads[each].state not in UNFINISHED}
        if bool(unfinished) != self._unfinished:
            self._unfinished = bool(unfinished)
            if self._rows:
                self._show_note()

    def _set_enabled(self, enabled: bool) -> None:
        self._download.setEnabled(enabled)
        for box, _ in self._boxes:
            box.setEnabled(enabled)


class _Description(ScaledLabel):
    """The sentence under a check box; a click ticks the box."""

    def __init__(self, text: str, box: QCheckBox) -> None:
        super().__init__(text, CAPTION_SCALE, parent=box.parentWidget())
        self._box = box
        self.setWordWrap(True)
        set_role(self, "muted")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._box.click()


def choose(models: Sequence[SuggestedModel]) -> list[SuggestedModel]:
    """Return the best models of each task, then others that fit and are not on disk yet."""
    order = {task: number for number, task in enumerate(TASKS)}
    fitting = [model for model in models if model.fits and not model.here]
    ranked = sorted(fitting, key=lambda model: (not model.best, order.get(model.task, len(order))))
    return ranked[:MAX_SUGGESTIONS]
