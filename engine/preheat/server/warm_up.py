"""One request to each endpoint that matters, before the port opens, so that no client pays for "the first time".

FastAPI reads an endpoint's source when it is first called (15 ms on the first of all), pydantic and json have their
own first times; together they would be a tenth of a small model's time to first token.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Scope

SCOPE_KEY: Final = "preheat.rehearsal"
"""In the scope of a request that nobody sent, and that no log should show."""

_REQUESTS: Final = (
    ("GET", "/health"),
    # An empty object is refused before the engine is asked for anything.
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/embeddings"),
)


def warm_up(app: ASGIApp) -> None:
    """Send the requests, on a loop of this call's own. Any thread without a running loop."""
    asyncio.run(_rehearse(app))


async def _rehearse(app: ASGIApp) -> None:
    for method, path in _REQUESTS:
        await app(_scope(method, path), _receive, _send)


def _scope(method: str, path: str) -> Scope:
    return {
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


async def _receive() -> Message:
    return {"type": "http.request", "body": b"{}", "more_body": False}


async def _send(message: Message) -> None:
    """Drop the answer."""
