"""Time that passes in tests of the usage log."""

from __future__ import annotations

from preheat.clock import Ticks
from preheat.usage import UsageLog

DAY_S = 86_400.0


class Time:
    """A system clock that can be set, and the counter that cannot.

    Attributes:
        now: Unix time of the system clock.
        ticks_s: Seconds of the counter.
        boot: Its source: changes when the machine restarts.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self.ticks_s = 1000.0
        self.boot = "1"

    def clock(self) -> float:
        return self.now

    def ticks(self) -> Ticks:
        return Ticks(self.ticks_s, self.boot)

    def restart(self, off_s: float = 0.0) -> None:
        """Switch the machine off for some time."""
        self.now += off_s
        self.ticks_s = 10.0
        self.boot += "1"

    def let_pass(self, log: UsageLog, days: float) -> None:
        """Let days pass, with a look at the log every few days."""
        for step in [5.0] * int(days // 5) + [days % 5]:
            self.now += step * DAY_S
            self.ticks_s += step * DAY_S
            look(log)


def look(log: UsageLog) -> None:
    """Write something, after which old records are folded."""
    log.save_rows("look", [])
    assert log.write_pending()
