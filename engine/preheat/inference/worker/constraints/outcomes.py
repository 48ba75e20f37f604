"""What compiling led to, kept for the next request with the same constraint. Any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Final, NamedTuple


class Refusal(NamedTuple):
    """A constraint cannot be used."""

    reason: str


class Outcome(NamedTuple):
    """A result. It is not kept if it does not ``last``, because it may be another one the next time."""

    value: Any
    size_bytes: int
    lasts: bool = True


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
            return entry is not None and entry.done()

    def get(self, key: Hashable, make: Callable[[], Outcome]) -> Any:
        """Return the outcome's value. If there is none, make it; a second thread waits for the first one."""
        with self._lock:
            entry = self._entries.pop(key, None)
            is_new = entry is None
            entry = entry or Future()
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
        if outcome.lasts:
            self._shrink()
        else:
            self._drop(key, entry)
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
