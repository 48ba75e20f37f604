"""How far a load is: its stages, weighted with the time that each takes. Pure."""

from __future__ import annotations

import math
from typing import Final

from preheat.inference import LoadStages

TICK_S: Final = 0.1
"""Interval between reports, in seconds."""

_BYTES_PER_S: Final = (0.5e9, 5e9, 4e9)  # first guesses: from a disk, into a model, and two tokens
_LEAST_S: Final = (0.02, 0.1, 0.1)
_HURRIED_PROBE_S: Final = 0.02
_KNOWN_SPEED_S: Final = 0.3  # time of reading after which its speed is known
_LINEAR: Final = 0.9  # share of a stage that its expected time brings
_MOST: Final = 0.99


def expected_stages(file_bytes: int, last: LoadStages | None, *, probe: bool) -> LoadStages:
    """Return what a load is expected to consist of, from the last one with the same model if there was one.

    Args:
        probe: The load ends with a probe, since no request waits for it.
    """
    read_s, make_s, probe_s = (least + file_bytes / speed for least, speed in zip(_LEAST_S, _BYTES_PER_S, strict=True))
    if last is not None:
        make_s = last.make_s or make_s
        probe_s = last.probe_s if last.probe_s > _HURRIED_PROBE_S else probe_s
        if last.disk_share:  # otherwise it was in the page cache
            read_s = last.read_s / last.disk_share
    return LoadStages(read_s, make_s, probe_s if probe else _HURRIED_PROBE_S)


class LoadProgress:
    """The progress of one load. It never falls, and the load reaches 1 only by becoming hot."""

    def __init__(self, expected: LoadStages) -> None:
        self._expected = [expected.read_s, expected.make_s, expected.probe_s]
        self._stage = 0
        self._elapsed_s = 0.0  # in this stage
        self._read = 0.0
        self._share = 0.0

    def pass_time(self, seconds: float) -> None:
        """Time has passed in which the load was not on hold."""
        self._elapsed_s += seconds

    def read(self, share: float) -> None:
        """This share of the files is in memory."""
        if self._stage:
            return
        self._read = max(self._read, share)
        if share >= 1.0:
            self._enter(1)
        elif share > 0.0 and self._elapsed_s >= _KNOWN_SPEED_S:
            self._expected[0] = self._elapsed_s / share

    def made(self) -> None:
        """Weights and context are in memory; the probe begins."""
        self._enter(2)

    @property
    def share(self) -> float:
        """The part of the load that is done, 0 to 1."""
        expected_s = max(self._expected[self._stage], 1e-3)
        part = self._read if not self._stage else _eased(self._elapsed_s / expected_s)
        done_s = sum(self._expected[: self._stage]) + expected_s * part
        self._share = max(self._share, min(done_s / max(sum(self._expected), 1e-3), _MOST))
        return self._share

    def _enter(self, stage: int) -> None:
        # What has ended took what it took; files that were in the page cache, nothing.
        if self._stage < stage:
            self._expected[self._stage] = self._elapsed_s
            self._stage, self._elapsed_s = stage, 0.0


def _eased(share: float) -> float:
    """Return how far a stage is after this share of its expected time: nearly all, however long it takes."""
    rest = 1 - _LINEAR
    return share if share <= _LINEAR else 1 - rest * math.exp(-(share - _LINEAR) / rest)
