"""Streamed responses: one ASGI response for all protocols.

Writes to the server directly: Starlette's ``StreamingResponse`` puts a task group and another iterator between a token
and its client.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Final, Protocol

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


class StreamResponse(Response):
    """Sends the bytes that a generator yields, each one or more whole events.

    Before the first output, and for ``header_delay_s`` at most, errors become ordinary HTTP responses. Then the headers
    are sent, followed by signs of life, so that no client gives up on a model that is loading. A ``subscription`` is
    endless and does not delay a shutdown.
    """

    def __init__(
        self,
        output: Callable[[], AsyncGenerator[bytes, None]],
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
        writer = _Writer(self._form, send, self._header_delay_s)
        try:
            async with (
                self._in_flight.answer(receive, subscription=self._subscription),
                aclosing(self._output()) as output,
            ):
                async for data in output:
                    await writer.write(data)
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


class _Writer:
    """Writes a response: headers at the first output or after a delay, signs of life while there is no output."""

    def __init__(self, form: StreamFormat, send: Send, header_delay_s: float) -> None:
        self._form = form
        self._send = send
        self.started = False
        self._loop = asyncio.get_running_loop()
        self._written_at: float | None = None  # time of the latest output; None before the first
        self._task: asyncio.Task[None] | None = None
        # A task exists only for requests that actually wait.
        self._timer = self._loop.call_later(header_delay_s, self._begin_waiting)

    async def write(self, data: bytes) -> None:
        """Send output."""
        self._written_at = self._loop.time()
        if not self.started:
            await self._start()
        await self._body(data)

    async def end(self, data: bytes = b"") -> None:
        """Send the last output."""
        self.stop()
        await self._start()
        await self._body(data, more=False)

    def stop(self) -> None:
        """End the signs of life."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _start(self) -> None:
        if self.started:
            return
        self.started = True
        headers = [
            (b"content-type", f"{self._form.media_type}; charset=utf-8".encode()),
            (b"cache-control", b"no-cache"),
            (b"x-accel-buffering", b"no"),  # otherwise nginx buffers the tokens
            *((name.encode(), value.encode()) for name, value in self._form.headers.items()),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        if begin := self._form.begin():
            await self._body(begin.encode())

    async def _body(self, data: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    def _begin_waiting(self) -> None:
        self._task = self._loop.create_task(self._wait())

    async def _wait(self) -> None:
        try:
            await self._send_signs_of_life()
        except Exception as error:  # the answer itself may still succeed
            report_bug("a sign of life", error)

    async def _send_signs_of_life(self) -> None:
        await self._start()
        while True:
            silent_s = 0.0 if self._written_at is None else self._loop.time() - self._written_at
            if self._written_at is None or silent_s >= SILENCE_S:
                if sign := self._form.waiting():
                    await self._body(sign.encode())
                self._written_at = self._written_at and self._loop.time()
                silent_s = 0.0
            await asyncio.sleep(WAITING_PAUSE_S if self._written_at is None else SILENCE_S - silent_s)
