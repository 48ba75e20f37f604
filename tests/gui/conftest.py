"""Fixtures for the tray and the windows: Qt without a screen, and no network.

Every Qt warning fails a test (``qt_log_level_fail`` in pyproject.toml).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from functools import partialmethod
from typing import TYPE_CHECKING, Any

import pytest
from pytestqt.qtbot import QtBot

WAIT_MS = 60_000

# Read when the application object is made. The tests of the real tray set another one for the processes they start.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
# What the system says of its errors is in English then, too.
os.environ["LC_ALL"] = "C.UTF-8"
os.environ.pop("LANGUAGE", None)

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from fake_bridge import FakeBridge
    from preheat_gui.widgets import Theme


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail whatever connects to an address; what one machine's processes use among themselves stays."""
    connect = socket.socket.connect

    def only_local(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            pytest.fail(f"a test of the windows connects to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_local)


@pytest.fixture(autouse=True)
def _plain_locale() -> None:
    """Numbers and dates are the same on every developer's machine."""
    from PySide6.QtCore import QLocale

    QLocale.setDefault(QLocale.c())


@pytest.fixture(autouse=True)
def _no_key_held(qapp: QApplication) -> None:
    """Qt takes the modifiers of the last key of an earlier test for those that are held now."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QWidget

    QTest.keyRelease(QWidget(), Qt.Key.Key_Control)


@pytest.fixture(autouse=True)
def _widgets_are_gone(qapp: QApplication) -> Iterator[None]:
    """Destroy at once every window that a test leaves: Python's collector must not come first.

    It would destroy a window from within, while its timers and animations call methods that are cleared already.
    """
    from PySide6.QtCore import QEvent

    yield
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    for window in qapp.topLevelWidgets():
        window.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture(autouse=True)
def _own_home(preheat_home: object) -> None:
    """What a window remembers goes to a folder of the test's own."""


class PatientBot(QtBot):
    """Waits longer: a busy machine is no failure."""

    waitUntil = partialmethod(QtBot.waitUntil, timeout=WAIT_MS)  # noqa: N815 - Qt's names
    waitSignal = partialmethod(QtBot.waitSignal, timeout=WAIT_MS)  # noqa: N815


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    return PatientBot(request)


@pytest.fixture
def bridge(qapp: QApplication) -> Iterator[FakeBridge]:
    """A bridge without an engine; see ``fake_bridge.py``."""
    from fake_bridge import FakeBridge

    fake = FakeBridge()
    yield fake
    fake.deleteLater()


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    """The light theme, applied."""
    from preheat_gui.widgets import apply_theme

    return apply_theme(qapp, "light")


@pytest.fixture
def dark_theme(qapp: QApplication) -> Iterator[Theme]:
    """The dark theme, applied; afterwards it is light again."""
    from preheat_gui.widgets import apply_theme

    yield apply_theme(qapp, "dark")
    apply_theme(qapp, "light")


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    """Show everything in German."""
    from PySide6.QtCore import QLocale  # late, like all of Qt: the environment decides first

    from preheat_gui.app.language import apply_language

    locale, direction = QLocale(), qapp.layoutDirection()
    apply_language(qapp, "de", QLocale("de_DE"))
    yield
    apply_language(qapp, "en", QLocale.c())
    QLocale.setDefault(locale)
    qapp.setLayoutDirection(direction)
