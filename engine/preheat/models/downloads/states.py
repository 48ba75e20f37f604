"""The states of a download, its transitions, and what readers see."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final

from preheat.messages import Message, render


class DownloadState(StrEnum):
    """State of a download. ``checking``: the bytes on the disk are compared with the hub's checksum."""

    QUEUED = "queued"
    RUNNING = "running"
    CHECKING = "checking"
    WAITING_FOR_SPACE = "waiting_for_space"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"


class Trigger(StrEnum):
    """Events that change a download's state."""

    STARTED = "started"
    CHECKING = "checking"
    FETCHING = "fetching"
    DISK_FULL = "disk_full"
    PAUSED = "paused"
    RESUMED = "resumed"
    FAILED = "failed"
    FINISHED = "finished"


class IllegalTransitionError(Exception):
    """The state does not allow the trigger: a bug in the caller."""


_S, _T = DownloadState, Trigger
_AT_WORK: Final = {
    _T.CHECKING: _S.CHECKING,
    _T.FETCHING: _S.RUNNING,
    _T.DISK_FULL: _S.WAITING_FOR_SPACE,
    _T.PAUSED: _S.PAUSED,
    _T.FAILED: _S.FAILED,
    _T.FINISHED: _S.DONE,
}
_BY_STATE: Final = {
    _S.QUEUED: {_T.STARTED: _S.RUNNING, _T.PAUSED: _S.PAUSED, _T.RESUMED: _S.QUEUED},
    _S.RUNNING: {**_AT_WORK, _T.RESUMED: _S.RUNNING},
    _S.CHECKING: {**_AT_WORK, _T.RESUMED: _S.CHECKING},
    _S.WAITING_FOR_SPACE: {**_AT_WORK, _T.RESUMED: _S.WAITING_FOR_SPACE},
    _S.PAUSED: {_T.PAUSED: _S.PAUSED, _T.RESUMED: _S.QUEUED},
    _S.FAILED: {_T.PAUSED: _S.FAILED, _T.RESUMED: _S.QUEUED},
    _S.DONE: {_T.PAUSED: _S.DONE, _T.RESUMED: _S.QUEUED},  # its files were removed, and it is requested again
}
TRANSITIONS: Final = {
    (state, trigger): following for state, row in _BY_STATE.items() for trigger, following in row.items()
}


def next_state(state: DownloadState, trigger: Trigger) -> DownloadState:
    """Return the state that follows ``trigger``, or raise ``IllegalTransitionError``."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise IllegalTransitionError(f"{trigger} in state {state}") from None


@dataclass(frozen=True, slots=True)
class DownloadEvent:
    """A change of one download: of its state, or with equal states of its figures or notice."""

    download_id: str
    previous: DownloadState | None  # None for a new download
    state: DownloadState | None  # None for a download that was removed from the list

    @property
    def finished(self) -> bool:
        """Whether files have just arrived in the models folder."""
        return self.state is DownloadState.DONE and self.previous is not DownloadState.DONE


@dataclass(frozen=True, slots=True)
class DownloadSnapshot:
    """One download at one instant: all files of a model, which are fetched together."""

    JSON_PROPERTIES: ClassVar = ("hint",)

    download_id: str = field(metadata={"json": "id"})  # stable over restarts
    name: str  # the request, in the form that a pull understands
    repo: str  # ``owner/name`` on the hub
    file_name: str  # of the model; of a split set, its first part
    state: DownloadState
    done_bytes: int
    total_bytes: int
    bytes_per_s: float | None = None  # smoothed; None unless bytes are coming
    left_s: float | None = None  # estimated time to the end, in seconds; None if unknown
    error: Message | None = None  # why it failed; None unless it did
    # Why it waits, retries or started over, or where the files already were; None for nothing to report.
    notice: Message | None = None

    @property
    def hint(self) -> str | None:
        """Remedy of the error or notice, in English."""
        message = self.error or self.notice
        return render(message).hint or None if message is not None else None
