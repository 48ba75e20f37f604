from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from fake_bridge import FakeBridge
    from preheat.settings import Settings
    from preheat_gui.bridge import LimitCurve
    from preheat_gui.settings_dialog import SettingsDialog
    from preheat_gui.widgets import Theme


class FakeLoginItem:
    """An entry in memory; ``refuses`` says why it cannot be changed."""

    def __init__(self) -> None:
        self.on = False
        self.refuses = ""

    def is_on(self) -> bool:
        return self.on

    def switch(self, on: bool) -> None:
        from preheat.login_item import LoginItemError

        if self.refuses:
            raise LoginItemError(self.refuses, hint="Ask someone")
        self.on = on


@pytest.fixture
def login() -> FakeLoginItem:
    return FakeLoginItem()


@pytest.fixture
def curve(bridge: FakeBridge) -> LimitCurve:
    """A curve that asks nothing; a test gives it points."""
    from preheat_gui.bridge import LimitCurve

    class StillCurve(LimitCurve):
        started = 0

        def start(self, settings: Settings, total_bytes: int) -> None:
            self.started += 1

    return StillCurve(bridge)


@pytest.fixture
def open_dialog(
    qtbot: QtBot, bridge: FakeBridge, theme: Theme, login: FakeLoginItem, curve: LimitCurve
) -> Callable[[], SettingsDialog]:
    """Opens the window."""
    from PySide6.QtCore import Qt

    from preheat_gui.settings_dialog import SettingsDialog

    def opened() -> SettingsDialog:
        dialog = SettingsDialog(bridge, login=login, curve=curve)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return opened
