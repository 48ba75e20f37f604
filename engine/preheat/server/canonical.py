"""Paths and methods that mean the same: trailing and double slashes, other prefixes, and HEAD.

Wraps everything else, access control included, so that all rules see one form of a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SLASHES: Final = re.compile(r"/{2,}")


def canonical_path(path: str, aliases: Mapping[str, str]) -> str:
    """Return the path that an endpoint has. A key of ``aliases`` that ends with a slash stands for all paths below."""
    path = _SLASHES.sub("/", path)
    if len(path) > 1:
        path = path.removesuffix("/")
    if path.startswith("/v1/v1/"):  # the client adds what its base URL has already
        path = path.removeprefix("/v1")
    if path in aliases:
        return aliases[path]
    head, slash, rest = path[1:].partition("/")
    prefix = aliases.get(f"/{head}/") if slash else None
    return path if prefix is None else prefix + rest


class CanonicalPaths:
    """Rewrites paths, and answers HEAD like GET without a body."""

    def __init__(self, app: ASGIApp, aliases: Mapping[str, str]) -> None:
        self._app = app
        self._aliases = aliases

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path, method = canonical_path(scope["path"], self._aliases), scope["method"]
            if method == "HEAD":
                # A copy: the server has to know that there is no body.
                scope, send = {**scope, "path": path, "method": "GET"}, _without_body(send)
            elif path != scope["path"]:
                scope = {**scope, "path": path}
        await self._app(scope, receive, send)


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    return send_head
