"""Attaches to the running Preheat, or starts an engine in this process."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from preheat import paths
from preheat.control.attached import AttachedSession
from preheat.control.client import find_running
from preheat.control.own import OwnSession
from preheat.errors import EngineError, NotRunningError, PortInUseError
from preheat.files import FileLock
from preheat.settings import Settings, SettingsStore

if TYPE_CHECKING:
    import socket

    from preheat.control.session import EngineSession, PortStatus

logger = logging.getLogger(__name__)

_START_S: Final = 10.0
"""Time for another process that starts at the same time; it answers long before."""

BOUND_S: Final = 2.0
"""Time for a Preheat that has the port but does not answer yet."""

LOGIN_BOUND_S: Final = 30.0
"""The same at login, when the service starts at the same time and the disk is busy."""

_LOOK_S: Final = 0.1


def open_session(store: SettingsStore, *, at_login: bool = False) -> EngineSession:
    """Return a session with this user's running Preheat, or with a new engine of this process.

    If several processes start at once, one gets an engine and the others attach to it. Blocks for about 10 ms, or a few
    seconds while another process starts. A failure of the new engine is not raised: the session's ``port`` has it.

    Args:
        store: The settings of a new engine.
        at_login: The login has started Preheat; see ``Engine.start``.
    """
    attached = _attach(0.0)
    if attached is not None:
        return attached
    lock = FileLock(paths.runtime_dir() / "start.lock")
    try:
        if not lock.acquire(_START_S):
            logger.warning("another Preheat does not finish its start; continuing without it")
    except OSError as error:
        logger.warning("two Preheats may start at once: %s", error)
    attached = _attach(0.0)
    if attached is None:
        return _own(store, lock, at_login=at_login)
    lock.release()
    return attached


def _attach(patience_s: float) -> AttachedSession | None:
    """Return a session with the running application; None if none runs within ``patience_s``."""
    ends_at = time.monotonic() + patience_s
    while True:
        try:
            return AttachedSession(find_running())
        except NotRunningError:
            if time.monotonic() >= ends_at:
                return None
            time.sleep(_LOOK_S)


def _own(store: SettingsStore, lock: FileLock, *, at_login: bool) -> EngineSession:
    """Start an engine; release the lock once others can find it, or its start failed.

    `preheat serve` takes no lock: the first process to get the port runs the engine, and the other attaches.
    """
    settings: Settings | None = None
    sock: socket.socket | None = None
    try:
        settings = store.load(must_start=True)
        from preheat.server import listen

        sock = listen(settings.host, settings.port)
    except PortInUseError:
        attached = _attach(LOGIN_BOUND_S if at_login else BOUND_S)
        if attached is not None:
            lock.release()
            return attached
    except EngineError as error:
        logger.debug("the engine reports it: %s", error)
    session = OwnSession(store, settings=settings, sock=sock, at_login=at_login)

    def on_port(status: PortStatus) -> None:
        if status.url or status.error or status.engine_error:
            lock.release()

    session.on_port(on_port)
    return session
