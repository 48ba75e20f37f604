"""The answer about the newest release. It comes from the network, and may contain anything. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

_MAX_VERSION: Final = 64
_MAX_URL: Final = 2000
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Preheat.

    Raises:
        ValueError: A browser must not be sent to its ``url``.
    """

    version: str  # as PEP 440 writes it
    url: str  # the page where it can be had; always https
    date: str = ""  # ISO 8601; empty if unknown
    notes_url: str = ""  # the page with the changes; https, or empty

    def __post_init__(self) -> None:
        if not is_page(self.url) or (self.notes_url and not is_page(self.notes_url)):
            raise ValueError("its url is not an https address")


def parse_release(content: bytes | str) -> Release:
    """Return the release in an answer. Fields that this version does not know are ignored.

    Raises:
        ValueError: The answer is not in the form; the words name the part at fault, and quote nothing.
    """
    from packaging.version import InvalidVersion, Version

    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(answer, dict):
        raise ValueError("it is not a JSON object")
    version = answer.get("version")
    if not isinstance(version, str) or len(version) > _MAX_VERSION:
        raise ValueError("it has no version")
    try:
        parsed = Version(version)
    except InvalidVersion:
        raise ValueError("its version is not one of PEP 440") from None
    notes = answer.get("notes_url", "")
    return Release(str(parsed), answer.get("url", ""), _date(answer.get("date")), notes if is_page(notes) else "")


def is_page(url: Any) -> bool:
    """Return whether a text is an address that a browser may be sent to: https, a host, no user name."""
    if not isinstance(url, str) or len(url) > _MAX_URL or not _PRINTABLE.fullmatch(url) or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError for a wrong one
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def is_newer(release: Release, installed: str) -> bool:
    """Return whether a release is newer than the installed version. Pre-releases count only for pre-releases."""
    from packaging.version import Version

    theirs, ours = Version(release.version), Version(installed)
    return theirs > ours and (ours.is_prerelease or not theirs.is_prerelease)


def _date(text: Any) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except (TypeError, ValueError):
        return ""
