"""Decides which records are old enough to be folded. The system's clock alone never decides that.

A record's age is the time that has really passed since it was written: a clock that is set a year ahead, or back, makes
no record older. Each look at the log stores how much time has passed since the log was begun, with the last records.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from preheat.clock import Ticks
from preheat.usage.file import transaction
from preheat.usage.schema import DAY_S, whole_where

LOOK_INTERVAL_S: Final = 3600.0
"""Time between two looks of one process, in seconds."""

MOST_PASSED_S: Final = 7.0 * DAY_S
"""Longest time between two looks that counts, in seconds: a counter that is set, in a virtual machine, does no harm."""

MOST_OFF_S: Final = 31.0 * DAY_S
"""Longest time for which a machine is believed to have been off, in seconds. More is a clock that is wrong."""

_WHOLE_LOOK: Final = whole_where(numbers="passed_s highest ticks requests decisions wakes", texts="source")


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the log.

    Attributes:
        passed_s: Seconds since the log was begun, as far as they are certain.
        highest: Latest Unix time that the system's clock showed.
        ticks: Reading of the counter that is never set.
    """

    passed_s: float
    highest: float
    ticks: Ticks


def look_again(before: Look | None, wall: float, ticks: Ticks) -> Look:
    """Return the look after ``before``. Pure.

    The counter says how much time has passed. After a restart of the machine only the clock can, where it is ahead of
    every time it showed before: no time passes twice, however often it is set.
    """
    if before is None:
        return Look(0.0, wall, ticks)
    if ticks.source == before.ticks.source and ticks.seconds >= before.ticks.seconds:
        passed_s = min(ticks.seconds - before.ticks.seconds, MOST_PASSED_S)
    else:
        off_s = wall - before.highest
        passed_s = off_s if 0.0 < off_s <= MOST_OFF_S else 0.0
    return Look(before.passed_s + passed_s, max(wall, before.highest), ticks)


@dataclass(frozen=True, slots=True)
class LastRecords:
    """Ids of the last records at a look; none was written later."""

    requests: int
    decisions: int
    wakes: int


def look_at(connection: sqlite3.Connection, wall: float, ticks: Ticks, history_s: float) -> LastRecords | None:
    """Store a look, and return the last records that are older than the history; None if there are none."""
    with transaction(connection):
        row = connection.execute(
            f"SELECT passed_s, highest, ticks, source FROM looks WHERE {_WHOLE_LOOK} ORDER BY passed_s DESC LIMIT 1"
        ).fetchone()
        now = look_again(Look(row[0], row[1], Ticks(row[2], row[3])) if row else None, wall, ticks)
        connection.execute(
            "INSERT OR REPLACE INTO looks (passed_s, highest, ticks, source, requests, decisions, wakes) "
            "SELECT ?, ?, ?, ?, ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'requests'), 0), "
            "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'decisions'), 0), "
            "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'wakes'), 0)",
            (now.passed_s, now.highest, *now.ticks),
        )
        found = connection.execute(
            f"SELECT passed_s, requests, decisions, wakes FROM looks WHERE {_WHOLE_LOOK} AND passed_s <= ? "
            "ORDER BY passed_s DESC LIMIT 1",
            (now.passed_s - history_s,),
        ).fetchone()
        if found is None:
            return None
        connection.execute("DELETE FROM looks WHERE passed_s < ?", found[:1])
        return LastRecords(*found[1:])
