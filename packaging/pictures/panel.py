"""The tray's menu and its notification, in a real panel on a virtual screen."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QSocketNotifier, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from fake_bridge import FakeBridge
from pictures.clock import stop_clock
from pictures.day import NOW, show_day, snapshot
from pictures.png import write_png
from preheat_gui.tray.notifications import Notifications
from preheat_gui.tray.tray import Tray
from virtual_screen import Screen, virtual_screen, wait_until

_SIZE: Final = (720, 430)
_PAINT_S: Final = 0.4


def picture_panel(folder: Path, appearance: str, command: Sequence[str]) -> None:
    """Take pictures of a program that calls ``stay_on_screen``."""
    with virtual_screen(*_SIZE, dark=appearance == "dark") as screen:
        process = subprocess.Popen(command, env=dict(screen.environment), stdin=subprocess.PIPE)
        try:
            wait_until(lambda: screen.popups(process.pid))
            _picture(screen, folder / f"notification-{appearance}.png", 120)
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
            wait_until(lambda: not screen.popups(process.pid))
            screen.click(*screen.tray_icons()[0].middle, button=3)
            wait_until(lambda: screen.popups(process.pid))
            screen.key("f")
            wait_until(lambda: len(screen.popups(process.pid)) > 1)
            _picture(screen, folder / f"menu-{appearance}.png", _SIZE[1])
        finally:
            process.terminate()
            process.wait()


def _picture(screen: Screen, path: Path, height: int) -> None:
    time.sleep(_PAINT_S)
    write_png(QImage(str(screen.picture(path))).copy(0, 0, _SIZE[0], height), path)


def stay_on_screen(application: QApplication) -> None:
    """Run the tray just after the favourites were loaded; a line of input closes the notification."""
    bridge = FakeBridge(application)
    stop_clock(NOW)
    show_day(bridge)
    tray = Tray(bridge, application)
    tray.show()
    notifications = Notifications(bridge, tray, at_login=True, parent=application)
    waiter = _Waiter(notifications)
    QTimer.singleShot(500, lambda: bridge.publish(snapshot(queue=(), round_progress=None)))
    waiter.listen()
    application.exec()


class _Waiter(QObject):
    """Closes the notification on a line of input."""

    def listen(self) -> None:
        self._notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._close_balloon)

    def _close_balloon(self) -> None:
        self._notifier.setEnabled(False)
        for window in QApplication.topLevelWidgets():
            if window.metaObject().className() == "QBalloonTip":
                window.close()
