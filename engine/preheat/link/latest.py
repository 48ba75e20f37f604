"""A value that changes, and those who want to hear of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """The latest value. Any thread.

    Callbacks must be quick: they are called one at a time, so that each hears the values in their order.
    """

    def __init__(self, value: T) -> None:
        self._value = value
        # Reentrant: a callback may end its own subscription.
        self._lock = threading.RLock()
        self._callbacks: list[Callable[[T], None]] = []

    @property
    def value(self) -> T:
        """The latest value; never waits."""
        return self._value

    def set(self, value: T) -> None:
        """Take a new value and tell it."""
        with self._lock:
            self._value = value
            for callback in tuple(self._callbacks):
                callback(value)

    def subscribe(self, callback: Callable[[T], None]) -> Callable[[], None]:
        """Call ``callback`` with the value now and with every later one; return what ends that."""
        with self._lock:
            self._callbacks.append(callback)
            callback(self._value)

        def end() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return end
