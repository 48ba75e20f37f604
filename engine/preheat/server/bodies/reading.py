"""Bodies from the connection to the endpoint: received within a budget, parsed off the loop if large."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.types import Receive

from preheat.messages import msg
from preheat.server.bodies.fields import Body, parse_body
from preheat.server.bodies.json_text import MAX_VALUES
from preheat.server.bodies.memory import MemoryBudget, Upload, Uploads
from preheat.server.errors import BodyTooLargeError

T = TypeVar("T")

SCOPE_KEY: Final = "preheat.body"
"""Name of the received body in an ASGI scope."""

SMALL_BYTES: Final = 64 * 1024
"""Bodies up to this size always pass, and are parsed on the loop: that takes less than a change of threads."""

MIN_RECEIVING_BYTES: Final = 96 * 1024 * 1024
MIN_PARSED_BYTES: Final = 192 * 1024 * 1024
_BYTES_PER_VALUE: Final = 72  # an integer, with its places in the parsed and in the validated list
_BEYOND_BMP: Final = bytes(range(0xF0, 0x100))


class ReceivedBody:
    """A whole body, until an endpoint takes it, and the memory of what is made from it."""

    def __init__(self, reader: BodyReader, data: bytes, upload: Upload | None = None) -> None:
        self._reader = reader
        self._data = data
        self._upload = upload
        self._parsed_bytes = 0

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Return what a function returns; it runs off the loop if the body is large."""
        if self._upload is None:
            return function(*args)
        return await self._reader.run(function, *args)

    async def read(self, parse: Callable[[bytes], T]) -> T:
        """Return what is made from the body, which is dropped.

        Raises:
            ServerBusyError: Large bodies of others take the memory.
        """
        if self._upload is None:
            return parse(self._take())
        self._parsed_bytes = await self._reader.admit(self._data)
        try:
            return await self._reader.run(parse, self._take())
        finally:
            self._received()

    def close(self) -> None:
        """Give back all memory, at the end of the request."""
        self._take()
        if self._upload is not None:
            self._received()
        if self._parsed_bytes:
            self._reader.parsed.give(self._parsed_bytes)
            self._parsed_bytes = 0

    def _take(self) -> bytes:
        data, self._data = self._data, b""
        return data

    def _received(self) -> None:
        if self._upload is not None and self._upload.size:
            self._reader.uploads.complete(self._upload)
            self._upload.size = 0


class BodyReader:
    """Receives the bodies of one port. Engine's loop only.

    Args:
        max_bytes: Larger bodies are rejected.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.uploads = Uploads(max(MIN_RECEIVING_BYTES, max_bytes))
        self.parsed = MemoryBudget(max(MIN_PARSED_BYTES, 2 * max_bytes))
        # One thread: the temporary memory of a large body exists once.
        self._thread = ThreadPoolExecutor(1, "bodies")

    async def receive(self, content_length: int | None, receive: Receive) -> ReceivedBody | None:
        """Return the whole body; None if the client disconnected.

        Args:
            content_length: The size in the header; None for a body in chunks.

        Raises:
            BodyTooLargeError: It is, or will be, larger than the limit.
            ServerBusyError: Large bodies of others take the memory.
            UploadTooSlowError: Others waited for the memory of this slow body.
        """
        if (content_length or 0) > self._max_bytes:
            raise self._too_large()
        body = bytearray()
        limit = min(SMALL_BYTES, self._max_bytes)
        if (content_length or 0) <= SMALL_BYTES:
            done = await self._receive(body, receive, limit)
            if len(body) > self._max_bytes:
                raise self._too_large()
            if done is not False:
                return ReceivedBody(self, bytes(body)) if done else None
        size = content_length if content_length is not None else self._max_bytes
        async with self.uploads.receiving(size) as upload:
            done = await self._receive(body, receive, self._max_bytes, upload)
            if done is False:
                raise self._too_large()
            if done is None:
                self.uploads.complete(upload)
                return None
            return ReceivedBody(self, bytes(body), upload)

    async def admit(self, data: bytes) -> int:
        """Wait until there is memory for the values of a body; return their bytes. Raises ServerBusyError."""
        size = await self.run(_parsed_size, data)
        await self.parsed.take(size)
        return size

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Return what a function returns on the thread of large bodies."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    @staticmethod
    async def _receive(body: bytearray, receive: Receive, limit: int, upload: Upload | None = None) -> bool | None:
        """Append to the body; return whether it is complete within the limit, or None if the client disconnected."""
        while len(body) <= limit:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if upload is not None:
                upload.received(len(body))
            if not message.get("more_body", False):
                return len(body) <= limit or upload is None
        return False

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(msg("body_too_large", limit=self._max_bytes))


async def read_body(request: Request, model: type[Body]) -> Body:
    """Return the typed body of a request; raises EngineError."""
    return await read_with(request, lambda data: parse_body(model, data))


async def read_with(request: Request, parse: Callable[[bytes], T]) -> T:
    """Return what ``parse`` makes from the body of a request; raises EngineError."""
    body: ReceivedBody | None = request.scope.get(SCOPE_KEY)
    return parse(b"") if body is None else await body.read(parse)


async def run_for(request: Request, function: Callable[..., T], *args: Any) -> T:
    """Return what a function returns; it runs off the loop if the request's body is large."""
    body: ReceivedBody | None = request.scope.get(SCOPE_KEY)
    return function(*args) if body is None else await body.run(function, *args)


def _parsed_size(data: bytes) -> int:
    """Return the bytes that the values of a JSON text and their copies for a worker take at most."""
    # Python stores a text with as many bytes for each character as its widest one needs.
    width = 1
    if not data.isascii() or b"\\u" in data:
        escaped = b"\\ud" in data or b"\\uD" in data
        width = 4 if escaped or len(data.translate(None, _BEYOND_BMP)) < len(data) else 2
    return len(data) * (1 + width) + _BYTES_PER_VALUE * min(data.count(b","), MAX_VALUES)
