"""The windows' remembered state: geometry and one-time answers. Not settings; losing it costs nothing. GUI thread."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QWidget

from preheat import paths
from preheat.files import read_json, write_atomic

logger = logging.getLogger(__name__)

_GEOMETRY: Final = "geometry/"


def state_path() -> Path:
    """Return the path of the file, which may not exist."""
    return paths.data_dir() / "windows.json"


class WindowState:
    """Values by name, by default in the user's file. Each change is on disk when the call returns."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or state_path()
        self._values: dict[str, Any] = _read(self._path)

    def text(self, name: str) -> str:
        """Return a text; empty if there is none."""
        value = self._values.get(name, "")
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        return self._values.get(name) is True

    def remember(self, name: str, value: str | bool) -> None:
        """Keep a value; if the file cannot be written, until the program ends."""
        if self._values.get(name) == value:
            return
        self._values[name] = value
        try:
            write_atomic(self._path, json.dumps(self._values, indent=1, sort_keys=True), durable=False)
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._path, error.strerror)

    def restore_geometry(self, window: QWidget) -> bool:
        """Restore a window's geometry by its objectName, moved onto a screen; return False if it is unknown."""
        geometry = QByteArray.fromBase64(self.text(_GEOMETRY + window.objectName()).encode())
        return not geometry.isEmpty() and window.restoreGeometry(geometry)

    def remember_geometry(self, window: QWidget) -> None:
        self.remember(_GEOMETRY + window.objectName(), bytes(window.saveGeometry().toBase64().data()).decode())


def _read(path: Path) -> dict[str, Any]:
    try:
        values = read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.warning("%s cannot be read and starts empty: %s", path, error)
        return {}
    return values if isinstance(values, dict) else {}
