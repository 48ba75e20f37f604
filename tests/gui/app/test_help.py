"""The help, and its key."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge
from preheat_gui.app import help as help_module
from preheat_gui.app.help import HelpDialog, shortcuts
from preheat_gui.widgets import Theme


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that were opened in the browser."""
    found: list[str] = []

    def open_url(url: QUrl) -> bool:
        found.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    return found


def click(dialog: HelpDialog, name: str) -> None:
    button = dialog.findChild(QPushButton, name)
    assert button is not None
    button.click()


def test_it_opens_the_documentation_and_the_issues(
    qtbot: QtBot, theme: Theme, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    urls = {"Homepage": "https://h.example", "Issues": "https://i.example/issues"}
    monkeypatch.setattr(help_module, "project_urls", lambda: urls)
    dialog = HelpDialog(bridge)
    qtbot.addWidget(dialog)
    click(dialog, "help_documentation")
    click(dialog, "help_issues")
    bridge.publish_port("http://127.0.0.1:11435")
    click(dialog, "help_api")
    assert opened == ["https://h.example", "https://i.example/issues", "http://127.0.0.1:11435/docs"]
    with qtbot.waitSignal(dialog.about_requested):
        click(dialog, "help_about")


def test_without_addresses_only_what_works_is_offered(
    qtbot: QtBot, theme: Theme, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help_module, "project_urls", dict)
    dialog = HelpDialog(bridge)
    qtbot.addWidget(dialog)
    hidden = [each.objectName() for each in dialog.findChildren(QPushButton) if each.isHidden()]
    assert hidden == ["help_documentation", "help_issues"]


def test_every_key_exists_and_is_shown(qtbot: QtBot, theme: Theme, bridge: FakeBridge) -> None:
    dialog = HelpDialog(bridge)
    qtbot.addWidget(dialog)
    shown = {label.text() for label in dialog.findChildren(QLabel)}
    for _, keys in shortcuts():
        for pressed, what in keys:
            assert what in shown
            for key in pressed.replace("…", "").replace("/", "").split():
                assert not QKeySequence(key).isEmpty()
    assert "Ctrl+1 … Ctrl+7" in shown
