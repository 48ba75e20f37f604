"""The models page in use."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, model, snapshot, stats
from preheat.control import PromptSnapshot, State
from preheat.errors import EngineError
from preheat.messages import msg
from preheat_gui.dashboard.models.page import ModelsPage
from preheat_gui.dashboard.models.table import Column
from preheat_gui.dashboard.models.view import ModelsView, StarDelegate, StateDelegate
from preheat_gui.dashboard.tables import CellDelegate, NameDelegate
from preheat_gui.widgets import ElidedLabel, Theme, Token

MODELS = (
    model("gemma-3-12b", State.FAILED, error="the file ends early. Download it again"),
    model("mistral-7b", path="/models/mistral-7b.gguf"),
    model("phi-4", State.LOADING),
    model("qwen3-4b", State.HOT, favourite=True, path="/models/qwen3-4b.gguf"),
)
STATS = stats(None, **{"qwen3-4b": (12, 9, 1.5)})


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> ModelsPage:
    bridge.publish(snapshot(*MODELS))
    shown = ModelsPage(bridge)
    qtbot.addWidget(shown)
    shown.resize(1100, 600)
    with qtbot.waitExposed(shown):
        shown.show()
    shown.activate()
    return shown


def view(page: ModelsPage) -> ModelsView:
    return child(page, ModelsView, "models_table")


def shown_part(page: ModelsPage) -> QWidget:
    stack = page.findChild(QStackedWidget)
    assert stack is not None
    part = stack.currentWidget()
    assert part is not None
    return part


def find(page: QWidget, kind: type[Any], name: str) -> Any:
    found = page.findChild(kind, name)
    assert found is not None
    return found


def row(page: ModelsPage, model_id: str) -> QModelIndex:
    table = view(page).model()
    for number in range(table.rowCount()):
        index = table.index(number, Column.NAME)
        if index.data() == model_id:
            return index
    raise LookupError(model_id)


def shown_names(page: ModelsPage) -> list[str]:
    table = view(page).model()
    return [table.index(number, Column.NAME).data() for number in range(table.rowCount())]


def press(qtbot: QtBot, page: ModelsPage, model_id: str, key: Qt.Key, modifier: Any = None) -> None:
    page.open_model(model_id)
    view(page).setFocus()
    QTest.keyClick(view(page), key, modifier or Qt.KeyboardModifier.NoModifier)


# -- keys, buttons, menu -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model_id", "key", "command"),
    [
        ("mistral-7b", Qt.Key.Key_Return, ("load", "mistral-7b")),
        ("gemma-3-12b", Qt.Key.Key_Enter, ("load", "gemma-3-12b")),
        ("qwen3-4b", Qt.Key.Key_Return, ("unload", "qwen3-4b")),
        ("phi-4", Qt.Key.Key_Return, ("unload", "phi-4")),
        ("phi-4", Qt.Key.Key_Delete, ("unload", "phi-4")),
        ("mistral-7b", Qt.Key.Key_F, ("set_favourite", "mistral-7b", True)),
        ("qwen3-4b", Qt.Key.Key_F, ("set_favourite", "qwen3-4b", False)),
    ],
)
def test_keys_act_on_the_selected_model(
    qtbot: QtBot, page: ModelsPage, bridge: FakeBridge, model_id: str, key: Qt.Key, command: tuple[Any, ...]
) -> None:
    press(qtbot, page, model_id, key)
    assert bridge.commands == [command]


def test_delete_leaves_a_cold_model_alone(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    press(qtbot, page, "mistral-7b", Qt.Key.Key_Delete)
    assert bridge.commands == []


@pytest.mark.parametrize(
    ("model_id", "words"),
    [("mistral-7b", "&Load"), ("phi-4", "&Cancel load"), ("qwen3-4b", "&Unload"), ("gemma-3-12b", "&Load")],
)
def test_the_button_says_what_it_does(page: ModelsPage, bridge: FakeBridge, model_id: str, words: str) -> None:
    page.open_model(model_id)
    button = find(page, QPushButton, "toggle_load_button")
    assert (button.text(), button.isEnabled()) == (words, True)
    button.click()
    assert bridge.commands == [("load" if words == "&Load" else "unload", model_id)]


def test_the_button_follows_the_model(page: ModelsPage, bridge: FakeBridge) -> None:
    page.open_model("mistral-7b")
    bridge.publish(snapshot(MODELS[0], model("mistral-7b", State.LOADING), *MODELS[2:]))
    assert find(page, QPushButton, "toggle_load_button").text() == "&Cancel load"


def test_actions_need_a_selection(page: ModelsPage) -> None:
    view(page).clearSelection()
    for name in ("toggle_load", "favourite", "reveal_file", "model_settings"):
        assert not find(page, QPushButton, f"{name}_button").isEnabled()


def test_several_models_at_once(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    view(page).selectAll()
    assert find(page, QLabel, "model_why").text() == "3.0 GB in memory."
    find(page, QPushButton, "favourite_button").click()
    assert sorted(bridge.commands) == [("set_favourite", name, True) for name in ("gemma-3-12b", "mistral-7b", "phi-4")]
    bridge.commands.clear()
    find(page, QPushButton, "toggle_load_button").click()
    assert sorted(bridge.commands) == [("load", "gemma-3-12b"), ("load", "mistral-7b")]


def test_a_click_on_the_star_toggles_it(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    star = row(page, "phi-4").siblingAtColumn(Column.FAVOURITE)
    QTest.mouseClick(view(page).viewport(), Qt.MouseButton.LeftButton, pos=view(page).visualRect(star).center())
    name = view(page).visualRect(row(page, "qwen3-4b")).center()
    QTest.mouseClick(view(page).viewport(), Qt.MouseButton.LeftButton, pos=name)
    assert bridge.commands == [("set_favourite", "phi-4", True)]


def test_the_menu_fits_the_selection(qtbot: QtBot, page: ModelsPage) -> None:
    page.open_model("qwen3-4b")
    view(page).customContextMenuRequested.emit(QPoint(5, 5))
    menu = find(page, QMenu, "model_menu")
    names = [action.objectName() for action in menu.actions() if not action.isSeparator()]
    own = ["model_settings", "clear_model_prompts", "delete_model"]
    assert names == ["toggle_load", "favourite", "reveal_file", "copy_name", *own]
    menu.close()
    view(page).selectAll()
    view(page).customContextMenuRequested.emit(QPoint(5, 5))
    menus = page.findChildren(QMenu, "model_menu")
    assert "unload" in [action.objectName() for action in menus[-1].actions()]
    menus[-1].close()


def test_copy_takes_the_names(qtbot: QtBot, page: ModelsPage) -> None:
    press(qtbot, page, "phi-4", Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "phi-4"


def test_the_file_is_revealed(qtbot: QtBot, page: ModelsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Path] = []
    monkeypatch.setattr("preheat_gui.dashboard.models.actions.reveal", lambda path, _: shown.append(path))
    press(qtbot, page, "qwen3-4b", Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    press(qtbot, page, "phi-4", Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)  # its file is not known
    assert shown == [Path("/models/qwen3-4b.gguf")]


def test_model_settings_open(qtbot: QtBot, page: ModelsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Dialog(QDialog):
        def __init__(self, _bridge: object, model_id: str, parent: QWidget) -> None:
            super().__init__(parent)
            opened.append(model_id)

    stand_in = ModuleType("preheat_gui.settings_dialog.model_dialog")
    stand_in.ModelSettingsDialog = Dialog  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "preheat_gui.settings_dialog.model_dialog", stand_in)
    press(qtbot, page, "qwen3-4b", Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    assert opened == ["qwen3-4b"]
    find(page, QDialog, "").reject()


# -- why ---------------------------------------------------------------------------------------------------------------


def test_the_reason_is_asked_once_per_state(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    asked: list[str] = []

    def why(model_id: str) -> str:
        asked.append(model_id)
        return "kept: favourite 1"

    bridge.answer_with(why=why)
    page.open_model("qwen3-4b")
    sentence = find(page, QLabel, "model_why")
    assert sentence.text() == "Ready."
    qtbot.waitUntil(lambda: sentence.text() == "Ready. Kept: favourite 1.")
    bridge.publish(snapshot(*MODELS[:3], model("qwen3-4b", State.HOT, favourite=True, active_requests=1)))
    qtbot.wait(200)
    assert asked == ["qwen3-4b"]


def test_kept_prompts_are_listed_under_the_reason(page: ModelsPage, bridge: FakeBridge) -> None:
    page.open_model("qwen3-4b")
    prompts = (PromptSnapshot("VS Code", 12_400, "slot", True, 0.0), PromptSnapshot("notes", 900, "disk", False, 0.0))
    bridge.publish(snapshot(model("qwen3-4b", State.HOT, prompts=prompts)))
    label = find(page, ElidedLabel, "model_prompts")
    assert label.text() == "Prompt of VS Code, 12,400 tokens, ready · prompt of notes, 900 tokens, kept on disk"
    bridge.publish(snapshot(model("qwen3-4b", State.HOT)))
    assert label.text() == ""


def test_what_a_hot_model_cannot_do_is_told(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    bridge.answer_with(why=lambda _: "kept: favourite 1")
    page.open_model("qwen3-4b")
    bridge.publish(snapshot(model("qwen3-4b", State.HOT, warning=msg("template_unusable_slow"))))
    sentence = find(page, QLabel, "model_why")
    qtbot.waitUntil(lambda: "Ready. The model's chat template cannot be used" in sentence.text())


def test_a_missing_reason_is_not_an_error(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    failures: list[object] = []
    bridge.command_failed.connect(failures.append)
    bridge.answer_with(why=EngineError("No such model"))
    page.open_model("qwen3-4b")
    qtbot.wait(200)
    assert find(page, QLabel, "model_why").text() == "Ready."
    assert failures == []


def test_a_failed_model_shows_what_to_do(page: ModelsPage) -> None:
    page.open_model("gemma-3-12b")
    assert find(page, QLabel, "model_why").text() == "Failed to load: the file ends early. Download it again."


# -- filters and empty states ------------------------------------------------------------------------------------------


def test_the_filter_counts_and_clears(qtbot: QtBot, page: ModelsPage) -> None:
    QTest.keyClick(view(page), Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    field = find(page, QLineEdit, "models_filter")
    assert field.hasFocus()
    QTest.keyClicks(field, "f")  # not the favourite key: the table does not have the focus
    field.setText("nobody")
    assert shown_part(page).objectName() == "models_none_match"
    find(shown_part(page), QPushButton, "empty_state_button").click()
    assert field.text() == ""
    assert len(shown_names(page)) == 4


def test_typing_in_the_filter_runs_no_commands(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    page.open_model("mistral-7b")
    field = find(page, QLineEdit, "models_filter")
    field.setFocus()
    QTest.keyClicks(field, "f")
    QTest.keyClick(field, Qt.Key.Key_Delete)
    assert (field.text(), bridge.commands) == ("f", [])


def test_an_empty_library_leads_to_the_downloads(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> None:
    page = ModelsPage(bridge)
    qtbot.addWidget(page)
    page.activate()
    page.show()
    assert shown_part(page).objectName() == "models_empty"
    with qtbot.waitSignal(page.page_requested) as asked:
        find(shown_part(page), QPushButton, "empty_state_button").click()
    assert asked.args == ["downloads", ""]
    bridge.publish(snapshot(*MODELS))
    assert shown_part(page) is view(page)


def test_opening_a_hidden_model_clears_the_filters(page: ModelsPage) -> None:
    find(page, QLineEdit, "models_filter").setText("qwen")
    page.open_model("phi-4")
    assert view(page).selected()[0].model_id == "phi-4"


def test_an_unknown_model_is_selected_when_it_appears(page: ModelsPage, bridge: FakeBridge) -> None:
    page.open_model("zephyr")
    bridge.publish(snapshot(*MODELS, model("zephyr")))
    assert view(page).selected()[0].model_id == "zephyr"


# -- what stays, what sleeps -------------------------------------------------------------------------------------------


def test_selection_and_scroll_survive_updates(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> None:
    many = [model(f"model-{number:03}") for number in range(200)]
    bridge.publish(snapshot(*many))
    page = ModelsPage(bridge)
    qtbot.addWidget(page)
    page.resize(900, 500)
    page.show()
    page.activate()
    page.open_model("model-150")
    place = view(page).verticalScrollBar().value()
    assert place > 0
    many[150] = model("model-150", favourite=True)
    many[20] = model("model-020", active_requests=1)
    bridge.publish(snapshot(*many))
    assert view(page).verticalScrollBar().value() == place
    assert [one.model_id for one in view(page).selected()] == ["model-150"]


def test_hits_come_from_the_figures(page: ModelsPage, bridge: FakeBridge) -> None:
    bridge.answer_with(stats=lambda since: STATS if since == "7d" else stats())
    index = row(page, "qwen3-4b").siblingAtColumn(Column.HITS)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "9, of 12"


def test_a_hidden_page_follows_nothing(page: ModelsPage, bridge: FakeBridge) -> None:
    page.deactivate()
    page.deactivate()
    bridge.publish(snapshot(*MODELS, model("zephyr")))
    assert "zephyr" not in shown_names(page)
    page.activate()
    page.activate()
    assert "zephyr" in shown_names(page)


def test_filter_and_order_are_remembered(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    with qtbot.waitSignal(page.memory_changed):
        view(page).sortByColumn(Column.MEMORY, Qt.SortOrder.DescendingOrder)
    choice = find(page, QComboBox, "models_show")
    with qtbot.waitSignal(page.memory_changed):
        choice.setCurrentIndex(choice.findText("Favourites"))
    later = ModelsPage(bridge)
    qtbot.addWidget(later)
    later.remember(page.memory())
    assert later.memory() == page.memory()
    assert find(later, QComboBox, "models_show").currentText() == "Favourites"


def test_invalid_stored_choices_are_ignored(page: ModelsPage) -> None:
    before = page.memory()
    page.remember({"models_show": "everything", "models_sort": "99", "models_descending": "perhaps"})
    assert page.memory() == before


# -- looks -------------------------------------------------------------------------------------------------------------


def hidden(page: ModelsPage) -> set[Column]:
    return {column for column in Column if view(page).isColumnHidden(column)}


def test_columns_without_values_leave_their_width_to_the_names(
    qtbot: QtBot, page: ModelsPage, bridge: FakeBridge
) -> None:
    bridge.publish(snapshot(*(replace(each, load_s=None) for each in MODELS)))
    qtbot.waitUntil(lambda: hidden(page) == {Column.LOAD, Column.HITS, Column.LAST_USED})
    bridge.publish(snapshot(*MODELS[:3], replace(MODELS[3], last_used_at=1.0)))
    qtbot.waitUntil(lambda: hidden(page) == {Column.HITS})


def test_whole_names_are_worth_more_than_a_column(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("short")))
    qtbot.waitUntil(lambda: Column.LOAD in hidden(page))
    for width in range(1100, 300, -10):
        page.resize(width, 600)
        QApplication.processEvents()
        if Column.CONTEXT in hidden(page):
            break
    page.resize(width + 20, 600)
    assert Column.CONTEXT not in hidden(page)
    bridge.publish(snapshot(model("mistral-small-3-with-a-much-longer-name-q4_k_m")))
    qtbot.waitUntil(lambda: Column.CONTEXT in hidden(page))
    assert Column.MEMORY not in hidden(page)


def test_rows_are_shown_whole(page: ModelsPage, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(*(model(f"m{number}") for number in range(40))))
    for height in (500, 507, 523):
        page.resize(1000, height)
        QApplication.processEvents()
        assert view(page).viewport().height() % view(page).rowHeight(0) == 0


def test_columns_hide_in_order_of_importance(qtbot: QtBot, page: ModelsPage, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(*MODELS[:3], replace(MODELS[3], last_used_at=1.0)))
    bridge.answer_with(stats=STATS)
    page.resize(1400, 500)
    qtbot.waitUntil(lambda: not hidden(page))
    seen: list[set[Column]] = []
    for width in range(1400, 300, -20):
        page.resize(width, 500)
        QApplication.processEvents()
        if not seen or hidden(page) != seen[-1]:
            seen.append(hidden(page))
    worth = [Column.CONTEXT, Column.LOAD, Column.HITS, Column.LAST_USED, Column.MEMORY]
    assert seen == [set(worth[:count]) for count in range(len(worth) + 1)]


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_every_state_is_painted(
    qtbot: QtBot, bridge: FakeBridge, dark_theme: Theme, direction: Qt.LayoutDirection
) -> None:
    states = [model(f"model-{state.value}-{'x' * 80}", state, standby=True) for state in State]
    bridge.publish(snapshot(*states))
    page = ModelsPage(bridge)
    qtbot.addWidget(page)
    page.setLayoutDirection(direction)
    page.resize(900, 700)
    page.show()
    page.activate()
    page.open_model(states[0].model_id)
    view(page).setFocus()
    picture = view(page).viewport().grab().toImage()
    colours = {picture.pixelColor(x, y).name() for x in range(0, 800, 2) for y in range(0, 300, 2)}
    assert {dark_theme.colour(token).name() for token in (Token.ACCENT, Token.CARD)} <= colours
    star = view(page).visualRect(row(page, states[0].model_id).siblingAtColumn(Column.FAVOURITE))
    assert (star.center().x() > view(page).width() / 2) is (direction is Qt.LayoutDirection.RightToLeft)


def test_an_idle_page_does_not_paint(
    qtbot: QtBot, page: ModelsPage, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.wait(50)
    painted: list[object] = []
    for delegate in (CellDelegate, NameDelegate, StateDelegate, StarDelegate):
        monkeypatch.setattr(delegate, "paint_cell", lambda each, *_: painted.append(type(each)))
    bridge.publish(snapshot(*MODELS))
    qtbot.wait(100)
    assert painted == []
    bridge.publish(snapshot(*MODELS[:3], model("qwen3-4b", State.HOT)))
    qtbot.waitUntil(lambda: bool(painted))
    assert StarDelegate in painted
    assert NameDelegate not in painted  # cells that have not changed


def test_a_new_page_is_sorted_by_state(page: ModelsPage) -> None:
    assert shown_names(page) == ["phi-4", "qwen3-4b", "gemma-3-12b", "mistral-7b"]
