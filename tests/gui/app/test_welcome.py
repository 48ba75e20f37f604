"""The welcome: once, where there is nothing yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QListView, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, download, model, snapshot
from preheat import paths
from preheat.control import DownloadState, State
from preheat.login_item import LoginItemError
from preheat.models import ModelFile
from preheat.models.model_file import Source
from preheat_gui.app.arrivals import FavouritesOnArrival
from preheat_gui.app.welcome import (
    FoundModels,
    Reason,
    WelcomeDialog,
    included_chat_model,
    make_welcome,
    reason_to_welcome,
)
from preheat_gui.dashboard.hearth.handles import BlockHandle
from preheat_gui.dashboard.hearth.widget import Hearth
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


def test_it_is_shown_once_and_only_before_the_first_use(qtbot: QtBot, theme: Theme) -> None:
    found = model("a"), model("b")
    assert reason_to_welcome(snapshot(), WindowState()) is Reason.NO_MODELS
    assert reason_to_welcome(snapshot(*found), WindowState()) is Reason.MODELS_FOUND
    assert reason_to_welcome(snapshot(*found, model("c", last_used_at=1.0)), WindowState()) is None
    assert reason_to_welcome(snapshot(*found, model("c", favourite=True)), WindowState()) is None
    assert reason_to_welcome(snapshot(*found, missing_favourites=("gone",)), WindowState()) is None
    welcome(qtbot)
    assert reason_to_welcome(snapshot(), WindowState()) is reason_to_welcome(snapshot(*found), WindowState()) is None


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
    assert suggestions.window() is dialog
    qtbot.waitUntil(suggestions.isVisible)


def test_an_included_model_can_be_tried_at_once(qtbot: QtBot, theme: Theme) -> None:
    chat, embedding = (model(name, embeddings=name == "embed", file=INCLUDED) for name in ("chat", "embed"))
    assert reason_to_welcome(snapshot(chat, embedding), WindowState()) is Reason.NO_MODELS
    assert included_chat_model(snapshot(embedding, chat)) == "chat"
    assert included_chat_model(snapshot(embedding)) == included_chat_model(snapshot(model())) == ""
    item = FakeLoginItem(error=LoginItemError("The autostart folder cannot be written"))
    dialog = welcome(qtbot, item)
    dialog.set_included("chat")
    assert child(dialog, QLabel, "included_model").text().startswith("chat is included")
    with qtbot.assertNotEmitted(dialog.view_requested):
        child(dialog, QPushButton, "try_included").click()
    assert dialog.isVisible()  # with the note about start at login
    with qtbot.waitSignal(dialog.view_requested) as wanted:
        child(dialog, QPushButton, "try_included").click()
    assert wanted.args == ["try"]
    assert not dialog.isVisible()


def test_no_text_is_cut_on_a_screen_with_room(qtbot: QtBot, theme: Theme, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(*(model(f"model-{number}") for number in range(9))))
    dialog = WelcomeDialog(WindowState(), make_login_item=FakeLoginItem)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.set_suggestions(QLabel("contents that arrive after the start\n" * 5))
    dialog.set_included("chat")
    body = child(dialog, QScrollArea, "welcome_body")
    qtbot.waitUntil(lambda: child(dialog, QLabel, "included_model").isVisible())
    qtbot.waitUntil(lambda: body.verticalScrollBar().maximum() == 0)
    for label in dialog.findChildren(QLabel):
        if label.isVisible():
            assert label.height() >= label.heightForWidth(label.width()), label.text()


# Models that were found


@pytest.fixture
def found(qtbot: QtBot, theme: Theme, bridge: FakeBridge) -> FoundModels:
    bridge.publish(snapshot(model("model-2"), model("model-10", expected_bytes=9_000_000_000)))
    shown = FoundModels(bridge)
    qtbot.addWidget(shown)
    shown.resize(600, 500)
    shown.show()
    return shown


def test_a_star_applies_at_once_by_pointer_and_key(found: FoundModels, bridge: FakeBridge) -> None:
    view = child(found, QListView, "found_list")
    second = view.model().index(1, 0)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(second).center())
    view.setCurrentIndex(view.model().index(0, 0))
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert bridge.commands == [("set_favourite", "model-10", True), ("set_favourite", "model-2", True)]


def test_rows_say_what_fits_and_then_what_happens(qtbot: QtBot, found: FoundModels, bridge: FakeBridge) -> None:
    view = child(found, QListView, "found_list")

    def spoken(row: int) -> str:
        return str(view.model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole))

    assert spoken(0).startswith("model-2 · not chosen · 3.1 GB · fits")
    assert "1.0 GB" in spoken(1)
    bridge.publish(snapshot(model("model-2", State.LOADING, favourite=True)))
    qtbot.waitUntil(lambda: view.model().rowCount() == 1)
    assert spoken(0) == "model-2 · always ready · 3.1 GB · Loading 50 %"


def test_a_first_start_with_models_asks_which_stay_ready(qtbot: QtBot, theme: Theme, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("a"), model("b")))
    parent = QWidget()
    qtbot.addWidget(parent)
    state = WindowState()
    dialog = make_welcome(bridge, state, FavouritesOnArrival(bridge, state), lambda: parent)
    assert dialog is not None
    assert child(dialog, QLabel, "welcome_title").text() == "You have 2 models. Which should always be ready?"
    models = child(dialog, FoundModels, "found_models")
    assert models.window() is dialog
    (hearth,) = models.findChildren(Hearth)
    hearth.limit_moved.emit(0.25, False)  # with the keys, and not confirmed
    dialog.accept()
    assert bridge.commands[-1] == ("change_settings", {"memory_limit": "25%"})
    assert make_welcome(bridge, state, FavouritesOnArrival(bridge, state), lambda: parent) is None


def test_the_window_keeps_its_size_whatever_is_chosen(qtbot: QtBot, theme: Theme, bridge: FakeBridge) -> None:
    sizes = (3_100_000_000, 300_000_000, 9_100_000_000)  # The last one does not fit
    models = [model(f"model-{number}", expected_bytes=size) for number, size in enumerate(sizes)]
    bridge.publish(snapshot(*models))
    dialog = welcome(qtbot)
    found = FoundModels(bridge)
    dialog.set_found(found, 3)
    (hearth,) = found.findChildren(Hearth)
    qtbot.waitUntil(hearth.isVisible)
    qtbot.wait(50)
    before = dialog.size(), hearth.size()
    loading = replace(models[1], favourite=True, state=State.LOADING, progress=0.5)
    chosen = [replace(models[0], favourite=True), loading, replace(models[2], favourite=True)]
    bridge.publish(snapshot(*chosen, favourites=tuple(each.model_id for each in chosen)))
    qtbot.waitUntil(lambda: len(hearth.findChildren(BlockHandle)) == 3)
    qtbot.wait(50)
    assert (dialog.size(), hearth.size()) == before


def test_nothing_is_asked_that_a_variable_decides(qtbot: QtBot, theme: Theme, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("a")))
    bridge.overridden = {"favourites": "PREHEAT_FAVOURITES"}
    state = WindowState()
    assert make_welcome(bridge, state, FavouritesOnArrival(bridge, state), QWidget) is None


def test_files_that_are_dropped_meanwhile_can_be_chosen(qtbot: QtBot, theme: Theme, bridge: FakeBridge) -> None:
    bridge.publish(snapshot())
    parent = QWidget()
    qtbot.addWidget(parent)
    state = WindowState()
    dialog = make_welcome(bridge, state, FavouritesOnArrival(bridge, state), lambda: parent)
    assert dialog is not None
    fetched = model("qwen3-8b-q4_k_m", path="/models/Qwen3-8B-Q4_K_M.gguf")
    bridge.publish(snapshot(fetched, downloads=(download("d1", DownloadState.DONE),)))
    assert dialog.findChild(FoundModels) is None
    bridge.publish(snapshot(fetched, model("dropped"), downloads=(download("d1", DownloadState.DONE),)))
    assert child(dialog, FoundModels, "found_models")
    assert child(dialog, QLabel, "welcome_title").text().startswith("You have 2 models.")


def test_the_keyboard_starts_at_the_list_and_ends_at_done(qtbot: QtBot, theme: Theme, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("a"), model("b")))
    dialog = welcome(qtbot)
    dialog.hide()
    dialog.set_found(FoundModels(bridge), 2)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    qtbot.waitUntil(lambda: child(dialog, QListView, "found_list").hasFocus())
    QTest.keyClick(child(dialog, QListView, "found_list"), Qt.Key.Key_Space)
    assert bridge.commands == [("set_favourite", "a", True)]
    seen = []
    for _ in range(8):
        focused = dialog.focusWidget()
        assert focused is not None
        seen.append(focused.objectName())
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    stops = ["found_list", "start_at_login", "open_models_folder", "welcome_done"]
    assert [name for name in seen if name in stops][:4] == stops
