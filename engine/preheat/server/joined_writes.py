"""Sends the head of a response together with what follows it."""

from __future__ import annotations

import asyncio


class JoinedWrites:
    """Writes of one response: the first one waits for the second, or for the loop's next iteration.

    uvicorn writes head and body separately. That would wake a waiting client twice, and takes a system call more.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._began = False

    def write(self, data: bytes) -> None:
        """Write in the order of the calls."""
        if not self._began:
            self._began, self._head = True, data
            asyncio.get_running_loop().call_soon(self._flush)
        elif self._head is not None:
            head, self._head = self._head, None
            self._transport.writelines((head, data))
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection after what was written."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Return whether the connection is closing or closed."""
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head)
