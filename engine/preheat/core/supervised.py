"""Restarts background work after a bug."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Final

logger = logging.getLogger(__name__)

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
