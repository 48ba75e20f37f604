"""Feral's GameMode: games on Linux announce themselves to it over D-Bus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from preheat_gui.platform.full_screen.program import Program

_SERVICE: Final = "com.feralinteractive.GameMode"
_PATH: Final = "/com/feralinteractive/GameMode"


class GameMode:
    """Asks the service for its number of games.

    Args:
        count_games: Returns the number; 0 without the service.
    """

    def __init__(self, count_games: Callable[[], int] | None = None) -> None:
        self._count_games = count_games or _count_games

    def find(self) -> Program | None:
        """Return the game that runs; its name is not known."""
        return Program("") if self._count_games() > 0 else None


def _count_games() -> int:
    from PySide6.QtDBus import QDBusConnection, QDBusInterface

    bus = QDBusConnection.sessionBus()
    # Asking for a property would start the service.
    if not bus.isConnected() or not bus.interface().isServiceRegistered(_SERVICE).value():
        return 0
    count = QDBusInterface(_SERVICE, _PATH, _SERVICE, bus).property("ClientCount")
    return count if isinstance(count, int) else 0
