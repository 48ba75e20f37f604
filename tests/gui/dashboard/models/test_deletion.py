"""Facts of the selected model's file, and deleting it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, model, snapshot
from preheat.control import ModelFacts, PrefixFigures
from preheat_gui.dashboard.models.details import facts_line
from preheat_gui.dashboard.models.page import ModelsPage
from preheat_gui.dashboard.models.view import ModelsView
from preheat_gui.widgets import ElidedLabel, Theme

OWN = ModelFacts(
    "qwen3-4b",
    files=("/models/Qwen/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf",),
    file_bytes=2_500_000_000,
    parameters=4_022_468_096,
    quantization="Q4_K_M",
    quantization_words="4-bit, good quality",
    licence="apache-2.0",
)
OLLAMAS = ModelFacts("llama", source="ollama", files=("/ollama/blobs/sha256-1234",), file_bytes=5)


class Library:
    """Answers commands about models."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    def details(self, model_id: str) -> ModelFacts:
        return {"qwen3-4b": OWN, "llama": OLLAMAS}[model_id]


@pytest.fixture
def library(bridge: FakeBridge) -> Library:
    library = Library()
    bridge.answer_with(model_details=library.details, remove_model=library.removed.append, why="It is a favourite.")
    return library


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: Theme, library: Library) -> ModelsPage:
    bridge.publish(snapshot(model("llama"), model("qwen3-4b")))
    shown = ModelsPage(bridge)
    qtbot.addWidget(shown)
    shown.resize(1100, 600)
    with qtbot.waitExposed(shown):
        shown.show()
    shown.activate()
    return shown


def press_delete(qtbot: QtBot, page: ModelsPage, model_id: str) -> None:
    page.open_model(model_id)
    view = page.findChild(ModelsView)
    assert view is not None
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)


def box_of(page: QWidget, name: str) -> QMessageBox:
    box = page.findChild(QMessageBox, name)
    assert isinstance(box, QMessageBox)
    return box


def delete_action(page: ModelsPage) -> QAction:
    action = page.findChild(QAction, "delete_model")
    assert isinstance(action, QAction)
    return action


def facts(page: ModelsPage) -> str:
    label = page.findChild(ElidedLabel, "model_facts")
    assert isinstance(label, ElidedLabel)
    return label.text()


@pytest.mark.parametrize(("answer", "removed"), [("Delete", ["qwen3-4b"]), ("Keep", [])])
def test_deleting_asks_first_and_names_file_and_size(
    qtbot: QtBot, page: ModelsPage, library: Library, answer: str, removed: list[str]
) -> None:
    press_delete(qtbot, page, "qwen3-4b")
    box = box_of(page, "delete_question")
    assert box.text() == "Delete qwen3-4b from disk?"
    assert box.informativeText() == "Qwen3-4B-Q4_K_M.gguf, 2.5 GB, will be deleted permanently."
    assert library.removed == []
    next(button for button in box.buttons() if button.text().replace("&", "") == answer).click()
    assert library.removed == removed


def test_enter_does_not_delete(qtbot: QtBot, page: ModelsPage, library: Library) -> None:
    press_delete(qtbot, page, "qwen3-4b")
    default = box_of(page, "delete_question").defaultButton()
    assert default.text().replace("&", "") == "Keep"


def test_other_programs_files_cannot_be_deleted(qtbot: QtBot, page: ModelsPage, library: Library) -> None:
    page.open_model("llama")
    qtbot.waitUntil(lambda: not delete_action(page).isEnabled())
    assert delete_action(page).text() == "The file is managed by Ollama"
    page.open_model("qwen3-4b")
    assert delete_action(page).text() == "&Delete from disk…"
    assert delete_action(page).isEnabled()


def test_a_late_owner_is_explained(qtbot: QtBot, page: ModelsPage, library: Library) -> None:
    press_delete(qtbot, page, "llama")
    box = box_of(page, "not_own_file")
    assert box.text() == "The file is managed by Ollama."
    assert "sha256-1234" in box.informativeText()
    box.close()
    assert library.removed == []


def test_the_card_describes_the_model(qtbot: QtBot, page: ModelsPage) -> None:
    page.open_model("qwen3-4b")
    qtbot.waitUntil(lambda: facts(page) == "4 billion parameters · Q4_K_M, 4-bit, good quality · apache-2.0")
    page.open_model("llama")
    assert facts(page) == ""
    qtbot.waitUntil(lambda: facts(page) == "from Ollama")


@pytest.mark.parametrize(
    ("source", "words"),
    [("preheat", ""), ("folder", "in one of your folders"), ("lmstudio", "from LM Studio"), ("something new", "")],
)
def test_where_a_model_is_from(qapp: object, source: str, words: str) -> None:
    assert facts_line(ModelFacts("a", source=source)) == words


def test_kept_prompts_of_one_model_are_deleted_after_a_question(page: ModelsPage, bridge: FakeBridge) -> None:
    cleared: list[str | None] = []
    bridge.answer_with(clear_prefix_cache=lambda model_id: cleared.append(model_id))
    action = child(page, QAction, "clear_model_prompts")
    page.open_model("llama")
    assert not action.isEnabled()
    bridge.publish(snapshot(model("llama"), prefixes=PrefixFigures("disk", disk_bytes=5)))
    action.trigger()
    box = child(page, QMessageBox, "clear_model_prompts_question")
    assert box.text() == "Delete the kept prompts of llama?"
    assert cleared == []
    next(each for each in box.buttons() if each.text() == "&Delete").click()
    assert cleared == ["llama"]
