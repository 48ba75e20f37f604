"""Transitions of the old executor; goes away with it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from preheat.residency.states import State


class Event(StrEnum):
    """What can happen to a model."""

    REQUESTED = "requested"
    STARTED = "started"
    RETRIED = "retried"
    LOADED = "loaded"
    PROBED = "probed"
    CANCELLED = "cancelled"
    EVICTED = "evicted"
    FAILED = "failed"
    EXITED = "exited"


class IllegalTransitionError(Exception):
    """An event that its state does not allow: a bug in the caller."""


TRANSITIONS: Final = {
    (State.COLD, Event.REQUESTED): State.QUEUED,
    (State.FAILED, Event.REQUESTED): State.QUEUED,
    (State.QUEUED, Event.STARTED): State.LOADING,
    (State.QUEUED, Event.CANCELLED): State.COLD,
    (State.QUEUED, Event.FAILED): State.FAILED,  # no room, or the file is gone
    (State.LOADING, Event.LOADED): State.WARMING,
    (State.LOADING, Event.CANCELLED): State.UNLOADING,
    (State.LOADING, Event.FAILED): State.FAILED,
    (State.WARMING, Event.PROBED): State.HOT,
    (State.LOADING, Event.RETRIED): State.QUEUED,  # no memory the first time
    (State.WARMING, Event.RETRIED): State.QUEUED,
    (State.WARMING, Event.CANCELLED): State.UNLOADING,
    (State.WARMING, Event.FAILED): State.FAILED,
    (State.HOT, Event.EVICTED): State.UNLOADING,
    (State.HOT, Event.FAILED): State.FAILED,  # the worker died
    (State.UNLOADING, Event.LOADED): State.UNLOADING,  # the load won the race; drop it
    (State.UNLOADING, Event.PROBED): State.UNLOADING,
    (State.UNLOADING, Event.FAILED): State.UNLOADING,  # it was going anyway
    (State.UNLOADING, Event.EXITED): State.COLD,
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
