"""Shows a file in the system's file manager."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusPendingCallWatcher

FILE_MANAGER: Final = "org.freedesktop.FileManager1"
_TIMEOUT_MS: Final = 3000


def reveal(path: Path, parent: QObject) -> None:
    """Show the file selected in its folder, or at least the folder. Returns at once; ``parent`` owns the D-Bus call."""
    if sys.platform == "win32":
        # explorer parses its own command line: comma and quotes must be exactly like this.
        subprocess.Popen(f'explorer /select,"{path}"')
    elif sys.platform == "darwin":
        subprocess.Popen(["open", "-R", str(path)])
    else:
        _ask_file_manager(path, parent)


def _ask_file_manager(path: Path, parent: QObject) -> None:
    # Imported on use: most sessions never need it.
    from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        _open_folder(path.parent)
        return
    message = QDBusMessage.createMethodCall(FILE_MANAGER, "/org/freedesktop/FileManager1", FILE_MANAGER, "ShowItems")
    message.setArguments([[QUrl.fromLocalFile(str(path)).toString()], ""])
    watcher = QDBusPendingCallWatcher(bus.asyncCall(message, _TIMEOUT_MS), parent)
    watcher.finished.connect(partial(open_folder_if_failed, path.parent, watcher))


def open_folder_if_failed(folder: Path, watcher: QDBusPendingCallWatcher, *_: object) -> None:
    """Open the folder if the file manager did not answer."""
    if watcher.isError():
        _open_folder(folder)
    watcher.deleteLater()


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
