"""Stops the clock for the windows, so that "4 min ago" and "15:42" are the same in every run."""

from __future__ import annotations

import importlib
import sys
import time
from datetime import date, datetime, tzinfo
from typing import Any

from preheat_gui.dashboard.navigation import PAGES


def stop_clock(now: float) -> None:
    """Make the windows see this Unix time. Timers keep running."""

    class StoppedDate(date):
        @classmethod
        def today(cls) -> StoppedDate:
            return cls.fromtimestamp(now)

    class StoppedDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> StoppedDatetime:
            return cls.fromtimestamp(now, tz)

    for page in PAGES:
        importlib.import_module(f"preheat_gui.dashboard.{page.module}")  # a later import would use the real clock
    stopped: dict[object, Any] = {date: StoppedDate, datetime: StoppedDatetime}
    for name, loaded in list(sys.modules.items()):
        if name.startswith("preheat_gui"):
            for attribute, value in list(vars(loaded).items()):
                if value is date or value is datetime:
                    setattr(loaded, attribute, stopped[value])
    time.time = lambda: now
