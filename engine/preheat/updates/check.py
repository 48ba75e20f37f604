"""Looks for newer releases, at most once a day, and remembers the answer over restarts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from preheat import paths
from preheat._version import __version__
from preheat.clock import Ticks, read_ticks, unix_time
from preheat.files import read_json, write_atomic
from preheat.installation import build_info
from preheat.messages import msg
from preheat.updates.fetch import NoUpdateAddressError, UpdateUnreachableError, fetch_release
from preheat.updates.release import Release, is_newer, parse_release

logger = logging.getLogger(__name__)

DAY_S: Final = 86_400.0
"""Least time between two checks, in seconds."""

_AGAIN_S: Final = 60.0
"""The same for checks that the user repeats."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the last answer was."""

    checked_at: float | None = None  # Unix time of the last check; None before one
    answered_at: float | None = None  # Unix time of the last check with a usable answer; None without one
    newer: Release | None = None  # the newest release, if it is newer than this one


@dataclass(frozen=True, slots=True)
class _Record:
    """The file's content."""

    checked_at: float  # Unix time
    ticks: Ticks  # the same moment; the clock may have been set since
    answered_at: float | None = None  # Unix time
    release: Release | None = None  # the answer


@dataclass(slots=True)
class UpdateCheck:
    """Sends requests to the build's address, and remembers the answer in a small file. Blocks; one thread at a time.

    Attributes:
        address: Empty if the build has none.
    """

    address: str = field(default_factory=lambda: build_info().update_url)
    path: Path = field(default_factory=lambda: paths.data_dir() / "update.json")
    clock: Callable[[], float] = unix_time
    ticks: Callable[[], Ticks] = read_ticks
    fetch: Callable[[str], Release] = fetch_release
    _unwritten: _Record | None = field(init=False, default=None)

    def known(self) -> Known:
        """Return the remembered answer. Sends nothing."""
        record = self._read()
        if record is None:
            return Known()
        newer = record.release is not None and is_newer(record.release, __version__)
        return Known(record.checked_at, record.answered_at, record.release if newer else None)

    def due_in_s(self) -> float:
        """Return when the next check is due, in seconds from now; 0 for now."""
        record = self._read()
        if record is None:
            return 0.0
        ticks = self.ticks()
        if ticks.source == record.ticks.source and ticks.seconds >= record.ticks.seconds:
            passed_s = ticks.seconds - record.ticks.seconds
        else:
            passed_s = self.clock() - record.checked_at
            if passed_s < 0:  # the clock was wrong then, or is now: a day counts from here
                self._put(replace(record, checked_at=self.clock(), ticks=ticks))
                return DAY_S
        return max(DAY_S - passed_s, 0.0)

    def check_if_due(self, *, for_user: bool = False, now: bool = False) -> Known:
        """Check if the last check is a day old; return what is known.

        Args:
            for_user: The user waits for the answer: a minute is enough after a check that failed.
            now: A minute is enough after any check.

        Raises:
            NoUpdateAddressError, UpdateUnreachableError, UpdateCheckError: See ``check_now``.
        """
        known = self.known()
        early = now or (for_user and known.answered_at != known.checked_at)
        if self.address and self.due_in_s() > (DAY_S - _AGAIN_S if early else 0.0):
            return known
        return self.check_now()

    def check_now(self) -> Known:
        """Check now, and remember the answer.

        Raises:
            NoUpdateAddressError: The build has no address.
            UpdateUnreachableError: There is no connection. It does not count as a check.
            UpdateCheckError: The answer is not usable. What was known stays.
        """
        if not self.address:
            raise NoUpdateAddressError(msg("no_update_address"))
        before = self._read()
        now, ticks = self.clock(), self.ticks()
        # Before the answer: a program that is ended meanwhile must not check again at each start.
        self._put(_Record(now, ticks) if before is None else replace(before, checked_at=now, ticks=ticks))
        try:
            release = self.fetch(self.address)
        except UpdateUnreachableError:
            self._restore(before)
            raise
        self._put(_Record(now, ticks, now, release))
        return self.known()

    def _read(self) -> _Record | None:
        if self._unwritten is not None:
            return self._unwritten
        try:
            content = read_json(self.path)
            seconds, source = content["ticks"]
            answer = content["answer"]
            return _Record(
                float(content["checked_at"]),
                Ticks(float(seconds), str(source)),
                None if answer is None else float(answer["at"]),
                None if answer is None else parse_release(json.dumps(answer)),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, OverflowError) as error:
            logger.debug("%s is ignored: %s", self.path, error)
            return None

    def _restore(self, record: _Record | None) -> None:
        if record is not None:
            self._put(record)
            return
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s cannot be removed: %s", self.path, error)

    def _put(self, record: _Record) -> None:
        content: dict[str, Any] = {
            "checked_at": record.checked_at,
            "ticks": [record.ticks.seconds, record.ticks.source],
            "answer": None if record.release is None else {"at": record.answered_at, **asdict(record.release)},
        }
        try:
            write_atomic(self.path, json.dumps(content), durable=False)
            self._unwritten = None
        except OSError as error:
            logger.warning("%s cannot be written: %s", self.path, error)
            self._unwritten = record
