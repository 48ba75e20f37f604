"""Finds the number of threads with which steps of one kind are fastest, by trying. Pure.

A step runs about 1,000 barriers, at which all threads wait for the slowest one. A thread that shares its core with
another program therefore slows down all of them, and fewer threads are faster. Nothing here knows a processor: the
times of the steps decide. A few steps now and then run with another number; what is clearly faster stays. ``Allowance``
limits the time that trials may cost.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

_SHARE: Final = 0.01
"""Share of the computing time that trials may cost on a machine that does not change."""

_SHARE_AFTER_CHANGES: Final = 0.05
"""In addition, the share for trials after a change of the machine."""

_MOST_SAVED_S: Final = 0.25
"""Limit of each of the two budgets and of their debts, in seconds."""

_TRIAL_S: Final = 0.06
"""Duration of a trial, in seconds: longer than the turns in which a system shares a core among programs."""

_LONG_STEP_S: Final = 0.25
"""From this duration on, one step is a trial."""

_FEWEST_STEPS: Final = 2
_ENOUGH_STEPS: Final = 8
_MOST_STEPS: Final = 16
_MEMORY_STEPS: Final = 12
"""Steps over which the current number's cost is averaged."""

_BETTER: Final = 0.97
"""The cost of more threads must be below this share of the current cost. Fewer threads need not be faster."""

_CLEAR: Final = 0.1
"""Difference of the costs at which a trial needs no more steps."""

_HOPELESS: Final = 1.5
"""A trial ends after its first step at this multiple of the current cost."""

_SUDDEN: Final = 1.25
"""Most of the last steps cost this multiple of the mean, or this fraction: the machine has changed."""

_SUDDEN_STEPS: Final = 4
_SOON_S: Final = 0.25
"""Time between trials while a change is examined, in seconds of computing."""

_LATER_S: Final = 1.0
"""Time until the first trial without a change; doubles with each trial in vain."""

_LATEST_S: Final = 16.0


class Allowance:
    """The computing time that trials may cost, for all kinds of steps together."""

    def __init__(self) -> None:
        self._usual_s = _MOST_SAVED_S
        self._after_changes_s = _MOST_SAVED_S

    def earn(self, seconds: float) -> None:
        """Add the shares of a step's time."""
        self._usual_s = min(_MOST_SAVED_S, self._usual_s + _SHARE * seconds)
        self._after_changes_s = min(_MOST_SAVED_S, self._after_changes_s + _SHARE_AFTER_CHANGES * seconds)

    def pays(self, seconds: float, *, changed: bool) -> bool:
        """Return whether a trial with this expected cost may start; ``changed`` if the machine has just changed."""
        return seconds <= (self._after_changes_s if changed else self._usual_s)

    def spend(self, seconds: float, *, changed: bool) -> None:
        """Subtract what a trial has cost; it may be more than there was."""
        if changed:
            self._after_changes_s = max(self._after_changes_s - seconds, -_MOST_SAVED_S)
        else:
            self._usual_s = max(self._usual_s - seconds, -_MOST_SAVED_S)


@dataclass(slots=True)
class _Trial:
    count: int
    changed: bool  # begun because the machine has changed
    costs: list[float] = field(default_factory=list)
    lost_s: float = 0.0


class CountChooser:
    """Chooses the number of threads for steps of one kind.

    Args:
        most: The largest number.
        first: The number to begin with.
        allowance: Shared by all kinds.
        others: Number of cores that other programs use.
    """

    def __init__(self, most: int, first: int, allowance: Allowance, others: int) -> None:
        self._most = most
        self._allowance = allowance
        self.current = first
        self._mean = 0.0
        self._steps = 0  # that the mean is of
        self._time_s = 0.0  # their duration
        self._recent: deque[float] = deque(maxlen=_SUDDEN_STEPS)
        self._trial: _Trial | None = None
        self._candidates: list[int] = []  # the next one last
        self._changed = False
        self._others = others
        self._best: dict[int, int] = {}  # the number at an earlier time, by cores that others used
        self._wait_s = _LATER_S
        self._waited_s = 0.0

    @property
    def count(self) -> int:
        """The number for the next step."""
        return self.current if self._trial is None else self._trial.count

    def note_load(self, others: int, *, active: bool) -> None:
        """Note that other programs now use this many cores; ``active`` if steps of this kind run now."""
        self._best[self._others] = self.current
        before, self._others = self._others, others
        likely = self._best.get(others)
        if likely is None:
            # What was best before, without sharing a core with the others.
            likely = min(self.current, self._most - others) if others > before else self.current + before - others
            likely = min(max(likely, 1), self._most)
        if active:
            self._examine(likely)
        else:
            self.current = likely
            self._restart()

    def took(self, cost: float, seconds: float) -> None:
        """Take in a step with ``count`` threads.

        Args:
            cost: What the numbers are compared by: seconds, divided by what makes steps of this kind comparable.
            seconds: Its duration.
        """
        self._allowance.earn(seconds)
        if self._trial is not None:
            self._judge(self._trial, cost, seconds)
            return
        self._waited_s += seconds
        if self._add(cost, seconds):
            self._examine(self.current)
        elif self._known and self._waited_s >= self._wait_s:
            self._begin_trial(seconds)

    @property
    def _known(self) -> bool:
        """Whether the mean is of enough steps to compare others with it."""
        enough = self._time_s >= _TRIAL_S or self._steps >= _ENOUGH_STEPS
        return enough and self._steps >= _FEWEST_STEPS

    def _add(self, cost: float, seconds: float) -> bool:
        """Add a step to the mean; return whether the last steps differ much from those before."""
        before = self._mean
        self._steps += 1
        self._time_s += seconds
        self._recent.append(cost)
        self._mean += (cost - before) / min(self._steps, _MEMORY_STEPS)
        slower = sum(each > before * _SUDDEN for each in self._recent)
        faster = sum(each < before / _SUDDEN for each in self._recent)
        return self._steps > 2 * _SUDDEN_STEPS and max(slower, faster) > _SUDDEN_STEPS // 2

    def _examine(self, likely: int) -> None:
        """The machine has changed: try this number next, at once if it is another one, then the neighbours."""
        self._restart()
        others = [count for count in _neighbours(self.current, self._most) if count != likely]
        self._candidates = [*reversed(others), likely] if likely != self.current else others[::-1]
        self._changed = True
        self._wait_s, self._waited_s = _SOON_S, _SOON_S if likely != self.current else 0.0

    def _restart(self) -> None:
        """Forget the costs."""
        self._trial = None
        self._steps, self._time_s = 0, 0.0
        self._recent.clear()

    def _begin_trial(self, seconds: float) -> None:
        if not self._candidates:
            self._changed = False
            self._candidates = _neighbours(self.current, self._most)[::-1]
        count = self._candidates[-1]
        expected_s = seconds * max(self.current / count - 1, 0.5)
        if self._allowance.pays(expected_s, changed=self._changed):
            self._candidates.pop()
            self._trial = _Trial(count, self._changed)

    def _judge(self, trial: _Trial, cost: float, seconds: float) -> None:
        """Add a step to the trial, and end it when its outcome is clear."""
        trial.costs.append(cost)
        trial.lost_s += seconds * (1 - self._mean / cost)
        steps = len(trial.costs)
        mean = sum(trial.costs) / steps
        ratio = mean / self._mean
        wanted = min(max(math.ceil(_TRIAL_S / seconds), _FEWEST_STEPS), _ENOUGH_STEPS) if seconds < _LONG_STEP_S else 1
        unclear = abs(ratio - 1) < _CLEAR and seconds < _LONG_STEP_S
        hopeless = ratio >= _HOPELESS or (steps >= _FEWEST_STEPS and min(trial.costs) > self._mean * (1 + _CLEAR))
        if not hopeless and steps < (_MOST_STEPS if unclear else wanted):
            return
        self._trial, self._waited_s = None, 0.0
        self._allowance.spend(max(trial.lost_s, 0.0), changed=trial.changed)
        if ratio >= (_BETTER if trial.count > self.current else 1.0):
            self._wait_s = _SOON_S if self._candidates and self._changed else min(self._wait_s * 2, _LATEST_S)
            return
        before, self.current = self.current, trial.count
        self._mean, self._steps, self._time_s = mean, _FEWEST_STEPS, _TRIAL_S
        self._recent.clear()
        others = [each for each in _neighbours(trial.count, self._most) if each != before]
        self._candidates = [before, *reversed(others)]  # the one before has just lost: it is the last
        free = max(self._most - self._others, 1)
        # A number that leaves cores unused, or shares some, may have won by chance.
        plausible = abs(trial.count - free) < abs(before - free)
        self._wait_s = _LATER_S if plausible and not others else _SOON_S


def _neighbours(count: int, most: int) -> list[int]:
    """Return the numbers to try from this one, in turn."""
    far = max(2, count // 3)
    return [each for each in (count - far, count - 1, count + 1, count + far) if 1 <= each <= most]
