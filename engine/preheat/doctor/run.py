"""Runs all checks, each in a thread of its own: one that hangs or fails does not hide the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Final

from preheat._version import __version__
from preheat.bugs import failure_of, lacks_memory, places_of
from preheat.doctor.checks import CHECKS, Check
from preheat.doctor.report import CheckResult, Finding, Level, Report, broken, to_do
from preheat.errors import InternalError, reason_of

LIMIT_S: Final = 4.0
"""Time for all checks together, in seconds; those that need longer are reported as such."""


class _Running:
    """One check in its thread; what it has found so far counts, also if it does not end."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._findings: list[Finding] = []
        # A daemon: the process ends although a disk hangs.
        self._thread = threading.Thread(target=self._run, name=f"preheat-doctor-{check.name}", daemon=True)
        self._started = False
        try:
            self._thread.start()
            self._started = True
        except RuntimeError as error:  # the system gives no more threads
            self._note_failure(error)

    def result(self, deadline: float, limit_s: float) -> CheckResult:
        """Return the findings once the check has ended, or at the deadline."""
        if self._started:
            self._thread.join(max(deadline - time.monotonic(), 0.0))
        late = [to_do("doctor_slow", seconds=limit_s)] if self._thread.is_alive() else []
        return CheckResult(self._check.name, self._check.title, (*self._findings, *late))

    def _run(self) -> None:
        try:
            self._findings.extend(self._check.look())
        except Exception as error:
            self._note_failure(error)

    def _note_failure(self, error: Exception) -> None:
        if isinstance(error, OSError) and not lacks_memory(error):
            self._findings.append(broken("doctor_check_failed", (places_of(error),), reason=reason_of(error)))
            return
        failed = failure_of(f"the doctor's check {self._check.name}", error)
        details = (places_of(error),) if isinstance(failed, InternalError) else ()
        self._findings.append(Finding(Level.BROKEN, failed.message, details))


def examine(checks: Sequence[Check] = CHECKS, limit_s: float = LIMIT_S) -> Report:
    """Run all checks and return the report. Takes at most ``limit_s`` seconds. Any thread; never raises."""
    began, made_at = time.monotonic(), time.time()
    # A package that imports its own modules can only be entered by one thread: a second one that begins with such a
    # module gets importlib's _DeadlockError.
    with suppress(Exception):  # the checks that need it say why it cannot be imported
        import_module("preheat.inference")
    running = [_Running(check) for check in checks]
    results = tuple(each.result(began + limit_s, limit_s) for each in running)
    return Report(__version__, made_at, round(time.monotonic() - began, 3), results)
