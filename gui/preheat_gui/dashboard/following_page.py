"""A page that follows the engine while it is shown, and costs nothing otherwise."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from preheat.core.snapshot import EngineSnapshot
from preheat_gui.bridge import EngineBridge


class FollowingPage(QWidget):
    """What pages begin with. ``_follow`` and ``_rest`` come by turns, however often the window says the same."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._active = False

    def activate(self) -> None:
        """Follow the engine: the page is shown."""
        if not self._active:
            self._active = True
            self._follow()

    def deactivate(self) -> None:
        """Stand still: the page is hidden."""
        if self._active:
            self._active = False
            self._rest()

    def _follow(self) -> None:
        """Connect to the engine, and show what it is like now."""
        self._bridge.snapshot_changed.connect(self._on_snapshot)
        self._on_snapshot(self._bridge.snapshot)

    def _rest(self) -> None:
        """Undo what ``_follow`` did."""
        self._bridge.snapshot_changed.disconnect(self._on_snapshot)

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Show what the engine is like."""
