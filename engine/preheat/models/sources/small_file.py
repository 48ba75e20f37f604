"""Reads small settings files of other programs. They may contain anything."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any, Final

_MAX_BYTES: Final = 1 << 20


def read_text(path: Path) -> str:
    """Return the text of a small regular file; empty if it is missing or unreadable."""
    try:
        status = path.stat()
        # Reading a named pipe would block.
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            return ""
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return ""


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a small file; empty if there is none."""
    try:
        content = json.loads(read_text(path) or "null")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
