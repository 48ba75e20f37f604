"""GETs a part of a file with as little work per byte as Python allows.

``http.client`` reads from the socket straight into the caller's buffer; httpx2, which huggingface_hub uses, takes three
to five times as much processor time. Proxies and certificates are those that huggingface_hub would use.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from preheat._version import __version__
from preheat.errors import reason_of
from preheat.messages import Message, msg

_MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)", re.ASCII)
_BROKEN: Final = (OSError, http.client.HTTPException, ValueError)  # ValueError: a malformed address


class InterruptedTransferError(Exception):
    """The transfer was paused or cancelled, or Preheat stops."""


class Interrupt:
    """A flag that also wakes a thread waiting for the network. Any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None

    def set(self) -> None:
        with self._lock:
            self._event.set()
            _shut_down(self._sock)

    def attach(self, sock: socket.socket | None) -> None:
        """Set the connection to shut down; None for none."""
        with self._lock:
            self._sock = sock
            if self._event.is_set():
                _shut_down(sock)

    def wait(self, seconds: float) -> None:
        """Sleep, and ``check``."""
        self._event.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise ``InterruptedTransferError`` if the interrupt was set."""
        if self._event.is_set():
            raise InterruptedTransferError


def _shut_down(sock: socket.socket | None) -> None:
    if sock is not None:
        with suppress(OSError):  # closed by the other side
            # Not SSLSocket.shutdown: it drops the encryption, and a reader would take what still arrives for content.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


@dataclass(eq=False)
class BrokenConnectionError(Exception):
    """The network failed: no connection, a cut or silent one, or an answer that is not HTTP."""

    message: Message
    retryable: bool = True


class Answer:
    """A response: status, headers with lower-case names, and the body to read. One thread."""

    def __init__(self, response: http.client.HTTPResponse, host: str) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.host = host
        self._response = response
        length = self.headers.get("content-length", "")
        self._length = int(length) if length.isascii() and length.isdigit() and not response.chunked else None
        self._left = self._length
        self._range = _CONTENT_RANGE.fullmatch(self.headers.get("content-range", ""))

    @property
    def begin(self) -> int:
        """Position of the body in the file; -1 if the answer does not say it correctly."""
        if self.status == 200:
            return 0
        return int(self._range[1]) if self._range else -1

    @property
    def total_bytes(self) -> int | None:
        """Size of the whole file; None if the answer does not say."""
        if self.status == 200:
            return self._length
        return int(self._range[3]) if self._range and self._range[3] != "*" else None

    def read_into(self, view: memoryview) -> int:
        """Read what has arrived, at least one byte, and return the number of bytes; 0 at the end."""
        with _broken(self.host):
            if self._response.chunked:
                content = self._response.read1(len(view))
                view[: len(content)] = content
                return len(content)
            if self._left is not None:
                view = view[: self._left]  # after that the connection stays open, and reading would block
            # Not the response's readinto: it waits until the buffer is full, and a slow line shows no progress.
            n_bytes = self._response.fp.readinto1(view) if len(view) else 0
            if self._left is not None:
                self._left -= n_bytes
            return n_bytes


@contextmanager
def get(url: str, headers: Mapping[str, str], begin: int, *, stall_s: float, interrupt: Interrupt) -> Iterator[Answer]:
    """Request everything from byte ``begin`` on, and follow redirects; secret headers go to the first host only.

    Raises ``BrokenConnectionError``, also after ``stall_s`` seconds of silence.
    """
    sent = {"User-Agent": f"preheat/{__version__}", **headers}
    if begin:
        sent["Range"] = f"bytes={begin}-"
    for _ in range(_MAX_REDIRECTS):
        address = urlsplit(url)
        with _broken(address.hostname or url):
            proxy = _proxy_of(address)
            connection = _connect(address, proxy, stall_s)
            path = (address.path or "/") + (f"?{address.query}" if address.query else "")
            extra: dict[str, str] = {}
            if proxy and address.scheme == "http":  # no tunnel: the proxy gets the whole address
                path = f"http://{address.netloc}{path}"
                extra = {"Host": address.netloc, **_proxy_credentials(proxy)}
        try:
            with _broken(address.hostname or url):
                connection.connect()
                interrupt.attach(connection.sock)
                interrupt.check()
                connection.request("GET", path, headers=sent | extra)
                response = connection.getresponse()
            onward = response.headers.get("Location")
            if response.status not in _REDIRECTS or onward is None:
                yield Answer(response, address.hostname or url)
                return
        finally:
            interrupt.attach(None)
            connection.close()
        url = urljoin(url, onward)
        if urlsplit(url)[:2] != address[:2]:
            sent = {name: value for name, value in sent.items() if name.lower() not in ("authorization", "cookie")}
    raise BrokenConnectionError(msg("redirect_loop", host=urlsplit(url).hostname or url), retryable=False)


@contextmanager
def _broken(host: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        message = msg("certificate_untrusted", host=host, reason=error.verify_message)
        raise BrokenConnectionError(message, retryable=False) from error
    except TimeoutError as error:
        raise BrokenConnectionError(msg("connection_silent", host=host)) from error
    except http.client.IncompleteRead as error:
        raise BrokenConnectionError(msg("connection_cut")) from error
    except _BROKEN as error:
        raise BrokenConnectionError(msg("connection_failed", host=host, reason=reason_of(error))) from error


def _connect(address: SplitResult, proxy: SplitResult | None, stall_s: float) -> http.client.HTTPConnection:
    """Return an unopened connection to the host, or to the proxy for it."""
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError("not an address")
    host, port = (proxy.hostname or "", proxy.port or 80) if proxy else (address.hostname, address.port)
    if address.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=stall_s)
    connection = http.client.HTTPSConnection(host, port, timeout=stall_s, context=_certificates())
    if proxy:
        connection.set_tunnel(address.hostname, address.port or 443, headers=_proxy_credentials(proxy))
    return connection


def _proxy_of(address: SplitResult) -> SplitResult | None:
    """Return the proxy of the environment or the system for this address; None for none."""
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    named = proxies.get(address.scheme) or proxies.get("all")
    if not named or proxy_bypass(address.netloc.rpartition("@")[2]):
        return None
    return urlsplit(named if "://" in named else f"http://{named}")


def _proxy_credentials(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


@cache
def _certificates() -> ssl.SSLContext:
    import httpx2  # chooses as huggingface_hub does: SSL_CERT_FILE, else the system's

    return httpx2.create_ssl_context()
