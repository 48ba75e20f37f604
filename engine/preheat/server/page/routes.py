"""The routes of the pages."""

from __future__ import annotations

import asyncio
import secrets
from functools import cache
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from preheat._version import __version__
from preheat.server.access import PAGE_FILES, TOKEN_KEY, caller_of, wants_page
from preheat.server.page.files import PageFiles, media_type, page_files, swagger_file
from preheat.server.page.languages import choose_language
from preheat.server.page.translations import LANGUAGES
from preheat.settings import KeyScope

_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_TRUSTED_TYPES: Final = {"require-trusted-types-for": "'script'", "trusted-types": "'none'"}
_DOCS_POLICY: Final = {**_POLICY, "img-src": "'self' data:"}  # the style sheet of Swagger UI has small pictures

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept, Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_FILE_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@cache
def page_token() -> str:
    """Return the token of this process's page: with it, the page may manage."""
    return secrets.token_urlsafe(32)


def page_routes() -> list[Route]:
    """Return the routes. They come before all others: ``/`` is also an endpoint of Ollama."""
    return [
        _BrowserRoute("/", _page, methods=["GET"], include_in_schema=False),
        Route("/page/access", _access, methods=["GET"], include_in_schema=False),
        Route(f"{PAGE_FILES}{{version}}/{{name}}", _file, methods=["GET"], include_in_schema=False),
        Route("/docs", _docs, methods=["GET"], include_in_schema=False),
        Route("/redoc", lambda _: RedirectResponse("/docs", 301), methods=["GET"], include_in_schema=False),
    ]


class _BrowserRoute(Route):
    """Matches only browsers."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or not wants_page(scope):
            return Match.NONE, {}
        return super().matches(scope)


async def _page(request: Request) -> Response:
    token = request.scope.get(TOKEN_KEY, "")
    return await _html("page.html", request, {**_POLICY, **_TRUSTED_TYPES}, token=token, version=__version__)


async def _docs(request: Request) -> Response:
    return await _html("docs.html", request, _DOCS_POLICY)


async def _html(name: str, request: Request, policy: dict[str, str], **fields: str) -> Response:
    language = choose_language(request.headers.get("accept-language", ""), LANGUAGES)
    files = await asyncio.to_thread(page_files)
    text = await asyncio.to_thread(files.page, name, language, **fields)
    security = "; ".join(f"{directive} {value}" for directive, value in policy.items())
    return HTMLResponse(text, headers={**_HEADERS, "Content-Language": language, "Content-Security-Policy": security})


async def _access(request: Request) -> Response:
    """Answer with what the page may do."""
    caller = caller_of(request)
    caller.require(KeyScope.READ)
    return JSONResponse({"scope": caller.scope.value}, headers={"Cache-Control": "no-store"})


async def _file(request: Request) -> Response:
    files: PageFiles = await asyncio.to_thread(page_files)
    name = request.path_params["name"]
    if files.root == f"{PAGE_FILES}{request.path_params['version']}":
        if (content := files.contents.get(name)) is not None:
            return Response(content, headers=_FILE_HEADERS, media_type=media_type(name))
        if (path := swagger_file(name)) is not None:
            return FileResponse(path, headers=_FILE_HEADERS, media_type=media_type(name))
    raise HTTPException(404)
