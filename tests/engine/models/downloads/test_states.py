from __future__ import annotations

import pytest

from preheat.models.downloads import DownloadState
from preheat.models.downloads.states import TRANSITIONS, IllegalTransitionError, Trigger, next_state


@pytest.mark.parametrize("state", DownloadState)
@pytest.mark.parametrize("trigger", Trigger)
def test_every_pair_is_decided(state: DownloadState, trigger: Trigger) -> None:
    if (state, trigger) in TRANSITIONS:
        assert next_state(state, trigger) is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(IllegalTransitionError):
            next_state(state, trigger)


def test_finished_downloads_only_restart_on_resume() -> None:
    for state in (DownloadState.DONE, DownloadState.FAILED):
        assert {trigger for (begin, trigger), end in TRANSITIONS.items() if begin is state and end is not state} == {
            Trigger.RESUMED
        }
