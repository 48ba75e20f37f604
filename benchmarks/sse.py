"""Parses server-sent events from pieces of any size."""

from __future__ import annotations

from collections.abc import Iterator


class SseParser:
    """Parses an event stream. Only the data of events is returned; comments and other fields are skipped."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the data of each event completed by ``piece``; lines of one event are joined by newlines."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for raw in lines:
            line = raw.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._lines.append(line[5:].removeprefix(b" "))
            elif not line and self._lines:
                data, self._lines = b"\n".join(self._lines), []
                yield data
