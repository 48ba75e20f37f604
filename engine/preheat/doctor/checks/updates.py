"""Newer versions: what is known, and whether Preheat asks. Asks nothing itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

from preheat.doctor.context import settings_in_force
from preheat.doctor.report import Finding, good, to_do
from preheat.messages import render
from preheat.units import format_ago


def check_updates() -> Iterator[Finding]:
    """Report what the last question about newer versions brought."""
    from preheat.updates import UpdateCheck, update_advice

    check, daily = UpdateCheck(), settings_in_force().update_check
    known = check.known()
    details = []
    if known.asked_at is not None:
        answered = "" if known.answered_at == known.asked_at else ", without an answer"
        details.append(f"asked {format_ago(max(time.time() - known.asked_at, 0.0))}{answered}")
    if known.newer is not None:
        advice = render(update_advice()).text
        yield to_do("doctor_update_available", version=known.newer.version, advice=advice, details=details)
    elif not check.address:
        yield good("doctor_updates_no_address", details=details)
    else:
        yield good("doctor_updates_daily" if daily else "doctor_updates_off", details=details)
