"""Notices when files appear, change or vanish."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from preheat.models.file_names import printable

logger = logging.getLogger(__name__)

_STEP_MS: Final = 250  # polling interval of the system's queue; closer changes are reported together
_DEBOUNCE_MS: Final = 1000  # longest delay while files keep changing
_TIMEOUT_MS: Final = 2000
_POLL_S: Final = 2.0
MAX_FOLDERS: Final = 2000
"""Folders of a watched tree. Beginning to watch holds the interpreter, and so the port, for 0.1 s with this number."""

LARGE_POLL_S: Final = 60.0
"""Seconds between two looks at a larger tree, such as a home folder."""

_UNFINISHED: Final = (".part", ".partial", ".incomplete", ".downloadinprogress", ".tmp", ".lock", ".etag")


class Watch:
    """Watches a folder and everything below it, in its own thread. The folder may appear, vanish and return.

    Args:
        on_change: Called in that thread.
    """

    def __init__(self, root: Path, on_change: Callable[[], None]) -> None:
        self._root = root
        self._on_change = on_change
        self._stopped = threading.Event()
        # A daemon: a hanging network folder must not keep the process from ending.
        threading.Thread(target=self._run, name="preheat-watch", daemon=True).start()

    def stop(self) -> None:
        """Report no more changes. Returns at once."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            if os.path.isdir(self._root):  # noqa: PTH112 - Path.is_dir raises for some errors
                if self._is_large():
                    self._report()
                    self._stopped.wait(LARGE_POLL_S)
                    continue
                self._follow()
                self._report()  # it has vanished
            self._stopped.wait(_POLL_S)

    def _is_large(self) -> bool:
        return any(number > MAX_FOLDERS for number, _ in enumerate(os.walk(self._root), start=1))

    def _follow(self) -> None:
        """Watch the folder until it vanishes. Where the system cannot watch it, the caller polls."""
        from watchfiles import watch  # here: saves a start 60 ms

        self._report()
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
                # Once without a change: changes just before the watch began are not reported by it.
                if changes or not began:
                    self._report()
                began = True
                if not os.path.isdir(self._root):  # noqa: PTH112 - likewise
                    return
        except (OSError, RuntimeError) as error:  # RuntimeError: watchfiles' own errors
            logger.debug("%s cannot be watched: %s", printable(str(self._root)), error)

    def _report(self) -> None:
        if not self._stopped.is_set():
            self._on_change()

    def _matters(self, _change: object, path: str) -> bool:
        """Return whether a change may affect the models: not in a hidden folder, and not an unfinished download."""
        try:
            parts = Path(path).relative_to(self._root).parts
        except ValueError:
            return True
        return not any(part.startswith(".") for part in parts) and not path.lower().endswith(_UNFINISHED)
