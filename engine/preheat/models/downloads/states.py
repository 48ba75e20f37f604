"""A download's life as an enum and a table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from preheat.models.downloads.snapshot import DownloadState as State


class Event(StrEnum):
    """What can happen to a download."""

    STARTED = "started"
    CHECKING = "checking"
    FETCHING = "fetching"
    HELD = "held"
    PAUSED = "paused"
    RESUMED = "resumed"
    FAILED = "failed"
    FINISHED = "finished"


class IllegalTransitionError(Exception):
    """An event that its state does not allow: a bug in the caller."""


TRANSITIONS: Final = {
    (State.QUEUED, Event.STARTED): State.RUNNING,
    (State.QUEUED, Event.PAUSED): State.PAUSED,
    (State.QUEUED, Event.RESUMED): State.QUEUED,
    (State.RUNNING, Event.CHECKING): State.CHECKING,
    (State.RUNNING, Event.FETCHING): State.RUNNING,
    (State.RUNNING, Event.HELD): State.PAUSED,  # the disk is full
    (State.RUNNING, Event.PAUSED): State.PAUSED,
    (State.RUNNING, Event.RESUMED): State.RUNNING,
    (State.RUNNING, Event.FAILED): State.FAILED,
    (State.RUNNING, Event.FINISHED): State.DONE,
    (State.CHECKING, Event.CHECKING): State.CHECKING,
    (State.CHECKING, Event.FETCHING): State.RUNNING,
    (State.CHECKING, Event.HELD): State.PAUSED,
    (State.CHECKING, Event.PAUSED): State.PAUSED,
    (State.CHECKING, Event.RESUMED): State.CHECKING,
    (State.CHECKING, Event.FAILED): State.FAILED,
    (State.CHECKING, Event.FINISHED): State.DONE,
    (State.PAUSED, Event.FETCHING): State.RUNNING,  # there is room again
    (State.PAUSED, Event.HELD): State.PAUSED,
    (State.PAUSED, Event.PAUSED): State.PAUSED,
    (State.PAUSED, Event.RESUMED): State.QUEUED,
    (State.FAILED, Event.PAUSED): State.FAILED,
    (State.FAILED, Event.RESUMED): State.QUEUED,
    (State.DONE, Event.PAUSED): State.DONE,
    (State.DONE, Event.RESUMED): State.QUEUED,  # its files were removed, and it is asked for again
}


def next_state(state: State, event: Event) -> State:
    """Return the state that follows ``event``.

    Raises:
        IllegalTransitionError: The pair is not in TRANSITIONS.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransitionError(f"{event} in state {state}") from None
