"""One request about the newest release: little data, little time, and nothing about the user."""

from __future__ import annotations

import ipaddress
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from preheat._version import __version__
from preheat.errors import EngineError
from preheat.messages import msg, verbatim
from preheat.updates.release import Release, parse_release

if TYPE_CHECKING:
    import httpx2

_MAX_BYTES: Final = 64 * 1024
_MAX_REDIRECTS: Final = 3
_SILENCE_S: Final = 10.0
_TOTAL_S: Final = 20.0
_HEADERS: Final = {"User-Agent": f"Preheat/{__version__}", "Accept": "application/json", "Accept-Encoding": "identity"}


class UpdateCheckError(EngineError, code="update_check_failed", status=502):
    """The address for updates did not answer as expected."""


class UpdateUnreachableError(UpdateCheckError, code="update_unreachable", status=504):
    """There is no connection to the address for updates: nothing was sent."""


class NoUpdateAddressError(EngineError, code="no_update_address", status=400):
    """This build has no address that knows the newest release."""


def fetch_release(address: str, total_s: float = _TOTAL_S) -> Release:
    """Return the newest release that an address names. Blocks for ``total_s`` at most.

    Only https is used, or http on this machine if the build's own address is such.

    Raises:
        UpdateCheckError, UpdateUnreachableError: There is no usable answer.
    """
    answer: Future[bytes] = Future()

    def ask() -> None:
        try:
            answer.set_result(_get(address))
        except BaseException as error:
            answer.set_exception(error)

    # A daemon: a server that sends a byte a minute holds only this thread.
    threading.Thread(target=ask, name="preheat-update", daemon=True).start()
    try:
        return parse_release(answer.result(total_s))
    except TimeoutError:
        raise UpdateCheckError(msg("update_check_failed", reason=msg("update_too_slow"))) from None
    except ValueError as error:
        raise UpdateCheckError(msg("update_check_failed", reason=verbatim(str(error)))) from error


def _get(address: str) -> bytes:
    """Return the body that an address and its redirects lead to."""
    import httpx2

    may_be_http = urlsplit(address).scheme == "http"
    for _ in range(_MAX_REDIRECTS + 1):
        if not _is_allowed(address, may_be_http=may_be_http):
            raise UpdateCheckError(msg("update_check_failed", reason=msg("update_not_https")))
        try:
            # A new client each time: no cookies.
            with httpx2.stream("GET", address, headers=_HEADERS, timeout=_SILENCE_S) as response:
                if not response.has_redirect_location:
                    return _body(response)
                address = urljoin(address, response.headers["location"])
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise UpdateUnreachableError(msg("update_check_failed", reason=verbatim(_words(error)))) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UpdateCheckError(msg("update_check_failed", reason=verbatim(_words(error)))) from error
    raise UpdateCheckError(msg("update_check_failed", reason=msg("update_redirects")))


def _body(response: httpx2.Response) -> bytes:
    if response.status_code != 200:
        raise UpdateCheckError(msg("update_check_failed", reason=msg("update_status", status=response.status_code)))
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UpdateCheckError(msg("update_check_failed", reason=msg("update_encoded")))
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > _MAX_BYTES:
            raise UpdateCheckError(msg("update_check_failed", reason=msg("update_too_large")))
    return bytes(content)


def _is_allowed(address: str, *, may_be_http: bool) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (may_be_http and parts.scheme == "http" and _is_loopback(parts.hostname or ""))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
