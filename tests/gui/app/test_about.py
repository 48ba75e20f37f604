"""What this copy is, and its licences."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from preheat._version import __version__
from preheat.installation import Build
from preheat_gui.app import about


def test_it_shows_what_the_build_recorded(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about, "build_info", lambda: Build(package="deb", commit="0123456789abcdef"))
    monkeypatch.setattr(about, "licence_text", lambda: "the licences")
    dialog = about.AboutDialog()
    qtbot.addWidget(dialog)
    facts, licences = dialog.findChild(QLabel, "about_facts"), dialog.findChild(QPlainTextEdit, "about_licences")
    assert facts is not None
    assert licences is not None
    assert facts.text() == f"Version {__version__} · Debian package · 0123456789ab"
    assert licences.toPlainText() == "the licences"
    copy = dialog.findChild(QPushButton, "copy_version")
    assert copy is not None
    copy.click()
    assert QGuiApplication.clipboard().text() == f"Preheat: {facts.text()}"
