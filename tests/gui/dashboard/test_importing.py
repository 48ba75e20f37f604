"""Adding model files by drop or file dialog."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge, model, snapshot
from preheat.errors import EngineError
from preheat_gui.dashboard.importing import DropOverlay, ImportBanner, model_files
from preheat_gui.widgets import Theme


class NoRoomError(EngineError):
    code = "disk_full"


class Importer:
    """Answers ``ImportFile``."""

    def __init__(self, *errors: EngineError) -> None:
        self.asked: list[tuple[str, str]] = []
        self.errors = list(errors)

    def __call__(self, path: str, how: str) -> str:
        self.asked.append((Path(path).name, how))
        if self.errors:
            raise self.errors.pop(0)
        return f"/models/{Path(path).name}"


@pytest.fixture
def banner(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> ImportBanner:
    made = ImportBanner(bridge)
    qtbot.addWidget(made)
    return made


def mime(*names: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(name) if ":" in name else QUrl.fromLocalFile(name) for name in names])
    return data


def add(banner: ImportBanner, bridge: FakeBridge, importer: Importer, names: Sequence[str]) -> None:
    banner.add_files([Path("/home/me") / name for name in names])
    bridge.answer_with(import_file=importer)


def test_only_local_model_files_are_accepted() -> None:
    data = mime("/a/b.gguf", "/a/B.GGUF", "/a/readme.md", "https://example.org/c.gguf")
    assert model_files(data) == [Path("/a/b.gguf"), Path("/a/B.GGUF")]
    assert model_files(QMimeData()) == []


def test_files_are_added_one_at_a_time(banner: ImportBanner, bridge: FakeBridge) -> None:
    importer = Importer()
    banner.add_files([Path("/a.gguf"), Path("/b.gguf")])
    assert (bridge.open_questions, banner.accessibleName()) == (1, "Adding a.gguf. A large file takes a while.")
    bridge.answer_with(import_file=importer)
    assert importer.asked == [("a.gguf", "auto"), ("b.gguf", "auto")]
    assert banner.accessibleName() == "2 files were added."


def test_the_added_model_can_be_shown(qtbot: QtBot, banner: ImportBanner, bridge: FakeBridge) -> None:
    add(banner, bridge, Importer(), ["Qwen3-4B.gguf"])
    assert banner.accessibleName() == "Qwen3-4B.gguf was added."
    bridge.publish(snapshot(model("qwen3-4b", path="/models/Qwen3-4B.gguf"), model("other", path="/x.gguf")))
    with qtbot.waitSignal(banner.model_requested) as asked:
        banner.clicked.emit()
    assert asked.args == ["qwen3-4b"]
    assert banner.isHidden()


def test_an_invalid_file_does_not_block_others(banner: ImportBanner, bridge: FakeBridge) -> None:
    importer = Importer(EngineError("bad.gguf is no GGUF file", hint="Download it again"))
    add(banner, bridge, importer, ["bad.gguf", "good.gguf"])
    assert [name for name, _ in importer.asked] == ["bad.gguf", "good.gguf"]
    assert banner.accessibleName() == "bad.gguf is no GGUF file. Download it again."
    add(banner, bridge, Importer(), ["good.gguf"])
    assert banner.accessibleName() == "good.gguf was added."


@pytest.mark.parametrize(("button", "asked"), [("Move it", ["auto", "move", "auto"]), ("Leave it", ["auto", "auto"])])
def test_without_space_for_a_copy_the_user_can_move_the_file(
    banner: ImportBanner, bridge: FakeBridge, button: str, asked: list[str]
) -> None:
    importer = Importer(NoRoomError("There is no room for large.gguf"))
    add(banner, bridge, importer, ["large.gguf", "small.gguf"])
    box = banner.window().findChild(QMessageBox, "move_question")
    assert isinstance(box, QMessageBox)
    assert "large.gguf" in box.informativeText()
    next(each for each in box.buttons() if each.text().replace("&", "") == button).click()
    assert [how for _, how in importer.asked] == asked


def test_files_can_be_chosen(banner: ImportBanner, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "open", lambda _self: None)
    importer = Importer()
    bridge.answer_with(import_file=importer)
    banner.choose_files()
    dialog = banner.window().findChild(QFileDialog, "choose_model_files")
    assert isinstance(dialog, QFileDialog)
    dialog.filesSelected.emit(["/a/b.gguf"])
    assert importer.asked == [("b.gguf", "auto")]
    dialog.deleteLater()


# -- dropping ----------------------------------------------------------------------------------------------------------


MOVE, COPY = Qt.DropAction.MoveAction, Qt.DropAction.CopyAction


def send(window: QWidget, kind: Any, data: QMimeData, actions: Qt.DropAction = MOVE | COPY) -> Qt.DropAction | None:
    """Drag something over the window, or drop it; return what is to be done with it, None if it was not accepted."""
    at: Any = QPoint(10, 10) if kind is QDragEnterEvent else QPointF(10, 10)
    event = kind(at, actions, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(window, event)
    action: Qt.DropAction = event.dropAction()
    return action if event.isAccepted() else None


def test_files_are_dropped_on_the_window(qtbot: QtBot, theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    QLabel("page", window)
    window.resize(400, 300)
    window.show()
    overlay = DropOverlay(window)
    assert send(window, QDragEnterEvent, mime("/a/b.gguf")) == COPY
    assert overlay.isVisible()
    assert overlay.size() == window.size()
    with qtbot.waitSignal(overlay.dropped) as dropped:
        assert send(window, QDropEvent, mime("/a/b.gguf")) == COPY
    assert dropped.args == [[Path("/a/b.gguf")]]
    assert not overlay.isVisible()


def test_other_data_is_not_accepted(qtbot: QtBot, theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    overlay = DropOverlay(window)
    assert send(window, QDragEnterEvent, mime("/a/b.txt")) is None
    assert send(window, QDragEnterEvent, mime("/a/b.gguf"), MOVE) is None  # the other program would delete it
    assert not overlay.isVisible()


def test_dragging_away_hides_the_overlay(qtbot: QtBot, theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    overlay = DropOverlay(window)
    send(window, QDragEnterEvent, mime("/a/b.gguf"))
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not overlay.isVisible()
