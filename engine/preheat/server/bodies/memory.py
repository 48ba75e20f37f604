"""How much memory the bodies of requests may take, all connections together.

Small bodies always pass. Large ones wait for their turn, and the slowest uploads end if others wait for them.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import Final

from preheat.messages import msg
from preheat.server.errors import ServerBusyError, UploadTooSlowError

MAX_WAIT_S: Final = 20.0
"""Seconds that a request waits for memory."""

PATIENCE_S: Final = 0.5
"""Seconds that a body waits before a slow upload has to end for it, or one of which nothing arrives."""

SOON_S: Final = 5.0
"""An upload that will be complete within this time, at its rate so far, may complete."""

_RETRY_S: Final = 5.0


class MemoryBudget:
    """Bytes that requests share. Of those that wait, the smallest is next. Engine's loop only."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._waiting: list[tuple[int, float, asyncio.Future[None]]] = []  # amounts, since when, sorted

    async def take(self, amount: int, timeout_s: float = MAX_WAIT_S) -> None:
        """Wait until there is room for ``amount`` bytes. A single request always has room.

        Raises:
            ServerBusyError: There was none in time.
        """
        if self._fits(amount):
            self.used += amount
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        place = (amount, loop.time(), turn)
        insort(self._waiting, place, key=itemgetter(0, 1))
        try:
            async with asyncio.timeout(timeout_s):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn.done() and not turn.cancelled():  # granted at the last moment
                self.used -= amount
            else:
                self._waiting.remove(place)
            self._grant()
            if isinstance(error, TimeoutError):
                raise ServerBusyError(msg("server_busy"), retry_after_s=_RETRY_S) from None
            raise

    def give(self, amount: int) -> None:
        """Give bytes back."""
        self.used -= amount
        self._grant()

    def _fits(self, amount: int) -> bool:
        return self.used == 0 or self.used + amount <= self.limit

    def _grant(self) -> None:
        while self._waiting and self._fits(self._waiting[0][0]):
            amount, _, turn = self._waiting.pop(0)
            self.used += amount
            turn.set_result(None)


class Upload:
    """A large body that is being received."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._received = 0
        self._started_at = self._received_at = asyncio.get_running_loop().time()
        self.deadline = asyncio.timeout(None)

    @property
    def remaining_s(self) -> float:
        """Expected seconds until it is complete, at its rate so far."""
        elapsed_s = asyncio.get_running_loop().time() - self._started_at
        return (self.size - self._received) * elapsed_s / max(self._received, 1)

    @property
    def is_slow(self) -> bool:
        """Whether it has to end when others wait."""
        silent_s = asyncio.get_running_loop().time() - self._received_at
        return silent_s > PATIENCE_S or self.remaining_s > SOON_S

    def received(self, size: int) -> None:
        """Note that ``size`` bytes of it have arrived."""
        self._received = size
        self._received_at = asyncio.get_running_loop().time()

    def end(self) -> None:
        """Make its reader fail."""
        self.deadline.reschedule(asyncio.get_running_loop().time())


class Uploads:
    """The large bodies that are being received, within a budget. Engine's loop only."""

    def __init__(self, limit: int) -> None:
        self._budget = MemoryBudget(limit)
        self._uploads: set[Upload] = set()

    @asynccontextmanager
    async def receiving(self, size: int) -> AsyncIterator[Upload]:
        """Wait for room for a body, and hold it while the block receives the body; ``complete`` returns it.

        Raises:
            ServerBusyError: There was no room in time.
            UploadTooSlowError: Others waited for the room of this slow upload.
        """
        hurry = asyncio.create_task(self._end_slow_ones())
        try:
            await self._budget.take(size)
        finally:
            hurry.cancel()
        upload = Upload(size)
        self._uploads.add(upload)
        try:
            async with upload.deadline:
                yield upload
        except BaseException as error:
            self._budget.give(size)
            if isinstance(error, TimeoutError):
                raise UploadTooSlowError(msg("upload_too_slow"), retry_after_s=_RETRY_S) from None
            raise
        finally:
            self._uploads.discard(upload)

    def complete(self, upload: Upload) -> None:
        """Give back the room of a received body, which is no longer in memory."""
        self._budget.give(upload.size)

    async def _end_slow_ones(self) -> None:
        while True:
            await asyncio.sleep(PATIENCE_S)
            slow = [upload for upload in self._uploads if upload.is_slow]
            if slow:
                slowest = max(slow, key=lambda upload: upload.remaining_s)
                self._uploads.discard(slowest)
                slowest.end()
