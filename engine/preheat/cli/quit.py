"""``preheat quit``: ends the running application, with and without windows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import waiting
from preheat.errors import EngineError, NotRunningError
from preheat.messages import msg

if TYPE_CHECKING:
    import psutil

_END_S: Final = 15.0
"""Time to end beyond the grace of requests: that of workers."""

_POLL_S: Final = 0.05

_LOCK_PATIENCE_S: Final = 2.0
"""Difference between the times of a process and a file that count as equal, in seconds."""


class StillRunningError(EngineError, code="still_running"):
    """The application did not end in time."""


def quit_(
    now: Annotated[bool, typer.Option("--now", help="Do not wait for requests in progress.")] = False,
) -> None:
    """End the running Preheat, after the requests in progress; return when it has ended.

    Ends the tray as well. Exit code 0 if nothing runs afterwards, also if nothing ran before; 1 if it is still running.
    """
    typer.echo("Preheat has ended." if end_running(now=now) else "Preheat is not running.")


def end_running(*, now: bool = False) -> bool:
    """End the application and the tray of this user; return whether there was one.

    Raises:
        StillRunningError: It has not ended in time.
        UnsupportedOperationError: The engine belongs to another program.
    """
    ended = _end_engine(now=now)
    tray = _tray()
    if tray is None:
        return ended
    # A tray without an engine, or with that of another process: nothing waits for it.
    tray.terminate()
    _wait(tray, _END_S)
    return True


def _end_engine(*, now: bool) -> bool:
    import psutil

    from preheat.control import Quit, find_running

    try:
        with find_running() as running:
            process = psutil.Process(running.pid)
            ending = running.call(Quit(now))
    except (NotRunningError, psutil.NoSuchProcess):
        return False
    words = f"Waiting for {ending.requests} requests" if ending.requests > 1 else "Waiting for one request"
    with waiting(words if ending.requests else "Ending"):
        _wait(process, ending.grace_s + _END_S)
    return True


def _wait(process: psutil.Process, timeout_s: float) -> None:
    ends_at = time.monotonic() + timeout_s
    while _runs(process):
        if time.monotonic() > ends_at:
            raise StillRunningError(msg("still_running", pid=process.pid))
        time.sleep(_POLL_S)


def _runs(process: psutil.Process) -> bool:
    import psutil

    try:
        # A zombie has ended, although its parent has not asked for its exit code.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _tray() -> psutil.Process | None:
    """Return the process that holds the tray's lock; Qt writes its id into the lock's first line."""
    import psutil

    from preheat import paths
    from preheat.files import read_small_file

    lock = paths.runtime_dir() / "tray.lock"
    try:
        process = psutil.Process(int(read_small_file(lock).split(b"\n", 1)[0]))
        written_at = lock.stat().st_mtime
        # A later process with the id of a tray that was killed is not the tray.
        return process if process.create_time() <= written_at + _LOCK_PATIENCE_S else None
    except (OSError, ValueError, psutil.Error):
        return None
