"""State that survives a restart but is not a setting: the pause of preloading, and room made for other programs."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, TypeGuard

from preheat.clock import CORRECTION_S, MAX_SPAN_S, read_ticks, unix_time
from preheat.files import read_json, write_atomic

logger = logging.getLogger(__name__)

_MAX_TIME: Final = 1e11
_MAX_BYTES: Final = 2**63
_NO_END: Final = "resumed"


@dataclass(frozen=True, slots=True)
class Room:
    """Memory that is left to other programs for some time.

    Attributes:
        limit_bytes: What models may take meanwhile.
        wanted_bytes: What was asked to be available; None if every model was to leave.
        until: Unix time of its end; infinite until it is ended.
        models: Those that were in memory, and return at its end.
    """

    limit_bytes: int
    wanted_bytes: int | None
    until: float
    models: tuple[str, ...]


class PersistentState:
    """A small state file; losing it loses only the pause and the room. Reading and writing block briefly on the disk.

    Both last as long as was asked, also if the clock is set meanwhile: their ends move with it.

    Args:
        path: The file; it may be missing.
        clock: Returns Unix time.
        ticks: Returns the seconds of a counter that is never set; None for the machine's, or ``clock`` if it is another
            than ``unix_time``.
    """

    def __init__(
        self, path: Path, clock: Callable[[], float] = unix_time, ticks: Callable[[], float] | None = None
    ) -> None:
        self._path = path
        self._clock = clock
        self._ticks = ticks or (_ticks if clock is unix_time else clock)
        self._offset_s = self._clock() - self._ticks()  # with which the ends were written
        self._paused_until: float | None = None
        self._room: Room | None = None
        try:
            content = read_json(path)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            logger.warning("%s cannot be read and is ignored: %s", path, error)
            return
        if isinstance(content, dict):
            self._paused_until = _until(content.get("paused_until"), content.get("paused_at"), clock())
            self._room = _room(content.get("room"), clock())

    @property
    def paused_until(self) -> float | None:
        """Unix time until which preloading is paused; infinite until resumed; None when not paused."""
        self._follow_clock()
        return self._paused_until

    @paused_until.setter
    def paused_until(self, until: float | None) -> None:
        self._follow_clock()
        self._paused_until = until
        self._save()

    @property
    def room(self) -> Room | None:
        """The room that is kept for other programs; None without one."""
        self._follow_clock()
        return self._room

    @room.setter
    def room(self, room: Room | None) -> None:
        self._follow_clock()
        self._room = room
        self._save()

    def _follow_clock(self) -> None:
        """Move both ends by as much as the clock was set."""
        offset_s = self._clock() - self._ticks()
        moved_s = offset_s - self._offset_s
        if abs(moved_s) <= CORRECTION_S:
            return
        self._offset_s = offset_s
        if self._paused_until is not None:
            self._paused_until += moved_s
        if self._room is not None:
            self._room = replace(self._room, until=self._room.until + moved_s)

    def _save(self) -> None:
        now, room = self._clock(), self._room
        content: dict[str, object] = {"paused_until": _written(self._paused_until), "paused_at": now}
        if room is not None:
            content["room"] = {**asdict(room), "until": _written(room.until), "at": now}
        try:
            write_atomic(self._path, json.dumps(content), durable=False)
        except OSError as error:
            logger.warning("%s cannot be saved: %s", self._path, error)


def _ticks() -> float:
    return read_ticks().seconds


def _written(until: float | None) -> float | str | None:
    """Return a time as JSON, which has no infinity."""
    return _NO_END if until is not None and math.isinf(until) else until


def _room(content: object, now: float) -> Room | None:
    """Return a stored room; None without a whole one, or if its time is over."""
    if not isinstance(content, dict):
        return None
    until = _until(content.get("until"), content.get("at"), now)
    limit, wanted, models = content.get("limit_bytes"), content.get("wanted_bytes"), content.get("models")
    if until is None or until <= now or not _is_bytes(limit) or not (wanted is None or _is_bytes(wanted)):
        return None
    names = models if isinstance(models, list) else []
    return Room(limit, wanted, until, tuple(name for name in names if isinstance(name, str)))


def _until(value: object, began_at: object, now: float) -> float | None:
    """Return the end of something stored. It lasts no longer than it was meant to, also if the clock was set back."""
    if value == _NO_END:
        return math.inf
    if not _is_time(value):
        return None
    length_s = max(value - began_at, 0) if _is_time(began_at) else MAX_SPAN_S
    return min(value, now + min(length_s, MAX_SPAN_S))


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MAX_TIME


def _is_bytes(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_BYTES
