from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.usage.clients import FOLLOWS_WITHIN_S, MIN_WAKES, RECORD_INTERVAL_S, REMEMBERED, ClientHabits, WakeFilter

IDS = ("a", "b", "c")
NOW = 1_760_000_000.0


def habits_of(followed: list[str], client: str = "editor") -> ClientHabits:
    habits = ClientHabits()
    for number, model_id in enumerate(followed):
        habits.wake(client, number * 1000.0)
        habits.use(client, number * 1000.0 + 10, model_id)
    return habits


@given(st.lists(st.sampled_from(IDS), max_size=60))
def test_a_prediction_needs_four_fifths_of_the_last_wakes(followed: list[str]) -> None:
    last = followed[-REMEMBERED:]
    sure = [name for name in IDS if len(last) >= MIN_WAKES and last.count(name) >= 0.8 * len(last)]
    assert habits_of(followed).predict("editor") == (sure[0] if sure else None)


def test_five_equal_wakes_are_a_habit_and_four_are_not() -> None:
    assert habits_of(["a"] * 4).predict("editor") is None
    assert habits_of(["a"] * 5).wake("editor", 9e6) == "a"
    assert habits_of(["a"] * 5).predict("another") is None


def test_a_new_habit_replaces_an_old_one() -> None:
    assert habits_of(["a"] * 100 + ["b"] * 16).predict("editor") == "b"


def test_only_the_first_request_after_a_wake_counts() -> None:
    habits = ClientHabits()
    for number in range(5):
        habits.wake("editor", number * 1000.0)
        for model_id in ("a", "b", "b"):
            habits.use("editor", number * 1000.0 + 1, model_id)
    assert habits.predict("editor") == "a"


@pytest.mark.parametrize("delay", [FOLLOWS_WITHIN_S + 1, -1.0])
def test_a_late_request_does_not_count(delay: float) -> None:
    habits = ClientHabits()
    for number in range(9):
        habits.wake("editor", number * 10_000.0)
        habits.use("editor", number * 10_000.0 + delay, "a")
    assert habits.predict("editor") is None


def test_a_client_that_uses_the_named_model_is_expected_to_do_so_again() -> None:
    habits = ClientHabits()
    for number, model_id in enumerate(("a", "b", "c", "d", "e")):
        habits.wake("terminal", number * 1000.0, model_id)
        habits.use("terminal", number * 1000.0 + 5, model_id)
    assert habits.wake("terminal", 9e6, "new") == "new"
    assert habits.wake("terminal", 9e6) is None  # it always named a model before


def test_a_client_that_names_all_models_is_predicted_by_its_use() -> None:
    habits = ClientHabits()
    for number in range(9):
        for model_id in IDS:
            habits.wake("editor", number * 1000.0, model_id)
        habits.use("editor", number * 1000.0 + 5, "a")
    assert habits.predict("editor", "c") == "a"  # it uses this one, whichever it names


@given(st.lists(st.tuples(st.sampled_from(["editor", "notes", ""]), st.sampled_from(IDS), st.booleans()), max_size=60))
def test_restored_habits_are_the_same(log: list[tuple[str, str, bool]]) -> None:
    habits = ClientHabits()
    for number, (client, model_id, named) in enumerate(log):
        habits.wake(client, number * 100.0, model_id if named else "")
        habits.use(client, number * 100.0 + 1, model_id)
    restored = ClientHabits(habits.to_rows())
    assert restored.to_rows() == habits.to_rows()
    for client in ("editor", "notes", ""):
        assert restored.predict(client) == habits.predict(client)
        assert restored.predict(client, "x") == habits.predict(client, "x")


def test_clients_without_a_name_are_not_remembered() -> None:
    assert habits_of(["a"] * 9, client="").to_rows() == ()


def test_the_number_of_clients_is_limited() -> None:
    habits = ClientHabits()
    for number in range(3000):
        habits.wake(f"client {number}", float(number))
        habits.use(f"client {number}", float(number), "a")
        habits.wake(f"other {number}", float(number))
    rows = habits.to_rows()
    assert len(rows) == 1000
    assert rows[-1].client == "client 2999"


def test_likely_models_are_ordered_by_frequency() -> None:
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


def test_a_polling_client_is_recorded_once_per_interval() -> None:
    wakes = WakeFilter()
    recorded = [second for second in range(600) if wakes.accept("app/1", NOW + second)]
    assert recorded == list(range(0, 600, int(RECORD_INTERVAL_S)))


def test_wakes_are_recorded_per_client_with_and_without_a_model() -> None:
    wakes = WakeFilter()
    asked = [("app/1", ""), ("app/2", ""), ("app/1", "a"), ("app/1", "b"), ("app/1", ""), ("", "")]
    assert [wakes.accept(client, NOW, model_id) for client, model_id in asked] == [True, True, True, *[False] * 3]


def test_the_first_wake_after_a_request_is_recorded() -> None:
    wakes = WakeFilter()
    assert wakes.accept("app/1", NOW)
    wakes.reset("app/1")
    assert wakes.accept("app/1", NOW + 5)
    assert not wakes.accept("app/1", NOW + 6)


def test_wakes_are_recorded_after_the_clock_was_set_back() -> None:
    wakes = WakeFilter()
    assert wakes.accept("app/1", NOW)
    assert wakes.accept("app/1", NOW - 86_400)
    assert not wakes.accept("app/1", NOW - 86_400 + 1)


def test_the_oldest_recorded_clients_are_forgotten() -> None:
    wakes = WakeFilter()
    assert all(wakes.accept(f"app/{number}", NOW) for number in range(1001))
    assert wakes.accept("app/0", NOW)
    assert not wakes.accept("app/1000", NOW)
