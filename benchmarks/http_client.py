"""A small HTTP/1.1 client on asyncio's streams.

The client shares the processors with the measured servers. A full client uses several times as much processor time per
streamed token, which would lower the figures.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, Self

_READ_BYTES: Final = 1 << 16


class HttpError(Exception):
    """The server sent an error status or invalid HTTP."""


class SseParser:
    """Parses server-sent events from pieces of any size. Returns only their data, not comments and other fields."""

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


class Connection:
    """A kept-alive connection for one request at a time. Reconnects if the server closed it.

    Use as ``async with Connection(port)``; entering connects.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def connect(self) -> None:
        """Connect unless connected, so that a measured request does not include it."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=_READ_BYTES)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body, whatever the status."""
        reader, status, headers = await self._request("GET", path, b"")
        return status, await self._whole_body(reader, headers)

    async def post(self, path: str, body: Any) -> Any:
        """Send JSON and return the JSON of the answer.

        Raises:
            HttpError: The status was not 200.
        """
        reader, status, headers = await self._request("POST", path, json.dumps(body).encode())
        content = await self._whole_body(reader, headers)
        if status != 200:
            raise HttpError(f"{path}: status {status}: {content[:500].decode(errors='replace')}")
        return json.loads(content)

    async def events(self, path: str, body: Any) -> AsyncIterator[bytes]:
        """Send JSON and yield the data of each server-sent event as it arrives.

        Raises:
            HttpError: The status was not 200.
        """
        parser = SseParser()
        async for piece in self._pieces(path, body):
            for data in parser.feed(piece):
                yield data

    async def lines(self, path: str, body: Any) -> AsyncIterator[bytes]:
        """Send JSON and yield each line of a streamed answer as it arrives, without empty ones.

        Raises:
            HttpError: The status was not 200.
        """
        rest = b""
        async for piece in self._pieces(path, body):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                if line:
                    yield line

    async def _pieces(self, path: str, body: Any) -> AsyncIterator[bytes]:
        reader, status, headers = await self._request("POST", path, json.dumps(body).encode())
        if status != 200:
            content = await self._whole_body(reader, headers)
            raise HttpError(f"{path}: status {status}: {content[:500].decode(errors='replace')}")
        async for piece in _body(reader, headers):
            yield piece
        self._close_if_asked(headers)

    async def _request(
        self, method: str, path: str, content: bytes
    ) -> tuple[asyncio.StreamReader, int, dict[str, str]]:
        await self.connect()
        assert self._streams is not None
        reader, writer = self._streams
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
        if content:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        writer.write(head.encode() + b"\r\n" + content)
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError as error:
            self.close()
            raise HttpError(f"{path}: the server closed the connection") from error
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return reader, int(lines[0].split()[1]), headers

    async def _whole_body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
        content = b"".join([piece async for piece in _body(reader, headers)])
        self._close_if_asked(headers)
        return content

    def _close_if_asked(self, headers: dict[str, str]) -> None:
        if headers.get("connection", "").lower() == "close":
            self.close()


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> AsyncIterator[bytes]:
    """Yield the pieces of a body: chunked, with a length, or until the connection ends."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            yield (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
    elif "content-length" in headers:
        if length := int(headers["content-length"]):
            yield await reader.readexactly(length)
    else:
        while piece := await reader.read(_READ_BYTES):
            yield piece
