"""One connection of the port, with limits: no client can hold it by being slow or endless.

uvicorn only limits idle connections. These limits cost nothing per streamed token: they are timers, started and stopped
a few times per request.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from http import HTTPStatus
from typing import Final, cast

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from preheat.errors import EngineError
from preheat.messages import msg
from preheat.server.access import PEER_KEY, TARGET_KEY, Peer
from preheat.server.errors import HeadersTooLargeError, InvalidHttpError, error_json

logger = logging.getLogger(__name__)

HEAD_TIMEOUT_S: Final = 20.0
"""Seconds for a request line with its headers."""

BODY_TIMEOUT_S: Final = 60.0
"""Seconds without a byte of an unfinished body."""

WRITE_TIMEOUT_S: Final = 120.0
"""Seconds for which a client may read nothing of a response that has filled all buffers."""

MAX_HEAD_BYTES: Final = 64 * 1024
"""Size limit of a request line with its headers."""

MAX_CONNECTIONS: Final = 512
"""Open connections; a further one replaces one without a request. Half of the usual limit of open files."""


class GuardedConnection(HttpToolsProtocol):
    """Closes its connection when a request arrives too slowly, has too large headers, or its response is not read."""

    _timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _reading_head = False
    _peer: Peer | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        """Start to wait for a request."""
        super().connection_made(transport)
        self._expect(HEAD_TIMEOUT_S)
        self._peer = Peer(self.client, self.server, transport.get_extra_info("socket"))
        if len(self.connections) > MAX_CONNECTIONS:
            idle = (each for each in self.connections if isinstance(each, GuardedConnection) and not each.in_request)
            next((each for each in idle if each is not self), self).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._expect(None)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, within the limits."""
        if self._reading_head or not self.in_request:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self._head_ends(data):
                self._refuse(HeadersTooLargeError(msg("headers_too_large", limit=MAX_HEAD_BYTES)))
                return
        elif self._timer is not None:
            self._expect(BODY_TIMEOUT_S)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin a request's head."""
        self._reading_head = True
        self._expect(HEAD_TIMEOUT_S)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin a request's body."""
        self._reading_head = False
        self._head_bytes = 0
        self._expect(BODY_TIMEOUT_S)
        scope = cast(dict[str, object], self.scope)
        scope[PEER_KEY] = self._peer
        if not self.url.startswith(b"/"):
            scope[TARGET_KEY] = self.url
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Let the response take its time."""
        self._expect(None)
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Give the client time to read."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(WRITE_TIMEOUT_S, self._abort, "does not read its response")

    def resume_writing(self) -> None:
        """Continue with a client that reads."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    @property
    def in_request(self) -> bool:
        """Whether a request has arrived whose response is not complete."""
        return self.cycle is not None and not self.cycle.response_complete

    @staticmethod
    def _head_ends(data: bytes) -> bool:
        # A large body may follow a small head in one piece.
        return b"\r\n\r\n" in data[:MAX_HEAD_BYTES]

    def _expect(self, seconds: float | None) -> None:
        """Close the connection unless called again within this time; None waits without limit."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._abort, "sends too slowly")

    def _abort(self, reason: str) -> None:
        logger.info("closed a connection: the client %s", reason)
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser cannot read. uvicorn calls this while it handles the parser's error."""
        self._refuse(_malformed(sys.exception()))

    def _refuse(self, error: EngineError) -> None:
        self._expect(None)
        body = json.dumps(error_json(error)).encode()
        head = (
            f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def _malformed(error: BaseException | None) -> InvalidHttpError:
    """Return the refusal for an error of the parser, whose words are its own and quote nothing."""
    reason = str(error) if isinstance(error, HttpParserError) and error.__context__ is None else "it cannot be read"
    return InvalidHttpError(msg("http_malformed", reason=reason))
