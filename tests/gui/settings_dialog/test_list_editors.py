from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QFileDialog, QInputDialog, QListWidget, QPushButton, QToolButton

from preheat_gui.settings_dialog.declarations import choice_words, declaration
from preheat_gui.settings_dialog.list_editors import ChoicesEditor, FoldersEditor, KeysEditor, ListEditor

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from preheat_gui.widgets import Theme


def editor(qtbot: QtBot, kind: type[ListEditor], name: str) -> ListEditor:
    made = kind(declaration(name))
    qtbot.addWidget(made)
    return made


def press(made: ListEditor, name: str, kind: type[Any] = QPushButton) -> None:
    button = made.findChild(kind, name)
    assert button is not None
    button.click()


def items(made: ListEditor) -> QListWidget:
    return made.findChildren(QListWidget)[0]


def test_folders_are_chosen_moved_and_removed(qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    made = editor(qtbot, FoldersEditor, "models_dirs")
    texts: list[str] = []
    made.edited.connect(texts.append)
    made.set_text("/a,/b")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/c, d")
    press(made, "add_models_dirs")
    press(made, "up_models_dirs", QToolButton)
    items(made).setCurrentRow(0)
    press(made, "remove_models_dirs")
    assert [json.loads(text) for text in texts] == [["/a", "/b", "/c, d"], ["/a", "/c, d", "/b"], ["/c, d", "/b"]]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    press(made, "add_models_dirs")
    assert len(texts) == 3


def test_a_folder_is_not_added_twice(qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    made = editor(qtbot, FoldersEditor, "models_dirs")
    made.set_text("/a")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/a")
    press(made, "add_models_dirs")
    assert json.loads(made.text()) == ["/a"]


def test_an_origin_is_typed(qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    made = editor(qtbot, ListEditor, "allowed_origins")
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: (" https://example.org ", True))
    press(made, "add_allowed_origins")
    assert json.loads(made.text()) == ["https://example.org"]
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("https://no.org", False))
    press(made, "add_allowed_origins")
    assert json.loads(made.text()) == ["https://example.org"]


def test_a_key_is_made_copied_and_shown_only_in_part(qtbot: QtBot, theme: Theme) -> None:
    made = editor(qtbot, KeysEditor, "api_keys")
    press(made, "add_api_keys")
    press(made, "add_api_keys")
    keys = json.loads(made.text())
    assert len(set(keys)) == 2
    assert min(map(len, keys)) >= 32
    item = items(made).item(1)
    assert keys[1] not in item.text()
    assert keys[1] not in str(item.data(Qt.ItemDataRole.AccessibleTextRole))
    assert not item.flags() & Qt.ItemFlag.ItemIsEditable
    press(made, "copy_api_keys")
    assert QGuiApplication.clipboard().text() == keys[1]
    press(made, "remove_api_keys")
    assert json.loads(made.text()) == keys[:1]


def test_automatic_replaces_the_list(qtbot: QtBot, theme: Theme) -> None:
    made = editor(qtbot, ListEditor, "favourites")
    made.set_text("auto")
    assert made.text() == "auto"
    assert not items(made).isEnabled()
    made.set_text("a,b")
    assert json.loads(made.text()) == ["a", "b"]
    assert items(made).isEnabled()


def test_known_values_are_check_boxes_with_readable_names(qtbot: QtBot, theme: Theme) -> None:
    made = ChoicesEditor(declaration("allowed_apps"))
    qtbot.addWidget(made)
    texts: list[str] = []
    made.edited.connect(texts.append)
    made.set_text("vscode")
    boxes = {box.text(): box for box in made.findChildren(QCheckBox)}
    assert [name for name, box in boxes.items() if box.isChecked()] == ["VS Code"]
    boxes["Obsidian"].click()
    boxes["VS Code"].click()
    assert [json.loads(text) for text in texts] == [["obsidian", "vscode"], ["obsidian"]]


@pytest.mark.parametrize("name", ["allowed_apps", "sources"])
def test_no_check_box_shows_an_identifier(name: str) -> None:
    assert [choice for choice in declaration(name).choices if choice_words(choice) == choice] == []
