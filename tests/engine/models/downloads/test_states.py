from __future__ import annotations

import pytest

from preheat.models.downloads.snapshot import DownloadState
from preheat.models.downloads.states import TRANSITIONS, Event, IllegalTransitionError, next_state


@pytest.mark.parametrize("state", DownloadState)
@pytest.mark.parametrize("event", Event)
def test_every_pair_is_decided(state: DownloadState, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransitionError):
            next_state(state, event)


def test_nothing_that_is_over_runs_without_being_asked() -> None:
    for state in (DownloadState.DONE, DownloadState.FAILED):
        assert {event for (begin, event), end in TRANSITIONS.items() if begin is state and end is not state} == {
            Event.RESUMED
        }
