"""Every pair of state and event is decided."""

from __future__ import annotations

import pytest

from preheat.residency.states import State
from preheat.residency.transitions import TRANSITIONS, Event, IllegalTransitionError, next_state


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_every_pair_is_decided(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransitionError, match=f"{event} in state {state}"):
            next_state(state, event)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {State.COLD}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached:
        reached |= more
    assert reached == set(State)
    assert {before for before, _ in TRANSITIONS} == set(State)


@pytest.mark.parametrize("state", State)
def test_every_state_leads_back_to_cold_or_failed(state: State) -> None:
    seen = {state}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in seen} - seen:
        seen |= more
    assert seen & {State.COLD, State.FAILED}
