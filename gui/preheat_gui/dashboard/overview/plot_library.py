"""Imports pyqtgraph on a thread when the first curve is shown: it takes too long for the GUI thread."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QObject, Signal

_NAME: Final = "PlotLibrary"


class PlotLibrary(QObject):
    """pyqtgraph, imported on request. GUI thread only."""

    ready = Signal()

    def __init__(self, parent: QObject | None) -> None:
        super().__init__(parent)
        self.setObjectName(_NAME)
        self._module: Any = None
        self._thread: threading.Thread | None = None

    @property
    def module(self) -> Any:
        """The module ``pyqtgraph``; None until it is imported."""
        return self._module

    def request(self, when_ready: Callable[[], None]) -> None:
        """Call ``when_ready``, a bound method, now or after the import, on this thread."""
        if self._module is not None:
            when_ready()
            return
        self.ready.connect(when_ready)
        if self._thread is None:
            self._thread = threading.Thread(target=self._import, name="import-pyqtgraph", daemon=True)
            self._thread.start()

    def _import(self) -> None:
        module = importlib.import_module("pyqtgraph")
        # Its exit handler walks all objects, for nothing here.
        module.setConfigOptions(antialias=True, exitCleanup=False)
        self._module = module
        with suppress(RuntimeError):  # the application has ended
            self.ready.emit()


def plot_library() -> PlotLibrary:
    """Return the application's instance."""
    app = QCoreApplication.instance()
    found = app.findChild(PlotLibrary, _NAME) if app is not None else None
    return found or PlotLibrary(app)
