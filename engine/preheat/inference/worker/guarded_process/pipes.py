"""Writes to a process and reads from it, with a deadline."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Final

_WATCH_INTERVAL_S: Final = 0.02
_SHORTEST_SLEEP_S: Final = 0.0005
_LONGEST_SLEEP_S: Final = 0.01
_CHUNK_BYTES: Final = 1 << 20


class TooLarge(Exception):  # noqa: N818 # an internal signal
    """The process has grown too large."""


class Pipes:
    """A process's stdin and stdout. One thread at a time.

    Args:
        too_large: Asked while waiting, if given.
    """

    def __init__(self, stdin: int, stdout: int, too_large: Callable[[], bool] | None = None) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._too_large = too_large
        if sys.platform != "win32":
            os.set_blocking(stdin, False)

    def write(self, content: bytes, deadline: float) -> None:
        """Write all of the content; raises OSError, TimeoutError or TooLarge. ``deadline`` is a monotonic time."""
        rest = memoryview(content)
        while rest:
            try:
                rest = rest[os.write(self._stdin, rest[:_CHUNK_BYTES]) :]
            except BlockingIOError:
                self._wait(self._stdin, deadline, for_writing=True)

    def read(self, size: int, deadline: float) -> bytes:
        """Read exactly ``size`` bytes; raises EOFError, OSError, TimeoutError or TooLarge."""
        content = bytearray()
        while len(content) < size:
            self._wait(self._stdout, deadline)
            data = os.read(self._stdout, min(size - len(content), _CHUNK_BYTES))
            if not data:
                raise EOFError
            content += data
        return bytes(content)

    def _wait(self, descriptor: int, deadline: float, *, for_writing: bool = False) -> None:
        while True:
            rest = max(deadline - time.monotonic(), 0.0)
            pause = rest if self._too_large is None else min(rest, _WATCH_INTERVAL_S)
            if is_ready(descriptor, pause, for_writing=for_writing):
                return
            if self._too_large is not None and self._too_large():
                raise TooLarge
            if pause == rest:
                raise TimeoutError


if sys.platform == "win32":
    import _winapi
    import msvcrt

    def is_ready(descriptor: int, timeout_s: float, *, for_writing: bool) -> bool:
        """Wait until there is something to read, or the other end is closed; return whether that is so."""
        handle = msvcrt.get_osfhandle(descriptor)

        def is_readable() -> bool:
            try:
                return bool(_winapi.PeekNamedPipe(handle, 0)[0])
            except OSError:  # closed: reading says so
                return True

        return for_writing or poll_until(is_readable, timeout_s)

else:
    import select

    def is_ready(descriptor: int, timeout_s: float, *, for_writing: bool) -> bool:
        """Wait until a descriptor can be used, or the other end is closed; return whether that is so."""
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT if for_writing else select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))


def poll_until(is_true: Callable[[], bool], timeout_s: float) -> bool:
    """Ask until the answer is true, with growing pauses, for systems that cannot wait for a pipe."""
    deadline = time.monotonic() + timeout_s
    pause = _SHORTEST_SLEEP_S
    while not is_true():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_SLEEP_S)
    return True
