"""Results of compiling, cached for the next request with the same constraint. Any thread."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Final, NamedTuple


class Refusal(NamedTuple):
    """A constraint cannot be used."""

    reason: str


class Outcome(NamedTuple):
    """A result. It expires at the monotonic time ``until``, if another attempt may end differently."""

    value: Any
    size_bytes: int
    until: float = math.inf


class OutcomeCache:
    """The outcomes that were used last, limited in number and in bytes."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries: Final = max_entries
        self._max_bytes: Final = max_bytes
        self._lock = threading.Lock()
        self._entries: dict[Hashable, Future[Outcome]] = {}  # the least recently used first

    def __contains__(self, key: Hashable) -> bool:
        """Whether there is an outcome already."""
        with self._lock:
            entry = self._entries.get(key)
            return entry is not None and entry.done() and not _is_over(entry)

    def get(self, key: Hashable, make: Callable[[], Outcome]) -> Any:
        """Return the outcome's value. If there is none, make it; a second thread waits for the first one."""
        with self._lock:
            entry = self._entries.pop(key, None)
            is_new = entry is None or _is_over(entry)
            entry = Future() if entry is None or is_new else entry
            self._entries[key] = entry
        if not is_new:
            return entry.result().value
        try:
            outcome = make()
        except BaseException as error:
            self._drop(key, entry)
            entry.set_exception(error)
            raise
        entry.set_result(outcome)
        self._shrink()
        return outcome.value

    def _drop(self, key: Hashable, entry: Future[Outcome]) -> None:
        with self._lock:
            if self._entries.get(key) is entry:
                del self._entries[key]

    def _shrink(self) -> None:
        with self._lock:
            done = {key: entry.result().size_bytes for key, entry in self._entries.items() if entry.done()}
            size_bytes, count = sum(done.values()), len(done)
            for key, entry_bytes in done.items():
                if count <= self._max_entries and size_bytes <= self._max_bytes:
                    return
                del self._entries[key]
                count, size_bytes = count - 1, size_bytes - entry_bytes


def _is_over(entry: Future[Outcome]) -> bool:
    return entry.done() and entry.result().until <= time.monotonic()
