"""Showing a file in the file manager."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from preheat_gui.dashboard import reveal


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    folders: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: folders.append(url.toLocalFile()))
    return folders


def test_without_a_file_manager_the_folder_opens(
    qtbot: QtBot, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(reveal, "FILE_MANAGER", "org.example.NobodyAtAll")
    keeper = QObject()
    reveal.reveal(tmp_path / "model.gguf", keeper)
    qtbot.waitUntil(lambda: opened == [str(tmp_path)])
    qtbot.waitUntil(lambda: keeper.children() == [])  # nothing waits for an answer any more


@pytest.mark.parametrize(
    ("platform", "command"),
    [("win32", 'explorer /select,"{path}"'), ("darwin", ["open", "-R", "{path}"])],
)
def test_other_systems_have_a_command(
    qapp: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, command: Any
) -> None:
    run: list[Any] = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(subprocess, "Popen", run.append)
    path = tmp_path / "model.gguf"
    reveal.reveal(path, QObject())
    expected = [part.format(path=path) for part in command] if isinstance(command, list) else command.format(path=path)
    assert run == [expected]


class Answered:
    """Stands for the answer of a file manager."""

    def __init__(self, error: bool) -> None:
        self.error = error
        self.gone = False

    def isError(self) -> bool:  # noqa: N802 - Qt's name
        return self.error

    def deleteLater(self) -> None:  # noqa: N802
        self.gone = True


@pytest.mark.parametrize("error", [True, False])
def test_a_failed_file_manager_opens_the_folder(opened: list[str], tmp_path: Path, error: bool) -> None:
    answer: Any = Answered(error)
    reveal.open_folder_if_failed(tmp_path, answer)
    assert opened == ([str(tmp_path)] if error else [])
    assert answer.gone
