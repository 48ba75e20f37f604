"""Sends one request to each important endpoint before the port opens, so that no client pays for first-time work.

The first calls of FastAPI, pydantic and json take a tenth of a small model's time to first token.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message

SCOPE_KEY: Final = "preheat.warm_up"
"""In the scope of these requests, which need no key and are not logged."""

_REQUESTS: Final = (
    ("GET", "/health"),
    # An empty object is rejected before the engine is involved.
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/embeddings"),
)


def warm_up(app: ASGIApp) -> None:
    """Send the requests, on a loop of their own. Any thread without a running loop."""
    asyncio.run(_send_requests(app))


async def _send_requests(app: ASGIApp) -> None:
    for method, path in _REQUESTS:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"content-length", b"2")],
            "client": None,
            "server": None,
            "state": {},
            SCOPE_KEY: True,
        }
        await app(scope, _receive, _drop)


async def _receive() -> Message:
    return {"type": "http.request", "body": b"{}", "more_body": False}


async def _drop(message: Message) -> None:
    """Ignore the response."""
