"""Ends what a transfer is waiting for, whatever that is."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class InterruptedTransferError(Exception):
    """The transfer was told to end: paused, cancelled, or Preheat stops."""


class Interrupt:
    """A flag that also wakes a thread that waits for the network. Any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None

    def set(self) -> None:
        """End it."""
        with self._lock:
            self._event.set()
            if self._sock is not None:
                _shut(self._sock)

    def attach(self, sock: socket.socket | None) -> None:
        """Name the connection that is to be cut; None for none."""
        with self._lock:
            self._sock = sock
            if sock is not None and self._event.is_set():
                _shut(sock)

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            InterruptedTransferError: It was ended meanwhile.
        """
        self._event.wait(seconds)
        self.check()

    def check(self) -> None:
        """Do nothing as long as it goes on.

        Raises:
            InterruptedTransferError: It was ended.
        """
        if self._event.is_set():
            raise InterruptedTransferError


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        # Not SSLSocket's own: it forgets the encryption, and a reader would take what still comes for content.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
