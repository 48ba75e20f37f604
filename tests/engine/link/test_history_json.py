"""Use over time over the port, and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import EngineError
from preheat.link.history_json import history_from_json
from preheat.usage import UsageBucket, UsageHistory
from preheat.usage.as_json import history_json
from preheat.usage.records import Counts

counts = st.builds(
    Counts,
    hits=st.integers(0, 9),
    misses=st.integers(0, 9),
    wait_s=st.floats(0, 1e6),
    saved_s=st.floats(0, 1e6),
    evictions=st.integers(0, 9),
)
buckets = st.lists(st.builds(UsageBucket, st.integers(0, 2**40), st.sampled_from([3600, 86_400]), counts), max_size=3)


@given(buckets, buckets)
def test_a_history_survives_the_port(hours: list[UsageBucket], days: list[UsageBucket]) -> None:
    history = UsageHistory(tuple(hours), tuple(days))
    assert history_from_json(json.loads(json.dumps(history_json(history)))) == history


@pytest.mark.parametrize("wrong", [{}, {"hours": 1, "days": []}, {"hours": [{"begins_at": 1}], "days": []}])
def test_what_is_no_history_is_another_version(wrong: dict[str, object]) -> None:
    with pytest.raises(EngineError, match="cannot be understood"):
        history_from_json(wrong)
