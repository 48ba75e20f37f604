"""Addresses to listen on, and origins of web pages."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final, Literal

from preheat.settings.declaration import WrongValueError

_HOST_NAME: Final = re.compile(r"(?!.{254})([a-z0-9_]([a-z0-9_-]{0,62})\.)*[a-z0-9_][a-z0-9_-]{0,62}\.?", re.ASCII)
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s*]+|(?!https?:)[a-z][a-z0-9+.-]*://\*", re.ASCII)


AppName = Literal["obsidian", "vscode", "tauri", "chrome-extensions", "firefox-extensions", "capacitor"]

APP_ORIGINS: Final[Mapping[AppName, tuple[str, ...]]] = {
    "obsidian": ("app://obsidian.md",),
    "vscode": ("vscode-webview://*", "vscode-file://*"),
    "tauri": ("tauri://localhost",),
    "chrome-extensions": ("chrome-extension://*",),
    "firefox-extensions": ("moz-extension://*",),
    "capacitor": ("capacitor://localhost", "ionic://localhost"),
}
"""Origins of apps with a built-in browser."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach ``host``, an address or name to listen on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"


def is_origin(text: str) -> bool:
    """Return whether the text is an origin in lower case: scheme and host, without a path.

    ``scheme://*`` is every page of an app's own scheme, such as ``vscode-webview://*``; not of http or https.
    """
    return _ORIGIN.fullmatch(text) is not None


def checked_host(value: str) -> str:
    """Return an address or name in lower case.

    Raises:
        WrongValueError: It is neither, such as one with a port, scheme or brackets.
    """
    host = value.lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if not _HOST_NAME.fullmatch(host):
            raise WrongValueError("value_not_a_host", value=repr(value)) from None
        return host
