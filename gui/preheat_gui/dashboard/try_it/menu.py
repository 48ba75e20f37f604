"""The menu of a conversation: copy, export, and conversations that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton

from preheat.control import EngineSession
from preheat.errors import file_error
from preheat.files import write_atomic
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.try_it import kept
from preheat_gui.dashboard.try_it.conversation import Conversation, title_of
from preheat_gui.dashboard.try_it.kept import Kept
from preheat_gui.widgets import ask, named, symbol
from preheat_gui.words import SEPARATOR

_ENDINGS: Final = {"md": Conversation.to_markdown, "json": Conversation.to_json}


class ConversationMenu(QToolButton):
    """The button with the menu.

    Args:
        conversation: Returns the present conversation.
    """

    keep_changed = Signal()  # The user wants conversations kept, or not any more
    opened = Signal(object)  # A kept Conversation

    def __init__(self, bridge: EngineBridge, conversation: Callable[[], Conversation]) -> None:
        super().__init__()
        named(self, "try_menu", self.tr("More"), self.tr("Copy, export, earlier conversations"))
        self.setIcon(symbol("more"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._bridge = bridge
        self._conversation = conversation
        self._deleted = (0.0, 0)  # When the conversation began that was deleted, and its turns then
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self._copy = self._add(menu, "try_copy", self.tr("&Copy the conversation"), self._on_copy)
        self._markdown = self._add(menu, "try_markdown", self.tr("Export as &Markdown…"), partial(self._export, "md"))
        self._json = self._add(menu, "try_json", self.tr("Export as &JSON…"), partial(self._export, "json"))
        menu.addSeparator()
        self._keep = self._add(menu, "try_keep", self.tr("&Keep conversations on this computer"), self._on_keep)
        self._keep.setCheckable(True)
        self._keep.setToolTip(self.tr("They are kept as files that only you can read. Without this, nothing is saved."))
        self._earlier = QMenu(self.tr("&Earlier conversations"), menu)
        self._earlier.setObjectName("try_earlier")
        menu.addMenu(self._earlier)
        self._delete = self._add(menu, "try_delete", self.tr("&Delete kept conversations…"), self._ask_to_delete)
        menu.aboutToShow.connect(self._on_show)
        self.setMenu(menu)
        self._show_kept(())

    @property
    def keeps(self) -> bool:
        """Whether the user wants conversations kept."""
        return self._keep.isChecked()

    def set_keeps(self, on: bool) -> None:
        self._keep.setChecked(on)

    def keep(self) -> None:
        """Keep the conversation, if the user wants that."""
        conversation = self._conversation()
        state = (conversation.began_at, len(conversation.turns))
        if self.keeps and conversation.turns and state != self._deleted:
            # The text is made here: the conversation may go on meanwhile.
            self._bridge.ask(partial(_keep, conversation.began_at, conversation.to_json()))

    def _add(self, menu: QMenu, name: str, text: str, slot: Callable[[], object]) -> QAction:
        action = named(QAction(text, menu), name)
        action.triggered.connect(lambda: slot())
        menu.addAction(action)
        return action

    def _on_show(self) -> None:
        has_turns = bool(self._conversation().turns)
        for action in (self._copy, self._markdown, self._json):
            action.setEnabled(has_turns)
        self._bridge.ask(_list_kept, self._show_kept)

    def _show_kept(self, found: Sequence[Kept]) -> None:
        self._earlier.clear()
        for each in found:
            at = QDateTime.fromSecsSinceEpoch(int(each.began_at))
            date = QLocale().toString(at, QLocale.FormatType.ShortFormat)
            title = f"{date}{SEPARATOR}{each.title}".replace("&", "&&")
            self._earlier.addAction(title, partial(self._open, each.path))
        self._earlier.setEnabled(bool(found))
        self._delete.setEnabled(bool(found))

    def _open(self, path: Path) -> None:
        self._bridge.ask(partial(_load, path), self.opened.emit)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._conversation().to_markdown())

    def _on_keep(self) -> None:
        self.keep_changed.emit()
        self.keep()

    def _ask_to_delete(self) -> None:
        ask(
            self.window(),
            "delete_conversations",
            self.tr("Delete all kept conversations?"),
            self.tr("The conversation on this page stays until it is closed."),
            yes=(self.tr("&Delete"), self._delete_all),
            no=(self.tr("Ke&ep"), None),
        )

    def _delete_all(self) -> None:
        conversation = self._conversation()
        self._deleted = (conversation.began_at, len(conversation.turns))
        self._bridge.ask(_delete_all)

    def _export(self, ending: str) -> None:
        conversation = self._conversation()
        dialog = QFileDialog(self.window(), self.tr("Export the conversation"))
        dialog.setObjectName("export_conversation")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(f"{_file_name(title_of(conversation.turns))}.{ending}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        text = _ENDINGS[ending](conversation)
        dialog.fileSelected.connect(lambda name: self._bridge.ask(partial(_write, Path(name), text)))
        dialog.open()


def _file_name(title: str) -> str:
    kept_signs = "".join(sign if sign.isalnum() or sign in " -_" else " " for sign in title)
    return " ".join(kept_signs.split()) or "conversation"


def _write(path: Path, text: str, _session: EngineSession) -> None:
    try:
        write_atomic(path, text)
    except OSError as error:
        raise file_error("export_failed", error, path) from error


def _keep(began_at: float, text: str, _session: EngineSession) -> None:
    kept.keep(began_at, text)


def _list_kept(_session: EngineSession) -> Sequence[Kept]:
    return kept.list_kept()


def _load(path: Path, _session: EngineSession) -> Conversation:
    return kept.load(path)


def _delete_all(_session: EngineSession) -> None:
    kept.delete_all()
