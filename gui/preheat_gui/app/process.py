"""The process: one tray per user, and signals. GUI thread.

A lock file, released when its process ends, decides which instance is first. The socket next to it only carries
requests, so one left by a crash is replaced.
"""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import socket
import sys
import time
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Any, Final

from PySide6.QtCore import QDir, QLockFile, QObject, QSocketNotifier, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from preheat import paths
from preheat.errors import file_error

ANSWER_TIMEOUT_S: Final = 3.0  # Time for the first instance to answer, before the second reports that it hangs
END_TIMEOUT_S: Final = 15.0  # Time a second start waits for a first instance that is quitting
_MAX_SOCKET_PATH: Final = 100  # bytes; Linux has 108, macOS 104
_RETRY_S: Final = 0.05


class Request(StrEnum):
    """The request of a second start."""

    SHOW = "show"  # Show the dashboard: the user started Preheat again
    PING = "nothing"  # Only answer: the second start was at login


class Answer(StrEnum):
    """The first instance's answer."""

    DONE = "done"
    ENDING = "ending"  # It is quitting: the second may take its place
    SILENT = "silent"  # No answer: it hangs


class SingleInstance(QObject):
    """The lock of the first instance, and its listener for later starts, by default in the user's runtime folder.

    Raises:
        EngineError: The folder cannot be made or used.
    """

    show_requested = Signal()

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder or paths.runtime_dir()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(self._folder, os.W_OK | os.X_OK):  # as after a start with sudo
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise file_error("runtime_folder_unusable", error, self._folder) from error
        self._lock = QLockFile(str(self._folder / "tray.lock"))
        self._lock.setStaleLockTime(0)  # only the lock of a dead process is stale
        self._server: QLocalServer | None = None
        self._ending = False

    def take(self, timeout_s: float = 0.0) -> bool:
        """Become the first instance, waiting ``timeout_s`` for another to end; return whether it worked."""
        return self._lock.tryLock(int(timeout_s * 1000))

    def listen(self) -> None:
        """Listen for later starts. First instance only."""
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        name = socket_name(self._folder)
        QLocalServer.removeServer(name)  # left by a killed process: only the lock's holder listens
        self._server.listen(name)

    def ask_first(self, request: Request, timeout_s: float = ANSWER_TIMEOUT_S) -> Answer:
        """Send a request to the first instance, which may be starting or hang. Blocks up to ``timeout_s``."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            answer = _ask(socket_name(self._folder), request, int(left_s * 1000))
            if answer is not None:
                return answer
            time.sleep(_RETRY_S)
        return Answer.SILENT

    def first_pid(self) -> int | None:
        """Return the first instance's process id; None if unknown."""
        information = self._lock.getLockInfo()
        return int(information[0]) if information else None

    def set_ending(self) -> None:
        """Answer later starts with ``ENDING`` from now on."""
        self._ending = True

    def release(self) -> None:
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _on_connection(self) -> None:
        assert self._server is not None
        while (connection := self._server.nextPendingConnection()) is not None:
            connection.readyRead.connect(self._on_ready)
            connection.disconnected.connect(connection.deleteLater)
            if connection.canReadLine():
                self._answer(connection)

    def _on_ready(self) -> None:
        connection = self.sender()
        assert isinstance(connection, QLocalSocket)
        if connection.canReadLine():
            self._answer(connection)

    def _answer(self, connection: QLocalSocket) -> None:
        request = bytes(connection.readLine().data()).decode("utf-8", "replace").strip()
        answer = Answer.ENDING if self._ending else Answer.DONE
        connection.write(f"{answer}\n".encode())
        connection.flush()
        connection.disconnectFromServer()
        if request == Request.SHOW and not self._ending:
            self.show_requested.emit()


def socket_name(folder: Path) -> str:
    """Return Qt's name for the socket: a path in ``folder``, or a hash if that is too long."""
    path = str(folder / "tray.socket")
    if len(path.encode()) <= _MAX_SOCKET_PATH and not path[1:].startswith(":"):
        return path
    name = f"preheat-tray-{hashlib.sha256(path.encode()).hexdigest()[:16]}"
    # Qt puts it into the temporary folder, the path of which may be too long as well.
    fits = len(QDir.temp().filePath(name).encode()) <= _MAX_SOCKET_PATH
    return name if fits or sys.platform == "win32" else f"/tmp/{name}"


def _ask(name: str, request: Request, timeout_ms: int) -> Answer | None:
    """Ask once; return None if nothing listens yet, or the connection closed without an answer."""
    connection = QLocalSocket()
    connection.connectToServer(name)
    if not connection.waitForConnected(timeout_ms):
        return None
    connection.write(f"{request}\n".encode())
    deadline = time.monotonic() + timeout_ms / 1000
    while not connection.canReadLine():
        left_ms = int((deadline - time.monotonic()) * 1000)
        if left_ms <= 0 or not connection.waitForReadyRead(left_ms):
            break
    words = bytes(connection.readLine().data()).decode("utf-8", "replace").strip()
    return Answer(words) if words in list(Answer) else None


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
