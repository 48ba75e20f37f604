"""Offers memory to programs that fill the screen, such as games. GUI thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from preheat.control import State
from preheat_gui.platform import FindProgram, Program, find_program, is_running

if TYPE_CHECKING:
    from preheat_gui.bridge import EngineBridge
    from preheat_gui.tray.notifications import Notifications

LOOK_EVERY_MS: Final = 5000
LONGEST_S: Final = 4 * 3600.0  # Room is given for this time, if Preheat does not see the end of the program
AGAIN_S: Final = 12 * 3600.0  # Shortest time between two offers for the same program
_GONE_LOOKS: Final = 6  # Looks without a program that has no process id, after which it has ended


class RoomOffer(QObject):
    """Looks for a program in front while models are in memory, and does what ``offer_room`` says.

    The room ends with the program.

    Attributes:
        notifications: Where offers are shown; None without a tray, where nothing can be asked.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        notifications: Notifications | None,
        *,
        find: FindProgram | None = None,
        running: Callable[[Program], bool] = is_running,
        clock: Callable[[], float] = time.monotonic,  # Monotonic time in seconds
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.notifications = notifications
        self._find = find or find_program()
        self._running = running
        self._clock = clock
        self._seen: Program | None = None  # at the last look
        self._guest: Program | None = None  # has the room that was made
        self._looks_without = 0
        self._offered_at: dict[str, float] = {}
        timer = QTimer(self)
        timer.timeout.connect(self.look)
        timer.start(LOOK_EVERY_MS)

    def look(self) -> None:
        """Look at the program in front now."""
        snapshot, offers = self._bridge.snapshot, self._bridge.settings.offer_room
        if self._guest is not None:
            self._look_at_guest(self._guest)
            return
        if offers == "ask" and self.notifications is None:
            offers = "off"
        if offers == "off" or snapshot.room is not None or not any(each.state is State.HOT for each in snapshot.models):
            self._seen = None
            return
        before, self._seen = self._seen, self._find()
        if self._seen is None or self._seen != before:  # not for a moment
            return
        program, now = self._seen, self._clock()
        if now - self._offered_at.get(program.name, -AGAIN_S) < AGAIN_S:
            return
        self._offered_at[program.name] = now
        if offers == "auto":
            self._make_room(program)
        elif self.notifications is not None:
            self.notifications.offer_room(program.name, lambda: self._make_room(program))

    def _make_room(self, program: Program) -> None:
        self._guest, self._looks_without = program, 0
        self._bridge.make_room(LONGEST_S)

    def _look_at_guest(self, guest: Program) -> None:
        if guest.pid is not None:
            ended = not self._running(guest)
        else:
            self._looks_without = 0 if self._find() is not None else self._looks_without + 1
            ended = self._looks_without >= _GONE_LOOKS
        if ended:
            self._guest = self._seen = None
            self._offered_at.pop(guest.name, None)  # the answer was yes
            if self._bridge.snapshot.room is not None:
                self._bridge.end_room()
