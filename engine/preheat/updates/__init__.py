"""Whether a newer version of Preheat exists. Nothing is downloaded or run.

The address comes from the build (``build_info().update_url``) and answers with JSON: ``{"version": "1.2.0", "url":
"https://…", "date": "2026-12-01", "notes_url": "https://…"}``, the last two optional. ``url`` is the page where the
version can be had.
"""

from __future__ import annotations

from preheat.updates.advice import installed_form, update_advice
from preheat.updates.check import DAY_S, Known, UpdateCheck
from preheat.updates.fetch import NoUpdateAddressError, UpdateCheckError, UpdateUnreachableError
from preheat.updates.release import Release

__all__ = [
    "DAY_S",
    "Known",
    "NoUpdateAddressError",
    "Release",
    "UpdateCheck",
    "UpdateCheckError",
    "UpdateUnreachableError",
    "installed_form",
    "update_advice",
]
