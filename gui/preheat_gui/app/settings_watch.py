"""Notices that the settings file has changed, by whomever. GUI thread."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from preheat import paths

_SETTLE_MS: Final = 200
"""An editor writes a file in several steps."""


class SettingsWatch(QObject):
    """Watches the folder as well as the file: editors replace a file instead of writing into it.

    Args:
        path: Instead of the user's settings file. Its folder is made, for otherwise it could not be watched.
    """

    changed = Signal()

    def __init__(self, path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path or paths.settings_path()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._seen = _mark(self._path)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE_MS)
        self._timer.timeout.connect(self._look)
        self._watcher = QFileSystemWatcher([str(self._path.parent)], self)
        self._watcher.directoryChanged.connect(self._on_event)
        self._watcher.fileChanged.connect(self._on_event)
        self._watch_file()

    def _on_event(self, path: str) -> None:
        self._timer.start()

    def _look(self) -> None:
        self._watch_file()
        mark = _mark(self._path)
        if mark != self._seen:
            self._seen = mark
            self.changed.emit()

    def _watch_file(self) -> None:
        # A file that was replaced is no longer watched. It may also have gone since it was seen.
        if self._path.exists() and str(self._path) not in self._watcher.files():
            self._watcher.addPath(str(self._path))


def _mark(path: Path) -> tuple[int, int, int] | None:
    """Return what differs when the file has changed; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
