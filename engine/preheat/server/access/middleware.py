"""Checks host, origin, API key and body size before anything else sees a request.

Plain ASGI: Starlette's ``BaseHTTPMiddleware`` puts a task and a queue between each streamed token and the client.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from preheat.bugs import failure_of
from preheat.errors import EngineError
from preheat.server.access.callers import CALLER_KEY
from preheat.server.access.head import RequestHead, wants_page
from preheat.server.access.rules import AccessRules
from preheat.server.bodies import SCOPE_KEY as BODY_KEY
from preheat.server.bodies import BodyReader
from preheat.server.errors import error_response
from preheat.server.warm_up import SCOPE_KEY

logger = logging.getLogger(__name__)

KEYLESS_PATHS: Final = frozenset({"/health", "/docs", "/redoc"})
PAGE_FILES: Final = "/page/files/"
"""Path of the files of Preheat's own pages. They are the same everywhere, so that no key is needed."""

TOKEN_KEY: Final = "preheat.page_token"
"""In the scope of a request for the page: the token that the page may hold."""

CLIENT_GONE_STATUS: Final = 499  # nginx's code for a client that disconnected before the response
_METHODS: Final = "GET, POST, PUT, PATCH, DELETE, OPTIONS"


class AccessMiddleware:
    """Checks requests against ``AccessRules``, answers CORS, and logs method, path, status and duration."""

    def __init__(self, app: ASGIApp, rules: AccessRules) -> None:
        self._app = app
        self._rules = rules
        self._bodies = BodyReader(rules.max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        head = RequestHead(scope)
        status: int | None = None

        def watched_send(message: Message) -> object:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if head.origin is not None and head.accepted:
                    message["headers"] = [*message.get("headers", ()), *_cors_headers(head.origin)]
            return send(message)

        try:
            # ``watched_send`` is not a coroutine function, which saves a coroutine for each streamed token.
            await self._answer(scope, head, receive, watched_send)  # type: ignore[arg-type] # returns an awaitable
        except Exception as error:
            failed = failure_of(f"{scope['method']} {_log_path(scope)}", error)
            if status is None:
                await error_response(failed, scope)(scope, receive, watched_send)  # type: ignore[arg-type]
        finally:
            elapsed_ms = (time.perf_counter() - started) * 1000
            if SCOPE_KEY not in scope:
                shown = CLIENT_GONE_STATUS if status is None else status
                line = "%s %s %d %.1f ms", scope["method"], _log_path(scope), shown, elapsed_ms
                # Later: the client gets the end of its answer first.
                asyncio.get_running_loop().call_soon(logger.info, *line)

    async def _answer(self, scope: Scope, head: RequestHead, receive: Receive, send: Send) -> None:
        try:
            head.check()
            self._rules.check_source(head)
            head.accepted = True
            if head.preflight and head.origin is not None:
                await _preflight(head)(scope, receive, send)
                return
            if wants_page(scope):
                scope[TOKEN_KEY] = self._rules.page_token if self._rules.shares_token(head) else ""
            elif SCOPE_KEY not in scope and not _is_keyless(scope["path"]):
                scope[CALLER_KEY] = self._rules.caller(head)
            if head.has_body:
                body = await self._bodies.receive(head.content_length, receive)
                if body is None:
                    return
                scope[BODY_KEY] = body
        except EngineError as error:
            await error_response(error, scope)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            if BODY_KEY in scope:
                scope[BODY_KEY].close()


def _is_keyless(path: str) -> bool:
    return path in KEYLESS_PATHS or path.startswith(PAGE_FILES)


def _cors_headers(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"Retry-After"),
        (b"vary", b"Origin"),
    ]


def _preflight(head: RequestHead) -> Response:
    answer = {
        "access-control-allow-methods": _METHODS,
        "access-control-allow-headers": head.requested_headers,
        "access-control-max-age": "600",
    }
    if head.private_network:
        answer["access-control-allow-private-network"] = "true"
    return Response(status_code=204, headers=answer)


def _log_path(scope: Scope) -> str:
    """Return the percent-encoded path, which cannot forge log lines, without its query."""
    raw = scope.get("raw_path")
    return raw.decode("ascii", "backslashreplace") if raw else quote(scope["path"])
