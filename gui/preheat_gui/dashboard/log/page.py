"""The page of the log: the end of the log file, as it grows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from preheat.log import log_file
from preheat_gui.bridge import EngineBridge, GuiDispatcher, TaskRunner, weak_callback
from preheat_gui.dashboard.copy_button import CopyButton
from preheat_gui.dashboard.log.model import LogLines
from preheat_gui.dashboard.log.tail import LogNews, LogTail
from preheat_gui.dashboard.log.view import LogView
from preheat_gui.dashboard.reveal import reveal
from preheat_gui.widgets import GAP, GROUP_GAP, EmptyState, Token, heading, symbol

_LOOK_MS: Final = 1000


class LogPage(QWidget):
    """The log. It is read on another thread, and not at all while the page is not shown.

    The engine is not asked: the log is wanted most when there is none.

    Attributes:
        memory_changed: The user chose another level; ``memory()`` has it.
    """

    memory_changed = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log_page")
        self._path = log_file()
        self._tail = LogTail(self._path)
        self._lines = LogLines()
        self._courier = GuiDispatcher(self)
        self._errands = TaskRunner()
        self._reading = False
        self._problem = ""
        self._looked = False
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._text = LogView()
        self._empty = EmptyState("", "")
        self._stack = QStackedWidget()
        self._level = QComboBox()
        self._search = QLineEdit()
        self._follow = QCheckBox(self.tr("Follo&w"))
        self._copy = CopyButton(self.tr("&Copy"), self._copied_text)
        self._folder = QPushButton(symbol("folder"), self.tr("&Open folder"))
        self._build()
        self._show_state()

    # -- the window's -------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Read on."""
        self._look()
        self._timer.start()

    def deactivate(self) -> None:
        """Stand still."""
        self._timer.stop()

    def memory(self) -> dict[str, str]:
        """Return what a later window should begin with."""
        return {"log_level": str(self._level.currentData())}

    def remember(self, memory: Mapping[str, str]) -> None:
        """Begin with this; what is missing or nonsense is left out."""
        level = memory.get("log_level", "")
        row = self._level.findData(int(level)) if level.isdecimal() else -1
        if row >= 0:
            self._level.setCurrentIndex(row)

    # -- layout -------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._level.setObjectName("log_level")
        self._level.setAccessibleName(self.tr("Filter by level"))
        for words, level in (
            (self.tr("All levels"), logging.NOTSET),
            (self.tr("Info and above"), logging.INFO),
            (self.tr("Warnings and errors"), logging.WARNING),
            (self.tr("Errors"), logging.ERROR),
        ):
            self._level.addItem(words, level)
        self._search.setObjectName("log_search")
        self._search.setPlaceholderText(self.tr("Search"))
        self._search.setAccessibleName(self.tr("Search the log"))
        self._search.setToolTip(self.tr("Show only lines that have all these words (Ctrl+F)"))
        self._search.setClearButtonEnabled(True)
        self._search.addAction(symbol("search", Token.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        self._search.setMinimumWidth(100)
        self._search.setMaximumWidth(280)
        self._follow.setObjectName("log_follow")
        self._follow.setChecked(True)
        self._follow.setToolTip(self.tr("Stay at the end as the log grows"))
        self._copy.setObjectName("log_copy")
        self._copy.setToolTip(self.tr("Copy what is selected, or all lines that are shown"))
        self._folder.setObjectName("log_folder")
        self._folder.setToolTip(str(self._path))
        self._empty.setObjectName("log_empty")
        self._stack.addWidget(self._text)
        self._stack.addWidget(self._empty)
        top = QHBoxLayout()
        top.setSpacing(GAP)
        top.addWidget(heading(self.tr("Log")))
        top.addStretch(1)
        top.addWidget(self._search, 2)
        top.addWidget(self._level)
        foot = QHBoxLayout()
        foot.setSpacing(GAP)
        foot.addWidget(self._follow)
        foot.addStretch(1)
        foot.addWidget(self._copy)
        foot.addWidget(self._folder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GROUP_GAP)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
        layout.addLayout(foot)
        self._connect()

    def _connect(self) -> None:
        self._level.currentIndexChanged.connect(self._on_level)
        self._search.textChanged.connect(self._filter)
        self._follow.toggled.connect(self._text.follow)
        self._text.at_end_changed.connect(self._follow.setChecked)
        self._folder.clicked.connect(self._open_folder)
        self._empty.clicked.connect(self._show_all)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._on_find)

    # -- what happens -------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if self._reading:
            return
        self._reading = True
        self._errands.run(partial(_read, self._tail, self._courier, weak_callback(self._take)))

    def _take(self, news: LogNews) -> None:
        self._reading = False
        self._problem = news.problem
        first, self._looked = not self._looked, True
        if news.anew:
            self._lines.clear()
        wanted = self._lines.add(news.lines)
        if news.anew:
            self._text.show_lines(wanted)
        else:
            self._text.add_lines(wanted)
        if first or news.anew or news.lines or news.problem:
            self._show_state()

    def _on_level(self) -> None:
        self._filter()
        self.memory_changed.emit()

    def _filter(self) -> None:
        self._lines.set_filter(self._level.currentData(), self._search.text())
        self._text.show_lines(self._lines.wanted())
        self._show_state()

    def _on_find(self) -> None:
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def _show_all(self) -> None:
        self._search.clear()
        self._level.setCurrentIndex(0)

    def _copied_text(self) -> str:
        # Qt parts the lines of a selection by U+2029.
        return self._text.textCursor().selectedText().replace("\u2029", "\n") or self._text.toPlainText()

    def _open_folder(self) -> None:
        if self._path.exists():
            reveal(self._path, self)
            return
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _show_state(self) -> None:
        shown = not self._text.document().isEmpty()
        self._stack.setCurrentWidget(self._text if shown else self._empty)
        self._copy.setEnabled(shown)
        self._follow.setEnabled(shown)
        if shown:
            return
        if self._problem:
            words = self.tr("{file}: {reason}.").format(file=self._path, reason=self._problem)
            self._empty.set_words(self.tr("The log cannot be read"), words)
        elif len(self._lines):
            self._empty.set_words(
                self.tr("No line matches"), self.tr("Nothing in the log is like this."), self.tr("&Show all lines")
            )
        elif self._looked:
            self._empty.set_words(
                self.tr("The log is empty"), self.tr("What Preheat does is written here as it happens.")
            )
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("The log is being read."))


def _read(tail: LogTail, courier: GuiDispatcher, take: Callable[..., None]) -> None:
    courier.post(partial(take, tail.read()))
