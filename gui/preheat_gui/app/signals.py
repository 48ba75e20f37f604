"""SIGTERM, SIGINT and SIGHUP as a Qt signal."""

from __future__ import annotations

import signal
import socket
import sys
from types import FrameType
from typing import Any, Final

from PySide6.QtCore import QObject, QSocketNotifier, Signal

_SIGNALS: Final = [signal.SIGINT, signal.SIGTERM]
if sys.platform == "win32":
    _SIGNALS.append(signal.SIGBREAK)
else:
    _SIGNALS.append(signal.SIGHUP)


class ProcessSignals(QObject):
    """Emits ``received`` for signals to the process. Main thread.

    While Qt waits for events, no Python code runs, and so no signal handler: a socket wakes Qt up.
    """

    received = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._old: dict[int, Any] = {number: signal.signal(number, _wake_only) for number in _SIGNALS}
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_bytes)

    def close(self) -> None:
        """Restore the previous handlers."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._read.close()
        self._write.close()

    def _on_bytes(self) -> None:
        try:
            numbers = self._read.recv(64)
        except BlockingIOError:
            return
        for number in numbers:
            self.received.emit(number)


def _wake_only(number: int, frame: FrameType | None) -> None:
    """Do nothing: Python has written the signal's number into the socket."""
