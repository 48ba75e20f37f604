"""The headers that access control reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.types import Scope

from preheat.messages import msg
from preheat.server.access.hosts import origin_host
from preheat.server.clients import short_user_agent
from preheat.server.errors import InvalidHeadersError, UnsupportedEncodingError

if TYPE_CHECKING:
    from preheat.server.access.peers import Peer

TARGET_KEY: Final = "preheat.target"
"""In an ASGI scope: the request's target, if it is not just a path."""

PEER_KEY: Final = "preheat.peer"
"""In an ASGI scope: the program at the other end of the connection."""

PAGE_TOKEN_HEADER: Final = "x-preheat-page"
"""Carries the token of Preheat's own page."""

_SINGLE: Final = ("host", "origin", "content-length", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest")
_TARGET: Final = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)
_MAX_LENGTH_DIGITS: Final = 15
_MAX_AGENT: Final = 300
_NO_QUALITY: Final = re.compile(r"q\s*=\s*0(\.0*)?")


def wants_page(scope: Scope) -> bool:
    """Return whether a browser opens ``/``. Other programs do not ask for HTML, and get Ollama's line."""
    if scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
        return False
    accepted = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")
    for part in accepted.lower().split(","):
        media, *options = (piece.strip() for piece in part.split(";"))
        if media in ("text/html", "application/xhtml+xml"):
            return not any(_NO_QUALITY.fullmatch(option) for option in options)
    return False


class RequestHead:
    """The head of one request."""

    def __init__(self, scope: Scope) -> None:
        values: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            values.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        self._values = values
        self._scope = scope
        self.host = (self._first("host") or "").strip(" \t")
        self.origin = self._first("origin")
        self.keys = [key.encode("latin-1").strip() for key in values.get("x-api-key", ())]
        for value in values.get("authorization", ()):
            scheme, _, key = value.partition(" ")
            if scheme.lower() == "bearer":
                self.keys.append(key.encode("latin-1").strip())
        self.accepted = False  # its source is allowed: its answer is for a page of that origin
        self.content_length: int | None = 0  # of the body, after ``check``; None if the client does not announce it
        method, site = scope["method"], self._first("sec-fetch-site")
        # Browsers send no Origin with images, scripts and forms' GET, but always say which site a page is from.
        self.of_page = self.origin is not None or site not in (None, "none")
        self.of_other_site = self.origin is None and site not in (None, "none", "same-origin")
        self.follows_link = (
            method in ("GET", "HEAD")
            and self._first("sec-fetch-mode") == "navigate"
            and self._first("sec-fetch-dest") in (None, "document")  # not a frame in another site's page
        )
        # Without Sec-Fetch-Site (plain HTTP from another machine), a page's own requests still have its origin.
        self.of_own_origin = (
            site == "same-origin"
            if site is not None
            else self.origin is not None and origin_host(self.origin) == self.host.lower()
        )
        self.user_agent = (self._first("user-agent") or "")[:_MAX_AGENT]
        self.program = short_user_agent(self.user_agent)
        self.page_token = self._first(PAGE_TOKEN_HEADER) or ""
        self.preflight = method == "OPTIONS" and "access-control-request-method" in values
        self.requested_headers = self._first("access-control-request-headers") or "authorization, content-type"
        self.private_network = self._first("access-control-request-private-network") == "true"

    @property
    def has_body(self) -> bool:
        """Whether a body follows."""
        return self.content_length != 0

    @property
    def peer(self) -> Peer | None:
        """The program at the other end; None without a connection."""
        peer: Peer | None = self._scope.get(PEER_KEY)
        return peer

    def check(self) -> None:
        """Raise EngineError for headers that two programs could read differently, and for compressed bodies."""
        for name in _SINGLE:
            if len(self._values.get(name, ())) > 1:
                raise InvalidHeadersError(msg("header_repeated", name=name))
        if not self.host:
            raise InvalidHeadersError(msg("host_missing"))
        target: bytes | None = self._scope.get(TARGET_KEY)
        if target is not None:
            match = _TARGET.match(target)
            if match is None or match[1].lower() != self.host.lower().encode("latin-1"):
                raise InvalidHeadersError(msg("target_not_host"))
        length = self._first("content-length")
        coding = ",".join(self._values.get("content-encoding", ())).strip().lower()
        transfer = ",".join(self._values.get("transfer-encoding", ())).strip().lower()
        if coding not in ("", "identity") or transfer not in ("", "chunked"):
            raise UnsupportedEncodingError(msg("body_encoded"))
        if transfer:
            self.content_length = None
        elif length is not None:
            if not (length.isascii() and length.isdigit()):
                raise InvalidHeadersError(msg("content_length_malformed"))
            self.content_length = int(length) if len(length) <= _MAX_LENGTH_DIGITS else 10**_MAX_LENGTH_DIGITS

    def _first(self, name: str) -> str | None:
        values = self._values.get(name)
        return values[0] if values else None
