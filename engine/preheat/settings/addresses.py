"""Addresses to listen on, and where web pages come from."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_HOST_NAME: Final = re.compile(r"(?!.{254})([a-z0-9_]([a-z0-9_-]{0,62})\.)*[a-z0-9_][a-z0-9_-]{0,62}\.?", re.ASCII)
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+", re.ASCII)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach ``host``, an address or name to listen on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"


def is_origin(text: str) -> bool:
    """Return whether the text is a web page's origin, in lower case: scheme and host, without a path."""
    return _ORIGIN.fullmatch(text) is not None


def checked_host(value: str) -> str:
    """Return an address or name in lower case.

    Raises:
        ValueError: It is neither; a port, a scheme and brackets do not belong to it.
    """
    host = value.lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if not _HOST_NAME.fullmatch(host):
            raise ValueError(f"{value!r} is not a host name or address") from None
        return host
