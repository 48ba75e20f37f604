"""Parses server-sent events, however the network cuts them."""

from __future__ import annotations

from collections.abc import Iterator


class SseParser:
    """Turns pieces of an event stream into the events' data. Comments and other fields are skipped."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the data of each event that ``piece`` completes; lines of one event are joined by a newline."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for raw in lines:
            line = raw.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._lines.append(line[5:].removeprefix(b" "))
            elif not line and self._lines:
                data, self._lines = b"\n".join(self._lines), []
                yield data
