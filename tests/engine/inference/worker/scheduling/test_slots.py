"""Which slot a prompt gets, and how much of its beginning is kept."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.worker.prefixes import Missing, shared_prefix
from preheat.inference.worker.scheduling.slots import PrefixReuse, Slot, oldest_idle, plan_reuse

TOKENS = st.lists(st.integers(0, 2), max_size=6)
SLOTS = st.lists(st.builds(Slot, st.just(0), TOKENS, st.integers(0, 3), st.booleans()), max_size=4)


def plan(*slots: Slot, tokens: str = "", reuse: bool = True, recurrent: bool = False) -> PrefixReuse:
    found = plan_reuse(slots, letters(tokens), reuse=reuse, recurrent=recurrent)
    assert found is not None
    return found


def letters(text: str) -> list[int]:
    return [ord(letter) for letter in text]


def slot(index: int, text: str = "", used_at: int = 0, *, busy: bool = False) -> Slot:
    return Slot(index, letters(text), used_at, busy)


@given(TOKENS, TOKENS)
def test_shared_prefix(left: list[int], right: list[int]) -> None:
    length = shared_prefix(left, right)
    assert left[:length] == right[:length]
    assert length == min(len(left), len(right)) or left[length] != right[length]


def test_no_slot_is_free() -> None:
    assert plan_reuse([slot(0, busy=True)], letters("ab"), reuse=True, recurrent=False) is None


def test_a_continued_conversation_keeps_its_slot() -> None:
    found = plan(slot(0), slot(1, "hello there"), tokens="hello there friend")
    assert (found.slot.index, found.held, found.keep, found.shared) == (1, 11, 11, 0)


def test_the_last_token_of_the_same_prompt_is_computed_again() -> None:
    assert plan(slot(0, "abc"), tokens="abc").keep == 2


def test_empty_slots_go_first_and_then_the_least_recently_used() -> None:
    assert plan(slot(0, "xx", 1), slot(1, "", 9), slot(2, "yy", 0), tokens="ab").slot.index == 1
    assert plan(slot(0, "xx", 2), slot(1, "yy", 1), tokens="ab").slot.index == 1


def test_a_long_conversation_is_not_cut_to_a_shared_beginning_but_lends_it() -> None:
    found = plan(slot(0, "system: a long conversation", 1), slot(1), tokens="system: b")
    assert (found.slot.index, found.keep, found.shared) == (1, 0, 8)
    assert found.donor is not None
    assert found.donor.index == 0


def test_a_busy_slot_lends_its_beginning() -> None:
    found = plan(slot(0, "abcdef", busy=True), slot(1), tokens="abcx")
    assert (found.slot.index, found.shared) == (1, 3)


def test_a_recurrent_state_is_not_shared() -> None:
    found = plan(slot(0, "abcdef", busy=True), slot(1), tokens="abcx", recurrent=True)
    assert (found.slot.index, found.donor, found.shared) == (1, None, 0)


@pytest.mark.parametrize(
    ("whole", "even", "kept", "expected"), [(128, 0, 100, 64), (64, 110, 100, 100), (64, 90, 100, 90)]
)
def test_a_slot_knows_which_kept_tokens_are_of_even_steps(whole: int, even: int, kept: int, expected: int) -> None:
    source = Slot(0, list(range(150)), whole=whole, even=even)
    assert PrefixReuse(source, held=150, keep=kept).even(kept, 64) == expected


def test_without_reuse_the_slot_is_emptied() -> None:
    found = plan(slot(0, "abc"), tokens="abcd", reuse=False)
    assert (found.held, found.keep, found.donor) == (3, 0, None)


@given(SLOTS, TOKENS.filter(bool), st.booleans(), st.booleans())
def test_any_plan_is_possible(slots: list[Slot], tokens: list[int], reuse: bool, recurrent: bool) -> None:
    for index, each in enumerate(slots):
        each.index = index
    found = plan_reuse(slots, tokens, reuse=reuse, recurrent=recurrent)
    if found is None:
        assert all(each.busy for each in slots)
        return
    assert not found.slot.busy
    assert found.held == len(found.slot.cached)
    assert found.slot.cached[: found.keep] == tokens[: found.keep]
    assert max(found.keep, found.shared) < len(tokens)
    if found.donor is not None:
        assert found.donor is not found.slot
        assert found.donor.cached[: found.shared] == tokens[: found.shared]


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ([], None),
        ([slot(0)], None),
        ([slot(0, "a", 1, busy=True)], None),
        ([slot(0, "a", 2), slot(1, "b", 1), slot(2, "", 0)], 1),
    ],
)
def test_the_oldest_idle_slot(slots: list[Slot], expected: int | None) -> None:
    oldest = oldest_idle(slots)
    assert (oldest.index if oldest is not None else None) == expected


def test_a_parked_slot_that_finds_no_room_stays_parked_and_is_not_stored() -> None:
    parked = Slot(0, cached=[1, 2], parked=memoryview(b"cells"))
    parked.to_store = [Missing(b"key", b"", 0, array("i", [1, 2]), False)]
    assert parked.cells == 0
    parked.unparked(there=False)
    assert parked.parked is not None
    assert not parked.to_store
    parked.unparked(there=True)
    assert parked.cells == 2
