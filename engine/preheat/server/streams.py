"""Streamed responses: one ASGI response for all protocols.

A piece of output is written by the one who has it, without a task in between: waking the request's task for each token
would pass through a coroutine of each layer of the application.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Final, Protocol, TypeAlias

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from preheat.bugs import failure_of, report_bug
from preheat.errors import EngineError
from preheat.server.access import CLIENT_GONE_STATUS
from preheat.server.errors import error_response
from preheat.server.in_flight import ClientGoneError, InFlight

logger = logging.getLogger(__name__)

WAITING_PAUSE_S: Final = 0.5
"""Seconds between two signs of life before the first output."""

SILENCE_S: Final = 5.0
"""Seconds without output, once it has begun, until another sign of life."""

WRITE_KEY: Final = "preheat.write"
"""In the scope of a request: writes a piece of a chunked body at once, or returns False."""

SSE: Final = "text/event-stream"
SUBSCRIPTION_KEY: Final = "preheat.subscription"
"""In the state of a request's scope: its answer has no end."""

NDJSON: Final = "application/x-ndjson"


class StreamFormat(Protocol):
    """What a stream sends in addition to its output."""

    @property
    def media_type(self) -> str:
        """The content type, without parameters."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Further headers."""

    def begin(self) -> str:
        """Return what comes first, with the headers; may be empty."""

    def waiting(self) -> str:
        """Return a sign of life, so that the client does not give up; may be empty."""

    def error(self, error: EngineError) -> str:
        """Return what ends a stream that fails after its headers; may be empty."""


WritePiece: TypeAlias = Callable[[bytes], bool]


class StreamResponse(Response):
    """Sends what ``output`` writes, in pieces of one or more whole events.

    Before the first output, and for ``header_delay_s`` at most, errors become ordinary HTTP responses. Then the headers
    are sent, followed by signs of life, so that no client gives up on a model that is loading. A ``subscription`` is
    endless and does not delay a shutdown.
    """

    def __init__(
        self,
        output: Callable[[StreamWriter], Awaitable[None]],
        form: StreamFormat,
        in_flight: InFlight,
        *,
        header_delay_s: float,
        subscription: bool = False,
    ) -> None:
        super().__init__()
        self._output = output
        self._form = form
        self._in_flight = in_flight
        self._header_delay_s = header_delay_s
        self._subscription = subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._subscription:
            scope.setdefault("state", {})[SUBSCRIPTION_KEY] = True
        writer = StreamWriter(self._form, send, scope.get(WRITE_KEY, _cannot_write), self._header_delay_s)
        try:
            async with self._in_flight.answer(scope, receive, subscription=self._subscription):
                await self._output(writer)
            await writer.end()
        except ClientGoneError:
            logger.debug("client disconnected from a stream")
            if not writer.started:
                await Response(status_code=CLIENT_GONE_STATUS)(scope, receive, send)
        except Exception as error:
            known = failure_of(f"streaming {scope['path']}", error)
            writer.stop()
            if not writer.started:
                await error_response(known, scope)(scope, receive, send)
            else:
                await writer.end(b"" if self._subscription else self._form.error(known).encode())
        finally:
            writer.stop()


def _cannot_write(_data: bytes) -> bool:
    return False


class StreamWriter:
    """Writes a response: headers at the first output or after a delay, signs of life while there is no output.

    Args:
        form: What is sent in addition to the output.
        send: Sends ASGI messages.
        write_piece: Writes a piece of the body at once, or returns False.
        header_delay_s: When to send the headers if there is no output, in seconds.
    """

    def __init__(self, form: StreamFormat, send: Send, write_piece: WritePiece, header_delay_s: float) -> None:
        self._form = form
        self._send = send
        self._write_piece = write_piece
        self.started = False
        """The headers are sent, or will be: an error is no HTTP status any more."""
        self._has_headers = False
        self._loop = asyncio.get_running_loop()
        self._written_at: float | None = None  # time of the latest output; None before the first
        self._unsent: list[bytes] = []
        self._sending: asyncio.Task[None] | None = None  # sends them
        self._signs: asyncio.Task[None] | None = None
        # A task exists only for requests that actually wait.
        self._timer = self._loop.call_later(header_delay_s, self._begin_waiting)

    def write(self, data: bytes) -> None:
        """Send output, in the order of the calls. What the client does not read yet is kept; see ``drain``."""
        if not data:
            return
        self._written_at = self._loop.time()
        if not self._has_headers or self._sending is not None or not self._write_piece(data):
            self._send_soon(data)

    async def copy(self, source: AsyncGenerator[bytes, None]) -> None:
        """Write what a generator yields, each time after the client has read enough of what came before."""
        async with aclosing(source) as pieces:
            async for piece in pieces:
                self.write(piece)
                await self.drain()

    async def drain(self) -> None:
        """Wait until the output has been sent. Cancelling the caller does not stop the sending."""
        if self._sending is not None:
            await asyncio.shield(self._sending)

    async def end(self, data: bytes = b"") -> None:
        """Send the last output."""
        self.stop()
        await self.drain()
        await self._start()
        await self._body(data, more=False)

    def stop(self) -> None:
        """End the signs of life."""
        self._timer.cancel()
        if self._signs is not None:
            self._signs.cancel()

    def _send_soon(self, data: bytes) -> None:
        self.started = True
        self._unsent.append(data)
        if self._sending is None:
            self._sending = self._loop.create_task(self._send_unsent())

    async def _send_unsent(self) -> None:
        try:
            await self._start()
            while self._unsent:
                data = b"".join(self._unsent)
                self._unsent.clear()
                await self._body(data)
        finally:
            self._sending = None

    async def _start(self) -> None:
        if self._has_headers:
            return
        self.started = self._has_headers = True
        headers = [
            (b"content-type", f"{self._form.media_type}; charset=utf-8".encode()),
            (b"cache-control", b"no-cache"),
            (b"x-accel-buffering", b"no"),  # otherwise nginx buffers the tokens
            *((name.encode(), value.encode()) for name, value in self._form.headers.items()),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._body(self._form.begin().encode())

    async def _body(self, data: bytes, *, more: bool = True) -> None:
        if data or not more:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})

    def _begin_waiting(self) -> None:
        self._signs = self._loop.create_task(self._wait())

    async def _wait(self) -> None:
        try:
            await self._send_signs_of_life()
        except Exception as error:  # the answer itself may still succeed
            report_bug("a sign of life", error)

    async def _send_signs_of_life(self) -> None:
        self._send_soon(b"")
        while True:
            silent_s = 0.0 if self._written_at is None else self._loop.time() - self._written_at
            if self._written_at is None or silent_s >= SILENCE_S:
                self._send_soon(self._form.waiting().encode())
                await self.drain()
                self._written_at = self._written_at and self._loop.time()
                silent_s = 0.0
            await asyncio.sleep(WAITING_PAUSE_S if self._written_at is None else SILENCE_S - silent_s)
