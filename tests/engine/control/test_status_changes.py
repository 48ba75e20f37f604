"""What a status stream sends after its first event."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from preheat.control import changes, merged

VALUES = st.none() | st.booleans() | st.integers(0, 3) | st.text(max_size=2) | st.lists(st.integers(0, 2), max_size=2)
ITEMS = st.dictionaries(
    st.sampled_from("abcd"), st.fixed_dictionaries({"state": VALUES, "progress": VALUES, "params": st.just({"x": 1})})
)


@st.composite
def statuses(draw: st.DrawFn) -> dict[str, Any]:
    """Return a status whose lists are in the order that the engine gives them."""
    return {
        "memory": draw(st.dictionaries(st.sampled_from("ab"), VALUES)),
        "uptime_s": draw(VALUES),
        **{
            name: [{"id": key, **item} for key, item in sorted(draw(ITEMS).items())]
            for name in ("models", "requests", "downloads")
        },
    }


@given(statuses(), statuses())
def test_a_change_leads_from_one_status_to_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    change = json.loads(json.dumps(changes(old, new)))
    got = merged(old, change)
    assert sorted_lists(got) == sorted_lists(new)
    assert got["models"] == new["models"]
    assert changes(new, new) == {}


def sorted_lists(status: dict[str, Any]) -> dict[str, Any]:
    return {
        key: sorted(value, key=lambda item: str(item["id"])) if key in ("requests", "downloads") else value
        for key, value in status.items()
    }


def test_new_items_come_last_and_others_stay_the_same_objects() -> None:
    kept = {"id": 1, "client": "a"}
    status = {"models": [], "downloads": [], "requests": [kept, {"id": 2}]}
    change = changes(status, {**status, "requests": [kept, {"id": 10}]})
    assert change == {"requests": {"2": None, "10": {"id": 10}}}
    got = merged(status, change)["requests"]
    assert got == [kept, {"id": 10}]
    assert got[0] is kept
