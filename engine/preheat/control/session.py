"""An engine as the windows have it: a client with the latest snapshot and the state of the port."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from preheat._version import __version__
from preheat.core import EngineSnapshot, MemorySnapshot, PreloadSnapshot
from preheat.errors import EngineError
from preheat.messages import Message

if TYPE_CHECKING:
    from preheat.control.client import ControlClient, OnWait
    from preheat.control.command import Command
    from preheat.inference import GenerateRequest, GenerationChunk

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PortStatus:
    """The state of the engine and its port."""

    url: str | None = None  # where it answers, without a slash at the end; None while it is closed
    error: EngineError | None = None  # why it is not open as the settings have it; None otherwise
    engine_error: Message | None = None  # why the engine has ended; None while there is one


class Latest(Generic[T]):
    """A value and its subscribers. Any thread.

    Callbacks must be quick: they are called one at a time, so that each gets the values in order.
    """

    def __init__(self, value: T) -> None:
        self.value = value
        # Reentrant: a callback may end its own subscription.
        self._lock = threading.RLock()
        self._callbacks: list[Callable[[T], None]] = []

    def set(self, value: T) -> None:
        """Publish a new value."""
        with self._lock:
            self.value = value
            for callback in tuple(self._callbacks):
                callback(value)

    def subscribe(self, callback: Callable[[T], None]) -> Callable[[], None]:
        """Call ``callback`` with the value now and with every later one; return a function that ends it."""
        with self._lock:
            self._callbacks.append(callback)
            callback(self.value)

        def end() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return end


class EngineSession(ABC):
    """A client of one engine, in this process or in another, that survives the engine's end.

    Every method may be called from any thread. Only ``snapshot``, ``port``, ``subscribe`` and ``on_port`` never block.
    """

    attached: ClassVar[bool]  # the engine is another process's

    def __init__(self, port: PortStatus) -> None:
        self._snapshot = Latest(empty_snapshot())
        self._port_status = Latest(port)

    @property
    def snapshot(self) -> EngineSnapshot:
        """The latest snapshot; one without models before the first."""
        return self._snapshot.value

    @property
    def port(self) -> PortStatus:
        """The latest state of port and engine."""
        return self._port_status.value

    def subscribe(self, callback: Callable[[EngineSnapshot], None]) -> Callable[[], None]:
        """Call ``callback`` with the latest snapshot and, on the session's thread, every later one.

        Returns:
            A function that ends it.
        """
        return self._snapshot.subscribe(callback)

    def on_port(self, callback: Callable[[PortStatus], None]) -> Callable[[], None]:
        """Do the same with the state of port and engine."""
        return self._port_status.subscribe(callback)

    def call(self, command: Command[T]) -> T:
        """See ``ControlClient``."""
        return self._client().call(command)

    def generate(
        self, model: str, request: GenerateRequest, on_wait: OnWait | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """See ``ControlClient``."""
        return self._client().generate(model, request, on_wait)

    def embed(self, model: str, inputs: Sequence[str]) -> list[list[float]]:
        """See ``ControlClient``."""
        return self._client().embed(model, inputs)

    @abstractmethod
    def _client(self) -> ControlClient:
        """Return the client of the present engine.

        Raises:
            EngineStoppedError, NotRunningError: There is no engine.
        """

    @abstractmethod
    def restart(self) -> None:
        """Start an engine that has ended again, or retry to open its port; look for an attached one again.

        Raises:
            NotRunningError: There is nothing to attach to.
            SettingsError: The settings cannot be read.
        """

    @abstractmethod
    def close(self) -> None:
        """End an engine of this process within ``shutdown_grace``; hang up otherwise."""


def empty_snapshot(*, preload: bool = True) -> EngineSnapshot:
    """Return a snapshot without models and figures."""
    return EngineSnapshot(
        version=__version__,
        started_at=time.time(),
        memory=MemorySnapshot(limit_bytes=0, used_bytes=0, available_bytes=0),
        preload=PreloadSnapshot(enabled=preload),
    )
