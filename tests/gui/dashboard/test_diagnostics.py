from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from children import child
from preheat import doctor
from preheat_gui.dashboard import diagnostics
from preheat_gui.dashboard.diagnostics import DiagnosticsButton


@pytest.fixture
def button(qtbot: QtBot, theme: object, monkeypatch: pytest.MonkeyPatch) -> DiagnosticsButton:
    report = doctor.examine(())  # the checks themselves ask the port, which these tests must not
    monkeypatch.setattr(doctor, "examine", lambda: report)
    made = DiagnosticsButton()
    qtbot.addWidget(made)
    made.show()
    return made


def choose(button: DiagnosticsButton, path: Path) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = child(button, QFileDialog, "choose_diagnostics_file")
    assert Path(dialog.selectedFiles()[0]).name.startswith("preheat-diagnostics-")
    dialog.fileSelected.emit(str(path))
    dialog.reject()


def message_of(button: DiagnosticsButton, name: str) -> QMessageBox:
    return child(button, QMessageBox, name)


def test_the_file_is_saved_and_explained(
    button: DiagnosticsButton, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Path] = []
    monkeypatch.setattr(diagnostics, "reveal", lambda path, parent: shown.append(path))
    path = tmp_path / "out.zip"
    choose(button, path)
    assert not button.isEnabled()
    qtbot.waitUntil(button.isEnabled)
    assert zipfile.is_zipfile(path)
    box = message_of(button, "diagnostics_saved")
    assert "out.zip" in box.text()
    assert "report.txt" in box.informativeText()
    QTest.mouseClick(next(each for each in box.buttons() if "Show" in each.text()), Qt.MouseButton.LeftButton)
    assert shown == [path]


def test_a_file_that_cannot_be_written(button: DiagnosticsButton, qtbot: QtBot, tmp_path: Path) -> None:
    choose(button, tmp_path / "none" / "out.zip")
    qtbot.waitUntil(button.isEnabled)
    box = message_of(button, "diagnostics_failed")
    assert "cannot be written" in box.text()
    box.accept()
    QApplication.processEvents()
