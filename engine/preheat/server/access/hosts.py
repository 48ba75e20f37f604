"""Names of machines in the headers Host and Origin."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final

MAX_PORT: Final = 65535

_HOST: Final = re.compile(
    r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9_.-]+))(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_EMPTY_LABEL: Final = re.compile(r"^\.|\.\.")
_ORIGIN: Final = re.compile(r"https?://(?P<host>[^/@?#\s]+)")


@lru_cache(maxsize=64)
def host_name(value: str) -> str | None:
    """Return the name in a Host header in lower case, without port and brackets; None if it is malformed."""
    match = _HOST.fullmatch(value)
    if match is None or int(match["port"] or 0) > MAX_PORT:
        return None
    name = (match["v6"] or match["name"]).lower()
    if match["v6"] is not None:
        return name if isinstance(address_of(name), ipaddress.IPv6Address) else None
    return None if _EMPTY_LABEL.search(name) else name.removesuffix(".")


def origin_host(origin: str) -> str | None:
    """Return host and port of a web page's origin; None for other origins, such as ``null`` and those of apps."""
    match = _ORIGIN.fullmatch(origin)
    return match["host"] if match is not None else None


@lru_cache(maxsize=64)
def is_loopback(name: str) -> bool:
    """Return whether a host name or address always means this machine."""
    address = address_of(name)
    return f".{name}".endswith(".localhost") or (address is not None and address.is_loopback)


def address_of(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address in its usual form; None for names, and for numbers that only some programs take for one."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
