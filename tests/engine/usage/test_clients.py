from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.usage.clients import LEAST_WAKE_UPS, PATIENCE_S, REMEMBERED, ClientHabits

IDS = ("a", "b", "c")


def taught(followed: list[str], client: str = "editor") -> ClientHabits:
    habits = ClientHabits()
    for number, model_id in enumerate(followed):
        habits.wake(client, number * 1000.0)
        habits.use(client, number * 1000.0 + 10, model_id)
    return habits


@given(st.lists(st.sampled_from(IDS), max_size=60))
def test_a_prediction_is_backed_by_four_fifths_of_the_last_wake_ups(followed: list[str]) -> None:
    last = followed[-REMEMBERED:]
    sure = [name for name in IDS if len(last) >= LEAST_WAKE_UPS and last.count(name) >= 0.8 * len(last)]
    assert taught(followed).predict("editor") == (sure[0] if sure else None)


def test_five_times_the_same_is_a_habit_and_four_are_not() -> None:
    assert taught(["a"] * 4).predict("editor") is None
    assert taught(["a"] * 5).wake("editor", 9e6) == "a"
    assert taught(["a"] * 5).predict("another") is None
    assert taught(["a"] * 5).counts("editor", "a") == (5, 5)
    assert taught(["a"] * 5).counts("another", "a") == (0, 0)


def test_a_new_habit_replaces_an_old_one() -> None:
    assert taught(["a"] * 100 + ["b"] * 16).predict("editor") == "b"


def test_only_the_first_request_after_a_wake_up_counts() -> None:
    habits = ClientHabits()
    for number in range(5):
        habits.wake("editor", number * 1000.0)
        for model_id in ("a", "b", "b"):
            habits.use("editor", number * 1000.0 + 1, model_id)
    assert habits.predict("editor") == "a"
    assert habits.counts("editor", "a") == (5, 5)


@pytest.mark.parametrize("delay", [PATIENCE_S + 1, -1.0])
def test_what_does_not_follow_soon_is_no_consequence(delay: float) -> None:
    habits = ClientHabits()
    for number in range(9):
        habits.wake("editor", number * 10_000.0)
        habits.use("editor", number * 10_000.0 + delay, "a")
    assert habits.predict("editor") is None


def test_a_client_that_uses_what_it_asked_about_is_expected_to_do_so_again() -> None:
    habits = ClientHabits()
    for number, model_id in enumerate(("a", "b", "c", "d", "e")):
        habits.wake("terminal", number * 1000.0, model_id)
        habits.use("terminal", number * 1000.0 + 5, model_id)
    assert habits.wake("terminal", 9e6, "new") == "new"
    assert habits.wake("terminal", 9e6) is None  # it has only ever asked for details


def test_a_client_that_asks_about_all_models_is_not_believed() -> None:
    habits = ClientHabits()
    for number in range(9):
        for model_id in IDS:
            habits.wake("editor", number * 1000.0, model_id)
        habits.use("editor", number * 1000.0 + 5, "a")
    assert habits.predict("editor", "c") == "a"  # whatever it asks about, it uses this


@given(st.lists(st.tuples(st.sampled_from(["editor", "notes", ""]), st.sampled_from(IDS), st.booleans()), max_size=60))
def test_stored_and_restored_it_is_the_same(log: list[tuple[str, str, bool]]) -> None:
    habits = ClientHabits()
    for number, (client, model_id, named) in enumerate(log):
        habits.wake(client, number * 100.0, model_id if named else "")
        habits.use(client, number * 100.0 + 1, model_id)
    restored = ClientHabits(habits.to_rows())
    assert restored.to_rows() == habits.to_rows()
    for client in ("editor", "notes", ""):
        assert restored.predict(client) == habits.predict(client)
        assert restored.predict(client, "x") == habits.predict(client, "x")


def test_unknown_clients_are_not_remembered() -> None:
    assert taught(["a"] * 9, client="").to_rows() == ()


def test_invented_names_do_not_fill_the_memory() -> None:
    habits = ClientHabits()
    for number in range(3000):
        habits.wake(f"client {number}", float(number))
        habits.use(f"client {number}", float(number), "a")
        habits.wake(f"other {number}", float(number))
    rows = habits.to_rows()
    assert len(rows) == 1000
    assert rows[-1].client == "client 2999"


def test_what_a_client_uses_at_all_is_likely_the_most_frequent_first() -> None:
    habits = ClientHabits()
    assert habits.likely("chat") == ()
    for number, model_id in enumerate("bacbca" + "b"):
        habits.wake("chat", 1000.0 * number)
        habits.use("chat", 1000.0 * number + 10, model_id)
    habits.wake("chat", 9000.0, "d")
    habits.use("chat", 9010.0, "d")
    assert habits.likely("chat") == ("b", "a", "c")
    assert habits.likely("editor") == ()
    assert ClientHabits(habits.to_rows()).likely("chat") == ("b", "a", "c")
