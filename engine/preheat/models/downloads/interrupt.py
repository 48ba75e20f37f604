"""Ends whatever a transfer is waiting for."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class InterruptedTransferError(Exception):
    """The transfer was paused or cancelled, or Preheat stops."""


class Interrupt:
    """A flag that also wakes a thread waiting for the network. Any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None

    def set(self) -> None:
        """Interrupt the transfer."""
        with self._lock:
            self._event.set()
            _shut_down(self._sock)

    def attach(self, sock: socket.socket | None) -> None:
        """Set the connection to shut down; None for none."""
        with self._lock:
            self._sock = sock
            if self._event.is_set():
                _shut_down(sock)

    def wait(self, seconds: float) -> None:
        """Sleep.

        Raises:
            InterruptedTransferError: The interrupt was set.
        """
        self._event.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise if the interrupt was set.

        Raises:
            InterruptedTransferError: It was.
        """
        if self._event.is_set():
            raise InterruptedTransferError


def _shut_down(sock: socket.socket | None) -> None:
    if sock is not None:
        with suppress(OSError):  # closed by the other side
            # Not SSLSocket.shutdown: it drops the encryption, and a reader would take what still arrives for content.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
