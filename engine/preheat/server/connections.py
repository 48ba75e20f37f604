"""One connection of the port, with limits: no client can hold it by being slow or endless.

uvicorn only limits idle connections. These limits cost nothing per streamed token: they are timers, started and stopped
a few times per request.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import logging
import sys
import weakref
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Final, cast

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from preheat.errors import EngineError
from preheat.messages import msg
from preheat.server.access import PEER_KEY, TARGET_KEY, Peer
from preheat.server.connection_limit import Use, connection_limit
from preheat.server.errors import HeadersTooLargeError, InvalidHttpError, error_json
from preheat.server.in_flight import CLOSED_KEY
from preheat.server.joined_writes import JoinedWrites
from preheat.server.streams import SUBSCRIPTION_KEY, WRITE_KEY

logger = logging.getLogger(__name__)

HEAD_TIMEOUT_S: Final = 10.0
"""Seconds for a request line with its headers."""

BODY_TIMEOUT_S: Final = 30.0
"""Seconds without a byte of an unfinished body."""

WRITE_TIMEOUT_S: Final = 120.0
"""Seconds for which a client may read nothing of a response that has filled all buffers."""

LINGER_S: Final = 2.0
"""Seconds for a client to read why it is refused. Closing earlier would lose the answer while it still sends."""

MAX_HEAD_BYTES: Final = 64 * 1024
"""Size limit of a request line with its headers; also of chunk extensions and trailers between two pieces of a body."""

MAX_HEADERS: Final = 256

MAX_PIPELINED: Final = 16
"""Requests that may follow on a connection before the first one is answered."""

MAX_DISCARDED_BYTES: Final = 256 * 1024 * 1024
"""Bytes of a body that are still read after its request was answered."""

MAX_PIECES: Final = 100_000
"""Pieces of a body, at 16 bytes on average. Smaller ones only cost time."""

ENDED_AT_ONCE: Final = 16
"""Connections without a request that end together when there are too many: each search costs time."""

LAST_LOOK_S: Final = 0.04
"""Seconds between the two looks for a last request before a server that ends closes a connection."""

MIN_BODY_RATE: Final = 512
"""Bytes per second that a body needs on average."""

RATE_AFTER_S: Final = 60.0
"""Seconds of a body after which its rate counts."""


class GuardedConnection(HttpToolsProtocol):
    """Closes its connection when a request arrives too slowly, has too large headers, or its response is not read."""

    _timer: asyncio.TimerHandle | None = None
    _timer_at = 0.0  # when it ends, in the loop's time
    _patience_s: float | None = None  # see ``_expect``
    _expires_at = 0.0
    _write_timer: asyncio.TimerHandle | None = None
    _peer: Peer | None = None
    _refused = False
    _ends = False  # the server ends, and answers no further request
    _in_head = False
    _in_body = False
    _head_bytes = 0  # of the current head
    _headers = 0  # number of headers in the current head
    _idle_bytes = 0  # received since the last head or piece of a body was complete
    _body_bytes = 0  # of the current body
    _pieces = 0  # of the current body
    _body_began_at = 0.0
    last_active_at = 0.0
    """Time of the loop when the client last sent something."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        """Start to wait for a request; make room if there are too many connections."""
        super().connection_made(transport)
        self.last_active_at = self.loop.time()
        self._closed: asyncio.Future[None] = self.loop.create_future()
        self._expect(HEAD_TIMEOUT_S)
        self._peer = Peer(self.client, self.server, transport.get_extra_info("socket"))
        if len(self.connections) > connection_limit():
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._expect(None)
        self._stop_timer()
        self.resume_writing()
        super().connection_lost(exc)
        self._end_answers()

    def _end_answers(self) -> None:
        if not self._closed.done():
            self._closed.set_result(None)

    def _make_room(self) -> None:
        """End the connections that do the least; this one if all others are at work."""
        others = (each for each in self.connections if isinstance(each, GuardedConnection) and each is not self)
        least = heapq.nsmallest(ENDED_AT_ONCE, ((each.use, each.last_active_at, id(each), each) for each in others))
        if not least or least[0][0] is Use.ANSWER:
            self.transport.abort()
            return
        for use, _, _, each in least:
            if use is Use.NOTHING or each is least[0][3]:
                each.transport.abort()

    @property
    def use(self) -> Use:
        """What the connection is used for."""
        if self.cycle is None or self.cycle.response_complete:
            return Use.NOTHING if self.cycle is None else Use.IDLE
        if self._in_body:
            return Use.BODY
        if self._write_timer is not None:
            return Use.UNREAD_ANSWER
        return Use.SUBSCRIPTION if self.cycle.scope["state"].get(SUBSCRIPTION_KEY) else Use.ANSWER

    def data_received(self, data: bytes) -> None:
        """Parse, within the limits."""
        self.last_active_at = self.loop.time()
        if self._refused:
            return
        self._idle_bytes += len(data)
        if self._in_body and self._patience_s is not None:
            self._expect(BODY_TIMEOUT_S)
        super().data_received(data)
        if self._idle_bytes > MAX_HEAD_BYTES and not self._refused:
            self._refuse(HeadersTooLargeError(msg("headers_too_large", limit=MAX_HEAD_BYTES, count=MAX_HEADERS)))

    def on_message_begin(self) -> None:
        """Begin a request's head."""
        if not self._refused:
            self._in_head = True
            self._head_bytes = self._headers = 0
            self._expect(HEAD_TIMEOUT_S)
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Add to the request's target."""
        if not self._refused:
            self._head_bytes += len(url)
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. Those after a body are passed over."""
        if self._refused or self._in_body:
            return
        self._head_bytes += len(name) + len(value)
        self._headers += 1
        if self._headers > MAX_HEADERS or self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(HeadersTooLargeError(msg("headers_too_large", limit=MAX_HEAD_BYTES, count=MAX_HEADERS)))
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin a request's body."""
        if self._refused:
            return
        if len(self.pipeline) >= MAX_PIPELINED:
            self._refused = True
            self._abort("sends requests without waiting for answers")
            return
        self._in_head, self._in_body = False, True
        self._idle_bytes = self._body_bytes = self._pieces = 0
        self._body_began_at = self.loop.time()
        self._expect(BODY_TIMEOUT_S)
        scope = cast(dict[str, object], self.scope)
        scope[PEER_KEY] = self._peer
        scope[CLOSED_KEY] = self._closed
        if not self.url.startswith(b"/"):
            scope[TARGET_KEY] = self.url
        super().on_headers_complete()
        self.cycle.keep_alive = self.cycle.keep_alive and not self._ends
        self.cycle.transport = cast(asyncio.Transport, JoinedWrites(self.transport))
        scope[WRITE_KEY] = partial(_write_piece, weakref.ref(self.cycle))  # the cycle has the scope

    def on_body(self, body: bytes) -> None:
        """Receive a piece of a body, unless its client takes too long or its request has been answered already."""
        if self._refused:
            return
        self._idle_bytes = 0
        self._body_bytes += len(body)
        self._pieces += 1
        elapsed_s = self.last_active_at - self._body_began_at
        if self._pieces > MAX_PIECES and self._body_bytes < 16 * self._pieces:
            self._refused = True
            self._abort("sends its body in tiny pieces")
        elif elapsed_s > RATE_AFTER_S and self._body_bytes < MIN_BODY_RATE * elapsed_s:
            self._abort("sends too slowly")
        elif self.cycle.response_complete and self._body_bytes > MAX_DISCARDED_BYTES:
            self._abort("goes on sending after the answer")
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Let the response take its time."""
        if not self._refused:
            self._in_body = False
            self._idle_bytes = 0
            self._expect(None)
            super().on_message_complete()
            if not self.pipeline:
                self.flow.resume_reading()  # a large body has paused it; the client's leaving has to be noticed

    def shutdown(self) -> None:
        """Answer what has arrived, and what is on its way, and close.

        uvicorn closes connections without a request at once: one that a client has just sent would be lost.
        """
        self._ends = True
        if self._at_rest:
            self.loop.call_later(LAST_LOOK_S, self._look_again)
        elif self.cycle is not None:
            self.cycle.keep_alive = False

    def _look_again(self) -> None:
        # After a long pause of the loop, timers may precede the data that has arrived meanwhile.
        if self._at_rest:
            self.loop.call_later(LAST_LOOK_S, self._close_at_rest)

    def _close_at_rest(self) -> None:
        if self._at_rest:
            self.transport.close()

    @property
    def _at_rest(self) -> bool:
        """Whether no request is arriving or being answered."""
        return not self._in_head and (self.cycle is None or self.cycle.response_complete)

    def pause_writing(self) -> None:
        """Give the client time to read."""
        super().pause_writing()
        if self._write_timer is None:
            self._await_reading(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Continue with a client that reads."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def _await_reading(self, unread_bytes: int) -> None:
        self._write_timer = self.loop.call_later(WRITE_TIMEOUT_S, self._check_reading, unread_bytes)

    def _check_reading(self, unread_before: int) -> None:
        unread_bytes = self.transport.get_write_buffer_size()
        if unread_bytes < unread_before:
            self._await_reading(unread_bytes)
        else:
            self._abort("does not read its response")

    def _expect(self, seconds: float | None) -> None:
        """Close the connection unless called again within this time; None waits without limit.

        One timer serves many calls: it continues until the latest one's time is over.
        """
        self._patience_s = seconds
        if seconds is None:
            return
        self._expires_at = self.loop.time() + seconds
        if self._timer is None or self._timer_at > self._expires_at:
            self._start_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer_at = self._expires_at
        self._timer = self.loop.call_at(self._timer_at, self._expire)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if self._patience_s is None:
            return
        if self._timer_at < self._expires_at:
            self._start_timer()
        elif self.flow.read_paused and not self._refused:
            self._expect(self._patience_s)  # the client has to wait, for memory or for the answer before
        else:
            self._abort("sends too slowly")

    def _abort(self, reason: str) -> None:
        logger.info("closed a connection: the client %s", reason)
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser cannot read. uvicorn calls this while it handles the parser's error."""
        if not self._refused:
            self._refuse(_malformed(sys.exception()))

    def _refuse(self, error: EngineError) -> None:
        """Answer instead of the application, and pass over everything that follows."""
        self._refused = True
        if self.transport.is_closing():
            return
        body = json.dumps(error_json(error)).encode()
        head = (
            f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self._abort("sends something else than a request during an answer")
            return
        self.pipeline.clear()
        if self.cycle is not None:  # its answer would come after the end
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._end_answers()
        self._expect(LINGER_S)
        self.transport.write(head.encode() + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()


def _write_piece(cycle_of: Callable[[], RequestResponseCycle | None], data: bytes) -> bool:
    """Write a piece of a body in chunked encoding; return False if that is not possible now.

    The same as the cycle's ``send`` does: awaiting it takes several times as long, through all that is in between.
    """
    cycle = cycle_of()
    if cycle is None or cycle.flow.write_paused or cycle.disconnected or not cycle.chunked_encoding:
        return False
    cycle.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
    return True


def _malformed(error: BaseException | None) -> InvalidHttpError:
    """Return the refusal for an error of the parser, which quotes nothing from the client."""
    reason = str(error) if isinstance(error, HttpParserError) and error.__context__ is None else "it cannot be read"
    return InvalidHttpError(msg("http_malformed", reason=reason))
