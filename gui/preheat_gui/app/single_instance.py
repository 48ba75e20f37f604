"""One tray a user: a second start has the first show itself. GUI thread.

A lock file says who is first; it goes with its process, however that ends. The socket beside it only carries words, so
one that was left behind by a crash is simply replaced.
"""

from __future__ import annotations

import hashlib
import time
from enum import StrEnum
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from preheat import paths

ANSWER_TIMEOUT_S: Final = 3.0
"""How long the first has for its answer, before the second says that it hangs."""

END_TIMEOUT_S: Final = 15.0
"""How long a second start waits for a first that is ending."""

_MAX_SOCKET_PATH: Final = 100  # bytes; Linux has 108, macOS 104
_RETRY_S: Final = 0.05


class Wish(StrEnum):
    """What a second start asks of the first."""

    SHOW = "show"
    """Show the dashboard: a person started Preheat again."""

    NOTHING = "nothing"
    """Just say that you are there: it was started by the login."""


class Answer(StrEnum):
    """What the first says."""

    DONE = "done"
    ENDING = "ending"
    """It is about to end: the second may take its place."""

    SILENT = "silent"
    """It hangs."""


class SingleInstance(QObject):
    """The lock of the first, and the ear that it has for later starts.

    Args:
        folder: Where lock and socket are; the user's runtime folder if not given.
    """

    show_requested = Signal()

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder or paths.runtime_dir()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = QLockFile(str(self._folder / "tray.lock"))
        self._lock.setStaleLockTime(0)  # age says nothing; the lock of a process that has died is taken over
        self._server: QLocalServer | None = None
        self._ending = False

    def take(self, timeout_s: float = 0.0) -> bool:
        """Become the first; return whether this is it. Waits so long for another one to end."""
        return self._lock.tryLock(int(timeout_s * 1000))

    def listen(self) -> None:
        """Hear what later starts want. Only for the first."""
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        name = socket_name(self._folder)
        QLocalServer.removeServer(name)  # left by one that was killed: only the holder of the lock listens
        self._server.listen(name)

    def ask_first(self, wish: Wish, timeout_s: float = ANSWER_TIMEOUT_S) -> Answer:
        """Tell the first what is wanted. Blocks, at most so long: the first may be starting, or hang."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            answer = _ask(socket_name(self._folder), wish, int(left_s * 1000))
            if answer is not None:
                return answer
            time.sleep(_RETRY_S)
        return Answer.SILENT

    def first_pid(self) -> int | None:
        """Return the first's process; None if it cannot be told."""
        information = self._lock.getLockInfo()
        return int(information[0]) if information else None

    def set_ending(self) -> None:
        """From now on tell later starts that this one ends."""
        self._ending = True

    def release(self) -> None:
        """Let another be the first."""
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _on_connection(self) -> None:
        assert self._server is not None
        while (connection := self._server.nextPendingConnection()) is not None:
            connection.readyRead.connect(self._on_words)
            connection.disconnected.connect(connection.deleteLater)
            if connection.canReadLine():
                self._answer(connection)

    def _on_words(self) -> None:
        connection = self.sender()
        assert isinstance(connection, QLocalSocket)
        if connection.canReadLine():
            self._answer(connection)

    def _answer(self, connection: QLocalSocket) -> None:
        wish = bytes(connection.readLine().data()).decode("utf-8", "replace").strip()
        answer = Answer.ENDING if self._ending else Answer.DONE
        connection.write(f"{answer}\n".encode())
        connection.flush()
        connection.disconnectFromServer()
        if wish == Wish.SHOW and not self._ending:
            self.show_requested.emit()


def socket_name(folder: Path) -> str:
    """Return the name by which Qt finds the socket: a path in ``folder``, or another where that is too long."""
    path = str(folder / "tray.socket")
    if len(path.encode()) <= _MAX_SOCKET_PATH and not path[1:].startswith(":"):
        return path
    return f"preheat-tray-{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def _ask(name: str, wish: Wish, timeout_ms: int) -> Answer | None:
    """Ask once; None if nobody listens yet, or whoever did ended without a word."""
    connection = QLocalSocket()
    connection.connectToServer(name)
    if not connection.waitForConnected(timeout_ms):
        return None
    connection.write(f"{wish}\n".encode())
    deadline = time.monotonic() + timeout_ms / 1000
    while not connection.canReadLine():
        left_ms = int((deadline - time.monotonic()) * 1000)
        if left_ms <= 0 or not connection.waitForReadyRead(left_ms):
            break
    words = bytes(connection.readLine().data()).decode("utf-8", "replace").strip()
    return Answer(words) if words in list(Answer) else None
