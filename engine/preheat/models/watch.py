"""Notices that files appear, change or vanish."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from preheat.models.file_names import printable

if TYPE_CHECKING:
    from watchfiles import Change

logger = logging.getLogger(__name__)

_STEP_MS: Final = 250  # how often the system is asked; changes closer to each other are told together
_DEBOUNCE_MS: Final = 1000  # at most so long, while files keep changing
_TIMEOUT_MS: Final = 2000
_POLL_S: Final = 2.0
_UNFINISHED: Final = (".part", ".partial", ".incomplete", ".downloadinprogress", ".tmp", ".lock", ".etag")


class Watch:
    """Watches a folder and all below it, in a thread of its own. The folder may come later, go and come again.

    Args:
        on_change: Called in that thread.
    """

    def __init__(self, root: Path, on_change: Callable[[], None]) -> None:
        self._root = root
        self._on_change = on_change
        self._stopped = threading.Event()
        # A daemon: a network folder that hangs is not to keep the process from ending.
        threading.Thread(target=self._run, name="preheat-watch", daemon=True).start()

    def stop(self) -> None:
        """Tell of no more changes. Returns at once."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            if self._root.is_dir():
                self._follow()
                self._tell()  # it has gone
            self._stopped.wait(_POLL_S)

    def _follow(self) -> None:
        """Watch the folder until it goes. Where the system cannot watch it, it is looked at again and again."""
        from watchfiles import watch  # here: 60 ms that a start does not have to wait for

        self._tell()
        began = False
        try:
            for changes in watch(
                self._root,
                watch_filter=self._matters,
                debounce=_DEBOUNCE_MS,
                step=_STEP_MS,
                rust_timeout=_TIMEOUT_MS,
                yield_on_timeout=True,
                stop_event=self._stopped,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                # Once without a change: what came just before the system began to watch is not told by it.
                if changes or not began:
                    self._tell()
                began = True
                if not self._root.is_dir():
                    return
        except (OSError, RuntimeError) as error:  # RuntimeError: watchfiles' own errors
            logger.debug("%s cannot be watched: %s", printable(str(self._root)), error)

    def _tell(self) -> None:
        if not self._stopped.is_set():
            self._on_change()

    def _matters(self, change: Change, path: str) -> bool:
        """Whether a change can be one of the models: not in a hidden folder, and not of a file being downloaded."""
        try:
            parts = Path(path).relative_to(self._root).parts
        except ValueError:
            return True
        return not any(part.startswith(".") for part in parts) and not path.lower().endswith(_UNFINISHED)
