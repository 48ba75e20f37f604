"""Newer versions: what is known, and whether Preheat checks for them. Sends nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from preheat.doctor.context import settings_in_force
from preheat.doctor.report import Finding, good, to_do
from preheat.messages import render
from preheat.units import format_ago


def check_updates() -> Iterator[Finding]:
    """Report the result of the last check for newer versions."""
    from preheat.updates import UpdateCheck, update_advice

    check, daily = UpdateCheck(), settings_in_force().update_check
    known = check.known()
    details = []
    if known.checked_at is not None:
        failed = "" if known.answered_at == known.checked_at else ", which failed"
        details.append(f"last check: {format_ago(max(time.time() - known.checked_at, 0.0))}{failed}")
    if known.newer is not None:
        advice = render(update_advice()).text
        yield to_do("doctor_update_available", version=known.newer.version, advice=advice, details=details)
    elif not check.address:
        yield good("doctor_updates_no_address", details=details)
    else:
        yield good("doctor_updates_daily" if daily else "doctor_updates_off", details=details)
