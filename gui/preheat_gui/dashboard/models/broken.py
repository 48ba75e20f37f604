"""Files that cannot be used: a row under the table, and a dialog with each file, the reason and what to do."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QFile, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from preheat.control import BrokenFile, PullModel
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.reveal import reveal
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    MARGIN,
    Banner,
    Card,
    ElidedLabel,
    named,
    plain,
    set_role,
    symbol,
    text_label,
)
from preheat_gui.words import format_bytes, joined, message_words, owner_words, sentence

_WIDTH: Final = 560
_HEIGHT: Final = 420
_DELETABLE: Final = ("preheat", "folder")  # Files of other programs are never changed


class BrokenFilesRow(Banner):
    """Says how many files cannot be used; hidden without any."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("broken_files")
        self._bridge = bridge
        self._files: tuple[BrokenFile, ...] = ()
        self._dialog: BrokenFilesDialog | None = None
        self.clicked.connect(self._open)

    def show_files(self, files: tuple[BrokenFile, ...]) -> None:
        """Show these files."""
        if files == self._files:
            return
        self._files = files
        if self._dialog is not None:
            self._dialog.show_files(files)
        self.setVisible(bool(files))
        if not files:
            return
        count = self.tr("1 file can't be used") if len(files) == 1 else self.tr("{count} files can't be used")
        first = message_words(files[0].reason).text if len(files) == 1 else ""
        words = joined(count.format(count=len(files)), first, separator=": ")
        self.show_problem(sentence(words), self.tr("&Details"))

    def _open(self) -> None:
        self._dialog = BrokenFilesDialog(self._bridge, self.window())
        self._dialog.show_files(self._files)
        self._dialog.finished.connect(self._closed)
        self._dialog.open()

    def _closed(self) -> None:
        self._dialog = None


class BrokenFilesDialog(QDialog):
    """Lists the files that cannot be used."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("broken_files_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Files that can't be used"))
        self._bridge = bridge
        self._list = QWidget(self)
        self._cards = QVBoxLayout(self._list)
        self._cards.setContentsMargins(0, 0, GAP, 0)
        self._cards.setSpacing(GROUP_GAP)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(self._list)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(GROUP_GAP)
        layout.addWidget(area, 1)
        layout.addWidget(buttons)
        self.resize(_WIDTH, _HEIGHT)

    def show_files(self, files: tuple[BrokenFile, ...]) -> None:
        """Show these files; the dialog closes when the last one has gone."""
        if not files:
            self.accept()
            return
        while (item := self._cards.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for file in files:
            self._cards.addWidget(self._card(file))
        self._cards.addStretch()

    def _card(self, file: BrokenFile) -> Card:
        card = named(Card(file.name, self._list), "broken_file")
        words = message_words(file.reason)
        size = format_bytes(file.file_bytes) if file.file_bytes else ""
        place = ElidedLabel(str(file.path.parent))
        place.setToolTip(plain(str(file.path)))
        place.setVisible(str(file.path) not in words.hint)
        card.body.addWidget(text_label(sentence(words.text), "broken_reason", card))
        if words.hint:
            card.body.addWidget(text_label(sentence(words.hint), "broken_remedy", card))
        facts = text_label(joined(self._owner(file), size), "broken_facts", card)
        for label in (place, facts):
            set_role(label, "muted")
            card.body.addWidget(label)
        card.body.addLayout(self._buttons(file))
        return card

    def _owner(self, file: BrokenFile) -> str:
        if file.source == "preheat":
            return self.tr("downloaded by Preheat") if file.pull_name else self.tr("in Preheat's folder")
        return owner_words(file.source)

    def _buttons(self, file: BrokenFile) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        if file.pull_name:
            again = named(QPushButton(symbol("download"), self.tr("Download &again")), "broken_download")
            again.clicked.connect(partial(self._download, file))
            row.addWidget(again)
        show = named(QPushButton(symbol("folder"), self.tr("Show in &folder")), "broken_reveal")
        show.clicked.connect(partial(reveal, file.path, self))
        row.addWidget(show)
        if file.source in _DELETABLE:
            delete = named(QPushButton(symbol("trash"), self.tr("Move to &trash")), "broken_delete")
            delete.clicked.connect(partial(self._delete, file))
            row.addWidget(delete)
        row.addStretch()
        return row

    def _download(self, file: BrokenFile) -> None:
        move_to_trash(file.path)  # otherwise the download would find it in its place
        self._bridge.ask(PullModel(file.pull_name))
        self.accept()

    def _delete(self, file: BrokenFile) -> None:
        if not move_to_trash(file.path):
            reveal(file.path, self)  # there is no trash on its disk, or it may not be written


def move_to_trash(path: Path) -> bool:
    """Move a file to the system's trash; return whether it is there."""
    return bool(QFile(str(path)).moveToTrash())
