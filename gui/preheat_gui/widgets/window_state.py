"""The windows' remembered state: geometry and one-time answers. Not settings; losing it costs nothing. GUI thread."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QWidget

from preheat import paths
from preheat.files import write_atomic

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
        """Return whether a flag is set."""
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

    def bytes(self, name: str) -> QByteArray:
        """Return a widget's saved state, such as a header's; empty if there is none."""
        try:
            return QByteArray(base64.b64decode(self.text(name), validate=True))
        except (binascii.Error, ValueError):
            return QByteArray()

    def remember_bytes(self, name: str, value: QByteArray) -> None:
        """Keep a widget's saved state."""
        self.remember(name, base64.b64encode(value.data()).decode("ascii"))

    def restore_geometry(self, window: QWidget) -> bool:
        """Restore a window's geometry by its objectName, moved onto a screen; return False if it is unknown."""
        geometry = self.bytes(_GEOMETRY + window.objectName())
        return not geometry.isEmpty() and window.restoreGeometry(geometry)

    def remember_geometry(self, window: QWidget) -> None:
        """Keep a window's geometry."""
        self.remember_bytes(_GEOMETRY + window.objectName(), window.saveGeometry())


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.warning("%s cannot be read and starts empty: %s", path, error)
        return {}
    return values if isinstance(values, dict) else {}
