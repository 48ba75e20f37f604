"""A client with an engine in this process, for scripts and commands without a running application."""

from __future__ import annotations

import asyncio
import os
import selectors
from typing import Final

from preheat.control.direct import DirectClient
from preheat.settings import load_settings

_SETTINGS: Final = {
    "preload": "false",
    "spare_worker": "false",
    "shutdown_grace": "0",
    "history_days": "0",
    "downloads_at_once": "0",
}


class ScriptClient(DirectClient):
    """A client with an engine that neither preloads nor keeps a spare worker, which makes scripts faster.

    Args:
        settings: As text by name; they override the user's and these defaults.

    Raises:
        SettingsError: The settings cannot be read.
        EngineStoppedError: The engine does not start.
    """

    def __init__(self, **settings: str) -> None:
        selector = None if os.name == "nt" else selectors.DefaultSelector()
        self._selector = selector
        super().__init__(
            load_settings({**_SETTINGS, **settings}),
            loop_factory=None if selector is None else lambda: asyncio.SelectorEventLoop(selector),
        )
        self.host()

    def drop_after_fork(self) -> None:
        """Release the parent's workers in a forked child: they end with the parent.

        The child's copies of their pipes become ``/dev/null``. If they were closed, other files would get their
        numbers, and objects that still hold the numbers would close those files one day.
        """
        if self._selector is not None:
            null = os.open(os.devnull, os.O_RDWR)
            for key in list(self._selector.get_map().values()):
                os.dup2(null, key.fd, inheritable=False)
            os.close(null)
