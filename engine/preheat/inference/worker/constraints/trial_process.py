"""The worker's end of trials: asks a guarded process, which is started when it is needed, and ended when it is not."""

from __future__ import annotations

import json
import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Final

from preheat.inference.worker.guarded_process import GuardedProcess, HelperFailed, Reason

logger = logging.getLogger(__name__)

MEMORY_BYTES: Final = 320 << 20
"""Memory of the process for its vocabulary, a stack of 64 MB and one constraint."""

_MODULE: Final = "preheat.inference.worker.constraints.trial"
_NO_VOCABULARY: Final = b"no vocabulary"
_LIMIT_S: Final = 4.0
"""Longest time for a question on a busy machine; the process also limits its processor time."""

_IDLE_S: Final = 60.0
_VOCABULARY_TOKENS: Final = 1 << 15


class TrialFailed(Exception):  # noqa: N818 # a refusal
    """The trial did not end in time, or not within its memory.

    Attributes:
        may_pass: Another trial may end otherwise: the machine was busy.
    """

    def __init__(self, *, may_pass: bool) -> None:
        super().__init__("It takes too much time or memory to compile")
        self.may_pass: Final = may_pass


class TrialProcess:
    """Runs trials for the vocabulary of one model. Any thread; one trial at a time.

    Args:
        sample: Returns some of the vocabulary's tokens.
        idle_s: The process ends after this time without a trial.
    """

    def __init__(self, sample: Callable[[int], list[bytes]], idle_s: float = _IDLE_S) -> None:
        self._sample = sample
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._processes: list[GuardedProcess] = []  # none or one
        self._used_at = 0.0
        weakref.finalize(self, _close, self._processes)

    @property
    def pid(self) -> int | None:
        """The process id; None if no process runs."""
        processes = self._processes
        return processes[0].pid if processes else None

    def ask(self, kind: str, text: str, *, rule: bool = False, lenient: bool = False) -> dict[str, Any]:
        """Return the answer to a question; see ``trial``.

        Raises:
            TrialFailed: There is none.
        """
        question = json.dumps({"kind": kind, "text": text, "rule": rule, "lenient": lenient}).encode()
        with self._lock:
            try:
                answer = self._answer(question)
            except HelperFailed as failure:
                raise TrialFailed(may_pass=failure.reason not in (Reason.MEMORY, Reason.DIED)) from failure
            finally:
                self._used_at = time.monotonic()
        result: dict[str, Any] = json.loads(answer)
        return result

    def close(self) -> None:
        """End the process; a trial in progress fails. The next one starts another process."""
        _close(self._processes)

    def _answer(self, question: bytes) -> bytes:
        if not self._processes:
            self._processes.append(GuardedProcess(_MODULE, MEMORY_BYTES))
            self._end_when_idle(self._idle_s)
        [process] = self._processes
        answer = process.ask(question, _LIMIT_S)
        if answer == _NO_VOCABULARY:
            tokens = [token.decode("latin-1") for token in self._sample(_VOCABULARY_TOKENS)]
            process.ask(json.dumps({"vocabulary": tokens}).encode(), _LIMIT_S)
            answer = process.ask(question, _LIMIT_S)
        return answer

    def _end_when_idle(self, after_s: float) -> None:
        timer = threading.Timer(after_s, _end_if_idle, [weakref.ref(self)])
        timer.daemon = True
        timer.start()

    def _check_idle(self) -> None:
        with self._lock:
            rest = self._used_at + self._idle_s - time.monotonic()
            if rest > 0:
                self._end_when_idle(rest)
            else:
                _close(self._processes)


def _end_if_idle(trials: weakref.ref[TrialProcess]) -> None:
    process = trials()
    if process is not None:
        process._check_idle()


def _close(processes: list[GuardedProcess]) -> None:
    while processes:
        processes.pop().close()
