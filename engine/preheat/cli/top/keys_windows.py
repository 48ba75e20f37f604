"""Keys of a console of Windows."""

from __future__ import annotations

import importlib


def next_key() -> str:
    """Return the next key; blocks."""
    return str(importlib.import_module("msvcrt").getwch())
