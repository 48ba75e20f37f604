"""The welcome: once, where there is nothing yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import model, snapshot
from preheat import paths
from preheat.login_item import LoginItemError
from preheat.models import ModelFile
from preheat.models.model_file import Source
from preheat_gui.app.welcome import WelcomeDialog, included_chat_model, wants_welcome
from preheat_gui.widgets import Theme, WindowState

INCLUDED = ModelFile("m", Path("m"), 1, "llama", 1, False, True, (Path("m"),), 0, source=Source.BUNDLED)


class FakeLoginItem:
    def __init__(self, on: bool = False, error: LoginItemError | None = None) -> None:
        self.on = on
        self.error = error

    def is_on(self) -> bool:
        return self.on

    def switch(self, on: bool) -> None:
        if self.error is not None:
            raise self.error
        self.on = on


def welcome(qtbot: QtBot, item: FakeLoginItem | None = None) -> WelcomeDialog:
    item = item or FakeLoginItem()
    dialog = WelcomeDialog(WindowState(), make_login_item=lambda: item)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_it_is_shown_once_and_only_without_models(qtbot: QtBot, theme: Theme) -> None:
    assert not wants_welcome(snapshot(model()), WindowState())
    assert wants_welcome(snapshot(), WindowState())
    welcome(qtbot)
    assert not wants_welcome(snapshot(), WindowState())


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("wanted", [False, True])
def test_the_box_sets_start_at_login(qtbot: QtBot, theme: Theme, before: bool, wanted: bool) -> None:
    item = FakeLoginItem(before)
    dialog = welcome(qtbot, item)
    child(dialog, QCheckBox, "start_at_login").setChecked(wanted)
    child(dialog, QPushButton, "welcome_done").click()
    assert item.on is wanted
    assert not dialog.isVisible()


def test_closing_changes_nothing(qtbot: QtBot, theme: Theme) -> None:
    item = FakeLoginItem(False)
    dialog = welcome(qtbot, item)
    dialog.reject()
    assert not item.on


def test_a_failed_change_of_start_at_login_is_shown(qtbot: QtBot, theme: Theme) -> None:
    item = FakeLoginItem(error=LoginItemError("The autostart folder cannot be written"))
    dialog = welcome(qtbot, item)
    child(dialog, QPushButton, "welcome_done").click()
    note = child(dialog, QLabel, "login_note")
    assert dialog.isVisible()
    assert note.isVisible()
    assert note.text() == "The autostart folder cannot be written."
    assert not child(dialog, QCheckBox, "start_at_login").isChecked()
    child(dialog, QPushButton, "welcome_done").click()
    assert not dialog.isVisible()


def test_the_folder_is_named_and_opened(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch, preheat_home: Path
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    dialog = welcome(qtbot)
    assert str(paths.models_dir()) in child(dialog, QLabel, "models_folder").text()
    child(dialog, QPushButton, "open_models_folder").click()
    assert [Path(url.toLocalFile()) for url in opened] == [paths.models_dir()]
    assert paths.models_dir().is_dir()


def test_suggestions_are_in_the_dialog(qtbot: QtBot, theme: Theme) -> None:
    dialog = welcome(qtbot)
    suggestions = QLabel("suggestions")
    dialog.set_suggestions(suggestions)
    assert suggestions.parent() is dialog
    qtbot.waitUntil(suggestions.isVisible)


def test_an_included_model_can_be_tried_at_once(qtbot: QtBot, theme: Theme) -> None:
    chat, embedding = (model(name, embeddings=name == "embed", file=INCLUDED) for name in ("chat", "embed"))
    assert wants_welcome(snapshot(chat, embedding), WindowState())
    assert included_chat_model(snapshot(embedding, chat)) == "chat"
    assert included_chat_model(snapshot(embedding)) == included_chat_model(snapshot(model())) == ""
    item = FakeLoginItem(error=LoginItemError("The autostart folder cannot be written"))
    dialog = welcome(qtbot, item)
    dialog.set_included("chat")
    assert child(dialog, QLabel, "included_model").text().startswith("chat is included")
    with qtbot.assertNotEmitted(dialog.try_requested):
        child(dialog, QPushButton, "try_included").click()
    assert dialog.isVisible()  # with the note about start at login
    with qtbot.waitSignal(dialog.try_requested):
        child(dialog, QPushButton, "try_included").click()
    assert not dialog.isVisible()
