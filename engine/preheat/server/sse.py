"""Server-sent events: one ASGI response for all streams.

Writes to the server directly: Starlette's ``StreamingResponse`` puts a task group and another iterator between a token
and its client.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from preheat.errors import EngineError
from preheat.server.access import CLIENT_GONE_STATUS
from preheat.server.errors import error_json, error_response
from preheat.server.in_flight import ClientGoneError, InFlight

logger = logging.getLogger(__name__)

COMMENT_PAUSE_S: Final = 0.5
"""Time between two comments while a stream waits for its first event."""

_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # otherwise nginx buffers the tokens
]


class EventStream(Response):
    """Sends the bytes that a generator yields, each one or more whole events.

    Before the first event, and for ``header_delay_s`` at most, errors become ordinary HTTP responses. Then the headers
    are sent, followed by comments, so that no client gives up on a model that is loading. After the headers, an error
    is sent as an event and ends the stream. A ``subscription`` is endless and does not delay a shutdown.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: Callable[[], AsyncGenerator[bytes, None]],
        in_flight: InFlight,
        *,
        header_delay_s: float,
        comment: Callable[[], str],
        subscription: bool = False,
    ) -> None:
        super().__init__()
        self._events = events
        self._in_flight = in_flight
        self._header_delay_s = header_delay_s
        self._comment = comment
        self._subscription = subscription
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        waiting = _Waiting(self._header_delay_s, lambda: self._send_comments(send))
        try:
            async with (
                self._in_flight.answer(receive, subscription=self._subscription),
                aclosing(self._events()) as events,
            ):
                await self._send_events(events, waiting, send)
        except ClientGoneError:
            logger.debug("client disconnected from a stream")
            if not self._started:
                await Response(status_code=CLIENT_GONE_STATUS)(scope, receive, send)
        except EngineError as error:
            waiting.end()
            if not self._started:
                await error_response(error)(scope, receive, send)
            else:
                event = b"" if self._subscription else f"data: {json.dumps(error_json(error))}\n\n".encode()
                await send({"type": "http.response.body", "body": event, "more_body": False})
        finally:
            waiting.end()

    async def _send_events(self, events: AsyncGenerator[bytes, None], waiting: _Waiting, send: Send) -> None:
        async for event in events:
            waiting.end()
            await self._start(send)
            await send({"type": "http.response.body", "body": event, "more_body": True})
        waiting.end()
        await self._start(send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, send: Send) -> None:
        if not self._started:
            self._started = True
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})

    async def _send_comments(self, send: Send) -> None:
        await self._start(send)
        while True:
            comment = f": {self._comment()}\n\n".encode()
            await send({"type": "http.response.body", "body": comment, "more_body": True})
            await asyncio.sleep(COMMENT_PAUSE_S)


class _Waiting:
    """Starts a coroutine after a delay, until ``end``. The task only exists for requests that actually wait."""

    def __init__(self, delay_s: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(delay_s, self._begin)

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._work())

    def end(self) -> None:
        """Stop the timer and the task."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            if self._task is not None:
                self._task.cancel()
                self._task = None
