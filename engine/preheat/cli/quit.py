"""``preheat quit``: ends the running application, with and without windows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import waiting
from preheat.errors import EngineError, NotRunningError, SettingsError
from preheat.messages import msg

if TYPE_CHECKING:
    import psutil

_END_S: Final = 15.0
"""Time to end beyond the grace of requests: that of workers."""

_POLL_S: Final = 0.05

_PATIENCE_S: Final = 2.0
"""Difference between the times of a process and a file that count as equal, in seconds."""


class StillRunningError(EngineError, code="still_running"):
    """The application did not end in time."""


def quit_(
    now: Annotated[bool, typer.Option("--now", help="Do not wait for requests in progress; kill what hangs.")] = False,
) -> None:
    """End the running Preheat, after the requests in progress.

    Returns when it has ended. Ends the tray as well. Exit code 0 if nothing runs afterwards, also if nothing ran
    before; 1 if it is still running.
    """
    typer.echo("Preheat has ended." if end_running(now=now) else "Preheat is not running.")


def end_running(*, now: bool = False) -> bool:
    """End the application and the tray of this user; return whether there was one.

    Raises:
        StillRunningError: It has not ended in time.
        UnsupportedOperationError: The engine belongs to another program.
    """
    import psutil

    ended = _end_engine(now=now)
    # A tray without an engine, or with that of another process; and an engine that does not answer.
    for process in filter(None, (_named_in("tray.lock", _first_line), _running_engine())):
        with suppress(psutil.NoSuchProcess):
            process.terminate()
        _wait(process, _END_S, kill=now)
        ended = True
    return ended


def _end_engine(*, now: bool) -> bool:
    import psutil

    from preheat.control import Quit, find_running

    try:
        with find_running() as running:
            process = psutil.Process(running.pid)
            ending = running.call(Quit(now))
    except psutil.NoSuchProcess:
        return False
    except NotRunningError as error:
        return not now and isinstance(error.__cause__, ConnectionRefusedError) and _await_end()
    words = f"Waiting for {ending.requests} requests" if ending.requests > 1 else "Waiting for one request"
    with waiting(words if ending.requests else "Ending"):
        _wait(process, ending.grace_s + _END_S, kill=now)
    return True


def _await_end() -> bool:
    """Wait for an engine that has closed its port; return whether there was one.

    It is ending, and waits for its requests: another signal would end them at once.
    """
    from preheat.installation import ending_grace
    from preheat.settings import Settings, load_settings

    process = _running_engine()
    if process is None:
        return False
    try:
        grace_s = load_settings().shutdown_grace
    except SettingsError:
        grace_s = Settings().shutdown_grace
    with waiting("Ending"):
        _wait(process, ending_grace(grace_s) + _END_S, kill=False)
    return True


def _wait(process: psutil.Process, timeout_s: float, *, kill: bool) -> None:
    """Wait for the end of a process; then kill it, or raise StillRunningError."""
    import psutil

    ends_at = time.monotonic() + timeout_s
    while _runs(process):
        if time.monotonic() > ends_at:
            if not kill:
                raise StillRunningError(msg("still_running", pid=process.pid))
            with suppress(psutil.NoSuchProcess):
                process.kill()  # workers end with it
            kill, ends_at = False, time.monotonic() + timeout_s
        time.sleep(_POLL_S)


def _runs(process: psutil.Process) -> bool:
    import psutil

    try:
        # A zombie has ended, although its parent has not asked for its exit code.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _running_engine() -> psutil.Process | None:
    return _named_in("engine.json", _engine_pid)


def _named_in(name: str, read_pid: Callable[[bytes], int]) -> psutil.Process | None:
    """Return the process that has written a file in the runtime folder, if it still runs."""
    import psutil

    from preheat import paths
    from preheat.files import read_small_file

    path = paths.runtime_dir() / name
    try:
        process = psutil.Process(read_pid(read_small_file(path)))
        # A later process with the id of one that was killed has not written it.
        is_later = process.create_time() > path.stat().st_mtime + _PATIENCE_S
        is_preheat = "preheat" in " ".join(process.cmdline()).lower()
        return process if _runs(process) and is_preheat and not is_later else None
    except (OSError, ValueError, LookupError, TypeError, psutil.Error):
        return None


def _first_line(content: bytes) -> int:
    """Return the id in the tray's lock, as Qt writes it."""
    return int(content.split(b"\n", 1)[0])


def _engine_pid(content: bytes) -> int:
    return int(json.loads(content)["pid"])
