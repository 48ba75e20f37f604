"""Help: the documentation, how to report a problem, and the keys. GUI thread."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeySequence
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QLabel, QLayout, QScrollArea, QWidget

from preheat.installation import project_urls
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard import DiagnosticsButton
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    HELP_KEY,
    MARGIN,
    SETTINGS_KEY,
    Card,
    button,
    caption,
    hbox,
    set_role,
    vbox,
)

_SIZE: Final = (640, 640)

Keys = tuple[tuple[str, str], ...]  # What is pressed, in English, and what it does


def shortcuts() -> tuple[tuple[str, Keys], ...]:
    """Return the keys of each place, in the user's language."""
    return (
        (
            _tr("Everywhere"),
            (
                ("Ctrl+1 … Ctrl+7", _tr("Show a page")),
                ("Ctrl+F", _tr("Search on this page")),
                (SETTINGS_KEY, _tr("Settings")),
                (HELP_KEY, _tr("Help")),
                ("Ctrl+W", _tr("Close the window")),
            ),
        ),
        (
            _tr("Overview"),
            (
                ("Left / Right", _tr("Go to another block, or change the memory limit")),
                ("Return", _tr("Open the model's menu, or apply the limit")),
                ("F", _tr("Mark as favourite, or not")),
                ("Del", _tr("Unload the model")),
                ("Esc", _tr("Keep the present limit")),
            ),
        ),
        (
            _tr("Models"),
            (
                ("Return", _tr("Load or unload")),
                ("F", _tr("Mark as favourite, or not")),
                ("Ctrl+C", _tr("Copy the name")),
                ("Ctrl+O", _tr("Show the file")),
                ("Shift+Del", _tr("Delete from disk")),
            ),
        ),
        (
            _tr("Try it"),
            (
                ("Return", _tr("Send")),
                ("Shift+Return", _tr("Start a new line")),
                ("Esc", _tr("Stop the answer")),
            ),
        ),
    )


class HelpDialog(QDialog):
    """Not modal."""

    about_requested = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("help_dialog")
        self.setWindowTitle(self.tr("Help"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._bridge = bridge
        self._urls = project_urls()
        content = QWidget(self)
        cards = vbox(self._documentation(), self._report(), self._keys(), None, parent=content, spacing=GROUP_GAP)
        cards.setContentsMargins(0, 0, GAP, 0)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        about = button(self.tr("A&bout Preheat"), "help_about", self.about_requested, self)
        close = button(self.tr("&Close"), "help_close", self.reject, self)
        vbox((area, 1), hbox(about, None, close), parent=self, spacing=GROUP_GAP, margin=MARGIN)
        self.resize(*_SIZE)

    def _documentation(self) -> Card:
        words = self.tr("How to get models, connect apps, save memory, and solve problems.")
        page = "Documentation" if "Documentation" in self._urls else "Homepage"
        pages = button(self.tr("&Documentation"), "help_documentation", partial(self._open, page), self)
        pages.setVisible(page in self._urls)
        api = button(self.tr("&API reference"), "help_api", self._open_api, self)
        api.setToolTip(self.tr("The endpoints of this Preheat, in the browser; works without internet"))
        return self._card(self.tr("Documentation"), words, hbox(pages, api, None))

    def _report(self) -> Card:
        words = self.tr(
            "Save the diagnostics, describe what happened, and attach the file. It leaves out keys, names and "
            "texts of apps."
        )
        issues = button(self.tr("&Report a problem"), "help_issues", partial(self._open, "Issues"), self)
        issues.setVisible("Issues" in self._urls)
        return self._card(self.tr("Report a problem"), words, hbox(DiagnosticsButton(), issues, None))

    def _keys(self) -> Card:
        grid = QGridLayout()
        grid.setHorizontalSpacing(MARGIN)
        grid.setVerticalSpacing(GAP // 2)
        grid.setColumnStretch(1, 1)
        for place, keys in shortcuts():
            if grid.rowCount() > 1:
                grid.setRowMinimumHeight(grid.rowCount(), GAP)
            grid.addWidget(caption(place, self), grid.rowCount(), 0, 1, 2)
            for keys_pressed, what in keys:
                row = grid.rowCount()
                pressed = QLabel(_as_printed(keys_pressed), self)
                set_role(pressed, "muted")
                grid.addWidget(pressed, row, 0)
                grid.addWidget(QLabel(what, self), row, 1)
        return self._card(self.tr("Keys"), "", grid)

    def _card(self, title: str, words: str, body: QLayout) -> Card:
        card = Card(title, self)
        if words:
            text = QLabel(words, card)
            text.setWordWrap(True)
            card.body.addWidget(text)
        card.body.addLayout(body)
        return card

    def _open(self, name: str) -> None:
        QDesktopServices.openUrl(QUrl(self._urls[name]))

    def _open_api(self) -> None:
        if self._bridge.port.url is not None:
            QDesktopServices.openUrl(QUrl(f"{self._bridge.port.url}/docs"))


def _as_printed(keys: str) -> str:
    """Return keys, with signs such as ``/`` between them, as they are called on this system."""
    form = QKeySequence.SequenceFormat.NativeText
    return " ".join(key if key in "…/" else QKeySequence(key).toString(form) for key in keys.split())


def _tr(text: str) -> str:
    return QCoreApplication.translate("Shortcuts", text)
