"""Checks once a day whether a newer version exists, if the user wants that."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from preheat.settings import Settings
from preheat.updates import Known, Release, UpdateCheck, UpdateCheckError

logger = logging.getLogger(__name__)

FIRST_S: Final = 30.0
"""Time after the start, in seconds: the network may not be there yet, and there is enough else to do."""

_LOOK_S: Final = 3600.0
"""Longest pause between two looks at the clock, in seconds: the machine may be suspended meanwhile."""


class UpdateWatch:
    """Runs on the engine's loop.

    Args:
        on_change: Called when another newer version is known.
        make_check: Makes the ``UpdateCheck``; called when it is first needed.
    """

    def __init__(
        self,
        settings: Settings,
        on_change: Callable[[], None],
        make_check: Callable[[], UpdateCheck] = UpdateCheck,
        first_s: float = FIRST_S,
    ) -> None:
        self._enabled = settings.update_check
        self._on_change = on_change
        self._make_check = make_check
        self._first_s = first_s
        self._check: UpdateCheck | None = None
        self._checking = asyncio.Lock()
        self._changed = asyncio.Event()
        self.newer: Release | None = None
        """The newest release, if it is newer than this one and the user wants to know."""

    @property
    def check(self) -> UpdateCheck:
        """The check, and what it knows."""
        self._check = self._check or self._make_check()
        return self._check

    async def run(self) -> None:
        """Check whenever a day has passed; never returns."""
        if self._enabled:
            self._take(await asyncio.to_thread(self.check.known))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._first_s):
                await self._changed.wait()
        while True:
            self._changed.clear()
            pause_s = _LOOK_S
            if self._enabled and self.check.address:
                pause_s = min(await self._check_if_due(), _LOOK_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._changed.wait()

    async def check_if_due(self, *, for_user: bool = True, now: bool = False) -> Known:
        """Check if a check is due; return what is known. See ``UpdateCheck.check_if_due``.

        Raises:
            NoUpdateAddressError: The build has no address.
            UpdateCheckError: There is no usable answer.
        """
        async with self._checking:
            known = await asyncio.to_thread(self.check.check_if_due, for_user=for_user, now=now)
        self._take(known)
        return known

    def apply_settings(self, settings: Settings) -> None:
        """Start or stop the daily checks."""
        if settings.update_check != self._enabled:
            self._enabled = settings.update_check
            if not self._enabled:
                self._take(Known())
            self._changed.set()

    async def _check_if_due(self) -> float:
        """Check if a day has passed; return the time until the next check, in seconds."""
        try:
            await self.check_if_due(for_user=False)
        except UpdateCheckError as error:
            logger.info("%s", error.title)
            return _LOOK_S
        return await asyncio.to_thread(self.check.due_in_s) or _LOOK_S

    def _take(self, known: Known) -> None:
        if known.newer != self.newer:
            self.newer = known.newer
            if self.newer is not None:
                logger.info("version %s is available: %s", self.newer.version, self.newer.url)
            self._on_change()
