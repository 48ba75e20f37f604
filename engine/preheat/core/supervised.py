"""Restarts background work after a bug."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Final, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

RESTART_S: Final = 10.0
"""Pause after a bug, so that a permanent one does not fill the log."""


async def keep_running(name: str, work: Callable[[], Coroutine[None, None, None]], pause_s: float = RESTART_S) -> None:
    """Run endless work until cancelled; restart it whenever it ends. ``name`` is for the log."""
    while True:
        task = asyncio.create_task(work())
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        bug = None if task.cancelled() else task.exception()
        logger.error("%s ended unexpectedly and is restarted", name, exc_info=bug)
        await asyncio.sleep(pause_s)


async def in_daemon_thread(work: Callable[[], T], name: str) -> T:
    """Return what blocking work returns. The program ends without waiting for it, as it does for ``to_thread``."""
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()  # from now on it cannot be cancelled

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await asyncio.wrap_future(done)
